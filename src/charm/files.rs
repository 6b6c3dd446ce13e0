//! Files that are there whole or not at all, with the mode and the owner they need.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use nix::unistd::{Gid, Uid, chown, geteuid};

/// Who owns a file, and who may do what with it.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// Permission bits.
    pub mode: u32,
    /// User and group; `None` leaves them as they come.
    pub owner: Option<(Uid, Gid)>,
}

impl Access {
    /// `mode`, owned by whoever makes the file.
    #[must_use]
    pub const fn mode(mode: u32) -> Self {
        Self { mode, owner: None }
    }

    /// `mode`, owned by that user and group.
    #[must_use]
    pub const fn owned(mode: u32, uid: Uid, gid: Gid) -> Self {
        Self { mode, owner: Some((uid, gid)) }
    }

    /// Only root can give files away; elsewhere the owner is whoever runs the tests.
    fn wanted_owner(&self) -> Option<(Uid, Gid)> {
        self.owner.filter(|_| geteuid().is_root())
    }

    fn holds(&self, path: &Path) -> io::Result<bool> {
        let is = fs::symlink_metadata(path)?;
        let owner = self
            .wanted_owner()
            .is_none_or(|(uid, gid)| is.uid() == uid.as_raw() && is.gid() == gid.as_raw());
        Ok(owner && is.mode() & 0o7777 == self.mode)
    }

    fn apply(&self, path: &Path) -> io::Result<()> {
        if let Some((uid, gid)) = self.wanted_owner() {
            chown(path, Some(uid), Some(gid))?;
        }
        fs::set_permissions(path, Permissions::from_mode(self.mode))
    }
}

/// Makes a directory and its parents, and gives it (not the parents) the access wanted.
///
/// # Errors
/// As the file system says, with the path; a link in place of the directory is refused.
pub fn directory(path: &Path, access: Access) -> io::Result<()> {
    let name = |error| named(path, error);
    fs::create_dir_all(path).map_err(name)?;
    if fs::symlink_metadata(path).map_err(name)?.is_symlink() {
        return Err(named(path, io::Error::other("is a link")));
    }
    if access.holds(path).map_err(name)? { Ok(()) } else { access.apply(path).map_err(name) }
}

/// Writes `content` so that the file holds either the old or the new text whenever the process or
/// the machine stops. Returns whether anything had to change.
///
/// # Errors
/// As the file system says, with the path; the old file is then untouched.
pub fn write(path: &Path, content: &[u8], access: Access) -> io::Result<bool> {
    if is_already(path, content)? {
        if access.holds(path).map_err(|error| named(path, error))? {
            return Ok(false);
        }
        access.apply(path).map_err(|error| named(path, error))?;
        return Ok(true);
    }
    replace(path, access, |file| file.write_all(content)).map(|()| true)
}

/// Copies `from` to `to` in the same way. Returns whether anything had to change.
///
/// # Errors
/// As [`write()`].
pub fn copy(from: &Path, to: &Path, access: Access) -> io::Result<bool> {
    if same_content(from, to)? && access.holds(to)? {
        return Ok(false);
    }
    let mut source = File::open(from).map_err(|error| named(from, error))?;
    replace(to, access, |file| io::copy(&mut source, file).map(drop)).map(|()| true)
}

/// Removes a file; one that is not there is fine. Returns whether it was.
///
/// # Errors
/// As the file system says, with the path.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(named(path, error)),
    }
}

/// Removes a directory if nothing is left in it.
///
/// # Errors
/// As the file system says, with the path.
pub fn remove_if_empty(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Err(named(path, error))
        }
        _ => Ok(()),
    }
}

fn replace(
    path: &Path,
    access: Access,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = beside(path);
    let filled = (|| {
        // What an interrupted attempt left is of no use; the name is fixed so that nothing piles up.
        remove(&temporary)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW)
            .open(&temporary)?;
        fill(&mut file)?;
        access.apply(&temporary)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_parent(path)
    })();
    if filled.is_err() {
        // The first error is the one worth reporting.
        let _ = fs::remove_file(&temporary);
    }
    filled.map_err(|error| named(path, error))
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    path.with_file_name(format!(".{name}.new"))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn is_already(path: &Path, content: &[u8]) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(named(path, error)),
        Ok(is) if !is.is_file() || is.len() != content.len() as u64 => return Ok(false),
        Ok(_) => {}
    }
    fs::read(path).map(|is| is == content).map_err(|error| named(path, error))
}

fn same_content(a: &Path, b: &Path) -> io::Result<bool> {
    let lengths =
        (fs::metadata(a).map_err(|error| named(a, error))?.len(), fs::symlink_metadata(b));
    match lengths {
        (len, Ok(there)) if there.is_file() && there.len() == len => {}
        _ => return Ok(false),
    }
    let (mut a, mut b) = (File::open(a)?, File::open(b)?);
    let (mut from_a, mut from_b) = (vec![0u8; 256 * 1024], vec![0u8; 256 * 1024]);
    loop {
        let read = a.read(&mut from_a)?;
        if read == 0 {
            return Ok(b.read(&mut from_b)? == 0);
        }
        let (Some(got), Some(other)) = (from_a.get(..read), from_b.get_mut(..read)) else {
            return Ok(false);
        };
        if b.read_exact(other).is_err() || got != other {
            return Ok(false);
        }
    }
}

fn named(path: &Path, error: io::Error) -> io::Error {
    let text = error.to_string();
    if text.contains(&*path.to_string_lossy()) {
        return error;
    }
    io::Error::new(error.kind(), format!("{}: {text}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn the_same_content_is_not_written_twice() {
        let dir = place();
        let path = dir.path().join("a");
        assert!(write(&path, b"x", Access::mode(0o640)).expect("written"));
        assert!(!write(&path, b"x", Access::mode(0o640)).expect("left"));
        assert!(write(&path, b"x", Access::mode(0o600)).expect("mode changed"));
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o600);
    }

    #[test]
    fn charm_02_the_rest_of_an_interrupted_write_is_replaced() {
        let dir = place();
        let path = dir.path().join("a");
        fs::write(dir.path().join(".a.new"), b"half").expect("a rest");
        write(&path, b"whole", Access::mode(0o600)).expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"whole");
        assert!(!dir.path().join(".a.new").exists());
    }

    #[test]
    fn a_link_put_in_place_of_a_file_is_replaced_not_followed() {
        let dir = place();
        let (path, other) = (dir.path().join("a"), dir.path().join("other"));
        fs::write(&other, b"mine").expect("a file");
        std::os::unix::fs::symlink(&other, &path).expect("a link");
        write(&path, b"yours", Access::mode(0o600)).expect("written");
        assert_eq!(fs::read(&other).expect("there"), b"mine");
        assert!(fs::symlink_metadata(&path).expect("there").is_file());
    }

    #[test]
    fn a_copy_of_the_same_length_is_compared_byte_by_byte() {
        let dir = place();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, b"abcd").expect("a file");
        assert!(copy(&from, &to, Access::mode(0o755)).expect("copied"));
        assert!(!copy(&from, &to, Access::mode(0o755)).expect("left"));
        fs::write(&from, b"abce").expect("a file");
        assert!(copy(&from, &to, Access::mode(0o755)).expect("copied"));
        assert_eq!(fs::read(&to).expect("there"), b"abce");
    }
}
