//! The operator's own list of passwords that nobody may choose: a file, one password a line. It is
//! read anew each time, a piece at a time, so that it may be large and may change.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::domain::policy::{PASSWORD_MAX_BYTES, folded};
use crate::error::{Error, ErrorCode};

/// Whether the list at `path` has a password, in any case; there is no list without a path.
///
/// # Errors
/// `NotReady` when it cannot be read: then nobody can say, and nothing is let through.
pub fn contains(path: &str, password: &str) -> Result<bool, Error> {
    if path.is_empty() {
        return Ok(false);
    }
    let wanted = folded(password);
    search(Path::new(path), &wanted).map_err(|error| {
        let message = "The list of passwords that may not be used cannot be read.";
        Error::new(ErrorCode::NotReady, message).because(error)
    })
}

fn search(path: &Path, wanted: &str) -> std::io::Result<bool> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A file without line ends must not fill the memory.
        let most = PASSWORD_MAX_BYTES as u64 + 2;
        if reader.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(false);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        if text.eq_ignore_ascii_case(wanted) || (!text.is_ascii() && folded(text) == wanted) {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_05_a_list_of_the_operators_own_is_searched_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        std::fs::write(&path, "First One\r\nzweites\n\nLast-Ünd").unwrap();
        let path = path.to_str().unwrap();
        for known in ["first one", "FIRST ONE", "Zweites", "last-ünd"] {
            assert!(contains(path, known).unwrap(), "{known}");
        }
        for unknown in ["first", "first one ", "third"] {
            assert!(!contains(path, unknown).unwrap(), "{unknown}");
        }
        assert!(!contains("", "first one").unwrap());
        assert_eq!(contains("/no/such/list", "x").unwrap_err().code(), ErrorCode::NotReady);
    }
}
