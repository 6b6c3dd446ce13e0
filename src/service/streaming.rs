//! A second copy of the ledger, sent on while it grows: every entry that was committed, as one line of
//! JSON with its leaf hash, so that whoever keeps the lines can rebuild the chain without asking us.

use std::fs;
use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::app::Deps;
use crate::config::StreamTo;
use crate::error::{Error, ErrorCode};
use crate::store::sql::{ledger, pruning};

/// Entries that are read and sent at once.
const BATCH: u64 = 500;
/// How long the other end may take for each of the two.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is sent is of facility `log audit` and severity `informational` (RFC 5424, 6.2.1).
const PRIORITY: u8 = 13 * 8 + 6;

/// Where lines go, and how far they are.
#[derive(Debug, Default)]
pub struct Stream {
    /// Nothing where the option says nowhere.
    to: Option<StreamTo>,
    /// The first entry that was not sent; nothing until that was looked up.
    next: Option<u64>,
    connection: Option<TcpStream>,
}

impl Stream {
    /// Sends what was committed since; says whether there may be more. What could not be sent is sent
    /// the next time, and what was sent just before the service was killed is sent once more: its
    /// number tells.
    ///
    /// # Errors
    /// A failure of the store, or `NotReady` when the other end cannot be reached.
    pub fn step(&mut self, d: &Deps) -> Result<bool, Error> {
        let to = d.options.retention.stream_to();
        if self.to != to {
            *self = Self { to, ..Self::default() };
        }
        let Some(to) = self.to.clone() else { return Ok(false) };
        let from = match self.next {
            Some(next) => next,
            None => read_place(d),
        };
        let (text, next, more) = read(d, &to, from)?;
        if next > from {
            self.send(&to, &text).map_err(|error| {
                let message = "The stream of the audit ledger is not taken; it goes on from the same \
                               entry when it is.";
                Error::new(ErrorCode::NotReady, message).because(error)
            })?;
            write_place(d, next).map_err(|error| {
                let message = "How far the stream of the audit ledger is cannot be written down.";
                Error::new(ErrorCode::AuditUnavailable, message).because(error)
            })?;
        }
        self.next = Some(next);
        Ok(more)
    }

    fn send(&mut self, to: &StreamTo, text: &[u8]) -> io::Result<()> {
        let place = match to {
            StreamTo::Stdout => {
                let mut out = io::stdout().lock();
                return out.write_all(text).and_then(|()| out.flush());
            }
            StreamTo::Syslog(place) => place,
        };
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(place)?,
        };
        connection.write_all(text).and_then(|()| connection.flush())?;
        self.connection = Some(connection);
        Ok(())
    }
}

/// Lines from the entry `from` on, the entry after them, and whether there may be more.
fn read(d: &Deps, to: &StreamTo, from: u64) -> Result<(Vec<u8>, u64, bool), Error> {
    d.store.read(|tx| {
        let (size, kept) = (ledger::size_and_root(tx)?.0, pruning::kept_from(tx)?);
        // A ledger that was put back to an earlier state goes on where it is.
        let from = from.max(kept).min(size);
        let entries = ledger::scan(tx, from, BATCH.min(size - from))?;
        let mut text = Vec::new();
        for entry in &entries {
            let line = line(&entry.leaf, &entry.json);
            match to {
                StreamTo::Stdout => {
                    text.extend_from_slice(line.as_bytes());
                    text.push(b'\n');
                }
                StreamTo::Syslog(_) => {
                    // RFC 5424 in the octet-counting frames of RFC 6587.
                    let message = format!("<{PRIORITY}>1 - - doorward - ledger - {line}");
                    text.extend_from_slice(format!("{} {message}", message.len()).as_bytes());
                }
            }
        }
        let next = entries.last().map_or(from, |last| last.seq + 1);
        Ok((text, next, next < size))
    })
}

fn connect(place: &str) -> io::Result<TcpStream> {
    let mut failure = io::ErrorKind::AddrNotAvailable.into();
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(connection) => {
                connection.set_write_timeout(Some(PATIENCE))?;
                return Ok(connection);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// An entry with its leaf hash. Its own text is in it as it is, between the first brace of its own
/// and the last but one of the line.
#[must_use]
pub fn line(leaf: &crate::domain::ledger::Hash, json: &str) -> String {
    format!(r#"{{"leaf":"{}","entry":{json}}}"#, hex::encode(leaf))
}

/// Where it is written down how far the stream is.
fn place(d: &Deps) -> PathBuf {
    d.state_dir.join("audit-stream.next")
}

fn read_place(d: &Deps) -> u64 {
    // Whoever cannot be told how far it is gets everything.
    let text = fs::read_to_string(place(d)).unwrap_or_default();
    text.trim().parse().unwrap_or_default()
}

fn write_place(d: &Deps, next: u64) -> io::Result<()> {
    let (path, partial) = (place(d), place(d).with_extension("partial"));
    fs::write(&partial, format!("{next}\n"))?;
    fs::rename(partial, path)
}
