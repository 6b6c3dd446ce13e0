//! One entry, whole: its exact text, its hash, what is still known beside it, and its proof.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::ledger::entry::decode_disclosure;
use crate::http::console::at::At;
use crate::http::console::receipt::{Said, all_said, named};
use crate::http::console::who;
use crate::http::pages::{Link, Time, Turn, plain};
use crate::service::proofs;

#[derive(Serialize)]
struct Entry {
    seq: u64,
    back: Link,
    what: String,
    kind: String,
    time: Option<Time>,
    actor: String,
    about: Option<Link>,
    said: Vec<Said>,
    json: String,
    leaf: String,
    disclosures: Vec<(String, String)>,
    proof: Option<String>,
    before: Option<String>,
    after: String,
}

/// `/console/history/{seq}`.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let seq: u64 = at.part("seq").parse().map_err(|_| At::missing())?;
    let found = proofs::entry(at.d(), seq)?;
    let fields: Value = serde_json::from_str(&found.json).unwrap_or_default();
    let text = |pointer: &str| fields.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = text("/type").to_owned();
    let label = format!("{}:{}", text("/actor/kind"), text("/actor/id"));
    let time: Option<Timestamp> = text("/time").parse().ok();
    let about = match text("/principal") {
        "" => None,
        id => {
            let name = who::actor(at, &format!("user:{id}"))?;
            Some(Link::new(at.at(&format!("/console/people/{id}")), name))
        }
    };
    let shown = |value: Value| match value {
        Value::String(text) => plain(&text),
        other => plain(&other.to_string()),
    };
    let disclosures = found.disclosures.iter().filter_map(|one| {
        let (name, value) = decode_disclosure(&one.encoded)?;
        Some((at.known("console.personal", &name), shown(value)))
    });
    let content = Entry {
        seq,
        back: Link::new(at.at("/console/history"), at.text("console.nav.history")),
        what: named(at, &kind),
        said: match (time, fields.get("data").and_then(Value::as_object)) {
            (Some(time), Some(data)) => all_said(at, &kind, time, data),
            _ => Vec::new(),
        },
        time: time.map(Time::exact),
        actor: who::actor(at, &label)?,
        about,
        leaf: hex::encode(found.leaf),
        disclosures: disclosures.collect(),
        proof: found.proof.clone(),
        before: seq.checked_sub(1).map(|seq| at.at(&format!("/console/history/{seq}"))),
        after: at.at(&format!("/console/history/{}", seq.saturating_add(1))),
        json: found.json,
        kind,
    };
    let title = at.m.text_with("console.history.entry", &[("seq", &seq.to_string())]);
    at.page("console/history-entry.html", at.frame(title), &content)
}
