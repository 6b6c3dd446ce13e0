//! The PostgreSQL driver: the only file that names `postgres`.

use std::cell::RefCell;
use std::io::Error as Io;

use postgres::Client;
pub(super) use postgres::Transaction;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{IsolationLevel, NoTls};

use super::{Row, StoreError, Value};

const GATE_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class
    WHERE relname = 'write_gate' AND pg_catalog.pg_table_is_visible(oid))";

/// A connection that is made again when it was lost.
pub(super) struct Server {
    client: Client,
    url: String,
}

/// Connects.
pub(super) fn open(url: &str) -> Result<Server, StoreError> {
    Ok(Server { client: Client::connect(url, NoTls)?, url: url.to_owned() })
}

impl Server {
    /// The connection; a new one when the server has gone away since it was last used, as it does
    /// when it restarts. Nothing is under way then, so nothing is lost.
    fn alive(&mut self) -> Result<&mut Client, StoreError> {
        if self.client.simple_query("").is_err() {
            self.client = Client::connect(&self.url, NoTls)?;
        }
        Ok(&mut self.client)
    }
}

/// Begins a transaction; a writer first takes its place in the one order of writers, and each of
/// its statements then sees what the writer before it left.
pub(super) fn begin(server: &mut Server, write: bool) -> Result<Transaction<'_>, StoreError> {
    let client = server.alive()?;
    if !write {
        // Every statement sees the same data, as on SQLite.
        let builder = client.build_transaction().read_only(true);
        return Ok(builder.isolation_level(IsolationLevel::RepeatableRead).start()?);
    }
    let mut transaction = client.transaction()?;
    transaction.batch_execute("SET LOCAL lock_timeout = '5s'")?;
    if !gate_exists(&mut transaction)? {
        // Two processes may be about to make the first table at once.
        transaction.batch_execute("SELECT pg_advisory_xact_lock(7274496)")?;
    }
    if gate_exists(&mut transaction)? {
        transaction.batch_execute("LOCK TABLE write_gate IN EXCLUSIVE MODE")?;
    }
    Ok(transaction)
}

/// A database that was never migrated has no gate yet. The catalogue is asked and not
/// `to_regclass`, which may remember an answer from before we waited for another process.
fn gate_exists(transaction: &mut Transaction<'_>) -> Result<bool, StoreError> {
    Ok(transaction.query_one(GATE_EXISTS, &[])?.try_get(0)?)
}

/// Commits.
pub(super) fn commit(transaction: Transaction<'_>) -> Result<(), StoreError> {
    Ok(transaction.commit()?)
}

/// The version the database was last migrated to; 0 for a new one.
pub(super) fn version(transaction: &RefCell<Transaction<'_>>) -> Result<i64, StoreError> {
    let mut transaction = transaction.borrow_mut();
    if !gate_exists(&mut transaction)? {
        return Ok(0);
    }
    let row = transaction.query_opt("SELECT value FROM settings WHERE name = 'version'", &[])?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Runs a statement and reads all its rows.
pub(super) fn query(
    transaction: &RefCell<Transaction<'_>>,
    text: &str,
    args: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let parameters: Vec<&(dyn ToSql + Sync)> = args.iter().map(|value| value as _).collect();
    let rows = transaction.borrow_mut().query(text, &parameters)?;
    rows.iter()
        .map(|row| {
            let values = (0..row.len()).map(|column| row.try_get::<_, Value>(column));
            Ok(Row(values.collect::<Result<_, _>>()?))
        })
        .collect()
}

/// Runs a statement that changes rows and says how many.
pub(super) fn execute(
    transaction: &RefCell<Transaction<'_>>,
    text: &str,
    args: &[Value],
) -> Result<u64, StoreError> {
    let parameters: Vec<&(dyn ToSql + Sync)> = args.iter().map(|value| value as _).collect();
    Ok(transaction.borrow_mut().execute(text, &parameters)?)
}

/// Inserts a row, unless a conflict that the statement names stands in the way; gives its number.
pub(super) fn insert(
    transaction: &RefCell<Transaction<'_>>,
    text: &str,
    args: &[Value],
) -> Result<Option<i64>, StoreError> {
    let rows = query(transaction, &format!("{text} RETURNING n"), args)?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Runs statements that return nothing.
pub(super) fn batch(transaction: &RefCell<Transaction<'_>>, text: &str) -> Result<(), StoreError> {
    Ok(transaction.borrow_mut().batch_execute(text)?)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(value) => value.as_str().to_sql(kind, out),
            Self::Blob(value) => value.as_slice().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(i64::from(i32::from_sql(kind, raw)?)),
            Type::BOOL => Self::Int(i64::from(bool::from_sql(kind, raw)?)),
            Type::BYTEA => Self::Blob(<Vec<u8>>::from_sql(kind, raw)?),
            _ => Self::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8 | Type::INT4 | Type::BOOL | Type::BYTEA | Type::TEXT | Type::VARCHAR
        )
    }
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        let Some(failure) = error.as_db_error() else {
            let lost =
                std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<Io>);
            return if lost || error.is_closed() {
                Self::Unwritable(format!("no connection to PostgreSQL: {error}"))
            } else {
                Self::Driver(Box::new(error))
            };
        };
        // Classes and codes: PostgreSQL documentation, appendix A.
        match failure.code().code() {
            "23505" => Self::Conflict { table: failure.table().unwrap_or_default().to_owned() },
            "40001" | "40P01" | "55P03" | "57014" => Self::Busy,
            "53100" | "53200" | "53300" | "25006" | "57P01" | "57P02" | "57P03" => {
                Self::Unwritable(failure.message().to_owned())
            }
            "XX001" | "XX002" => Self::Corrupt(failure.message().to_owned()),
            _ => Self::Driver(Box::new(error)),
        }
    }
}
