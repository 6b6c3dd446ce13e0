//! The history for people to read: entries with the personal values that are still kept for them, and
//! the names of whom they are about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::events::{self, EventFilter};
use super::identities::{Selector, find};
use super::{Origin, Page};
use crate::app::Deps;
use crate::domain::ledger::entry::decode_disclosure;
use crate::domain::ledger::event::ActorKind;
use crate::error::{Error, ErrorCode};
use crate::store::sql::ledger;

/// An entry as people read it.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its place.
    pub seq: u64,
    /// When it was made.
    pub time: Timestamp,
    /// What happened, by its type.
    pub kind: String,
    /// `success`, `failure` or `denied`.
    pub outcome: String,
    /// What sort of thing acted.
    pub actor_kind: String,
    /// Which one.
    pub actor: String,
    /// The name of a person that acted and is still there.
    pub actor_name: Option<String>,
    /// The person concerned.
    pub principal: Option<Uuid>,
    /// Their name, while they are there.
    pub principal_name: Option<String>,
    /// From where it came, as far as that is still kept.
    pub origin: Origin,
    /// The language of the page, where there was one.
    pub language: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// The application.
    pub client: Option<String>,
    /// The identity provider.
    pub provider: Option<String>,
    /// The request or task.
    pub tx: Option<String>,
    /// Tokens, by their ids.
    pub tokens: Vec<String>,
    /// What else there is to say.
    pub data: Map<String, Value>,
}

/// A page of the history, with names by what `named` makes of a person.
///
/// # Errors
/// `Invalid` for a type, size or token that does not exist.
pub fn page(
    d: &Deps,
    filter: &EventFilter,
    named: impl Fn(&crate::domain::identity::Identity) -> String,
) -> Result<Page<Read>, Error> {
    let page = events::list(d, filter)?;
    let mut names = BTreeMap::new();
    let mut items = Vec::with_capacity(page.items.len());
    for row in &page.items {
        let entry: Value = serde_json::from_str(&row.json).unwrap_or_default();
        let values = d.store.read(|tx| ledger::disclosures_between(tx, row.seq, row.seq))?;
        let mut read = read(row.seq, &entry);
        for one in values {
            match decode_disclosure(&one.encoded) {
                Some((name, Value::String(text))) if name == "ip" => read.origin.ip = Some(text),
                Some((name, Value::String(text))) if name == "user_agent" => {
                    read.origin.user_agent = Some(text);
                }
                _ => {}
            }
        }
        let mut name = |id: Uuid| -> Result<Option<String>, Error> {
            if let Some(known) = names.get(&id) {
                return Ok(Option::clone(known));
            }
            let found = match find(d, &Selector::Id(id)) {
                Ok(found) => Some(named(&found)),
                Err(error) if error.code() == ErrorCode::NotFound => None,
                Err(error) => return Err(error),
            };
            names.insert(id, found.clone());
            Ok(found)
        };
        if read.actor_kind == ActorKind::User.as_str()
            && let Ok(id) = read.actor.parse()
        {
            read.actor_name = name(id)?;
        }
        if let Some(id) = read.principal {
            read.principal_name = name(id)?;
        }
        items.push(read);
    }
    Ok(Page { items, next_page_token: page.next_page_token })
}

fn read(seq: u64, entry: &Value) -> Read {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let data = entry.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    let tokens = ["jti", "token_id"].iter().filter_map(|key| data.get(*key)?.as_str());
    Read {
        seq,
        time: text("/time").and_then(|time| time.parse().ok()).unwrap_or_default(),
        kind: text("/type").unwrap_or_default(),
        outcome: text("/outcome").unwrap_or_default(),
        actor_kind: text("/actor/kind").unwrap_or_default(),
        actor: text("/actor/id").unwrap_or_default(),
        actor_name: None,
        principal: text("/principal").and_then(|id| id.parse().ok()),
        principal_name: None,
        origin: Origin::default(),
        language: text("/data/lang"),
        session: text("/session"),
        client: text("/client"),
        provider: text("/provider"),
        tx: text("/tx"),
        tokens: tokens.map(str::to_owned).collect(),
        data,
    }
}
