//! What a closure may do inside a transaction: read, write what is nobody's account, write everything.

use std::cell::RefCell;

use super::engine::Handle;
use super::{Dialect, Row, Seen, Sight, StoreError, Value, sqlite};

/// A transaction that can only read.
pub struct Tx<'c> {
    pub(super) engine: Handle<'c>,
}

/// A transaction that can also write what is nobody's account: flows on their way, counters of
/// failures, the outbox. That takes no ledger entry; see [`Store::scratch`](super::Store::scratch).
pub struct ScratchTx<'c>(pub(super) Tx<'c>);

/// A transaction that can write everything; exists only inside [`Store::write`](super::Store::write).
pub struct WriteTx<'c> {
    pub(super) inner: ScratchTx<'c>,
    pub(super) later: RefCell<Vec<Later>>,
}

/// A statement that waits for the end of the transaction.
pub(super) type Later = (&'static str, Vec<Value>);

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
            Handle::Postgres(client) => super::postgres::query(client, text, args),
        }
    }

    /// Shows the rows of a query of at most 32 columns, one at a time.
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
            Handle::Postgres(client) => {
                for Row(values) in super::postgres::query(client, text, args)? {
                    show(&values.iter().map(Seen::from).collect::<Vec<_>>())?;
                }
                Ok(())
            }
        }
    }

    /// What `read` makes of each row of a query of at most 32 columns, without a copy of the row.
    ///
    /// # Errors
    /// What `read` returns, or a failure of the driver.
    pub fn rows<T>(
        &self,
        text: &str,
        args: &[Value],
        mut read: impl FnMut(Sight<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(text, args, &mut |row| {
            all.push(read(Sight(row))?);
            Ok(())
        })?;
        Ok(all)
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

impl ScratchTx<'_> {
    /// Runs a statement that changes rows; says how many.
    ///
    /// # Errors
    /// A failure of the driver.
    pub fn exec(&self, text: &str, args: &[Value]) -> Result<u64, StoreError> {
        match &self.0.engine {
            Handle::Sqlite(connection) => sqlite::execute(connection, text, args),
            #[cfg(feature = "postgres")]
            Handle::Postgres(client) => super::postgres::execute(client, text, args),
        }
    }

    /// As [`ScratchTx::exec`], counting the rows of the tables that a virtual table is made of.
    ///
    /// # Errors
    /// A failure of the driver.
    pub fn exec_deep(&self, text: &str, args: &[Value]) -> Result<u64, StoreError> {
        match &self.0.engine {
            Handle::Sqlite(connection) => sqlite::execute_deep(connection, text, args),
            #[cfg(feature = "postgres")]
            Handle::Postgres(client) => super::postgres::execute(client, text, args),
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
            Handle::Postgres(client) => super::postgres::insert(client, text, args),
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
}

impl WriteTx<'_> {
    /// Leaves a statement for the end of the transaction, where those of all who share it are run one
    /// after the other: for what costs least when much of it is done at once. Nothing reads before
    /// that what it writes, and all of the transaction fails with it.
    pub(in crate::store) fn later(&self, text: &'static str, args: &[Value]) {
        self.later.borrow_mut().push((text, args.to_vec()));
    }

    pub(super) fn batch(&self, text: &str) -> Result<(), StoreError> {
        match &self.engine {
            Handle::Sqlite(connection) => sqlite::batch(connection, text),
            #[cfg(feature = "postgres")]
            Handle::Postgres(client) => super::postgres::batch(client, text),
        }
    }
}

impl<'c> std::ops::Deref for WriteTx<'c> {
    type Target = ScratchTx<'c>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<'c> std::ops::Deref for ScratchTx<'c> {
    type Target = Tx<'c>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
