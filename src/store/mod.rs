//! Everything that speaks SQL.
//!
//! One text of every statement serves two engines. Reading goes through [`Store::read`]; the only
//! way to change anything is [`Store::write`], whose closure must hand back the ledger events that
//! describe what it did: both are committed in one transaction, or neither is.

mod dialect;
mod engine;
mod error;
mod ledger;
mod line;
mod marks;
mod migrate;
#[cfg(feature = "postgres")]
mod postgres;
mod readers;
pub mod sql;
mod sqlite;
mod turnstile;
mod tx;
mod value;
mod write_back;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub use dialect::Dialect;
pub use error::StoreError;
pub use ledger::{Ledger, NODE_HEIGHTS};
pub use migrate::SCHEMA_VERSION;
pub use value::{Row, Seen, Sight, Value};

use crate::domain::ledger::StoredCheckpoint;
use crate::domain::ledger::event::{Actor, Event};
use engine::{Engine, View};
use readers::Readers;
use turnstile::Turnstile;
use tx::Later;
pub use tx::{ScratchTx, Tx, WriteTx};
use writer::{Kind, Writer};

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A database file of our own.
    File(PathBuf),
    /// A PostgreSQL server; the text is a connection URL and a secret.
    Server(String),
}

/// The store: one database, and the ledger that goes with every change. A clone is another handle
/// on the same.
///
/// It has one connection, as suits a command that starts, works and ends; see [`Store::share`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    quick: bool,
}

struct Inner {
    location: Location,
    writer: Writer,
    readers: OnceLock<Readers>,
    ledger: Ledger,
}

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
    places: Option<Places>,
}

/// Where the entries of a change are, for whoever wants to show them once it is done: the places of
/// the last change that was sealed with it.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<Mutex<Option<(u64, u64)>>>);

impl Places {
    /// The first and the last of them; nothing when nothing was changed.
    #[must_use]
    pub fn last(&self) -> Option<(u64, u64)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, first: u64, last: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((first, last));
    }
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
        Self { value, events: Some(std::iter::once(first).chain(rest)), places: None }
    }

    /// Nothing is to change; whatever the closure wrote is undone.
    pub const fn none(value: T) -> Self {
        Self { value, events: None, places: None }
    }

    /// The same, with a note where its entries are.
    pub fn noted(self, places: Option<Places>) -> Self {
        Self { places, ..self }
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
        let store = Self::on(location, false, ledger)?;
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
        let store = Self::on(location, true, ledger)?;
        let (from, to) = migrate::run(&store, location, author)?;
        Ok((store, from, to))
    }

    fn on(location: &Location, create: bool, ledger: Ledger) -> Result<Self, StoreError> {
        let writer = Writer::new(Engine::open(location, create)?, Turnstile::of(location));
        let location = location.clone();
        let inner = Inner { location, writer, readers: OnceLock::new(), ledger };
        Ok(Self { inner: Arc::new(inner), quick: false })
    }

    /// Prepares the store for many who use it at once: from now on reading has connections of its
    /// own, which are opened when they are needed, and waits for no writer.
    pub fn share(&self) {
        self.inner.readers.get_or_init(|| Readers::new(&self.inner.location));
    }

    /// A handle for reads of microseconds. They have connections that nothing slower can take.
    #[must_use]
    pub fn quick(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), quick: true }
    }

    /// Which engine holds the data.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.inner.location {
            Location::File(_) => Dialect::Sqlite,
            Location::Server(_) => Dialect::Postgres,
        }
    }

    /// Runs a closure on one consistent view of the data.
    ///
    /// # Errors
    /// What the closure returns, or a failure of the store.
    pub fn read<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self.inner.readers.get() {
            Some(readers) => look(readers.lend(self.quick)?.engine()?, job),
            None => look(self.inner.writer.turn(Kind::Usual)?.engine()?, job),
        }
    }

    /// As [`Store::read`], for a closure that runs a single statement, which needs no transaction
    /// around it to see one state of the data.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_one<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self.inner.readers.get() {
            // A server is asked first whether it is there at all.
            Some(readers) if self.dialect() == Dialect::Sqlite => {
                job(&readers.lend(self.quick)?.engine()?.transaction())
            }
            _ => self.read(job),
        }
    }

    /// As [`Store::read`], for a closure that looks at much of the data and takes its time: with a
    /// connection of its own where others would wait for it.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_long<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.apart(|engine| look(engine, job))
    }

    /// Runs a closure that changes the data, seals its events into the ledger and commits both;
    /// with others that wait at the same time in one commit. Nothing is changed when anything
    /// fails, or when the closure hands back [`Change::none`].
    ///
    /// # Errors
    /// What the closure returns, or a failure of the store.
    pub fn write<T, E: From<StoreError>>(
        &self,
        author: &Author,
        job: impl FnOnce(&WriteTx<'_>) -> Result<Change<T>, E>,
    ) -> Result<T, E> {
        self.change(Kind::Usual, |tx| self.inner.ledger.seal(tx, author, job(tx)?))
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
        self.change(Kind::Many, |tx| self.inner.ledger.seal(tx, author, job(tx)?))
    }

    /// Runs a closure that writes what is nobody's account, and commits it with others that wait at
    /// the same time. Nothing is changed when anything fails.
    ///
    /// The statements that take a [`ScratchTx`] are those of a few tables, which a test names; no
    /// other can be reached from here.
    ///
    /// ```compile_fail
    /// # use doorward::store::{Store, StoreError, WriteTx};
    /// # fn needs_an_entry(tx: &WriteTx<'_>) -> Result<(), StoreError> { Ok(()) }
    /// fn change(store: &Store) -> Result<(), StoreError> {
    ///     store.scratch(|tx| needs_an_entry(tx))
    /// }
    /// ```
    ///
    /// # Errors
    /// What the closure returns, or a failure of the store.
    pub fn scratch<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&ScratchTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.change(Kind::Usual, |tx| Ok((job(tx)?, true)))
    }

    /// As [`Store::scratch`], for what may be lost when the machine loses power within the next moments:
    /// a flow that somebody has just begun, a counter. Nobody waits for the disk then.
    ///
    /// # Errors
    /// As [`Store::scratch`].
    pub fn fleeting<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&ScratchTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.change(Kind::Fleeting, |tx| Ok((job(tx)?, true)))
    }

    /// Whether the write lock can be had and a page be written; nothing is changed.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn can_write(&self) -> Result<(), StoreError> {
        self.change(Kind::Usual, |tx| Ok((sql::ledger::touch(tx)?, false)))
    }

    /// Makes a checkpoint that covers every entry, unless there is one; hands it back.
    ///
    /// # Errors
    /// A failure of the store or of the signing key.
    pub fn checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.change(Kind::Usual, |tx| Ok((self.inner.ledger.checkpoint(tx)?, true)))
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
        self.apart(|engine| match engine {
            Engine::Sqlite(connection) => sqlite::copy_to(connection, target, progress),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Err(StoreError::Unwritable(
                "a PostgreSQL database is backed up with its own tools".to_owned(),
            )),
        })
    }

    /// Takes everything that was written into the database's file and empties its log, so that nothing
    /// that was removed is left there; false while somebody reads what is in it.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn wipe_log(&self) -> Result<bool, StoreError> {
        match self.inner.writer.turn(Kind::Usual)?.engine()? {
            Engine::Sqlite(connection) => sqlite::wipe_log(connection),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Ok(false),
        }
    }

    /// What the engine's own check of the whole database finds, or nothing.
    ///
    /// # Errors
    /// When the check cannot run.
    pub fn integrity_problem(&self) -> Result<Option<String>, StoreError> {
        self.apart(|engine| match engine {
            Engine::Sqlite(connection) => sqlite::integrity_problem(connection),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => Ok(None),
        })
    }

    /// Lends a connection for as long as it takes: a new one when the store is shared.
    fn apart<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&mut Engine) -> Result<T, E>,
    ) -> Result<T, E> {
        match self.inner.readers.get() {
            Some(readers) => job(&mut readers.another()?),
            None => job(self.inner.writer.turn(Kind::Usual)?.engine()?),
        }
    }

    /// Runs a closure that says what came of it and whether to keep it.
    fn change<T, E: From<StoreError>>(
        &self,
        kind: Kind,
        job: impl FnOnce(&WriteTx<'_>) -> Result<(T, bool), E>,
    ) -> Result<T, E> {
        let mut turn = self.inner.writer.turn(kind)?;
        turn.begin()?;
        let tx = turn.transaction()?;
        let (value, keep) = job(&tx)?;
        let later = tx.later.into_inner();
        if keep {
            turn.keep(later)?;
        }
        Ok(value)
    }
}

fn look<T, E: From<StoreError>>(
    engine: &mut Engine,
    job: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut view = View::begin(engine)?;
    job(&view.transaction())
}
