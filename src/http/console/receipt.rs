//! What a change has done, out of its entry in the ledger.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::at::At;
use crate::domain::ledger::event::ActorKind;
use crate::error::ErrorCode;
use crate::http::pages::{Link, Time, Turn, name_of, plain};
use crate::service::identities::{Selector, find};
use crate::service::proofs;

/// For how long after a change its receipt is shown by the address of a page.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(1);
/// What a receipt says of numbers and words, by the key of the ledger, in this order; the rest is in
/// the history.
const KEYS: [&str; 12] = [
    "from",
    "reason",
    "until",
    "expires_at",
    "sessions_revoked",
    "tokens_revoked",
    "count",
    "credential",
    "changed",
    "before",
    "after",
    "result",
];

/// The receipt.
#[derive(Debug, Serialize)]
pub struct Receipt {
    seq: u64,
    what: String,
    time: Time,
    by: String,
    about: Option<Link>,
    said: Vec<(String, String)>,
    more: Option<String>,
}

/// The receipt that the address of a page asks for: of a change that the person has just made.
pub fn of(at: &At<'_>) -> Result<Option<Receipt>, Turn> {
    let Some(seq) = at.query().text("receipt").and_then(|text| text.parse().ok()) else {
        return Ok(None);
    };
    let entry = match proofs::entry(at.d(), seq) {
        Ok(entry) => entry,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Ok(entry) = serde_json::from_str::<Value>(&entry.json) else { return Ok(None) };
    made(at, seq, &entry)
}

fn made(at: &At<'_>, seq: u64, entry: &Value) -> Result<Option<Receipt>, Turn> {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    let me = at.desk.current.identity.id.to_string();
    let mine = text("/actor/kind") == Some(ActorKind::User.as_str())
        && text("/actor/id") == Some(me.as_str());
    let time: Option<Timestamp> = text("/time").and_then(|time| time.parse().ok());
    let Some(time) =
        time.filter(|time| mine && at.d().clock.now().duration_since(*time) < SHOWN_FOR)
    else {
        return Ok(None);
    };
    let kind = text("/type").unwrap_or_default();
    let said = KEYS.iter().filter_map(|key| {
        let value = entry.pointer(&format!("/data/{key}"))?;
        Some((at.text(&format!("console.data.{key}")), shown(at, key, value)))
    });
    let about = match text("/principal").and_then(|id| id.parse().ok()) {
        None => None,
        Some(id) => Some(match find(at.d(), &Selector::Id(id)) {
            Ok(found) => Link::new(at.at(&format!("/console/people/{id}")), name_of(&found)),
            Err(error) if error.code() == ErrorCode::NotFound => Link::new("", id.to_string()),
            Err(error) => return Err(error.into()),
        }),
    };
    let more = super::routes::is_there("/console/history/{seq}")
        .then(|| at.at(&format!("/console/history/{seq}")));
    Ok(Some(Receipt {
        seq,
        what: text("/data/action")
            .and_then(|action| known(at, "console.do", action.strip_prefix("bulk-")?))
            .unwrap_or_else(|| named(at, kind)),
        time: Time::of(time),
        by: name_of(&at.desk.current.identity),
        about,
        said: said.collect(),
        more,
    }))
}

/// What an entry is about, in the words of the console or, where it has none, by its type.
pub fn named(at: &At<'_>, kind: &str) -> String {
    let key = format!("console.event.{kind}");
    if at.m.visit.language.has(&key) { at.text(&key) } else { plain(kind) }
}

/// The text of a word, if there is one.
fn known(at: &At<'_>, of: &str, word: &str) -> Option<String> {
    let key = format!("{of}.{word}");
    at.m.visit.language.has(&key).then(|| at.text(&key))
}

/// A value of the ledger for people; `key` says what its words are about.
fn shown(at: &At<'_>, key: &str, value: &Value) -> String {
    match value {
        Value::String(word) => {
            let of = match key {
                "reason" => "console.reason",
                "from" => "console.status",
                _ => return plain(word),
            };
            known(at, of, word).unwrap_or_else(|| plain(word))
        }
        Value::Array(all) if all.is_empty() => "-".to_owned(),
        Value::Array(all) => {
            all.iter().map(|one| shown(at, key, one)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(map) => {
            let each = map.iter().map(|(key, value)| {
                let name = known(at, "console.data", key).unwrap_or_else(|| plain(key));
                format!("{name}: {}", shown(at, key, value))
            });
            each.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
