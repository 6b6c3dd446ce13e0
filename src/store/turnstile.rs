//! Whose turn it is among processes that write to one database file.
//!
//! SQLite's lock goes to whoever asks at the right moment, and one that waits asks every few
//! milliseconds: beside a service that commits and begins again within microseconds it might wait
//! for ever. So whoever wants the lock first goes through a turnstile and stays in it until it has
//! the lock; nobody else, and not the one who has just given the lock back, can come first.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Location;

/// How often one that waits asks.
const PAUSE: Duration = Duration::from_micros(500);

/// The turnstile of one connection: a lock on the directory of the database, of the kind that ends
/// with the process that holds it, however it ends.
pub(super) struct Turnstile {
    /// Nothing where the engine itself keeps writers in line.
    directory: Option<PathBuf>,
    file: Option<File>,
}

/// Somebody is in the turnstile.
pub(super) struct Inside<'t>(&'t File);

impl Turnstile {
    pub(super) fn of(location: &Location) -> Self {
        let directory = match location {
            Location::File(path) => path.parent().map(|parent| {
                if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() }
            }),
            Location::Server(_) => None,
        };
        Self { directory, file: None }
    }

    /// Goes in, when that is possible before `until`. It is a courtesy: who finds it blocked, or
    /// cannot have it on this file system, may still try for the lock itself.
    pub(super) fn enter(&mut self, until: Instant) -> Option<Inside<'_>> {
        if self.file.is_none() {
            self.file = File::open(self.directory.as_ref()?).ok();
        }
        let file = self.file.as_ref()?;
        loop {
            match file.try_lock() {
                Ok(()) => return Some(Inside(file)),
                Err(std::fs::TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(PAUSE);
                }
                Err(_) => return None,
            }
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // The system does it anyway when the file is closed.
        let _ = self.0.unlock();
    }
}
