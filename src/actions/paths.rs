//! Files that actions write and read on the unit.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::failure::Failure;
use super::params::Params;

/// Reads `path`; an action has no working directory worth relying on.
///
/// # Errors
/// When it is not absolute.
pub fn parse(params: &Params) -> Result<Option<PathBuf>, Failure> {
    let Some(text) = params.filled("path") else { return Ok(None) };
    let path = PathBuf::from(text);
    if path.is_absolute() {
        Ok(Some(path))
    } else {
        Err(Failure::new("Parameter 'path' must be an absolute path"))
    }
}

/// A dated file in a directory of the state directory, such as
/// `backups/doorward-20300131T080000.000000Z.db`.
#[must_use]
pub fn dated(state_dir: &Path, directory: &str, now: Timestamp, extension: &str) -> PathBuf {
    let moment = now.to_string().replace([':', '-'], "");
    state_dir.join(directory).join(format!("doorward-{moment}.{extension}"))
}
