//! L6: one row, durable before the next.

use rusqlite::Connection;

use super::{Outcome, Stopwatch};

/// Commits `count` rows, each in a transaction of its own.
pub fn commit(path: &str, count: u64) -> Outcome {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;",
    )?;
    let mut statement = connection.prepare("INSERT INTO t (text) VALUES (?1)")?;
    let text = "x".repeat(300);
    let stopwatch = Stopwatch::start()?;
    for _ in 0..count {
        statement.execute([&text])?;
    }
    stopwatch.print(count)
}
