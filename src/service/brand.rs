//! The brand's logo.

use std::fs::File;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::Deps;
use crate::config::PICTURES;

/// Largest file that is sent to people.
const LARGEST: u64 = 256 * 1024;

/// The logo with its media type, if there is one that can be read. A file is read each time, so that
/// another one can take its place.
#[must_use]
pub fn logo(d: &Deps) -> Option<(&'static str, Vec<u8>)> {
    let text = d.options.brand.logo.as_str();
    if text.is_empty() {
        return None;
    }
    if let Some((kind, content)) =
        text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"))
    {
        let (_, kind) = PICTURES.iter().find(|(_, known)| *known == kind)?;
        return Some((kind, STANDARD.decode(content).ok()?));
    }
    let name = text.to_lowercase();
    let (_, kind) = PICTURES.iter().find(|(ending, _)| name.ends_with(&format!(".{ending}")))?;
    match read(text) {
        Ok(Some(bytes)) => Some((kind, bytes)),
        Ok(None) => {
            tracing::warn!(path = text, "the logo is no file of at most 256 KiB");
            None
        }
        Err(error) => {
            tracing::warn!(path = text, %error, "the logo cannot be read");
            None
        }
    }
}

fn read(path: &str) -> std::io::Result<Option<Vec<u8>>> {
    // Asked before it is opened: opening a pipe would wait for somebody to write to it.
    if !std::fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LARGEST).then_some(bytes))
}
