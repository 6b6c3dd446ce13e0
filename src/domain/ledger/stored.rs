//! Ledger rows as the store hands them out and the verifier takes them in.

use super::merkle::Hash;

/// One leaf as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The leaf's place, from 0, as the table has it (the entry itself says so too).
    pub seq: u64,
    /// The canonical bytes.
    pub json: String,
    /// The leaf hash as stored; an export has none, there it is computed.
    pub leaf: Hash,
    /// The type under which it is filed, by which lists find it.
    pub kind: String,
    /// The identity under which it is filed.
    pub principal: Option<String>,
}

/// One signed checkpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many leaves it covers, as the table has it (the note says so too).
    pub size: u64,
    /// The root, as the table has it (the note says so too).
    pub root: Hash,
    /// The signed note, the only part that counts as evidence.
    pub note: String,
}

/// One personal value kept outside the leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDisclosure {
    /// The leaf that holds its digest.
    pub seq: u64,
    /// Its name there.
    pub name: String,
    /// base64url of the JSON array of salt, name and value.
    pub encoded: String,
}
