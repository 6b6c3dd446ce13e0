//! What a change has done, out of its entry in the ledger.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::at::At;
use super::who::{kind, who};
use crate::domain::ledger::event::ActorKind;
use crate::error::ErrorCode;
use crate::http::pages::{Link, Time, Turn, plain};
use crate::service::identities::{Selector, find};
use crate::service::proofs;

/// For how long after a change its receipt is shown by the address of a page.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(1);
/// What a receipt says of numbers and words, by the key of the ledger, in this order; the rest is in
/// the history.
const KEYS: [&str; 15] = [
    "from",
    "reason",
    "until",
    "expires_at",
    "sessions_revoked",
    "tokens_revoked",
    "count",
    "credential",
    "erase_at",
    "changed",
    "before",
    "after",
    "result",
    "answer",
    "version",
];

/// The receipt.
#[derive(Debug, Serialize)]
pub struct Receipt {
    seq: u64,
    what: String,
    time: Time,
    by: String,
    about: Option<Link>,
    said: Vec<Said>,
    more: Option<String>,
}

/// One thing that an entry says.
#[derive(Debug, Serialize)]
pub struct Said {
    name: String,
    text: String,
    /// Where it is a time.
    time: Option<Time>,
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
    let now = at.d().clock.now();
    let time: Option<Timestamp> = text("/time").and_then(|time| time.parse().ok());
    let Some(time) = time.filter(|time| mine && now.duration_since(*time) < SHOWN_FOR) else {
        return Ok(None);
    };
    let kind = text("/type").unwrap_or_default();
    let said = KEYS
        .iter()
        .filter_map(|key| Some(said(at, kind, time, key, entry.pointer(&format!("/data/{key}"))?)));
    let about = match text("/principal").and_then(|id| id.parse().ok()) {
        None => None,
        Some(id) => Some(match find(at.d(), &Selector::Id(id)) {
            Ok(found) => {
                Link::new(at.at(&format!("/console/people/{id}")), who(at, now, &found).name)
            }
            Err(error) if error.code() == ErrorCode::NotFound => Link::new("", id.to_string()),
            Err(error) => return Err(error.into()),
        }),
    };
    let more = super::routes::is_there("/console/history/{seq}")
        .then(|| at.at(&format!("/console/history/{seq}")));
    Ok(Some(Receipt {
        seq,
        what: text("/data/action")
            .and_then(|action| match action.strip_prefix("bulk-") {
                Some(deed) => known(at, "console.do", deed),
                None => known(at, "console.done", action),
            })
            .unwrap_or_else(|| named(at, kind)),
        time: Time::of(time),
        by: who(at, now, &at.desk.current.identity).name,
        about,
        said: said.collect(),
        more,
    }))
}

/// What an event is called, in receipts and in the history: in the words of the console or, where it has
/// none of its own, in those with which people read what happened to themselves.
pub fn named(at: &At<'_>, kind: &str) -> String {
    known(at, "console.event", kind)
        .or_else(|| known(at, "event", kind))
        .unwrap_or_else(|| plain(kind))
}

/// Everything that an entry of this kind and time says, in words as far as there are any.
pub fn all_said(at: &At<'_>, kind: &str, time: Timestamp, data: &Map<String, Value>) -> Vec<Said> {
    data.iter().map(|(key, value)| said(at, kind, time, key, value)).collect()
}

fn said(at: &At<'_>, kind: &str, time: Timestamp, key: &str, value: &Value) -> Said {
    let word = match (key, kind) {
        // How many of what is clear for these.
        ("count", "session.revoked" | "session.expired") => "sessions_revoked",
        ("count", "user.erased" | "ledger.redacted") => "values",
        _ => key,
    };
    let name = known(at, "console.data", word).unwrap_or_else(|| plain(key));
    let moment =
        value.as_str().filter(|_| ["until", "erase_at"].contains(&key) || key.ends_with("_at"));
    match moment.and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(then) if then.duration_since(time) < SignedDuration::from_secs(1) => {
            Said { name, text: at.text("console.data.at_once"), time: None }
        }
        Some(then) => Said { name, text: String::new(), time: Some(Time::of(then)) },
        None => Said { name, text: shown(at, key, value), time: None },
    }
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
                "credential" | "method" | "methods" => "console.factor",
                "schema" => return kind(at, word),
                _ if word.starts_with("ROLE_") => "console.right",
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
