//! The few fields of an entry that verification looks at, read without building a document.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

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
    #[serde(default)]
    pub principal: Option<&'a str>,
    /// Who acted.
    #[serde(borrow)]
    pub actor: LeafActor<'a>,
    /// Digests of personal values by name.
    #[serde(borrow, default)]
    pub sd: Digests<'a>,
    /// How it ended.
    #[serde(default)]
    pub outcome: &'a str,
    /// The realm.
    #[serde(borrow, default)]
    pub realm: Cow<'a, str>,
    /// The application.
    #[serde(borrow, default)]
    pub client: Option<Cow<'a, str>>,
    /// The session.
    #[serde(borrow, default)]
    pub session: Option<Cow<'a, str>>,
    /// The request or task.
    #[serde(borrow, default)]
    pub tx: Option<Cow<'a, str>>,
}

/// A short list of pairs: a map would ask for memory with each entry. Neither side of a pair ever
/// needs an escape.
#[derive(Debug, Default)]
pub(super) struct Digests<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Digests<'a> {
    /// The digest of the personal value with this name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, digest)| *digest)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Digests<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(&'de str, &'de str)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("digests by name")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        deserializer.deserialize_map(Pairs).map(Self)
    }
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
