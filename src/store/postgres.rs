//! The PostgreSQL driver: the only file that names `postgres`.

use std::cell::RefCell;
use std::io::Error as Io;

pub(super) use postgres::Client;
use postgres::NoTls;
use postgres::error::SqlState;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::{Row, StoreError, Value};

const GATE_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class
    WHERE relname = 'write_gate' AND pg_catalog.pg_table_is_visible(oid))";

/// Every statement sees the same data, as on SQLite.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A writer first takes its place in the one order of writers; each of its statements then sees
/// what the writer before it left.
const WRITE: &str = "BEGIN; SET LOCAL lock_timeout = '5s'; LOCK TABLE write_gate IN EXCLUSIVE MODE";
/// The commit is not waited for.
const FLEETING: &str = "SET LOCAL synchronous_commit = off";
/// Before there is a gate, two processes may be about to make the first table at once.
const WRITE_FIRST: &str =
    "BEGIN; SET LOCAL lock_timeout = '5s'; SELECT pg_advisory_xact_lock(7274496)";

/// A connection that is made again when it was lost.
pub(super) struct Server {
    client: Client,
    url: String,
    /// Whether commits wait for the server's disk.
    pub(super) durable: bool,
}

/// Connects.
pub(super) fn open(url: &str) -> Result<Server, StoreError> {
    Ok(Server { client: Client::connect(url, NoTls)?, url: url.to_owned(), durable: true })
}

impl Server {
    /// The connection.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// Begins a transaction; on a new connection when the server has gone away since this one was last
/// used, as it does when it restarts. Nothing is under way then, so nothing is lost.
pub(super) fn begin(server: &mut Server, write: bool) -> Result<(), StoreError> {
    let mut begun = match start(&mut server.client, write) {
        Err(error) if is_lost(&error) => {
            server.client = Client::connect(&server.url, NoTls)?;
            start(&mut server.client, write)
        }
        begun => begun,
    };
    if write && !server.durable {
        begun = begun.and_then(|()| server.client.batch_execute(FLEETING));
    }
    if begun.is_err() {
        // A wait for the gate that was too long leaves a transaction that has failed.
        let _ = server.client.batch_execute("ROLLBACK");
    }
    Ok(begun?)
}

fn start(client: &mut Client, write: bool) -> Result<(), postgres::Error> {
    if !write {
        return client.batch_execute(READ);
    }
    let begun = client.batch_execute(WRITE);
    if begun.as_ref().err().and_then(postgres::Error::code) != Some(&SqlState::UNDEFINED_TABLE) {
        return begun;
    }
    client.batch_execute("ROLLBACK")?;
    client.batch_execute(WRITE_FIRST)?;
    if gate_exists(client)? {
        client.batch_execute("LOCK TABLE write_gate IN EXCLUSIVE MODE")?;
    }
    Ok(())
}

/// Whether there is no connection any more.
fn is_lost(error: &postgres::Error) -> bool {
    let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN];
    if let Some(code) = error.code() {
        return ended.contains(code);
    }
    let source = std::error::Error::source(error);
    error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<Io>)
}

/// A database that was never migrated has no gate yet. The catalogue is asked and not
/// `to_regclass`, which may remember an answer from before we waited for another process.
fn gate_exists(client: &mut Client) -> Result<bool, postgres::Error> {
    client.query_one(GATE_EXISTS, &[])?.try_get(0)
}

/// Commits.
pub(super) fn commit(server: &mut Server) -> Result<(), StoreError> {
    word(server, "COMMIT")
}

/// Runs one of the few statements that begin or end something.
pub(super) fn word(server: &mut Server, text: &str) -> Result<(), StoreError> {
    Ok(server.client.batch_execute(text)?)
}

/// The version the database was last migrated to; 0 for a new one.
pub(super) fn version(client: &RefCell<&mut Client>) -> Result<i64, StoreError> {
    let mut client = client.borrow_mut();
    if !gate_exists(&mut client)? {
        return Ok(0);
    }
    let row = client.query_opt("SELECT value FROM settings WHERE name = 'version'", &[])?;
    let text: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Runs a statement and reads all its rows.
pub(super) fn query(
    client: &RefCell<&mut Client>,
    text: &str,
    args: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let parameters: Vec<&(dyn ToSql + Sync)> = args.iter().map(|value| value as _).collect();
    let rows = client.borrow_mut().query(text, &parameters)?;
    rows.iter()
        .map(|row| {
            let values = (0..row.len()).map(|column| row.try_get::<_, Value>(column));
            Ok(Row(values.collect::<Result<_, _>>()?))
        })
        .collect()
}

/// Runs a statement that changes rows and says how many.
pub(super) fn execute(
    client: &RefCell<&mut Client>,
    text: &str,
    args: &[Value],
) -> Result<u64, StoreError> {
    let parameters: Vec<&(dyn ToSql + Sync)> = args.iter().map(|value| value as _).collect();
    Ok(client.borrow_mut().execute(text, &parameters)?)
}

/// Inserts a row, unless a conflict that the statement names stands in the way; gives its number.
pub(super) fn insert(
    client: &RefCell<&mut Client>,
    text: &str,
    args: &[Value],
) -> Result<Option<i64>, StoreError> {
    let rows = query(client, &format!("{text} RETURNING n"), args)?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Runs statements that return nothing.
pub(super) fn batch(client: &RefCell<&mut Client>, text: &str) -> Result<(), StoreError> {
    Ok(client.borrow_mut().batch_execute(text)?)
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
            return if is_lost(&error) {
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
