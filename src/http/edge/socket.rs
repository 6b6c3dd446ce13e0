//! Where the service listens: a TCP address, or a Unix socket that its file's mode protects.

use std::fs::{self, Permissions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The owner and the group of the service may connect.
const MODE: u32 = 0o660;

/// A socket that is listened on. It is bound by the caller, so that tests take port 0 and a
/// privileged port is bound before privileges are dropped.
#[derive(Debug)]
pub enum Socket {
    /// A TCP address.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixSocket),
}

impl Socket {
    /// Listens on `HOST:PORT`.
    ///
    /// # Errors
    /// As the system says.
    pub fn tcp(address: &str) -> io::Result<Self> {
        TcpListener::bind(address).map(Self::Tcp)
    }

    /// Listens on a new Unix socket at `path`, in place of one that nobody listens on any more.
    ///
    /// # Errors
    /// `AddrInUse` when somebody listens there, `AlreadyExists` when it is another kind of file,
    /// and as the system says.
    pub fn unix(path: &Path) -> io::Result<Self> {
        UnixSocket::bind(path).map(Self::Unix)
    }

    /// Its address; nothing for a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// Whether only programs on this machine reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(_) => self.address().is_some_and(|at| at.ip().to_canonical().is_loopback()),
            Self::Unix(_) => true,
        }
    }

    /// Where clients find it: `http://HOST:PORT`, the same with `https`, or `unix:PATH`.
    #[must_use]
    pub fn url(&self, tls: bool) -> String {
        let scheme = if tls { "https" } else { "http" };
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("{scheme}://{address}"),
                Err(_) => format!("{scheme}://"),
            },
            Self::Unix(socket) => format!("unix:{}", socket.path.display()),
        }
    }
}

/// A Unix socket; its file goes when this does.
#[derive(Debug)]
pub struct UnixSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    file: (u64, u64),
}

impl UnixSocket {
    fn bind(path: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(there) if !there.file_type().is_socket() => {
                let message = "there is a file that is no socket";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
            Ok(_) if UnixStream::connect(path).is_ok() => {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            Ok(_) => {}
        }
        // Under another name until its mode is right: nobody connects who may not.
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}", std::process::id()));
        let partial = PathBuf::from(partial);
        let _ = fs::remove_file(&partial);
        let listener = UnixListener::bind(&partial)?;
        let placed = fs::set_permissions(&partial, Permissions::from_mode(MODE))
            .and_then(|()| fs::symlink_metadata(&partial))
            .and_then(|there| fs::rename(&partial, path).map(|()| (there.dev(), there.ino())));
        match placed {
            Ok(file) => Ok(Self { listener, path: path.to_owned(), file }),
            Err(error) => {
                let _ = fs::remove_file(&partial);
                Err(error)
            }
        }
    }
}

impl Drop for UnixSocket {
    /// Removes the file unless another process has put its own there since.
    fn drop(&mut self) {
        let ours =
            fs::symlink_metadata(&self.path).is_ok_and(|is| (is.dev(), is.ino()) == self.file);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_and_a_file_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the standard library leaves the file");
        let socket = Socket::unix(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        let taken = Socket::unix(&path).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        drop(socket);
        assert!(!path.exists());
        fs::write(&path, "mine").unwrap();
        assert_eq!(Socket::unix(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn a_socket_that_took_our_place_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let ours = Socket::unix(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let theirs = UnixListener::bind(&path).unwrap();
        drop(ours);
        assert!(path.exists());
        drop(theirs);
    }
}
