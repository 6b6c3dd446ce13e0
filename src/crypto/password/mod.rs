//! Passwords: made with Argon2id only, verified in every format an import may bring.
//!
//! A password is normalised once, to Unicode NFC, before it is hashed; nothing else is changed
//! about it. NFC and not NFKC, because the compatibility forms would make different passwords
//! equal. Hashes made elsewhere were made from what was typed, so those are also tried as typed.

mod compute;
mod format;
mod hashers;
mod md5_crypt;
mod memory;

use argon2::{Algorithm, Params};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorCode};
use crate::rng::Rng;
use format::Stored;
pub use hashers::Hashers;

/// Bytes of salt in new hashes.
const SALT_LENGTH: usize = 16;
/// Bytes of output in new hashes.
const HASH_LENGTH: usize = 32;

/// What an Argon2id hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for Argon2Params {
    /// OWASP's first choice with the least memory: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Match {
        /// The stored hash should be replaced: foreign, or cheaper than the parameters now are.
        rehash: bool,
    },
    /// The password is wrong.
    Mismatch,
}

/// Why a password could not be hashed or compared. None of these means that it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// No format begins like this.
    #[error("The imported password does not match any known hash format.")]
    UnknownFormat,
    /// It begins like a known format and breaks its rules.
    #[error("The imported password hash is malformed: {0}.")]
    Malformed(&'static str),
    /// Comparing with it would take too much time or memory.
    #[error("The imported password hash is too expensive: {0}.")]
    TooExpensive(&'static str),
    /// The hash could not be computed.
    #[error("The password could not be hashed.")]
    Failed,
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        let code = match error {
            PasswordError::Failed => ErrorCode::Internal,
            _ => ErrorCode::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

/// Hashes a password with Argon2id and a fresh salt, in PHC string form.
///
/// # Errors
/// [`PasswordError::Failed`] when the parameters are out of range or there is no randomness.
pub fn hash(password: &SecretString, cost: &Argon2Params) -> Result<String, PasswordError> {
    let mut salt = [0u8; SALT_LENGTH];
    Rng::default().fill(&mut salt).map_err(|_| PasswordError::Failed)?;
    let Argon2Params { memory_kib, iterations, parallelism } = *cost;
    let params = Params::new(memory_kib, iterations, parallelism, Some(HASH_LENGTH))
        .map_err(|_| PasswordError::Failed)?;
    let mut output = Zeroizing::new([0u8; HASH_LENGTH]);
    let password = normalised(password);
    memory::argon2(Algorithm::Argon2id, params, password.as_bytes(), &salt, output.as_mut_slice())?;
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output.as_slice())
    ))
}

/// Compares a password with a stored hash of any known format.
///
/// # Errors
/// [`PasswordError`] when nothing can be said; an unknown format is never a mismatch.
pub fn verify(
    password: &SecretString,
    stored: &str,
    cost: &Argon2Params,
) -> Result<Verdict, PasswordError> {
    let stored = format::parse(stored)?;
    let composed = normalised(password);
    if compute::matches(&stored, composed.as_bytes())? {
        return Ok(Verdict::Match { rehash: is_outdated(&stored, cost) });
    }
    let typed = password.expose_secret();
    if typed != composed.as_str() && compute::matches(&stored, typed.as_bytes())? {
        // Replaced, so that from now on every way of typing it is the same password.
        return Ok(Verdict::Match { rehash: true });
    }
    Ok(Verdict::Mismatch)
}

/// Spends the time that [`verify`] takes with a hash of these costs, for an account that does not
/// exist or has no password.
///
/// # Errors
/// [`PasswordError::Failed`] when the parameters are out of range.
pub fn pretend(password: &SecretString, cost: &Argon2Params) -> Result<(), PasswordError> {
    let nobodys = format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        cost.memory_kib,
        cost.iterations,
        cost.parallelism,
        STANDARD_NO_PAD.encode([0u8; SALT_LENGTH]),
        STANDARD_NO_PAD.encode([0u8; HASH_LENGTH])
    );
    verify(password, &nobodys, cost).map(drop)
}

/// Checks that a hash to be imported can be verified later, at a bearable cost.
///
/// # Errors
/// [`PasswordError`] with a sentence for the importer.
pub fn check_format(stored: &str) -> Result<(), PasswordError> {
    format::parse(stored).map(|_| ())
}

/// The name of a stored hash's algorithm, for the ledger.
#[must_use]
pub fn algorithm(stored: &str) -> &'static str {
    format::parse(stored).map_or("unknown", |parsed| parsed.algorithm())
}

fn normalised(password: &SecretString) -> Zeroizing<String> {
    let typed = password.expose_secret();
    if is_nfc(typed) {
        return Zeroizing::new(typed.to_owned());
    }
    // One allocation of the most NFC can need, so that growing leaves no copies behind.
    let mut composed = Zeroizing::new(String::with_capacity(typed.len() * 3));
    composed.extend(typed.nfc());
    composed
}

fn is_outdated(stored: &Stored, cost: &Argon2Params) -> bool {
    match stored {
        Stored::Argon2 { variant: Algorithm::Argon2id, memory, passes, salt, hash, .. } => {
            *memory < cost.memory_kib
                || *passes < cost.iterations
                || salt.len() < SALT_LENGTH
                || hash.len() < HASH_LENGTH
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests;
