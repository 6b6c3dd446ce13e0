//! Root on somebody else's state directory becomes that somebody, so that no file it leaves there
//! is one the service cannot open.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Gid, Uid, User, geteuid, getuid, setgid, setgroups, setuid};

use super::exit::Stop;

/// Gives up root for good when `state_dir` belongs to another user. A directory that does not
/// exist yet will be root's own.
///
/// # Errors
/// When the system does not let go of the privileges; nothing may be opened then.
pub fn become_owner_of(state_dir: &Path) -> Result<(), Stop> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let Ok(about) = fs::metadata(state_dir) else { return Ok(()) };
    let (user, group) = (Uid::from_raw(about.uid()), Gid::from_raw(about.gid()));
    if user.is_root() {
        return Ok(());
    }
    setgroups(&[group]).and_then(|()| setgid(group)).and_then(|()| setuid(user)).map_err(|error| {
        Stop::Failed(format!("cannot become the owner of {}: {error}", state_dir.display()))
    })
}

/// The name of the person at the keyboard, or the number the system knows them by. Ask before
/// [`become_owner_of`].
#[must_use]
pub fn operator() -> String {
    let id = getuid();
    match User::from_uid(id) {
        Ok(Some(user)) => user.name,
        _ => id.to_string(),
    }
}
