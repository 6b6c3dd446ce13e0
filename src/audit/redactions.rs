//! Which personal values were removed on purpose, according to the ledger itself.

use std::collections::HashSet;

use serde_json::Value;

use super::leaf::Leaf;
use crate::domain::ledger::{EventType, Frontier};

/// A personal value that is not there.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub seq: u64,
    pub name: String,
    pub principal: Option<String>,
    pub actor: String,
    pub family: String,
}

/// A range of entries whose personal values, or some of them, were removed.
#[derive(Clone, Debug)]
struct Range {
    from: u64,
    to: u64,
    /// Empty for all names.
    names: Vec<String>,
    /// Empty for all families of events.
    families: Vec<String>,
    /// Families that were spared.
    except: Vec<String>,
}

/// What the ledger says was removed.
#[derive(Clone, Debug, Default)]
pub struct Redactions {
    users: HashSet<String>,
    ranges: Vec<Range>,
    /// Where the ledger was cut off, and the root over what went, in hex.
    cuts: HashSet<(u64, String)>,
}

impl Redactions {
    /// Takes note of an entry, if it is one that records a removal.
    pub(super) fn learn(&mut self, leaf: &Leaf<'_>, json: &str) {
        match EventType::parse(leaf.kind) {
            Some(EventType::UserErased) => {
                self.users.extend(leaf.principal.as_ref().map(ToString::to_string));
            }
            Some(EventType::LedgerRedacted) => self.ranges.extend(range(leaf.seq, json)),
            Some(EventType::LedgerPruned) => self.cuts.extend(cut(json)),
            _ => {}
        }
    }

    /// Whether nothing was removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.ranges.is_empty()
    }

    /// Whether the ledger says that it was cut off there.
    pub(super) fn tell_of(&self, edge: &Frontier) -> bool {
        self.cuts.contains(&(edge.size(), hex::encode(edge.root())))
    }

    /// Whether the ledger says that this one was removed.
    pub(super) fn cover(&self, missing: &Missing) -> bool {
        let erased = |id: &str| self.users.contains(id);
        let principal = missing.principal.as_deref().is_some_and(erased);
        let within = |range: &Range| {
            (range.from..range.to).contains(&missing.seq)
                && (range.names.is_empty() || range.names.contains(&missing.name))
                && (range.families.is_empty() || range.families.contains(&missing.family))
                && !range.except.contains(&missing.family)
        };
        principal || erased(&missing.actor) || self.ranges.iter().any(within)
    }
}

/// The range a removal names; it can only be about entries before it.
fn range(seq: u64, json: &str) -> Option<Range> {
    let entry: Value = serde_json::from_str(json).ok()?;
    let data = entry.get("data")?;
    let number = |key: &str| data.get(key).and_then(Value::as_u64);
    let text = |name: &Value| name.as_str().map(str::to_owned);
    let list = |key: &str| -> Vec<String> {
        let list = data.get(key).and_then(Value::as_array);
        list.map(|list| list.iter().filter_map(text).collect()).unwrap_or_default()
    };
    Some(Range {
        from: number("from").unwrap_or(0),
        to: number("to").unwrap_or(seq).min(seq),
        names: list("names"),
        families: list("families"),
        except: list("except"),
    })
}

/// Where the ledger was cut off.
fn cut(json: &str) -> Option<(u64, String)> {
    let entry: Value = serde_json::from_str(json).ok()?;
    let data = entry.get("data")?;
    Some((data.get("before")?.as_u64()?, data.get("root")?.as_str()?.to_owned()))
}
