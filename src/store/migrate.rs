//! Brings a database to the version this release knows: numbered steps, each in one transaction.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::engine::Handle;
use super::sql::settings;
use super::{Author, Change, Engine, Kind, Location, Store, StoreError, Tx, WriteTx, sqlite};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;

/// The steps, in order; step *n* leads to version *n*. A step that has been released is never
/// edited.
const STEPS: [(&str, &str); 1] =
    [("foundation", include_str!("../../migrations/0001_foundation.sql"))];

/// The version that this release knows.
pub const SCHEMA_VERSION: i64 = 1;

/// Refuses a database of another version.
pub(super) fn must_be_current(store: &Store) -> Result<(), StoreError> {
    let found = store.read(version)?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer { found, known: SCHEMA_VERSION });
    }
    if found == 0 {
        return Err(StoreError::Missing);
    }
    if found < SCHEMA_VERSION {
        let message = format!("the database is at version {found} and must be migrated");
        return Err(StoreError::Driver(message.into()));
    }
    Ok(())
}

/// Takes the steps that are missing; returns the version before and after.
pub(super) fn run(
    store: &Store,
    location: &Location,
    author: &Author,
) -> Result<(i64, i64), StoreError> {
    take(store, location, author, &STEPS)
}

fn take(
    store: &Store,
    location: &Location,
    author: &Author,
    steps: &[(&str, &str)],
) -> Result<(i64, i64), StoreError> {
    let from = store.read(version)?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if from > known {
        return Err(StoreError::Newer { found: from, known });
    }
    if let Engine::Sqlite(connection) = store.inner.writer.turn(Kind::Usual)?.engine()? {
        // A new database has no log yet, nor has one that came out of a backup.
        sqlite::use_wal(connection)?;
    }
    if let (true, Location::File(path)) = ((1..known).contains(&from), location) {
        snapshot(store, path, from)?;
    }
    for (to, (name, text)) in (1..).zip(steps).skip(usize::try_from(from).unwrap_or(0)) {
        store.write(author, |tx| step(store, tx, to, name, text))?;
    }
    Ok((from, known))
}

fn step(
    store: &Store,
    tx: &WriteTx<'_>,
    to: i64,
    name: &str,
    text: &str,
) -> Result<Change<()>, StoreError> {
    // Another process may have taken this step while we waited for the lock.
    if version(tx)? >= to {
        return Ok(Change::none(()));
    }
    tx.batch(&tx.dialect().expand(text))?;
    settings::set(tx, "version", &to.to_string())?;
    if let Handle::Sqlite(connection) = &tx.0.engine {
        sqlite::set_version(connection, to)?;
    }
    let begun = to == 1;
    if begun {
        store.inner.ledger.begin(tx)?;
    }
    let mut event =
        Event::new(EventType::AdminConfigChanged).data("source", "migration").data("reason", name);
    if begun {
        event = Event::new(EventType::LedgerCreated)
            .data("origin", settings::origin(tx)?)
            .data("version", to);
    }
    Ok(Change::of((), event, []))
}

fn version(tx: &Tx<'_>) -> Result<i64, StoreError> {
    match &tx.engine {
        Handle::Sqlite(connection) => sqlite::version(connection),
        #[cfg(feature = "postgres")]
        Handle::Postgres(client) => super::postgres::version(client),
    }
}

/// Where the copy made before a migration from `version` lies.
fn snapshot_path(database: &Path, version: i64) -> PathBuf {
    database.with_extension(format!("before-v{}.db", version + 1))
}

fn snapshot(store: &Store, database: &Path, from: i64) -> Result<(), StoreError> {
    let target = snapshot_path(database, from);
    let partial = target.with_extension("partial");
    if partial.exists() {
        std::fs::remove_file(&partial)?;
    }
    // Made private before SQLite fills it.
    let mut private = File::options();
    private.write(true).create_new(true).mode(0o600);
    let file = private.open(&partial)?;
    store.copy_to(&partial, &mut |_, _| {})?;
    file.sync_all()?;
    Ok(std::fs::rename(&partial, &target)?)
}

#[cfg(test)]
mod tests;
