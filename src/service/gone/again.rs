//! Doing again what an older database does not know of.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use super::list::Line;
use super::{look, open, remember, unusable};
use crate::app::Deps;
use crate::domain::ledger::Hash;
use crate::error::{Error, ErrorCode};
use crate::service::{Caller, erasure, identities};

/// What was done again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// How many people were deleted.
    pub deleted: u64,
    /// How many had values beside the entries of the ledger that were erased.
    pub erased: u64,
    /// How many values that were.
    pub values: u64,
}

/// Deletes and erases again whoever was deleted or erased after this database was backed up. What
/// was to be erased later is erased when it would have been.
///
/// # Errors
/// `NotReady` when the list cannot be read. What was done until something failed is done, and the
/// rest is done by the next attempt.
pub fn again(d: &Deps, by: &Caller) -> Result<Again, Error> {
    let looked = look(&d.store, &d.state_dir)?;
    let mut done = Again::default();
    let mut by = by.clone();
    for one in &looked.missing {
        if let Some(at) = one.deleted {
            let erase_at = at.checked_add(erasure::DELAY).unwrap_or(at);
            let erase_at = if one.erased { d.clock.now() } else { erase_at };
            match identities::delete_again(d, &by, one.id, erase_at) {
                Ok(()) => {
                    done.deleted += 1;
                    // The run of an action is recorded once.
                    by.action = None;
                }
                // Somebody else was faster.
                Err(error) if error.code() == ErrorCode::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        if one.erased {
            let erased = erasure::erase_again(d, &by, one.id)?;
            done.erased += u64::from(erased > 0);
            done.values += erased;
            by.action = None;
        }
    }
    if done.values > 0 {
        d.store.wipe_log()?;
    }
    remember(&d.store, &looked)?;
    Ok(done)
}

/// Adds to the list what a copy of it from elsewhere says, a stream of the ledger, or an export of it;
/// says how many lines.
///
/// # Errors
/// `NotFound` when the file cannot be read, `Corrupt` when a line of it was altered.
pub fn learn(state_dir: &Path, from: &Path) -> Result<u64, Error> {
    let unreadable = |error: std::io::Error| {
        let message = format!("{} cannot be read: {error}.", from.display());
        Error::new(ErrorCode::NotFound, message).because(error)
    };
    let source = BufReader::new(File::open(from).map_err(unreadable)?);
    let unusable = unusable(state_dir);
    let mut list = open(state_dir).map_err(&unusable)?;
    let mut known: HashSet<Hash> = HashSet::new();
    let all = list.each(list.begin, |line| {
        known.insert(line.leaf);
        Ok::<_, std::io::Error>(())
    });
    all.map_err(&unusable)?;
    let (mut text, mut count) = (String::new(), 0);
    for (number, line) in source.lines().enumerate() {
        let line = line.map_err(unreadable)?;
        let read = Line::parse(&line).map_err(|altered| {
            let (number, file) = (number + 1, from.display());
            let message = format!("Line {number} of {file} {altered}; nothing was taken from it.");
            Error::new(ErrorCode::Corrupt, message).because(altered)
        })?;
        if read.is_some_and(|read| known.insert(read.leaf)) {
            count += 1;
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    list.append(&text).map_err(&unusable)?;
    Ok(count)
}
