//! Finding identities by parts of words: a trigram index on either engine.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::rarity::Rarity;
use crate::args;
use crate::domain::identifier::canonical;
use crate::domain::identity::Identity;
use crate::store::{Dialect, StoreError, WriteTx};

/// The longest searchable text of one identity, in bytes.
const TEXT_MAX_BYTES: usize = 2048;
/// The fewest characters of which the trigram index can find a word.
const INDEXED_CHARS: usize = 3;

/// What an identity can be found by: identifiers, addresses, names and its external id, in canonical
/// form, one a line. Its own id is found by the index that it has anyway.
#[must_use]
pub fn text(identity: &Identity) -> String {
    let mut words = Words(String::new());
    identity.external_id.iter().for_each(|id| words.add(id));
    let identifiers = identity.credentials.iter().flat_map(|credential| &credential.identifiers);
    identifiers.for_each(|identifier| words.add(identifier));
    identity.verifiable_addresses.iter().for_each(|address| words.add(&address.value));
    collect(&identity.traits, &mut words);
    words.0
}

struct Words(String);

impl Words {
    /// Adds a word, unless it can be found already as a part of another.
    fn add(&mut self, word: &str) {
        let mut word = canonical(word);
        if word.contains(char::is_control) {
            word = word.replace(char::is_control, " ");
        }
        let fits = self.0.len() + word.len() < TEXT_MAX_BYTES;
        if !word.is_empty() && fits && !self.0.contains(&word) {
            let _ = writeln!(self.0, "{word}");
        }
    }
}

fn collect(value: &Json, words: &mut Words) {
    match value {
        Json::String(text) => words.add(text),
        Json::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Json::Object(map) => map.values().for_each(|item| collect(item, words)),
        _ => {}
    }
}

/// Adds an identity to the index, with those of all others whose change shares a commit: what is
/// added before a savepoint begins goes to the table by itself, and is merged with the rest after.
pub fn insert(tx: &WriteTx<'_>, n: i64, words: &str) {
    if tx.dialect() == Dialect::Sqlite {
        tx.later("INSERT INTO identity_search (rowid, words) VALUES ($1, $2)", args![n, words]);
    }
}

/// Takes an identity out of the index, likewise.
pub fn delete(tx: &WriteTx<'_>, n: i64) {
    if tx.dialect() == Dialect::Sqlite {
        tx.later("DELETE FROM identity_search WHERE rowid = $1", args![n]);
    }
}

/// Adds the identities after row `after` to the index in one statement, as an import does.
///
/// # Errors
/// A failure of the store.
pub fn insert_after(tx: &WriteTx<'_>, after: i64) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        tx.exec(
            "INSERT INTO identity_search (rowid, words)
             SELECT n, search_text FROM identities WHERE n > $1 ORDER BY n",
            args![after],
        )?;
    }
    Ok(())
}

/// Where each word occurs, as parts of a statement.
pub struct Occurring {
    /// The placeholder of a query to the index, which finds rows in their order; where there is
    /// one, it is the place to start from. A list of all it finds would be as long as the table.
    pub query: Option<String>,
    /// What an index of the table itself serves.
    pub indexed: Vec<String>,
    /// What must hold beside it.
    pub conditions: Vec<String>,
}

/// Where each word occurs, found by what is known to be rare of it; `bind` takes a value and gives its
/// placeholder. Nothing in a word has a meaning of its own (INPUT-06).
///
/// Where only a page is wanted, a list that names some others too is good enough.
pub fn occurring(
    dialect: Dialect,
    words: &[String],
    rarity: Option<&Rarity>,
    page: bool,
    mut bind: impl FnMut(String) -> String,
) -> Occurring {
    let (mut conditions, mut served) = (Vec::new(), Vec::new());
    let mut phrases = Vec::new();
    let parts = |word: &str| {
        let rarity = rarity?;
        rarity
            .rarest(word)
            .or_else(|| page.then(|| rarity.telling(word)).flatten().map(|one| vec![one]))
    };
    let contains = |word: &str, bind: &mut _| containing(dialect, word, bind);
    for word in words {
        let long = word.chars().count() >= INDEXED_CHARS;
        let indexed = long && dialect == Dialect::Sqlite;
        if is_start_of_id(word) {
            let text =
                if indexed { matching(&bind(phrase(word))) } else { contains(word, &mut bind) };
            // Sorts after every digit that may follow.
            let (from, to) = (bind(word.clone()), bind(format!("{word}g")));
            conditions.push(format!("({text} OR (i.id >= {from} AND i.id < {to}))"));
        } else if indexed && let Some(parts) = parts(word) {
            phrases.extend(parts.iter().map(|part| phrase(part)));
            conditions.push(contains(word, &mut bind));
        } else if indexed {
            phrases.push(phrase(word));
        } else if long {
            served.push(contains(word, &mut bind));
        } else {
            conditions.push(contains(word, &mut bind));
        }
    }
    let query = (!phrases.is_empty()).then(|| bind(phrases.join(" AND ")));
    Occurring { query, indexed: served, conditions }
}

fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// As [`occurring`], without an index: for rows that were found otherwise.
pub fn within(
    dialect: Dialect,
    words: &[String],
    mut bind: impl FnMut(String) -> String,
) -> Vec<String> {
    let conditions = words.iter().map(|word| {
        let text = containing(dialect, word, &mut bind);
        if !is_start_of_id(word) {
            return text;
        }
        let (from, to) = (bind(word.clone()), bind(format!("{word}g")));
        format!("({text} OR (i.id >= {from} AND i.id < {to}))")
    });
    conditions.collect()
}

/// Whether an id may begin with it: its first group at least.
fn is_start_of_id(word: &str) -> bool {
    (8..=36).contains(&word.len()) && word.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

fn matching(query: &str) -> String {
    format!("i.n IN (SELECT rowid FROM identity_search WHERE identity_search MATCH {query})")
}

fn containing(dialect: Dialect, word: &str, bind: &mut impl FnMut(String) -> String) -> String {
    match dialect {
        Dialect::Sqlite => format!("instr(i.search_text, {}) > 0", bind(word.to_owned())),
        // The index serves patterns.
        Dialect::Postgres => {
            let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            format!("i.search_text LIKE {} ESCAPE '\\'", bind(format!("%{escaped}%")))
        }
    }
}
