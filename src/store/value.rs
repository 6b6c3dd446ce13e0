//! Values that go into statements and rows that come out, the same for both engines.

use jiff::Timestamp;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use uuid::Uuid;

use super::StoreError;

/// One value of a column or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, or a time in microseconds since 1970 UTC.
    Int(i64),
    /// Text, or a document as JSON text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_microsecond())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(value: &[u8; 32]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A value of a row that is only looked at, where it lies.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'r> {
    /// Nothing.
    Null,
    /// A number.
    Int(i64),
    /// Text.
    Text(&'r str),
    /// Bytes.
    Blob(&'r [u8]),
}

impl<'r> From<&'r Value> for Seen<'r> {
    fn from(value: &'r Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(*value),
            Value::Text(value) => Self::Text(value),
            Value::Blob(value) => Self::Blob(value),
        }
    }
}

/// Writes the parameters of a statement.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::Value::from($value)),*]
    };
}

/// What can be read of a row, whichever way it is held. Columns are counted from 0 in the order of
/// the `SELECT`.
macro_rules! columns {
    () => {
        /// A number.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn int(&self, column: usize) -> Result<i64, StoreError> {
            self.opt_int(column)?.ok_or_else(|| StoreError::Row { column, expected: "a number" })
        }

        /// A number or nothing.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
            match self.at(column)? {
                Seen::Null => Ok(None),
                Seen::Int(value) => Ok(Some(value)),
                _ => Err(StoreError::Row { column, expected: "a number" }),
            }
        }

        /// A number that counts something.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn count(&self, column: usize) -> Result<u64, StoreError> {
            u64::try_from(self.int(column)?)
                .map_err(|_| StoreError::Row { column, expected: "a count" })
        }

        /// A truth value.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn flag(&self, column: usize) -> Result<bool, StoreError> {
            Ok(self.int(column)? != 0)
        }

        /// Text.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn text(&self, column: usize) -> Result<&str, StoreError> {
            self.opt_text(column)?.ok_or_else(|| StoreError::Row { column, expected: "text" })
        }

        /// Text or nothing.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn opt_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
            match self.at(column)? {
                Seen::Null => Ok(None),
                Seen::Text(value) => Ok(Some(value)),
                _ => Err(StoreError::Row { column, expected: "text" }),
            }
        }

        /// Bytes.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn blob(&self, column: usize) -> Result<&[u8], StoreError> {
            match self.at(column)? {
                Seen::Blob(value) => Ok(value),
                _ => Err(StoreError::Row { column, expected: "bytes" }),
            }
        }

        /// A 32-byte hash.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn hash(&self, column: usize) -> Result<[u8; 32], StoreError> {
            self.blob(column)?
                .try_into()
                .map_err(|_| StoreError::Row { column, expected: "a 32-byte hash" })
        }

        /// An id.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn uuid(&self, column: usize) -> Result<Uuid, StoreError> {
            Uuid::parse_str(self.text(column)?)
                .map_err(|_| StoreError::Row { column, expected: "a UUID" })
        }

        /// A time.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
            self.opt_time(column)?.ok_or_else(|| StoreError::Row { column, expected: "a time" })
        }

        /// A time or nothing.
        ///
        /// # Errors
        /// `Row` when the column holds something else.
        pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
            self.opt_int(column)?
                .map(|micros| {
                    Timestamp::from_microsecond(micros)
                        .map_err(|_| StoreError::Row { column, expected: "a time" })
                })
                .transpose()
        }

        /// A JSON document; nothing is `null`.
        ///
        /// # Errors
        /// `Row` when the column is not JSON.
        pub fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
            let document = match self.opt_text(column)? {
                Some(text) => serde_json::from_str(text),
                // Null, as it would be read.
                None => T::deserialize(().into_deserializer()),
            };
            document.map_err(|_| StoreError::Row { column, expected: "JSON" })
        }
    };
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row(pub(super) Vec<Value>);

impl Row {
    fn at(&self, column: usize) -> Result<Seen<'_>, StoreError> {
        let value =
            self.0.get(column).ok_or_else(|| StoreError::Row { column, expected: "a column" })?;
        Ok(value.into())
    }

    columns!();
}

/// One row that is looked at where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'r>(pub &'r [Seen<'r>]);

impl Sight<'_> {
    fn at(&self, column: usize) -> Result<Seen<'_>, StoreError> {
        self.0.get(column).copied().ok_or_else(|| StoreError::Row { column, expected: "a column" })
    }

    columns!();
}
