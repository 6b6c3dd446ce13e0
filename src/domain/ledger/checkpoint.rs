//! Checkpoints: the text that commits to a tree (C2SP tlog-checkpoint), inside a signed note
//! (C2SP signed-note). Making and checking signatures is `crypto::sign`'s part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::merkle::Hash;

/// The signature type of Ed25519 in signed notes; also the first byte of an encoded key.
pub const ED25519: u8 = 0x01;

/// Begins a signature line: an em dash (U+2014) and a space.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// What a checkpoint commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name, unique in the world.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash,
}

/// One signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id, see [`key_id`].
    pub key_id: [u8; 4],
    /// What the key made.
    pub signature: Vec<u8>,
}

/// A note taken apart; its signatures are not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The signed text, with its final newline.
    pub text: String,
    /// Its signature lines, in order.
    pub signatures: Vec<NoteSignature>,
}

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("this is not a signed note")]
    NotANote,
    /// A note whose text is not origin, size and root.
    #[error("the note's text is not a checkpoint: origin, size and root, one per line")]
    NotACheckpoint,
}

/// The checkpoint text: origin, decimal size and base64 root, one per line, no extension lines.
#[must_use]
pub fn body(origin: &str, size: u64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", STANDARD.encode(root))
}

/// Whether `name` may name a key: not empty, no white space, no plus sign (C2SP signed-note).
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// The id of an Ed25519 key: the first four bytes of SHA-256(name, LF, `0x01`, public key).
#[must_use]
pub fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let digest: Hash = Sha256::new()
        .chain_update(name.as_bytes())
        .chain_update([b'\n', ED25519])
        .chain_update(public_key)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// The verifier key as people keep it: name, key id in hex, base64 of type and public key.
#[must_use]
pub fn verifier_key(name: &str, public_key: &[u8; 32]) -> String {
    let mut encoded = vec![ED25519];
    encoded.extend_from_slice(public_key);
    format!("{name}+{}+{}", hex::encode(key_id(name, public_key)), STANDARD.encode(encoded))
}

/// Takes a verifier key apart into its name and Ed25519 public key; nothing when it is malformed,
/// of another type, or its key id does not belong to it.
#[must_use]
pub fn parse_verifier_key(text: &str) -> Option<(String, [u8; 32])> {
    let mut parts = text.trim().splitn(3, '+');
    let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let decoded = STANDARD.decode(encoded).ok()?;
    let (kind, key) = decoded.split_first()?;
    let key: [u8; 32] = key.try_into().ok()?;
    let fits = *kind == ED25519 && is_key_name(name) && id == hex::encode(key_id(name, &key));
    fits.then(|| (name.to_owned(), key))
}

/// One signature line, with its newline.
#[must_use]
pub fn signature_line(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    let mut encoded = key_id.to_vec();
    encoded.extend_from_slice(signature);
    format!("{SIGNATURE_PREFIX}{name} {}\n", STANDARD.encode(encoded))
}

/// Takes a note apart. The last empty line separates text and signatures, so that text may have
/// empty lines of its own.
///
/// # Errors
/// [`CheckpointError::NotANote`] for anything that breaks the format, control characters included.
pub fn parse_note(note: &str) -> Result<Note, CheckpointError> {
    let broken = CheckpointError::NotANote;
    if note.contains(|c: char| c < ' ' && c != '\n') {
        return Err(broken);
    }
    let split = note.rfind("\n\n").ok_or(broken)?;
    let (text, signatures) = note.split_at_checked(split + 1).ok_or(broken)?;
    let lines = signatures.strip_prefix('\n').ok_or(broken)?;
    let lines = lines.strip_suffix('\n').ok_or(broken)?;
    let signatures =
        lines.split('\n').map(parse_signature).collect::<Option<Vec<_>>>().ok_or(broken)?;
    Ok(Note { text: text.to_owned(), signatures })
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (key_id, signature) = decoded.split_first_chunk::<4>()?;
    let fits = is_key_name(name) && !signature.is_empty();
    fits.then(|| NoteSignature {
        name: name.to_owned(),
        key_id: *key_id,
        signature: signature.to_vec(),
    })
}

impl Checkpoint {
    /// Reads a checkpoint text (a note's text). Extension lines are refused: this ledger never
    /// writes any, and what is not understood must not be vouched for.
    ///
    /// # Errors
    /// [`CheckpointError::NotACheckpoint`] unless the text is exactly what [`body`] writes.
    pub fn parse_body(text: &str) -> Result<Self, CheckpointError> {
        let broken = CheckpointError::NotACheckpoint;
        let mut lines = text.split('\n');
        let mut next = || lines.next().ok_or(broken);
        let (origin, size, root) = (next()?, next()?, next()?);
        let root = STANDARD.decode(root).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| broken)?,
            root: root.ok_or(broken)?,
        };
        // Refuses leading zeros, plus signs, extension lines and a missing final newline at once.
        let exact = body(&checkpoint.origin, checkpoint.size, &checkpoint.root) == text;
        if exact && !checkpoint.origin.is_empty() { Ok(checkpoint) } else { Err(broken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "idp.example.com/ledger/1\n4\nEBcViApY/+dwZMBXepDLk/M1LZat/XUkMomYeEqQTxs=\n\n\
        \u{2014} idp.example.com/ledger/1 Wx/QGw/iH/XJuMK2W1JLkO0edvm4ulrxNwxJPCwei6fcPUGqu2ra+96NrTzyW1jL9bJpO748MmyWWmrZUZgcu4eQXgI=\n";

    #[test]
    fn a_note_is_taken_apart_and_read() {
        let note = parse_note(NOTE).unwrap();
        assert_eq!(note.signatures.len(), 1);
        assert_eq!(hex::encode(note.signatures[0].key_id), "5b1fd01b");
        assert_eq!(note.signatures[0].signature.len(), 64);
        let checkpoint = Checkpoint::parse_body(&note.text).unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("idp.example.com/ledger/1", 4));
        assert_eq!(
            hex::encode(checkpoint.root),
            "101715880a58ffe77064c0577a90cb93f3352d96adfd7524328998784a904f1b"
        );
    }

    #[test]
    fn malformed_notes_are_refused() {
        for bad in [
            "",
            "\n\n",
            NOTE.trim_end(),
            &NOTE.replace('\u{2014}', "-"),
            &NOTE.replace("\n4\n", "\n4\r\n"),
            &format!("{NOTE}trailing\n"),
            &NOTE.replace("\u{2014} idp", "\u{2014}  idp"),
            &NOTE.replace("XJuM", "X*uM"),
        ] {
            assert_eq!(parse_note(bad), Err(CheckpointError::NotANote), "{bad:?}");
        }
    }

    #[test]
    fn a_body_is_read_only_in_its_one_form() {
        let good = body("o", 7, &[1; 32]);
        assert!(Checkpoint::parse_body(&good).is_ok());
        for bad in [
            good.replace("\n7\n", "\n07\n"),
            good.replace("\n7\n", "\n+7\n"),
            good.replace("\n7\n", "\n-7\n"),
            format!("{good}extension\n"),
            good.trim_end().to_owned(),
            body("", 7, &[1; 32]),
            good.replace('=', ""),
        ] {
            assert_eq!(Checkpoint::parse_body(&bad), Err(CheckpointError::NotACheckpoint));
        }
    }

    #[test]
    fn a_verifier_key_is_bound_to_its_name() {
        let text = "idp.example.com/ledger/1+5b1fd01b+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
        let (name, key) = parse_verifier_key(text).unwrap();
        assert_eq!(verifier_key(&name, &key), text);
        assert_eq!(parse_verifier_key(&text.replace("/1+", "/2+")), None);
        assert_eq!(parse_verifier_key(&text.replace("+Add", "+Bdd")), None);
        assert_eq!(parse_verifier_key("x"), None);
    }
}
