//! Secrets that a flow holds until they are confirmed: each sealed by whoever made it, under a name.

use std::collections::BTreeMap;

use crate::domain::flow::Flow;

/// The secret under a name, sealed.
pub(super) fn get(flow: &Flow, name: &str) -> Option<String> {
    all(flow).remove(name)
}

/// Puts a sealed secret under a name.
pub(super) fn put(flow: &mut Flow, name: &str, sealed: String) {
    let mut all = all(flow);
    all.insert(name.to_owned(), sealed);
    keep(flow, &all);
}

/// Forgets the secret under a name.
pub(super) fn drop(flow: &mut Flow, name: &str) {
    let mut all = all(flow);
    all.remove(name);
    keep(flow, &all);
}

fn all(flow: &Flow) -> BTreeMap<String, String> {
    flow.sealed.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn keep(flow: &mut Flow, all: &BTreeMap<String, String>) {
    flow.sealed = if all.is_empty() { None } else { serde_json::to_string(all).ok() };
}
