//! Everything that speaks SQL.
//!
//! One text of every statement serves two engines. Reading goes through [`Store::read`]; the only
//! way to change anything is [`Store::write`], whose closure must hand back the ledger events that
//! describe what it did: both are committed in one transaction, or neither is.

mod dialect;
mod ledger;
mod migrate;
#[cfg(feature = "postgres")]
mod postgres;
pub mod sql;
mod sqlite;
mod value;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use dialect::Dialect;
pub use ledger::{Ledger, NODE_HEIGHTS};
pub use migrate::SCHEMA_VERSION;
pub use value::{Row, Seen, Value};

use crate::domain::ledger::event::{Actor, Event};
use crate::domain::ledger::{LedgerFormatError, StoredCheckpoint};

/// Why the store could not do what it was asked. Never shown to anyone as it is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer holds the store; try again.
    #[error("the store is busy")]
    Busy,
    /// The disk is full, the file system read-only, the connection gone: nothing was changed.
    #[error("the store cannot be written: {0}")]
    Unwritable(String),
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A row with that key exists.
    #[error("a row with that key exists in {table}")]
    Conflict {
        /// The table whose key is taken.
        table: String,
    },
    /// A column holds something that the code cannot read.
    #[error("column {column} does not hold {expected}")]
    Row {
        /// Counted from 0.
        column: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// A statement touched another number of rows than it must.
    #[error("{0} rows were changed where one was meant")]
    RowsAffected(u64),
    /// The database was written by a newer release.
    #[error("the database has schema version {found}; this release knows versions up to {known}")]
    Newer {
        /// What the database says.
        found: i64,
        /// The newest version this release knows.
        known: i64,
    },
    /// There is no database where one is expected.
    #[error("there is no database yet")]
    Missing,
    /// A ledger entry could not be made.
    #[error("the ledger entry could not be made: {0}")]
    Ledger(#[from] LedgerFormatError),
    /// The system's random generator failed.
    #[error("no randomness: {0}")]
    Random(crate::error::Error),
    /// Anything else the driver reports.
    #[error("the database driver failed: {0}")]
    Driver(Box<dyn std::error::Error + Send + Sync>),
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A database file of our own.
    File(PathBuf),
    /// A PostgreSQL server; the text is a connection URL and a secret.
    Server(String),
}

/// The store: one database, and the ledger that goes with every change.
pub struct Store {
    engine: Mutex<Engine>,
    ledger: Ledger,
}

enum Engine {
    Sqlite(sqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Server>),
}

/// A transaction that can only read.
pub struct Tx<'c> {
    engine: Handle<'c>,
}

enum Handle<'c> {
    Sqlite(&'c sqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(RefCell<postgres::Transaction<'c>>),
}

/// A transaction that can also write; exists only inside [`Store::write`].
pub struct WriteTx<'c>(Tx<'c>);

/// What a writing closure hands back.
///
/// A change without a ledger entry does not compile: the closure cannot hand back anything else,
///
/// ```compile_fail
/// # use doorward::store::{Author, Store, StoreError};
/// fn change(store: &Store, author: &Author) -> Result<(), StoreError> {
///     store.write(author, |tx| tx.exec("DELETE FROM codes", &[]).map(drop))
/// }
/// ```
///
/// it cannot be made without an event,
///
/// ```compile_fail
/// # use doorward::store::{Author, Change, Store, StoreError};
/// fn change(store: &Store, author: &Author) -> Result<(), StoreError> {
///     store.write(author, |tx| {
///         tx.exec("DELETE FROM codes", &[])?;
///         Ok(Change::of((), []))
///     })
/// }
/// ```
///
/// nor put together by hand,
///
/// ```compile_fail
/// # use doorward::store::Change;
/// let change = Change { value: (), events: Vec::new() };
/// ```
///
/// and what can only read cannot write.
///
/// ```compile_fail
/// # use doorward::store::{Store, StoreError};
/// fn change(store: &Store) -> Result<u64, StoreError> {
///     store.read(|tx| tx.exec("DELETE FROM codes", &[]))
/// }
/// ```
///
/// This does:
///
/// ```
/// # use doorward::domain::ledger::{Event, EventType};
/// # use doorward::store::{Author, Change, Store, StoreError};
/// fn change(store: &Store, author: &Author) -> Result<u64, StoreError> {
///     store.write(author, |tx| {
///         let gone = tx.exec("DELETE FROM codes", &[])?;
///         Ok(Change::of(gone, Event::new(EventType::RecoveryFailed), []))
///     })
/// }
/// ```
#[must_use]
pub struct Change<T> {
    value: T,
    events: Option<Events>,
}

/// At least one.
type Events = std::iter::Chain<std::iter::Once<Event>, Box<dyn Iterator<Item = Event>>>;

impl<T> Change<T> {
    /// Something changed, and `first` with `rest` say what: there is no change without an entry.
    /// The rest are asked for one at a time, so that a great many never stand side by side.
    pub fn of(
        value: T,
        first: Event,
        rest: impl IntoIterator<Item = Event, IntoIter: 'static>,
    ) -> Self {
        let rest: Box<dyn Iterator<Item = Event>> = Box::new(rest.into_iter());
        Self { value, events: Some(std::iter::once(first).chain(rest)) }
    }

    /// Nothing is to change; whatever the closure wrote is undone.
    pub const fn none(value: T) -> Self {
        Self { value, events: None }
    }
}

/// Who does it, as the ledger will say.
#[derive(Clone, Debug)]
pub struct Author {
    /// Who acts.
    pub actor: Actor,
    /// The request or task that joins related entries.
    pub tx: Option<String>,
}

impl Store {
    /// Opens a database that exists, migrated to the version this release knows.
    ///
    /// # Errors
    /// `Missing` without a database, `Newer` for one of a newer release, and `Driver` for one that
    /// is older (see [`Store::migrate`]) or cannot be opened.
    pub fn open(location: &Location, ledger: Ledger) -> Result<Self, StoreError> {
        let engine = Engine::open(location, false)?;
        let store = Self { engine: Mutex::new(engine), ledger };
        migrate::must_be_current(&store)?;
        Ok(store)
    }

    /// Creates the database where there is none and brings an older one up to date; a copy is made
    /// first. Says from which version to which it came.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn migrate(
        location: &Location,
        ledger: Ledger,
        author: &Author,
    ) -> Result<(Self, i64, i64), StoreError> {
        let engine = Engine::open(location, true)?;
        let store = Self { engine: Mutex::new(engine), ledger };
        let (from, to) = migrate::run(&store, location, author)?;
        Ok((store, from, to))
    }

    /// Runs a closure on one consistent view of the data.
    ///
    /// # Errors
    /// What the closure returns, or a failure of the store.
    pub fn read<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction("BEGIN", |tx| Ok((job(&tx.0)?, false)))
    }

    /// Runs a closure that changes the data, seals its events into the ledger and commits both.
    /// Nothing is changed when anything fails, or when the closure hands back [`Change::none`].
    ///
    /// # Errors
    /// What the closure returns, or a failure of the store.
    pub fn write<T, E: From<StoreError>>(
        &self,
        author: &Author,
        job: impl FnOnce(&WriteTx<'_>) -> Result<Change<T>, E>,
    ) -> Result<T, E> {
        self.transaction("BEGIN IMMEDIATE", |tx| {
            let Change { value, events } = job(tx)?;
            let Some(events) = events else { return Ok((value, false)) };
            self.ledger.append(tx, author, events)?;
            Ok((value, true))
        })
    }

    /// As [`Store::write`], for very many rows: without the engine's check that each row points to
    /// one that exists, which reads pages all over the table. Only for a closure that writes rows
    /// together with what they point to.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_many<T, E: From<StoreError>>(
        &self,
        author: &Author,
        job: impl FnOnce(&WriteTx<'_>) -> Result<Change<T>, E>,
    ) -> Result<T, E> {
        self.many(true)?;
        let done = self.write(author, job);
        self.many(false)?;
        done
    }

    fn many(&self, begin: bool) -> Result<(), StoreError> {
        match &*self.lock() {
            Engine::Sqlite(connection) => sqlite::many(connection, begin),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// Whether the write lock can be had and a page be written; nothing is changed.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn can_write(&self) -> Result<(), StoreError> {
        self.transaction("BEGIN IMMEDIATE", |tx| Ok((sql::ledger::touch(tx)?, false)))
    }

    /// Makes a checkpoint that covers every entry, unless there is one; hands it back.
    ///
    /// # Errors
    /// A failure of the store or of the signing key.
    pub fn checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.transaction("BEGIN IMMEDIATE", |tx| Ok((self.ledger.checkpoint(tx)?, true)))
    }

    /// Copies the live database into a new file without stopping writers (SQLite only).
    ///
    /// # Errors
    /// `Unwritable` when the copy cannot be made.
    pub fn copy_to(
        &self,
        target: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), StoreError> {
        match &*self.lock() {
            Engine::Sqlite(connection) => sqlite::copy_to(connection, target, progress),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Err(StoreError::Unwritable(
                "a PostgreSQL database is backed up with its own tools".to_owned(),
            )),
        }
    }

    /// What the engine's own check of the whole database finds, or nothing.
    ///
    /// # Errors
    /// When the check cannot run.
    pub fn integrity_problem(&self) -> Result<Option<String>, StoreError> {
        match &*self.lock() {
            Engine::Sqlite(connection) => sqlite::integrity_problem(connection),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Ok(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn transaction<T, E: From<StoreError>>(
        &self,
        begin: &str,
        job: impl FnOnce(&WriteTx<'_>) -> Result<(T, bool), E>,
    ) -> Result<T, E> {
        match &mut *self.lock() {
            Engine::Sqlite(connection) => {
                sqlite::batch(connection, begin)?;
                let guard = Rollback(connection);
                let (value, keep) = job(&WriteTx(Tx { engine: Handle::Sqlite(connection) }))?;
                if keep {
                    sqlite::batch(connection, "COMMIT")?;
                    std::mem::forget(guard);
                }
                Ok(value)
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(server) => {
                let transaction = postgres::begin(server, begin == "BEGIN IMMEDIATE")?;
                let tx = WriteTx(Tx { engine: Handle::Postgres(RefCell::new(transaction)) });
                let (value, keep) = job(&tx)?;
                if let (true, Handle::Postgres(transaction)) = (keep, tx.0.engine) {
                    postgres::commit(transaction.into_inner())?;
                }
                Ok(value)
            }
        }
    }
}

/// Undoes a transaction that was left by an error or a panic.
struct Rollback<'c>(&'c sqlite::Connection);

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        // The engine may have rolled back by itself (disk full); then there is nothing to undo.
        let _ = sqlite::batch(self.0, "ROLLBACK");
    }
}

impl Engine {
    fn open(location: &Location, create: bool) -> Result<Self, StoreError> {
        match location {
            Location::File(path) if !create && !path.exists() => Err(StoreError::Missing),
            Location::File(path) => Ok(Self::Sqlite(sqlite::open(path, create)?)),
            #[cfg(feature = "postgres")]
            Location::Server(url) => Ok(Self::Postgres(Box::new(postgres::open(url)?))),
            #[cfg(not(feature = "postgres"))]
            Location::Server(_) => {
                Err(StoreError::Unwritable("this build has no PostgreSQL driver".to_owned()))
            }
        }
    }
}

impl Tx<'_> {
    /// Which engine this is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match &self.engine {
            Handle::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Handle::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// A failure of the driver.
    pub fn all(&self, text: &str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        match &self.engine {
            Handle::Sqlite(connection) => sqlite::query(connection, text, args),
            #[cfg(feature = "postgres")]
            Handle::Postgres(transaction) => postgres::query(transaction, text, args),
        }
    }

    /// Shows the rows of a query of at most eight columns, one at a time.
    ///
    /// # Errors
    /// What `show` returns, or a failure of the driver.
    pub fn each(
        &self,
        text: &str,
        args: &[Value],
        show: &mut dyn FnMut(&[Seen<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match &self.engine {
            Handle::Sqlite(connection) => sqlite::each(connection, text, args, show),
            #[cfg(feature = "postgres")]
            Handle::Postgres(transaction) => {
                for Row(values) in postgres::query(transaction, text, args)? {
                    show(&values.iter().map(Seen::from).collect::<Vec<_>>())?;
                }
                Ok(())
            }
        }
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// A failure of the driver.
    pub fn opt(&self, text: &str, args: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.all(text, args)?.into_iter().next())
    }

    /// The one row there must be.
    ///
    /// # Errors
    /// `RowsAffected` when there is none, or a failure of the driver.
    pub fn one(&self, text: &str, args: &[Value]) -> Result<Row, StoreError> {
        self.opt(text, args)?.ok_or(StoreError::RowsAffected(0))
    }
}

impl WriteTx<'_> {
    /// Runs a statement that changes rows; says how many.
    ///
    /// # Errors
    /// A failure of the driver.
    pub fn exec(&self, text: &str, args: &[Value]) -> Result<u64, StoreError> {
        match &self.0.engine {
            Handle::Sqlite(connection) => sqlite::execute(connection, text, args),
            #[cfg(feature = "postgres")]
            Handle::Postgres(transaction) => postgres::execute(transaction, text, args),
        }
    }

    /// Inserts a row and gives its number `n`, or nothing where the statement says to do nothing.
    ///
    /// # Errors
    /// A failure of the driver.
    pub fn insert(&self, text: &str, args: &[Value]) -> Result<Option<i64>, StoreError> {
        match &self.0.engine {
            Handle::Sqlite(connection) => sqlite::insert(connection, text, args),
            #[cfg(feature = "postgres")]
            Handle::Postgres(transaction) => postgres::insert(transaction, text, args),
        }
    }

    /// Runs a statement that must change exactly one row.
    ///
    /// # Errors
    /// `RowsAffected` otherwise, or a failure of the driver.
    pub fn exec_one(&self, text: &str, args: &[Value]) -> Result<(), StoreError> {
        match self.exec(text, args)? {
            1 => Ok(()),
            rows => Err(StoreError::RowsAffected(rows)),
        }
    }

    fn batch(&self, text: &str) -> Result<(), StoreError> {
        match &self.0.engine {
            Handle::Sqlite(connection) => sqlite::batch(connection, text),
            #[cfg(feature = "postgres")]
            Handle::Postgres(transaction) => postgres::batch(transaction, text),
        }
    }
}

impl<'c> std::ops::Deref for WriteTx<'c> {
    type Target = Tx<'c>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
