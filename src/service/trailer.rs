//! The last line of a backup: a digest of everything before it. SQLite itself would not notice a
//! flipped bit in somebody's name.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use blake3::Hasher;

use super::backup::unwritable;
use crate::error::{Error, ErrorCode};

const MARK: &str = "\ndoorward backup blake3:";
/// Mark, 64 hexadecimal digits, end of line.
const LENGTH: u64 = MARK.len() as u64 + 64 + 1;
/// Every database is a multiple of this long, whatever its page size.
const UNIT: u64 = 512;

/// Adds the line.
///
/// # Errors
/// `AuditUnavailable` when the file cannot be written.
pub fn write(path: &Path) -> Result<(), Error> {
    let append = || -> std::io::Result<()> {
        let length = path.metadata()?.len();
        let digest = digest(&mut File::open(path)?, length)?;
        OpenOptions::new().append(true).open(path)?.write_all(line(&digest).as_bytes())
    };
    append().map_err(|error| unwritable(path, error))
}

/// Checks the line and takes it off. A database without one, such as the copy made before an
/// upgrade, is left as it is; a file that was cut is neither.
///
/// # Errors
/// `Corrupt` when the file is not what was written.
pub fn check_and_remove(path: &Path) -> Result<(), Error> {
    let check = || -> std::io::Result<bool> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        if length % UNIT == 0 {
            return Ok(true);
        }
        let Some(content) = length.checked_sub(LENGTH).filter(|content| content % UNIT == 0) else {
            return Ok(false);
        };
        let expected = line(&digest(&mut file, content)?);
        let mut found = Vec::new();
        file.seek(SeekFrom::Start(content))?;
        file.read_to_end(&mut found)?;
        if found != expected.as_bytes() {
            return Ok(false);
        }
        file.set_len(content)?;
        file.sync_all()?;
        Ok(true)
    };
    if check().map_err(|error| unwritable(path, error))? {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::Corrupt,
        "The file is damaged or no backup: it is not what was written; nothing was changed.",
    ))
}

fn line(digest: &str) -> String {
    format!("{MARK}{digest}\n")
}

/// The digest of the first `length` bytes, in hex.
fn digest(file: &mut File, length: u64) -> std::io::Result<String> {
    let (mut hash, mut buffer) = (Hasher::new(), vec![0; 1 << 16]);
    let mut rest = file.take(length);
    loop {
        match rest.read(&mut buffer)? {
            0 => return Ok(hash.finalize().to_hex().to_string()),
            read => _ = hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}
