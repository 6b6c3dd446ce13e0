//! L8 and L10b: many identities in one transaction, and the search index over them.

use rusqlite::Connection;

use super::data::Person;
use super::{Outcome, Stopwatch};

const TABLES: &str = "
    PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;
    CREATE TABLE IF NOT EXISTS identities (n INTEGER PRIMARY KEY, id TEXT NOT NULL,
        schema_id TEXT NOT NULL, traits TEXT NOT NULL, state TEXT NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, words TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS identities_id ON identities (id);
    CREATE TABLE IF NOT EXISTS credentials (identity INTEGER NOT NULL, kind TEXT NOT NULL,
        config TEXT NOT NULL, PRIMARY KEY (identity, kind)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS identifiers (value TEXT NOT NULL, kind TEXT NOT NULL,
        identity INTEGER NOT NULL, PRIMARY KEY (value, kind)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS addresses (value TEXT NOT NULL, via TEXT NOT NULL,
        identity INTEGER NOT NULL, verified_at INTEGER, PRIMARY KEY (value, via))
        STRICT, WITHOUT ROWID;";

/// Inserts people `from` to `to`, the last one excluded, in one transaction.
pub fn fill(path: &str, from: u64, to: u64) -> Outcome {
    let people: Vec<(Person, String)> = (from..to)
        .map(Person::new)
        .map(|person| {
            // What the product lets people be searched by, in its canonical form.
            let Person { email, given, family, .. } = &person;
            let words = format!("{email}\n{given} {family}\n").to_lowercase();
            (person, words)
        })
        .collect();
    let traits: Vec<String> = people.iter().map(|(person, _)| person.traits()).collect();
    let stopwatch = Stopwatch::start()?;
    let mut connection = Connection::open(path)?;
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    {
        let mut identity = transaction.prepare(
            "INSERT INTO identities (id, schema_id, traits, state, created_at, updated_at, words)
             VALUES (?1, 'social_user_v0', ?2, 'active', ?3, ?3, ?4)",
        )?;
        let mut credential =
            transaction.prepare("INSERT INTO credentials VALUES (?1, 'password', ?2)")?;
        let mut identifier =
            transaction.prepare("INSERT INTO identifiers VALUES (?1, 'password', ?2)")?;
        let mut address =
            transaction.prepare("INSERT INTO addresses VALUES (?1, 'email', ?2, ?3)")?;
        let now = 1_740_000_000_000_000_i64;
        for ((person, words), traits) in people.iter().zip(&traits) {
            identity.execute((&person.id, traits, now, words))?;
            let n = transaction.last_insert_rowid();
            credential.execute((n, &person.hash))?;
            identifier.execute((&person.email, n))?;
            address.execute((&person.email, n, now))?;
        }
    }
    transaction.commit()?;
    drop(connection);
    stopwatch.print(to - from)
}

/// Builds a trigram index over all of them in one statement.
pub fn index(path: &str) -> Outcome {
    let stopwatch = Stopwatch::start()?;
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;
         DROP TABLE IF EXISTS search;
         CREATE VIRTUAL TABLE search USING fts5(
             words, content='', contentless_delete=1, tokenize='trigram case_sensitive 1');",
    )?;
    let count = connection
        .execute("INSERT INTO search (rowid, words) SELECT n, words FROM identities", [])?;
    drop(connection);
    stopwatch.print(count as u64)
}
