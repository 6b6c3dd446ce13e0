//! Ed25519 keys that sign ledger checkpoints, and those that check them (C2SP signed-note).

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::domain::ledger::Hash;
use crate::domain::ledger::checkpoint::{
    self, Checkpoint, CheckpointError, NoteSignature, body, is_key_name, key_id, parse_note,
    signature_line,
};

/// Why a key or a signature is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The bytes are not an Ed25519 key in PKCS#8.
    #[error("this is not an Ed25519 private key in PKCS#8")]
    BadKey,
    /// The text is not an Ed25519 verifier key.
    #[error("this is not a verifier key of the form NAME+KEYID+KEY")]
    BadVerifierKey,
    /// The origin cannot name a key.
    #[error("a ledger's origin has no white space and no plus sign")]
    BadOrigin,
    /// The cryptographic library failed.
    #[error("the signature could not be made")]
    Failed,
    /// The note is malformed.
    #[error(transparent)]
    Note(#[from] CheckpointError),
    /// No signature line belongs to a given key.
    #[error("the checkpoint is not signed by a known key")]
    UnknownKey,
    /// A signature line claims to belong to a given key and does not verify.
    #[error("the checkpoint's signature does not verify")]
    BadSignature,
    /// Signed by a known key, but for a different ledger.
    #[error("the checkpoint belongs to a different ledger")]
    OtherLedger,
}

/// A key that signs checkpoints. It is never printed.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`SignError::Failed`] when the system gives no randomness.
    pub fn generate() -> Result<Self, SignError> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| SignError::Failed)
    }

    /// The key in PKCS#8 version 1 or 2 (DER).
    ///
    /// # Errors
    /// [`SignError::BadKey`] for anything else.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignError> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self).map_err(|_| SignError::BadKey)
    }

    /// The key in PKCS#8 version 1 (DER), which every tool reads; wiped when dropped.
    ///
    /// # Errors
    /// [`SignError::Failed`] when the cryptographic library fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SignError> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| SignError::Failed)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The public half.
    ///
    /// # Errors
    /// [`SignError::Failed`] when the cryptographic library gives no 32 bytes.
    pub fn public_key(&self) -> Result<[u8; 32], SignError> {
        self.0.public_key().as_ref().try_into().map_err(|_| SignError::Failed)
    }

    /// The verifier key for `origin`, the text to keep outside the machine.
    ///
    /// # Errors
    /// [`SignError::BadOrigin`] when `origin` cannot name a key.
    pub fn verifier_key(&self, origin: &str) -> Result<String, SignError> {
        check_origin(origin)?;
        Ok(checkpoint::verifier_key(origin, &self.public_key()?))
    }

    /// The signed note that commits to the first `size` leaves of the ledger `origin`.
    ///
    /// # Errors
    /// [`SignError::BadOrigin`] when `origin` cannot name a key.
    pub fn sign_checkpoint(
        &self,
        origin: &str,
        size: u64,
        root: &Hash,
    ) -> Result<String, SignError> {
        let text = body(origin, size, root);
        let line = self.signature_line(origin, &text)?;
        Ok(format!("{text}\n{line}"))
    }

    /// `note` with this key's signature added as a further line, as the first checkpoint after a
    /// change of keys has it.
    ///
    /// # Errors
    /// [`SignError::Note`] when `note` is not a checkpoint.
    pub fn cosign(&self, note: &str) -> Result<String, SignError> {
        let text = parse_note(note)?.text;
        let origin = Checkpoint::parse_body(&text)?.origin;
        let line = self.signature_line(&origin, &text)?;
        Ok(format!("{note}{line}"))
    }

    fn signature_line(&self, origin: &str, text: &str) -> Result<String, SignError> {
        check_origin(origin)?;
        let signature = self.0.try_sign(text.as_bytes()).map_err(|_| SignError::Failed)?;
        Ok(signature_line(origin, key_id(origin, &self.public_key()?), signature.as_ref()))
    }
}

fn check_origin(origin: &str) -> Result<(), SignError> {
    if is_key_name(origin) { Ok(()) } else { Err(SignError::BadOrigin) }
}

/// A key that checks checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: [u8; 32],
}

impl VerifierKey {
    /// Reads a verifier key.
    ///
    /// # Errors
    /// [`SignError::BadVerifierKey`] when malformed or not of the type Ed25519.
    pub fn parse(text: &str) -> Result<Self, SignError> {
        checkpoint::parse_verifier_key(text)
            .map(|(name, key)| Self { name, key })
            .ok_or(SignError::BadVerifierKey)
    }

    /// The ledger this key belongs to.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.name
    }

    /// The key id, as it stands in verifier keys and signature lines, in hex.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(key_id(&self.name, &self.key))
    }

    /// The checkpoint, if this key signed it.
    ///
    /// # Errors
    /// Says whether the note is malformed, not signed by this key, or wrongly signed.
    pub fn verify(&self, note: &str) -> Result<Checkpoint, SignError> {
        verify_any(std::slice::from_ref(self), note)
    }

    fn made(&self, line: &NoteSignature) -> bool {
        line.name == self.name && line.key_id == key_id(&self.name, &self.key)
    }

    fn accepts(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(text.as_bytes(), signature).is_ok()
    }
}

/// The checkpoint, if at least one of `keys` signed it. Lines of other keys are skipped, as the
/// note format demands; a line that claims one of `keys` must verify.
///
/// # Errors
/// As [`VerifierKey::verify`].
pub fn verify_any(keys: &[VerifierKey], note: &str) -> Result<Checkpoint, SignError> {
    let parsed = parse_note(note)?;
    let checkpoint = Checkpoint::parse_body(&parsed.text)?;
    let mut origins = Vec::new();
    for line in &parsed.signatures {
        if let Some(key) = keys.iter().find(|key| key.made(line)) {
            if !key.accepts(&parsed.text, &line.signature) {
                return Err(SignError::BadSignature);
            }
            origins.push(key.origin());
        }
    }
    match origins.as_slice() {
        [] => Err(SignError::UnknownKey),
        signed if signed.contains(&checkpoint.origin.as_str()) => Ok(checkpoint),
        _ => Err(SignError::OtherLedger),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "idp.example.com/ledger/1";
    const VKEY: &str =
        "idp.example.com/ledger/1+5b1fd01b+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    const NOTE: &str = "idp.example.com/ledger/1\n4\nEBcViApY/+dwZMBXepDLk/M1LZat/XUkMomYeEqQTxs=\n\n\
        \u{2014} idp.example.com/ledger/1 Wx/QGw/iH/XJuMK2W1JLkO0edvm4ulrxNwxJPCwei6fcPUGqu2ra+96NrTzyW1jL9bJpO748MmyWWmrZUZgcu4eQXgI=\n";

    /// The key of RFC 8032 section 7.1, test 1.
    fn rfc_8032_key() -> SigningKey {
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        SigningKey(Ed25519KeyPair::from_seed_unchecked(&seed.unwrap()).unwrap())
    }

    #[test]
    fn the_example_checkpoint_is_reproduced_and_accepted() {
        let root = "101715880a58ffe77064c0577a90cb93f3352d96adfd7524328998784a904f1b";
        let root: Hash = hex::decode(root).unwrap().try_into().unwrap();
        let key = rfc_8032_key();
        assert_eq!(key.verifier_key(ORIGIN).unwrap(), VKEY);
        assert_eq!(key.sign_checkpoint(ORIGIN, 4, &root).unwrap(), NOTE);
        let verifier = VerifierKey::parse(VKEY).unwrap();
        assert_eq!(verifier.id(), "5b1fd01b");
        let expected = Checkpoint { origin: ORIGIN.to_owned(), size: 4, root };
        assert_eq!(verifier.verify(NOTE), Ok(expected));
    }

    #[test]
    fn altered_and_foreign_notes_are_refused() {
        let verifier = VerifierKey::parse(VKEY).unwrap();
        let altered = NOTE.replace("\n4\n", "\n5\n");
        assert_eq!(verifier.verify(&altered), Err(SignError::BadSignature));
        let other = SigningKey::generate().unwrap();
        let foreign = other.sign_checkpoint(ORIGIN, 4, &[0; 32]).unwrap();
        assert_eq!(verifier.verify(&foreign), Err(SignError::UnknownKey));
        let key = rfc_8032_key();
        let text = body("elsewhere/1", 4, &[0; 32]);
        let line = key.signature_line(ORIGIN, &text).unwrap();
        let borrowed = format!("{text}\n{line}");
        assert_eq!(verifier.verify(&borrowed), Err(SignError::OtherLedger));
        assert_eq!(key.sign_checkpoint("two words", 0, &[0; 32]), Err(SignError::BadOrigin));
    }

    #[test]
    fn a_note_may_carry_an_old_and_a_new_signature() {
        let (old, new) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let note = old.sign_checkpoint(ORIGIN, 9, &[7; 32]).unwrap();
        let note = new.cosign(&note).unwrap();
        for key in [&old, &new] {
            let verifier = VerifierKey::parse(&key.verifier_key(ORIGIN).unwrap()).unwrap();
            assert_eq!(verifier.verify(&note).unwrap().size, 9);
        }
    }

    #[test]
    fn a_key_survives_storage_and_is_not_printed() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
        assert_eq!(SigningKey::from_pkcs8(b"x").unwrap_err(), SignError::BadKey);
    }
}
