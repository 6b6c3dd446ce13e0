//! L6, L7 and what a copy costs: rows that are durable, one by one and many at once.

use std::sync::mpsc::{Sender, channel};

use rusqlite::Connection;

use super::{Outcome, Stopwatch};

const TABLE: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
    CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;";
const INSERT: &str = "INSERT INTO t (text) VALUES (?1)";

/// L6: commits `count` rows, each in a transaction of its own.
pub fn commit(path: &str, count: u64) -> Outcome {
    let connection = Connection::open(path)?;
    connection.execute_batch(TABLE)?;
    let mut statement = connection.prepare(INSERT)?;
    let text = "x".repeat(300);
    let stopwatch = Stopwatch::start()?;
    for _ in 0..count {
        statement.execute([&text])?;
    }
    stopwatch.print(count)
}

/// L7: `count` rows from `clients` threads, each of which waits until its row is durable; one writer
/// takes all that wait into one transaction.
pub fn group(path: &str, count: u64, clients: u64) -> Outcome {
    let connection = Connection::open(path)?;
    connection.execute_batch(TABLE)?;
    let each = count / clients;
    let (sender, rows) = channel::<(String, Sender<()>)>();
    let stopwatch = Stopwatch::start()?;
    std::thread::scope(|scope| -> Outcome {
        for _ in 0..clients {
            let sender = sender.clone();
            scope.spawn(move || {
                let (done, told) = channel();
                for _ in 0..each {
                    if sender.send(("x".repeat(300), done.clone())).is_err() || told.recv().is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut statement = connection.prepare(INSERT)?;
        let mut waiting = Vec::new();
        while let Ok(first) = rows.recv() {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for (text, done) in std::iter::once(first).chain(rows.try_iter()) {
                statement.execute([&text])?;
                waiting.push(done);
            }
            connection.execute_batch("COMMIT")?;
            for done in waiting.drain(..) {
                // Everybody listens until told.
                let _ = done.send(());
            }
        }
        Ok(())
    })?;
    stopwatch.print(each * clients)
}

/// The engine's own copy of a live database, page by page; its items are pages.
pub fn copy(path: &str, target: &str) -> Outcome {
    let connection = Connection::open(path)?;
    let stopwatch = Stopwatch::start()?;
    connection.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let mut copy = Connection::open(target)?;
    let backup = rusqlite::backup::Backup::new(&connection, &mut copy)?;
    while backup.step(1024)? == rusqlite::backup::StepResult::More {}
    let pages = u64::try_from(backup.progress().pagecount)?;
    drop(backup);
    drop(copy);
    std::fs::File::open(target)?.sync_all()?;
    stopwatch.print(pages)
}
