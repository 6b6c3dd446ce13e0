//! Ledger rows as the store hands them out and the verifier takes them in.

use super::entry::disclosure_digest;
use super::merkle::{Hash, leaf_hash};

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

/// An entry that is only looked at, with its bytes where they lie.
#[derive(Clone, Copy, Debug)]
pub struct SeenEntry<'a> {
    /// As [`StoredEntry::seq`].
    pub seq: u64,
    /// As [`StoredEntry::json`].
    pub json: &'a str,
    /// As [`StoredEntry::leaf`].
    pub leaf: &'a Hash,
    /// As [`StoredEntry::kind`].
    pub kind: &'a str,
    /// As [`StoredEntry::principal`].
    pub principal: Option<&'a str>,
}

/// A personal value that is only looked at.
#[derive(Clone, Copy, Debug)]
pub struct SeenDisclosure<'a> {
    /// As [`StoredDisclosure::seq`].
    pub seq: u64,
    /// As [`StoredDisclosure::name`].
    pub name: &'a str,
    /// As [`StoredDisclosure::encoded`].
    pub encoded: &'a str,
}

/// A stretch of the ledger: entries with their personal values, their texts in one piece of memory,
/// so that reading a million of them does not ask for memory a million times.
#[derive(Debug, Default)]
pub struct Stretch {
    text: String,
    entries: Vec<(u64, Hash, [usize; 4])>,
    disclosures: Vec<(u64, [usize; 3])>,
    hashes: Vec<Hash>,
    digests: Vec<String>,
}

impl Stretch {
    /// Adds an entry.
    pub fn add(&mut self, entry: SeenEntry<'_>) {
        let start = self.text.len();
        let mut end = |part: &str| {
            self.text.push_str(part);
            self.text.len()
        };
        let ends = [end(entry.json), end(entry.kind), end(entry.principal.unwrap_or_default())];
        self.entries.push((entry.seq, *entry.leaf, [start, ends[0], ends[1], ends[2]]));
    }

    /// Adds a personal value.
    pub fn add_disclosure(&mut self, one: SeenDisclosure<'_>) {
        let start = self.text.len();
        self.text.push_str(one.name);
        let middle = self.text.len();
        self.text.push_str(one.encoded);
        self.disclosures.push((one.seq, [start, middle, self.text.len()]));
    }

    /// The entries, in the order in which they were added.
    pub fn entries(&self) -> impl Iterator<Item = SeenEntry<'_>> {
        self.entries.iter().map(|(seq, leaf, [start, json, kind, end])| SeenEntry {
            seq: *seq,
            json: self.part(*start, *json),
            leaf,
            kind: self.part(*json, *kind),
            principal: Some(self.part(*kind, *end)).filter(|id| !id.is_empty()),
        })
    }

    /// The personal values, in the order in which they were added.
    pub fn disclosures(&self) -> impl Iterator<Item = SeenDisclosure<'_>> {
        self.disclosures.iter().map(|(seq, [start, middle, end])| SeenDisclosure {
            seq: *seq,
            name: self.part(*start, *middle),
            encoded: self.part(*middle, *end),
        })
    }

    /// Computes the leaf hashes and digests, unless that is done.
    pub fn hash(&mut self) {
        if self.hashes.is_empty() {
            self.hashes = self.entries().map(|entry| leaf_hash(entry.json.as_bytes())).collect();
            self.digests = self.disclosures().map(|one| disclosure_digest(one.encoded)).collect();
        }
    }

    /// The entries' leaf hashes, once [`Stretch::hash`] has computed them.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The digests of the personal values, once [`Stretch::hash`] has computed them.
    #[must_use]
    pub fn digests(&self) -> &[String] {
        &self.digests
    }

    /// The places of the first and the last entry, unless there is none.
    #[must_use]
    pub fn ends(&self) -> Option<(u64, u64)> {
        Some((self.entries.first()?.0, self.entries.last()?.0))
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}
