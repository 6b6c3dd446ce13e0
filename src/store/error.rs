//! Why the store could not do what it was asked.

use crate::domain::ledger::LedgerFormatError;

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

/// What the store does with files is to write them.
impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Unwritable(error.to_string())
    }
}

impl StoreError {
    /// The same failure for one more of those whom it befell.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Busy => Self::Busy,
            Self::Unwritable(text) => Self::Unwritable(text.clone()),
            Self::Corrupt(text) => Self::Corrupt(text.clone()),
            other => Self::Driver(other.to_string().into()),
        }
    }
}
