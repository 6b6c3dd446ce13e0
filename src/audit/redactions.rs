//! Which personal values were removed on purpose, according to the ledger itself.

use std::collections::HashSet;

use serde_json::Value;

use super::leaf::Leaf;
use crate::domain::ledger::EventType;

/// A personal value that is not there.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    pub seq: u64,
    pub name: String,
    pub principal: Option<String>,
    pub actor: String,
}

/// A range of entries whose personal values, or some of them, were removed.
#[derive(Clone, Debug)]
struct Range {
    from: u64,
    to: u64,
    /// Empty for all names.
    names: Vec<String>,
}

/// What the ledger says was removed.
#[derive(Clone, Debug, Default)]
pub struct Redactions {
    users: HashSet<String>,
    ranges: Vec<Range>,
}

impl Redactions {
    /// Takes note of an entry, if it is one that records a removal.
    pub(super) fn learn(&mut self, leaf: &Leaf<'_>, json: &str) {
        match EventType::parse(leaf.kind) {
            Some(EventType::UserErased) => {
                self.users.extend(leaf.principal.as_ref().map(ToString::to_string));
            }
            Some(EventType::LedgerRedacted | EventType::LedgerPruned) => {
                self.ranges.extend(range(leaf.seq, json));
            }
            _ => {}
        }
    }

    /// Whether nothing was removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.ranges.is_empty()
    }

    /// Whether the ledger says that this one was removed.
    pub(super) fn cover(&self, missing: &Missing) -> bool {
        let erased = |id: &str| self.users.contains(id);
        let principal = missing.principal.as_deref().is_some_and(erased);
        let within = |range: &Range| {
            (range.from..range.to).contains(&missing.seq)
                && (range.names.is_empty() || range.names.contains(&missing.name))
        };
        principal || erased(&missing.actor) || self.ranges.iter().any(within)
    }
}

/// The range a removal names; it can only be about entries before it.
fn range(seq: u64, json: &str) -> Option<Range> {
    let entry: Value = serde_json::from_str(json).ok()?;
    let data = entry.get("data")?;
    let number = |key: &str| data.get(key).and_then(Value::as_u64);
    let names = data.get("names").and_then(Value::as_array);
    let text = |name: &Value| name.as_str().map(str::to_owned);
    Some(Range {
        from: number("from").unwrap_or(0),
        to: number("to").or_else(|| number("before")).unwrap_or(seq).min(seq),
        names: names.map(|names| names.iter().filter_map(text).collect()).unwrap_or_default(),
    })
}
