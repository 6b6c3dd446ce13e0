//! The form above the history: conditions as people type them.

use serde::Serialize;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

use super::named;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Outcome;
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::form::{Choice, moment};
use crate::http::query::Query;
use crate::service::events::EventFilter;
use crate::service::identities::{Selector, find};

/// The fields, in the order in which they stand in an address.
const FIELDS: [&str; 10] =
    ["person", "type", "outcome", "since", "until", "actor", "session", "client", "tx", "realm"];

/// A family of types.
#[derive(Debug, Serialize)]
struct Family {
    name: String,
    kinds: Vec<Choice>,
}

/// What was typed.
#[derive(Debug, Serialize)]
pub struct Form {
    action: String,
    /// Whose history it is; then there is no field for them.
    own: Option<String>,
    families: Vec<Family>,
    outcomes: Vec<Choice>,
    person: String,
    since: String,
    until: String,
    actor: String,
    session: String,
    client: String,
    tx: String,
    realm: String,
    /// Whether one of the rarer conditions is set.
    more: bool,
    /// Whether any is.
    any: bool,
    #[serde(skip)]
    typed: Vec<(&'static str, String)>,
}

impl Form {
    /// The form above the history of the realm.
    pub fn read(at: &At<'_>) -> Self {
        Self::made(at, at.at("/console/history"), None)
    }

    /// The form above the history of somebody.
    pub fn of_person(at: &At<'_>, id: Uuid) -> Self {
        Self::made(at, at.at(&format!("/console/people/{id}/history")), Some(id.to_string()))
    }

    fn made(at: &At<'_>, action: String, own: Option<String>) -> Self {
        let query: &Query = at.query();
        let value = |name: &str| query.text(name).unwrap_or_default().trim().to_owned();
        let typed: Vec<(&'static str, String)> = FIELDS
            .iter()
            .filter(|name| own.is_none() || **name != "person")
            .map(|name| (*name, value(name)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let more = typed
            .iter()
            .any(|(name, _)| ["actor", "session", "client", "tx", "realm"].contains(name));
        Self {
            action,
            own,
            families: families(at, &value("type")),
            outcomes: Choice::all(
                at,
                "console.outcome",
                &["success", "failure", "denied"],
                &value("outcome"),
            ),
            person: value("person"),
            since: value("since"),
            until: value("until"),
            actor: value("actor"),
            session: value("session"),
            client: value("client"),
            tx: value("tx"),
            realm: value("realm"),
            more,
            any: !typed.is_empty(),
            typed,
        }
    }

    /// The conditions, or what is wrong with them.
    pub fn filter(&self, at: &At<'_>) -> Result<EventFilter, String> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let time = |text: &str| match text {
            "" => Ok(None),
            text => moment(text).map(Some).ok_or_else(|| at.text("console.problem.time")),
        };
        let principal = match (&self.own, self.person.as_str()) {
            (Some(id), _) => id.parse().ok(),
            (None, "") => None,
            (None, person) => Some(somebody(at, person)?),
        };
        let kind = at.query().text("type").unwrap_or_default();
        let outcome = at.query().text("outcome").unwrap_or_default();
        Ok(EventFilter {
            principal,
            kinds: some(kind).into_iter().collect(),
            outcome: Outcome::parse(outcome),
            since: time(&self.since)?,
            until: time(&self.until)?,
            actor: some(&self.actor),
            session: some(&self.session),
            client: some(&self.client),
            tx: some(&self.tx),
            realm: some(&self.realm),
            ..EventFilter::default()
        })
    }

    /// The address of a page with these conditions.
    pub fn address(&self, _: &At<'_>, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in &self.typed {
            query.append_pair(name, value);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        let query = query.finish();
        if query.is_empty() { self.action.clone() } else { format!("{}?{query}", self.action) }
    }
}

/// The history with one condition alone.
pub fn only(at: &At<'_>, name: &str, value: &str) -> String {
    let query = Serializer::new(String::new()).append_pair(name, value).finish();
    format!("{}?{query}", at.at("/console/history"))
}

/// Somebody by their id, deleted or not, or by what they sign in with.
fn somebody(at: &At<'_>, text: &str) -> Result<Uuid, String> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    find(at.d(), &Selector::Identifier(text.to_owned())).map(|found| found.id).map_err(|error| {
        let several = error.code() == ErrorCode::Ambiguous;
        at.text(if several { "console.history.several" } else { "console.history.nobody" })
    })
}

fn families(at: &At<'_>, chosen: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    let mut last = "";
    for kind in EventType::ALL {
        let family = kind.family();
        if family != last {
            last = family;
            let whole = format!("{family}.*");
            let name = at.known("console.family", family);
            let text = at.text_with("console.history.whole", &[("family", &name)]);
            let all = Choice { chosen: whole == chosen, text, value: whole };
            families.push(Family { name, kinds: vec![all] });
        }
        let value = kind.as_str().to_owned();
        let one = Choice { chosen: value == chosen, text: named(at, &value), value };
        if let Some(family) = families.last_mut() {
            family.kinds.push(one);
        }
    }
    families
}
