//! The system user of the service, and acting as that user for a while.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, getegid, geteuid, setegid, seteuid};

use super::paths::{Paths, SERVICE_USER};
use super::process::{self, Fault};

/// Longest time `useradd` may take; it waits for a lock that another installer may hold.
const USERADD_LIMIT: Duration = Duration::from_mins(1);

/// Why there is no service user.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The list of users cannot be read.
    #[error("/etc/passwd cannot be read: {0}")]
    Passwd(#[from] io::Error),
    /// The user could not be made.
    #[error("useradd {0}")]
    Useradd(Fault),
    /// `useradd` claims success, yet there is no such user.
    #[error("useradd made no user {SERVICE_USER}")]
    NoEffect,
}

/// A user and its group, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceUser {
    /// The user.
    pub uid: Uid,
    /// The group.
    pub gid: Gid,
}

impl ServiceUser {
    /// Looks the user up.
    ///
    /// # Errors
    /// When the list of users cannot be read.
    pub fn find(paths: &Paths) -> io::Result<Option<Self>> {
        Ok(list(paths, "/etc/passwd")?.lines().find_map(Self::from_line))
    }

    /// Looks the user up, and makes it when there is none.
    ///
    /// # Errors
    /// When it can be neither found nor made.
    pub fn ensure(paths: &Paths) -> Result<Self, UserError> {
        if let Some(user) = Self::find(paths)? {
            return Ok(user);
        }
        // A group that is left without its user, as after an interrupted useradd, is joined.
        let group = ["--gid", SERVICE_USER];
        let group = if group_exists(paths)? { group.as_slice() } else { &["--user-group"] };
        let args = [
            "--system",
            "--no-create-home",
            "--home-dir",
            "/var/lib/doorward",
            "--shell",
            "/usr/sbin/nologin",
        ];
        let args = [args.as_slice(), group, &[SERVICE_USER]].concat();
        // Another unit on this machine may have been quicker, so the list decides, not the answer.
        let answer = process::run("useradd", &args, USERADD_LIMIT);
        match (Self::find(paths)?, answer) {
            (Some(user), _) => Ok(user),
            (None, Err(fault)) => Err(UserError::Useradd(fault)),
            (None, Ok(_)) => Err(UserError::NoEffect),
        }
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        if fields.next()? != SERVICE_USER {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { uid: Uid::from_raw(uid), gid: Gid::from_raw(gid) })
    }
}

fn list(paths: &Paths, file: &str) -> io::Result<String> {
    match std::fs::read_to_string(paths.real(file.as_ref())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

fn group_exists(paths: &Paths) -> io::Result<bool> {
    let name = |line: &str| line.split(':').next() == Some(SERVICE_USER);
    Ok(list(paths, "/etc/group")?.lines().any(name))
}

/// Who this process acts as. Files that the service will write must be made by its user, and hook
/// tools answer root only.
#[derive(Debug, Default)]
pub struct Acting {
    dropped: Cell<Option<Before>>,
}

#[derive(Clone, Copy, Debug)]
struct Before {
    uid: Uid,
    gid: Gid,
    mask: Mode,
    user: ServiceUser,
}

impl Acting {
    /// Acts as `user` from now on. A process that is not root stays who it is.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn drop_to(&self, user: ServiceUser) -> io::Result<()> {
        if self.dropped.get().is_some() {
            return Ok(());
        }
        let before = Before {
            uid: geteuid(),
            gid: getegid(),
            mask: umask(Mode::from_bits_truncate(0o077)),
            user,
        };
        self.dropped.set(Some(before));
        if before.uid.is_root() {
            setegid(user.gid)?;
            seteuid(user.uid)?;
        }
        Ok(())
    }

    /// Becomes again who the process was.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn regain(&self) -> io::Result<()> {
        let Some(before) = self.dropped.get() else { return Ok(()) };
        if before.uid.is_root() {
            seteuid(before.uid)?;
            setegid(before.gid)?;
        }
        umask(before.mask);
        self.dropped.set(None);
        Ok(())
    }

    /// Does `work` as who the process was, and goes back.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn as_before<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        let Some(before) = self.dropped.get() else { return Ok(work()) };
        self.regain()?;
        let value = work();
        self.drop_to(before.user)?;
        Ok(value)
    }

    /// Does `work` as `user`, and goes back.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn as_user<T>(&self, user: ServiceUser, work: impl FnOnce() -> T) -> io::Result<T> {
        self.drop_to(user)?;
        let value = work();
        self.regain()?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_found_by_its_whole_name() {
        assert_eq!(ServiceUser::from_line("doorward2:x:5:6::/:/bin/sh"), None);
        assert_eq!(ServiceUser::from_line("doorward:x:notanumber:6::/:/bin/sh"), None);
        assert_eq!(
            ServiceUser::from_line("doorward:x:998:997::/var/lib/doorward:/usr/sbin/nologin"),
            Some(ServiceUser { uid: Uid::from_raw(998), gid: Gid::from_raw(997) })
        );
    }
}
