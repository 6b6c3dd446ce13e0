//! One connection to either engine, and the words that begin and end what is done with it.

use std::cell::RefCell;
use std::time::Duration;

#[cfg(feature = "postgres")]
use super::postgres as server;
use super::sqlite;
use super::{Location, ScratchTx, StoreError, Tx, WriteTx};

/// A connection.
pub(super) enum Engine {
    Sqlite(sqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<server::Server>),
}

/// What a transaction holds of it.
pub(super) enum Handle<'c> {
    Sqlite(&'c sqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(RefCell<&'c mut server::Client>),
}

impl Engine {
    /// Opens a connection that may write.
    pub(super) fn open(location: &Location, create: bool) -> Result<Self, StoreError> {
        match location {
            Location::File(path) if !create && !path.exists() => Err(StoreError::Missing),
            Location::File(path) => Ok(Self::Sqlite(sqlite::open(path, create)?)),
            #[cfg(feature = "postgres")]
            Location::Server(url) => Ok(Self::Postgres(Box::new(server::open(url)?))),
            #[cfg(not(feature = "postgres"))]
            Location::Server(_) => {
                Err(StoreError::Unwritable("this build has no PostgreSQL driver".to_owned()))
            }
        }
    }

    /// Opens a connection that only reads, with so much memory for pages.
    pub(super) fn open_reader(location: &Location, cache_kib: u32) -> Result<Self, StoreError> {
        let engine = Self::open(location, false)?;
        if let Self::Sqlite(connection) = &engine {
            sqlite::only_reads(connection, cache_kib)?;
        }
        Ok(engine)
    }

    /// Begins to read: one view of the data until [`Engine::rollback`].
    pub(super) fn begin_read(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::word(connection, "BEGIN"),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => server::begin(connection, false),
        }
    }

    /// Begins to write; waits so long for those who write now.
    pub(super) fn begin_write(&mut self, wait: Duration) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::begin_write(connection, wait),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => server::begin(connection, true),
        }
    }

    /// Begins a part of a transaction that can be undone by itself.
    pub(super) fn begin_part(&mut self) -> Result<(), StoreError> {
        self.word("SAVEPOINT part")
    }

    /// Ends the part and keeps it.
    pub(super) fn keep_part(&mut self) -> Result<(), StoreError> {
        self.word("RELEASE SAVEPOINT part")
    }

    /// Ends the part and undoes it. Fails when the engine has given the whole transaction up.
    pub(super) fn undo_part(&mut self) -> Result<(), StoreError> {
        self.word("ROLLBACK TO SAVEPOINT part")?;
        self.keep_part()
    }

    /// Makes what was written last.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::word(connection, "COMMIT"),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => server::commit(connection),
        }
    }

    /// Undoes everything since the beginning. The engine may have done so by itself (disk full,
    /// connection lost), and then there is nothing to undo.
    pub(super) fn rollback(&mut self) {
        let _ = self.word("ROLLBACK");
    }

    /// Prepares for very many rows, or for the usual few again; only between transactions.
    pub(super) fn many(&mut self, begin: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::many(connection, begin),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Whether commits wait for the disk from now on; only between transactions.
    pub(super) fn durable(&mut self, durable: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::durable(connection, durable),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => {
                connection.durable = durable;
                Ok(())
            }
        }
    }

    /// The transaction that was begun.
    pub(super) fn transaction(&mut self) -> WriteTx<'_> {
        let engine = match self {
            Self::Sqlite(connection) => Handle::Sqlite(connection),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => Handle::Postgres(RefCell::new(connection.client())),
        };
        WriteTx { inner: ScratchTx(Tx { engine }), later: RefCell::default() }
    }

    fn word(&mut self, text: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::word(connection, text),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => server::word(connection, text),
        }
    }
}

/// A view of the data that ends when nobody looks any more, however that came about.
pub(super) struct View<'e>(&'e mut Engine);

impl<'e> View<'e> {
    pub(super) fn begin(engine: &'e mut Engine) -> Result<Self, StoreError> {
        engine.begin_read()?;
        Ok(Self(engine))
    }

    pub(super) fn transaction(&mut self) -> WriteTx<'_> {
        self.0.transaction()
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        self.0.rollback();
    }
}
