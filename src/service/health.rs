//! Whether the store can do its work right now.

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
    d.store.read(|tx| ledger::size_and_root(tx).map(drop))?;
    d.store.can_write()?;
    has_room(d).map_err(|error| {
        let message = "The state directory cannot be written (disk full, read-only, or gone).";
        Error::new(ErrorCode::AuditUnavailable, message).because(error)
    })
}

/// A full disk shows only in a commit, and this is not the place for one: writes a file instead.
fn has_room(d: &Deps) -> std::io::Result<()> {
    let path = d.state_dir.join(format!("room-{}.partial", std::process::id()));
    let written = std::fs::write(&path, ROOM);
    match std::fs::remove_file(&path) {
        Err(error) if written.is_ok() => Err(error),
        _ => written,
    }
}
