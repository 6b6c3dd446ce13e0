//! Numbers that tell an operator how the store does.

use std::time::Duration;

use nix::sys::statvfs::statvfs;

use super::sending;
use crate::app::{DATABASE, Deps};
use crate::domain::message::Counts;
use crate::error::Error;
use crate::store::sql::{ledger, messages};

/// The store at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Vitals {
    /// Entries of the ledger.
    pub entries: u64,
    /// Entries that no checkpoint covers.
    pub unsigned: u64,
    /// Age of the last checkpoint, once there is one.
    pub checkpoint_age: Option<Duration>,
    /// Bytes of the embedded database with its log; nothing when a server holds the data.
    pub bytes: Option<u64>,
    /// Room left beside it.
    pub free: Option<u64>,
    /// The outbox.
    pub messages: Counts,
    /// How long the oldest message waits that is not done.
    pub oldest_message: Option<Duration>,
    /// Whether mail cannot go out.
    pub mail_trouble: bool,
}

/// Takes the numbers.
///
/// # Errors
/// A failure of the store.
pub fn of(d: &Deps) -> Result<Vitals, Error> {
    let (entries, covered, signed_at) = d.store.read(|tx| {
        let (entries, _, covered) = ledger::size_and_root(tx)?;
        Ok::<_, Error>((entries, covered, ledger::signed_at(tx)?))
    })?;
    let age = d.clock.now().duration_since(signed_at);
    // A clock that was set back makes it negative.
    let checkpoint_age = (covered > 0).then(|| Duration::try_from(age).unwrap_or_default());
    let messages = d.store.read(messages::counts)?;
    let waits = messages.oldest.map(|since| d.clock.now().duration_since(since));
    let database = d.state_dir.join(DATABASE);
    let size = |suffix: &str| {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        std::fs::metadata(path).map(|is| is.len()).ok()
    };
    Ok(Vitals {
        entries,
        unsigned: entries.saturating_sub(covered),
        checkpoint_age,
        bytes: size("").map(|bytes| bytes + size("-wal").unwrap_or_default()),
        free: free(d),
        messages,
        oldest_message: waits.map(|waits| Duration::try_from(waits).unwrap_or_default()),
        mail_trouble: sending::trouble(d)?.is_some(),
    })
}

/// Bytes the service may still write where its state is.
fn free(d: &Deps) -> Option<u64> {
    let about = statvfs(&d.state_dir).ok()?;
    Some(about.blocks_available().saturating_mul(about.fragment_size()))
}
