//! Who was deleted or erased, outside the database: so that an older database that is put back does
//! not bring them back (aac-users section 10.6, R5).
//!
//! A list in the state directory has a line for each deletion and erasure. The database remembers how
//! much of the list it knows; one that was put back knows less of it, and the rest is what has to be
//! done again. What the list lacks, because somebody was killed between the commit and the line, is
//! taken over from the ledger.

mod again;
mod list;

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

pub use again::{Again, again, learn};
pub use list::{FILE, place};

use crate::app::Deps;
use crate::error::{Error, ErrorCode};
use crate::rng::Rng;
use crate::store::sql::erasure_lists::{self, Mark};
use crate::store::sql::{ledger, personal};
use crate::store::{Places, Store, Tx};
use list::{KINDS, Line, List};

/// Entries that are read at once.
const BATCH: u64 = 500;

/// Somebody who is gone, and whom this database still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departed {
    /// Who.
    pub id: Uuid,
    /// Since when they are deleted, when they have to be deleted again.
    pub deleted: Option<Timestamp>,
    /// Whether what the ledger keeps beside its entries has to be erased again.
    pub erased: bool,
}

/// What was found out about a list.
struct Looked {
    list: String,
    /// What is known once everything in `missing` is done.
    mark: Mark,
    was: Option<Mark>,
    missing: Vec<Departed>,
}

/// Who has to be deleted or erased again. Where there is nobody, the database remembers that.
///
/// # Errors
/// `NotReady` when the list cannot be read or written: then nobody can tell.
pub fn missing(d: &Deps) -> Result<Vec<Departed>, Error> {
    let looked = look(&d.store, &d.state_dir)?;
    if looked.missing.is_empty() && looked.was != Some(looked.mark) {
        remember(&d.store, &looked)?;
    }
    Ok(looked.missing)
}

/// Brings the list up to what is in a database that is about to be replaced, and leaves the database
/// alone.
pub(super) fn take_over(store: &Store, state_dir: &Path) -> Result<(), Error> {
    look(store, state_dir).map(drop)
}

/// Puts entries that were just committed into the list. Should that fail, they are taken over from the
/// ledger when somebody looks the next time.
pub(super) fn note(d: &Deps, places: Option<&Places>) {
    let Some((first, last)) = places.and_then(Places::last) else { return };
    let text = d.store.read(|tx| {
        let mut text = String::new();
        for kind in KINDS {
            for (_, json, leaf) in
                erasure_lists::of_type(tx, kind.as_str(), (first, last + 1), BATCH)?
            {
                text.push_str(&list::line(&leaf, &json));
            }
        }
        Ok::<_, Error>(text)
    });
    if let Ok(text) = text {
        let _ = open(&d.state_dir).and_then(|mut list| list.append(&text));
    }
}

fn open(state_dir: &Path) -> io::Result<List> {
    List::open(state_dir, || {
        Rng::default().uuid_v7(Timestamp::UNIX_EPOCH).map_err(io::Error::other)
    })
}

fn unusable(state_dir: &Path) -> impl Fn(io::Error) -> Error {
    let path = place(state_dir);
    move |error| {
        let message = format!(
            "The list of who was deleted and erased, {}, cannot be used: {error}.",
            path.display()
        );
        Error::new(ErrorCode::NotReady, message).because(error)
    }
}

/// Reads what the database does not know of the list, and adds to the list what it lacks.
fn look(store: &Store, state_dir: &Path) -> Result<Looked, Error> {
    let unusable = unusable(state_dir);
    let mut list = open(state_dir).map_err(&unusable)?;
    store.read_long(|tx| {
        let was = erasure_lists::mark(tx, &list.id)?;
        // One that is shorter than it was is another one.
        let from = was.filter(|mark| (list.begin..=list.end).contains(&mark.bytes));
        let from = from.unwrap_or(Mark { bytes: list.begin, seq: 0 });
        let mut listed = HashSet::new();
        let mut unknown = BTreeMap::new();
        list.each(from.bytes, |line| -> Result<(), Failed> {
            if erasure_lists::leaf_of(tx, line.seq).map_err(Error::from)? == Some(line.leaf) {
                listed.insert(line.seq);
            } else {
                collect(&mut unknown, &line);
            }
            Ok(())
        })
        .map_err(|failed| failed.or(&unusable))?;
        let size = ledger::size_and_root(tx)?.0;
        for kind in KINDS {
            let mut next = from.seq;
            loop {
                let batch = erasure_lists::of_type(tx, kind.as_str(), (next, size), BATCH)?;
                let Some((last, ..)) = batch.last() else { break };
                next = last + 1;
                let new = batch.iter().filter(|(seq, ..)| !listed.contains(seq));
                let text: String = new.map(|(_, json, leaf)| list::line(leaf, json)).collect();
                list.append(&text).map_err(&unusable)?;
            }
        }
        let mut missing = Vec::new();
        for one in unknown.into_values() {
            missing.extend(still_here(tx, one)?);
        }
        let mark = Mark { bytes: list.end, seq: size };
        Ok(Looked { list: list.id.clone(), mark, was, missing })
    })
}

/// What goes wrong while lines are read.
enum Failed {
    List(io::Error),
    Store(Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::List(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Failed {
    fn or(self, unusable: impl Fn(io::Error) -> Error) -> Error {
        match self {
            Self::List(error) => unusable(error),
            Self::Store(error) => error,
        }
    }
}

fn collect(people: &mut BTreeMap<Uuid, Departed>, line: &Line) {
    let new = Departed { id: line.id, deleted: None, erased: false };
    let one = people.entry(line.id).or_insert(new);
    if line.deleted {
        one.deleted = one.deleted.max(Some(line.at));
    } else {
        one.erased = true;
    }
}

/// What there is to do about somebody in this database, if anything.
fn still_here(tx: &Tx<'_>, one: Departed) -> Result<Option<Departed>, Error> {
    let exists = super::identities::exists(tx, one.id)?;
    // Whoever was brought back after all by an import is not gone.
    let deleted = match one.deleted.filter(|_| exists) {
        Some(at) if !erasure_lists::came_back(tx, one.id, at)? => Some(at),
        _ => None,
    };
    let erased = one.erased
        && (deleted.is_some() || !exists)
        // What is held goes once it is released.
        && personal::held_since(tx, one.id)?.is_none()
        && !personal::of(tx, one.id, 1)?.is_empty();
    Ok((deleted.is_some() || erased).then_some(Departed { id: one.id, deleted, erased }))
}

fn remember(store: &Store, looked: &Looked) -> Result<(), Error> {
    Ok(store.scratch(|tx| erasure_lists::set_mark(tx, &looked.list, looked.mark))?)
}
