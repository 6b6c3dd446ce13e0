//! The SQLite driver: the only place that names `rusqlite`.

mod copy;

use std::ffi::{OsString, c_int};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) use copy::copy_to;
pub(super) use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::wal::CheckpointMode;
use rusqlite::{ErrorCode, OpenFlags, Statement, ToSql, ffi};

use super::write_back::WriteBack;
use super::{Row, Seen, StoreError, Value};

/// How long a writer waits for the other process before it gives up.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Most columns of a row that is only looked at.
const COLUMNS: usize = 32;

/// Opens the database, makes it durable, and leaves it ready for statements.
pub(super) fn open(path: &Path, create: bool) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    match open_as(path, flags) {
        Err(StoreError::Unwritable(_)) if !create && is_frozen(path) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            open_as(&immutable_uri(path), flags)
        }
        outcome => outcome,
    }
}

/// Whether nobody can change the file: it lies on a read-only file system and has no log. Then it
/// can be read without the companions that cannot be made there.
fn is_frozen(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let no_log = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
    let read_only = nix::sys::statvfs::statvfs(path)
        .is_ok_and(|system| system.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY));
    no_log && read_only
}

fn immutable_uri(path: &Path) -> PathBuf {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let mut uri = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.extend(format!("%{byte:02X}").bytes()),
            byte => uri.push(*byte),
        }
    }
    uri.extend(b"?immutable=1");
    OsString::from_vec(uri).into()
}

/// After how many pages the log is written back: 32 MiB, eight times what SQLite does unasked. A commit
/// of 64 changes touches some hundred pages all over the file, and with a million people there 64
/// clients create a tenth more of them than with 16 MiB. Twice as much again is worth nothing.
const LOG_PAGES: u32 = 8192;
/// The same while very much is written.
const LOG_PAGES_OF_MANY: u32 = 65_536;

fn open_as(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // With STAT4 compiled in, SQLite plans a cached statement again for each new value; this
    // guarantee halves the cost of a look-up.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; \
         PRAGMA trusted_schema=OFF; PRAGMA journal_size_limit=67108864; \
         PRAGMA recursive_triggers=ON; PRAGMA cache_size=-8192;",
    )?;
    write_back_every(&mut connection, LOG_PAGES)?;
    // SQLite opens nothing before the first look inside.
    version(&connection)?;
    Ok(connection)
}

/// Has the log written back after so many pages, in place of SQLite's own way of doing so.
fn write_back_every(connection: &mut Connection, pages: u32) -> Result<(), StoreError> {
    let mut known = WriteBack::every(pages);
    let after_commit = move |log: &mut Wal, length: c_int| {
        let length = length.unsigned_abs();
        if known.is_due(length) {
            // What was committed stays so, whether or not this can be done; another process may be doing it.
            let written =
                log.checkpoint_v2(CheckpointMode::PASSIVE).map_or(0, |(_, done)| done.max(0));
            known.tried(length.saturating_sub(written.unsigned_abs()));
        }
        Ok(())
    };
    Ok(connection.wal_hook(Some(after_commit))?)
}

/// Switches a new database to write-ahead logging; the file remembers it. Of those who switch at once
/// SQLite refuses some without letting them wait, so they try again.
pub(super) fn use_wal(connection: &Connection) -> Result<(), StoreError> {
    let until = Instant::now() + BUSY_TIMEOUT;
    loop {
        let mode = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0));
        match mode.map_err(StoreError::from) {
            Ok::<String, _>(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(StoreError::Unwritable(format!("journal mode {mode}"))),
            Err(StoreError::Busy) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
}

/// The version the database was last migrated to; 0 for a new one.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Records the version; inside the migration's transaction.
pub(super) fn set_version(connection: &Connection, version: i64) -> Result<(), StoreError> {
    Ok(connection.execute_batch(&format!("PRAGMA user_version={version}"))?)
}

/// Makes a connection one that cannot write, with so much memory for pages.
pub(super) fn only_reads(connection: &Connection, cache_kib: u32) -> Result<(), StoreError> {
    let text = format!("PRAGMA query_only=ON; PRAGMA cache_size=-{cache_kib};");
    Ok(connection.execute_batch(&text)?)
}

/// Takes the write lock; waits so long for another process that has it.
pub(super) fn begin_write(connection: &Connection, wait: Duration) -> Result<(), StoreError> {
    connection.busy_timeout(wait)?;
    word(connection, "BEGIN IMMEDIATE")
}

/// Runs one of the few statements that begin or end something.
pub(super) fn word(connection: &Connection, text: &str) -> Result<(), StoreError> {
    connection.prepare_cached(text)?.raw_execute()?;
    Ok(())
}

/// Fails when the engine has given up the transaction by itself: what came now would stay, alone.
fn still_open(connection: &Connection) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        return Err(StoreError::Unwritable("the transaction was given up".to_owned()));
    }
    Ok(())
}

/// Runs statements that return nothing.
pub(super) fn batch(connection: &Connection, text: &str) -> Result<(), StoreError> {
    Ok(connection.execute_batch(text)?)
}

/// Runs a statement and reads all its rows.
pub(super) fn query(
    connection: &Connection,
    text: &str,
    args: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let mut statement = bound(connection, text, args)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(value_of(row.get_ref(column)?)?);
        }
        all.push(Row(values));
    }
    Ok(all)
}

/// Runs a statement and shows its rows, one at a time and without a copy.
pub(super) fn each(
    connection: &Connection,
    text: &str,
    args: &[Value],
    show: &mut dyn FnMut(&[Seen<'_>]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = bound(connection, text, args)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut values = [Seen::Null; COLUMNS];
        for (column, value) in values.iter_mut().enumerate().take(columns) {
            *value = seen(row.get_ref(column)?)?;
        }
        show(
            values
                .get(..columns)
                .ok_or(StoreError::Row { column: COLUMNS, expected: "no column" })?,
        )?;
    }
    Ok(())
}

fn seen(value: ValueRef<'_>) -> Result<Seen<'_>, StoreError> {
    Ok(match value {
        ValueRef::Null => Seen::Null,
        ValueRef::Integer(value) => Seen::Int(value),
        ValueRef::Real(_) => return Err(StoreError::Row { column: 0, expected: "no fraction" }),
        ValueRef::Text(value) => Seen::Text(text(value)?),
        ValueRef::Blob(value) => Seen::Blob(value),
    })
}

fn text(bytes: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(bytes).map_err(|_| StoreError::Corrupt("text that is not UTF-8".to_owned()))
}

/// Runs a statement that changes rows and says how many.
pub(super) fn execute(
    connection: &Connection,
    text: &str,
    args: &[Value],
) -> Result<u64, StoreError> {
    still_open(connection)?;
    Ok(bound(connection, text, args)?.raw_execute()? as u64)
}

/// As [`execute`], counting the rows of the tables that a virtual table is made of.
pub(super) fn execute_deep(
    connection: &Connection,
    text: &str,
    args: &[Value],
) -> Result<u64, StoreError> {
    let before = connection.total_changes();
    execute(connection, text, args)?;
    Ok(connection.total_changes() - before)
}

/// The engine's own check of the file; the first problem it names, or nothing.
pub(super) fn integrity_problem(connection: &Connection) -> Result<Option<String>, StoreError> {
    let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let bytes = connection.path().and_then(|path| std::fs::metadata(path).ok());
    // What is missing of the last page would be read as zeros.
    if bytes.is_some_and(|file| file.len() % u64::from(page.max(512)) != 0) {
        return Ok(Some("the file ends within a page".to_owned()));
    }
    let word: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if word != "ok" {
        return Ok(Some(word));
    }
    let orphans = query(connection, "PRAGMA foreign_key_check", &[])?;
    Ok((!orphans.is_empty()).then(|| format!("{} rows point to nothing", orphans.len())))
}

/// Empties the write-ahead log into the database's file; says whether nobody was in the way.
pub(super) fn wipe_log(connection: &Connection) -> Result<bool, StoreError> {
    // Readers of a moment are waited for, not those who take their time.
    connection.busy_timeout(Duration::from_millis(250))?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let busy: i64 = busy?;
    Ok(busy == 0)
}

/// Inserts a row, unless a conflict that the statement names stands in the way; gives its number.
/// (`RETURNING` would make SQLite copy each page aside before it changes it.)
pub(super) fn insert(
    connection: &Connection,
    text: &str,
    args: &[Value],
) -> Result<Option<i64>, StoreError> {
    let inserted = execute(connection, text, args)? > 0;
    Ok(inserted.then(|| connection.last_insert_rowid()))
}

/// Prepares the connection for writing very much at once, or ends that: no check with each row that
/// the one it points to exists, and the log is written back only when it is large, so that a page
/// which several transactions changed is written back once.
pub(super) fn many(connection: &mut Connection, begin: bool) -> Result<(), StoreError> {
    let (keys, pages) = if begin { ("OFF", LOG_PAGES_OF_MANY) } else { ("ON", LOG_PAGES) };
    connection.execute_batch(&format!("PRAGMA foreign_keys={keys}"))?;
    write_back_every(connection, pages)
}

/// Whether commits wait for the disk from now on. One that does not is complete and in order
/// whatever happens; a loss of power may take the last of them, until another commit has waited.
pub(super) fn durable(connection: &Connection, durable: bool) -> Result<(), StoreError> {
    word(connection, if durable { "PRAGMA synchronous=FULL" } else { "PRAGMA synchronous=NORMAL" })
}

fn bound<'c>(
    connection: &'c Connection,
    text: &str,
    args: &[Value],
) -> Result<rusqlite::CachedStatement<'c>, StoreError> {
    let mut statement = connection.prepare_cached(text)?;
    bind(&mut statement, text, args)?;
    Ok(statement)
}

/// `$2` is a name to SQLite, whose own number for it is that of its first appearance. The names are
/// read here, because SQLite goes through all of them again for each that it is asked for.
fn bind(statement: &mut Statement<'_>, text: &str, args: &[Value]) -> Result<(), StoreError> {
    // Most look-ups have one value, in one place.
    if let [value] = args
        && (statement.parameter_count(), statement.parameter_name(1)) == (1, Some("$1"))
    {
        return Ok(statement.raw_bind_parameter(1, value)?);
    }
    let missing = |number: usize| {
        StoreError::Driver(format!("no value for parameter {number} of a statement").into())
    };
    let (mut place, mut bound) = (0, vec![false; args.len()]);
    for number in numbers(text) {
        let index = number.wrapping_sub(1);
        let done = bound.get_mut(index).ok_or_else(|| missing(number))?;
        if !std::mem::replace(done, true) {
            place += 1;
            let value = args.get(index).ok_or_else(|| missing(number))?;
            statement.raw_bind_parameter(place, value)?;
        }
    }
    if place == statement.parameter_count() { Ok(()) } else { Err(missing(place + 1)) }
}

/// The numbers of the parameters of a statement as they appear in it; not what is between quotes.
fn numbers(text: &str) -> impl Iterator<Item = usize> {
    let outside = text.split('\'').step_by(2);
    outside.flat_map(|part| part.split('$').skip(1)).map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit);
        digits.fold(0_usize, |number, digit| {
            number.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        })
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

fn value_of(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(_) => return Err(StoreError::Row { column: 0, expected: "no fraction" }),
        ValueRef::Text(value) => Value::Text(text(value)?.to_owned()),
        ValueRef::Blob(value) => Value::Blob(value.to_vec()),
    })
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Self::Driver(Box::new(error));
        };
        let text = message.clone().unwrap_or_else(|| error.to_string());
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt(text),
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied => Self::Unwritable(text),
            ErrorCode::ConstraintViolation
                if matches!(
                    failure.extended_code,
                    ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                ) =>
            {
                Self::Conflict { table: conflicting_table(&text) }
            }
            _ => Self::Driver(Box::new(error)),
        }
    }
}

/// "UNIQUE constraint failed: addresses.value, addresses.via" names the table.
fn conflicting_table(text: &str) -> String {
    text.rsplit(": ").next().and_then(|rest| rest.split('.').next()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_where_their_numbers_are_in_whatever_order() {
        let connection = Connection::open_in_memory().unwrap();
        let rows = |text: &str, args: &[Value]| query(&connection, text, args);
        let text = "SELECT $2, $1, '$9', $2 || $1, 'it''s $8', $3";
        let row = rows(text, &["a".into(), "b".into(), 7.into()]).unwrap().remove(0);
        let texts: Vec<&str> = (0..5).map(|column| row.text(column).unwrap()).collect();
        assert_eq!(texts, ["b", "a", "$9", "ba", "it's $8"]);
        assert_eq!(row.int(5).unwrap(), 7);
        assert!(rows("SELECT $1, $2", &["a".into()]).is_err(), "one is missing");
        assert!(rows("SELECT $0", &["a".into()]).is_err(), "there is no such number");
        assert!(rows("SELECT ?1", &["a".into()]).is_err(), "another way of writing it");
    }
}
