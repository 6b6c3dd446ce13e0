//! Whether the store can do its work right now.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::app::Deps;
use crate::error::{Error, ErrorCode};
use crate::store::sql::ledger;

/// What a small change may need, in bytes.
static ROOM: [u8; 64 * 1024] = [0; 64 * 1024];

/// Whether the store can be read and written.
///
/// # Errors
/// What stands in the way.
pub fn ready(d: &Deps) -> Result<(), Error> {
    if !d.store.read(ledger::ends_at_head)? {
        let message = "The audit ledger does not end where it should; verify it.";
        return Err(Error::new(ErrorCode::Corrupt, message));
    }
    d.store.can_write()?;
    has_room(d).map_err(|error| {
        let message = "The state directory cannot be written (disk full, read-only, or gone).";
        Error::new(ErrorCode::AuditUnavailable, message).because(error)
    })
}

/// A full disk shows only in a commit, and this is not the place for one: writes a file instead.
fn has_room(d: &Deps) -> std::io::Result<()> {
    // Several may look at once.
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    let look = LOOKS.fetch_add(1, Ordering::Relaxed);
    let path = d.state_dir.join(format!("room-{}-{look}.partial", std::process::id()));
    let written = std::fs::write(&path, ROOM);
    match std::fs::remove_file(&path) {
        Err(error) if written.is_ok() => Err(error),
        _ => written,
    }
}
