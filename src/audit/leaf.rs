//! The few fields of an entry that verification looks at, read without building a document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::ledger::entry::VERSION;

/// An entry, as far as it matters here; borrowed from its text.
#[derive(Debug, Deserialize)]
pub(super) struct Leaf<'a> {
    v: u64,
    /// Its place, as it says itself.
    pub seq: u64,
    /// The leaf hash of the one before, in hex.
    pub prev: &'a str,
    /// The event type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The user concerned.
    #[serde(borrow, default)]
    pub principal: Option<Cow<'a, str>>,
    /// Who acted.
    #[serde(borrow)]
    pub actor: LeafActor<'a>,
    /// Digests of personal values by name.
    #[serde(borrow, default)]
    pub sd: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LeafActor<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

impl<'a> Leaf<'a> {
    /// Reads an entry; nothing when it is none. Its type may be one that only a later release
    /// knows.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        let leaf: Self = serde_json::from_str(json).ok()?;
        (leaf.v == VERSION).then_some(leaf)
    }
}
