//! Whether a service runs on a state directory: a lock on a file in it, which the system releases
//! when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::exit::Stop;

const FILE: &str = "serve.lock";

/// Says that a service runs on `state_dir`, for as long as the result lives.
///
/// # Errors
/// When the directory cannot be written, or is being restored.
pub fn service(state_dir: &Path) -> Result<File, Stop> {
    let file = open(state_dir)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Stop::Failed(format!("{} is being restored", state_dir.display())))
        }
        Err(TryLockError::Error(error)) => Err(Stop::file("lock", &state_dir.join(FILE), &error)),
    }
}

/// Keeps services away from `state_dir`, for as long as the result lives. There is none to keep
/// away from a directory that does not exist yet.
///
/// # Errors
/// When one is running.
pub fn alone(state_dir: &Path) -> Result<Option<File>, Stop> {
    if !state_dir.exists() {
        return Ok(None);
    }
    let file = open(state_dir)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(Stop::Failed("the service is running; stop it before restoring".to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(Stop::file("lock", &state_dir.join(FILE), &error)),
    }
}

fn open(state_dir: &Path) -> Result<File, Stop> {
    let path = state_dir.join(FILE);
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Stop::file("write", &path, &error))
}
