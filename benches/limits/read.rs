//! L3, L9, L10, L14 and L15: reading what the product wrote, without the product.

use std::io::stdin;

use rusqlite::{Connection, OpenFlags, Statement};
use sha2::{Digest as _, Sha256};

use super::{Outcome, Stopwatch};

fn open(path: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

/// L3: one identity by an identifier, in a process that does nothing else.
pub fn lookup(path: &str, identifier: &str) -> Outcome {
    let found: (String, String) = open(path)?.query_row(
        "SELECT i.id, i.traits FROM credential_identifiers c
         JOIN identities i ON i.n = c.identity WHERE c.value = ?1 LIMIT 1",
        [identifier],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    println!("{} {}", found.0, found.1);
    Ok(())
}

/// L9: a page of 250 with credentials and addresses, `count` times, from places all over the table.
pub fn page(path: &str, count: u64) -> Outcome {
    let connection = open(path)?;
    let last: i64 = connection.query_row("SELECT max(n) FROM identities", [], |row| row.get(0))?;
    let mut statement = connection.prepare(
        "SELECT i.n, i.id, i.traits, i.status, c.kind, c.config, a.value, a.via
         FROM (SELECT * FROM identities WHERE n > ?1 ORDER BY n LIMIT 250) i
         LEFT JOIN credentials c ON c.identity = i.n
         LEFT JOIN addresses a ON a.identity = i.n ORDER BY i.n",
    )?;
    let stopwatch = Stopwatch::start()?;
    for turn in 0..count {
        let after = last / i64::try_from(count)? * i64::try_from(turn)?;
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()? {
            let (_, _): (&str, &str) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        }
    }
    stopwatch.print(count)
}

/// L10: the first 100 hits of a phrase with their traits and addresses: the answer tells who they are,
/// so that their numbers alone are not enough.
const HITS: &str = "SELECT i.n, i.id, i.traits, i.status, a.value, a.via
    FROM (SELECT rowid AS n FROM identity_search WHERE identity_search MATCH ?1
          ORDER BY rowid LIMIT 100) s
    JOIN identities i ON i.n = s.n
    LEFT JOIN addresses a ON a.identity = i.n";

fn hits(statement: &mut Statement<'_>, phrase: &str) -> rusqlite::Result<()> {
    let mut rows = statement.query([phrase])?;
    while let Some(row) = rows.next()? {
        let (_, _): (&str, &str) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
    }
    Ok(())
}

/// L10, `count` times without a break.
pub fn search(path: &str, word: &str, count: u64) -> Outcome {
    let connection = open(path)?;
    let mut statement = connection.prepare(HITS)?;
    let phrase = format!("\"{word}\"");
    let stopwatch = Stopwatch::start()?;
    for _ in 0..count {
        hits(&mut statement, &phrase)?;
    }
    stopwatch.print(count)
}

/// L10 whenever it is asked for, with a word on a line of standard input; each is answered with its
/// cost on a line.
pub fn searches(path: &str) -> Outcome {
    let connection = open(path)?;
    let mut statement = connection.prepare(HITS)?;
    for word in stdin().lines() {
        let phrase = format!("\"{}\"", word?);
        let stopwatch = Stopwatch::start()?;
        hits(&mut statement, &phrase)?;
        stopwatch.print(1)?;
    }
    Ok(())
}

/// L15: every entry of the ledger in order, hashed and compared.
pub fn scan(path: &str) -> Outcome {
    let connection = open(path)?;
    let stopwatch = Stopwatch::start()?;
    let mut statement =
        connection.prepare("SELECT entry, leaf FROM ledger_entries ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let entry = row.get_ref(0)?.as_str()?;
        let digest = Sha256::new().chain_update([0u8]).chain_update(entry).finalize();
        if row.get_ref(1)?.as_blob()? != digest.as_slice() {
            return Err(format!("entry {count} is not what was hashed").into());
        }
        count += 1;
    }
    stopwatch.print(count)
}

/// L14: SHA-256 over the digest before and 200 bytes, `count` times.
pub fn chain(count: u64) -> Outcome {
    let text = [b'x'; 200];
    let mut digest = [0u8; 32];
    let stopwatch = Stopwatch::start()?;
    for _ in 0..count {
        digest = Sha256::new().chain_update(digest).chain_update(text).finalize().into();
    }
    stopwatch.print(count)?;
    eprintln!("{}", hex::encode(digest));
    Ok(())
}
