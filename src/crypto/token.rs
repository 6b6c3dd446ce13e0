//! Random tokens and one-time codes, their digests, and comparison in constant time.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::rng::Rng;

/// How many different one-time codes there are.
const CODES: u32 = 1_000_000;

/// A token nobody can guess: 32 random bytes in base64url, 43 characters.
///
/// # Errors
/// When the system gives no randomness.
pub fn random_token(rng: &Rng) -> Result<String, Error> {
    let mut bytes = [0u8; 32];
    rng.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// `length` random letters and digits, each equally likely: nearly six bits a character.
///
/// # Errors
/// When the system gives no randomness.
pub fn random_letters(rng: &Rng, length: usize) -> Result<String, Error> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0u8; 64];
        rng.fill(&mut bytes)?;
        // Four times 62 is 248: the bytes above would make some letters likelier.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.filter_map(|byte| LETTERS.get(usize::from(byte % 62)));
        text.extend(letters.take(length - text.len()).map(|letter| char::from(*letter)));
    }
    Ok(text)
}

/// A code a person can type: six decimal digits, each code equally likely.
///
/// # Errors
/// When the system gives no randomness.
pub fn one_time_code(rng: &Rng) -> Result<String, Error> {
    // Numbers in the last, incomplete million would make low codes likelier, so they are redrawn.
    const FAIR_BELOW: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let mut bytes = [0u8; 4];
        rng.fill(&mut bytes)?;
        let number = u32::from_be_bytes(bytes);
        if number < FAIR_BELOW {
            return Ok(format!("{:06}", number % CODES));
        }
    }
}

/// The form in which a token is stored and looked up: its SHA-256 in hex. Only for tokens with
/// enough entropy; a short code's digest can be searched.
#[must_use]
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// The same as [`digest`], as bytes: half the size in an index.
#[must_use]
pub fn digest_bytes(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The digest of something short, in hexadecimal, that only the holder of `key` can try out
/// (HMAC-SHA-256). `context` keeps digests for different purposes apart.
#[must_use]
pub fn keyed_digest(key: &[u8], context: &str, secret: &str) -> String {
    let mut sign = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    sign.update(context.as_bytes());
    sign.update(b"\n");
    sign.update(secret.as_bytes());
    hex::encode(sign.sign())
}

/// Whether two texts are equal, in a time that depends on their lengths only.
#[must_use]
pub fn equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let rng = Rng::default();
        let tokens: HashSet<String> = (0..1000).map(|_| random_token(&rng).unwrap()).collect();
        assert_eq!(tokens.len(), 1000);
        assert!(tokens.iter().all(|token| token.len() == 43));
    }

    #[test]
    fn sess_01_letters_are_of_the_alphabet_use_all_of_it_everywhere_and_differ() {
        let rng = Rng::default();
        let mut seen = HashSet::new();
        let mut tokens = HashSet::new();
        for _ in 0..10_000 {
            let token = random_letters(&rng, 32).unwrap();
            assert_eq!(token.len(), 32);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            seen.extend(token.bytes().enumerate());
            tokens.insert(token);
        }
        assert_eq!((tokens.len(), seen.len()), (10_000, 32 * 62));
    }

    #[test]
    fn codes_have_six_digits_and_use_every_digit_everywhere() {
        let rng = Rng::default();
        let mut seen = HashSet::new();
        for _ in 0..2000 {
            let code = one_time_code(&rng).unwrap();
            assert_eq!(code.len(), 6);
            assert!(code.bytes().all(|byte| byte.is_ascii_digit()));
            seen.extend(code.bytes().enumerate());
        }
        assert_eq!(seen.len(), 60);
    }

    #[test]
    fn digests_and_comparison() {
        assert_eq!(
            digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(hex::encode(digest_bytes("abc")), digest("abc"));
        assert!(equal("same", "same"));
        assert!(!equal("same", "sane"));
        assert!(!equal("same", "same "));
    }
}
