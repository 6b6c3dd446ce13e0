//! Encryption of secrets at rest (AES-256-GCM), for what must be read back, such as TOTP seeds.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::rng::Rng;

/// Begins every sealed text; a later format gets a different beginning.
const VERSION: &str = "s1";

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key is not 32 bytes long.
    #[error("a data key has 32 bytes")]
    BadKey,
    /// The text was not made by [`SealingKey::seal`].
    #[error("this is not a sealed value")]
    Malformed,
    /// It was sealed with a key that is not this one.
    #[error("the value was sealed with a different data key")]
    OtherKey,
    /// It was altered, or belongs to a different place.
    #[error("the sealed value is damaged or does not belong here")]
    Damaged,
    /// The system gives no randomness, or the library failed.
    #[error("the value could not be sealed")]
    Failed,
}

/// A key that seals and opens.
pub struct SealingKey {
    key: LessSafeKey,
    id: String,
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

impl SealingKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// [`SealError::BadKey`] for any other number of bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, SealError> {
        let unbound = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| SealError::BadKey)?;
        let digest =
            Sha256::new().chain_update(b"doorward data key id\n").chain_update(bytes).finalize();
        let id = hex::encode(digest).get(..8).unwrap_or_default().to_owned();
        Ok(Self { key: LessSafeKey::new(unbound), id })
    }

    /// The key's id: eight hex digits that tell keys apart and reveal nothing else.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seals `secret`. `context` says what it is and whose; the same is needed to open it, so that
    /// a sealed value cannot be moved to another row.
    ///
    /// # Errors
    /// [`SealError::Failed`] when the system gives no randomness.
    pub fn seal(&self, rng: &Rng, context: &str, secret: &[u8]) -> Result<String, SealError> {
        // Random 96-bit nonces are safe up to 2^32 values per key (NIST SP 800-38D section 8.3).
        let mut nonce = [0u8; NONCE_LEN];
        rng.fill(&mut nonce).map_err(|_| SealError::Failed)?;
        let mut sealed = Zeroizing::new(secret.to_vec());
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| SealError::Failed)?;
        let encoded = URL_SAFE_NO_PAD.encode([&nonce, sealed.as_slice(), tag.as_ref()].concat());
        Ok(format!("{VERSION}.{}.{encoded}", self.id))
    }

    /// Opens what [`SealingKey::seal`] made in the same context.
    ///
    /// # Errors
    /// Tells apart what is not a sealed value, a different key, and damage.
    pub fn open(&self, context: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let mut parts = sealed.split('.');
        let (Some(VERSION), Some(id), Some(encoded), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SealError::Malformed);
        };
        if id != self.id {
            return Err(SealError::OtherKey);
        }
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SealError::Malformed)?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Malformed)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| SealError::Damaged)?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place_with_its_key() {
        let (rng, key) = (Rng::default(), SealingKey::new(&[7; 32]).unwrap());
        let sealed = key.seal(&rng, "totp:1", b"seed").unwrap();
        assert_ne!(sealed, key.seal(&rng, "totp:1", b"seed").unwrap());
        assert_eq!(key.open("totp:1", &sealed).unwrap().as_slice(), b"seed");
        assert_eq!(key.open("totp:2", &sealed), Err(SealError::Damaged));
        let other = SealingKey::new(&[8; 32]).unwrap();
        assert_eq!(other.open("totp:1", &sealed), Err(SealError::OtherKey));
        assert_eq!(key.open("totp:1", "seed"), Err(SealError::Malformed));
        assert_eq!(SealingKey::new(&[7; 31]).unwrap_err(), SealError::BadKey);
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let (rng, key) = (Rng::default(), SealingKey::new(&[7; 32]).unwrap());
        let sealed = key.seal(&rng, "c", b"secret").unwrap();
        let (head, encoded) = sealed.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let altered = format!("{head}.{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(key.open("c", &altered), Err(SealError::Damaged));
            bytes[at] ^= 1;
        }
    }
}
