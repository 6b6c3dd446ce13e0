//! The digest by which a browser knows that a script is the one that was meant (W3C Subresource
//! Integrity).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};

/// `sha512-` and the digest in base64.
#[must_use]
pub fn of(script: &str) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(script.as_bytes())))
}
