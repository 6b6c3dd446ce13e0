//! An event: what a use case hands to the store together with the change it describes.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::canonical::MAX_INTEGER;
use super::registry::EventType;

/// Longest string kept in an entry, in bytes; hostile input must not be able to bloat the ledger.
const MAX_TEXT: usize = 4096;
/// Deepest nesting kept below a data key or a personal value.
const MAX_NESTING: usize = 16;
/// Most members or items kept in one object or array.
const MAX_ITEMS: usize = 1024;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and did not work.
    Failure,
    /// It was not allowed.
    Denied,
}

impl Outcome {
    /// The word in the entry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
        }
    }

    /// The outcome with this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Success, Self::Failure, Self::Denied].into_iter().find(|one| one.as_str() == text)
    }
}

/// What sort of thing acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person with a session; the id is the identity id.
    User,
    /// An application; the id is its client id.
    Client,
    /// A caller of the administrative API.
    AdminApi,
    /// A charm action, or the same run locally.
    Action,
    /// The program itself.
    System,
    /// Nobody known.
    Anonymous,
}

impl ActorKind {
    const ALL: [Self; 6] =
        [Self::User, Self::Client, Self::AdminApi, Self::Action, Self::System, Self::Anonymous];

    /// The word in the entry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::AdminApi => "admin_api",
            Self::Action => "action",
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What sort of thing.
    pub kind: ActorKind,
    /// Which one; an opaque id, never a name or address of a person.
    pub id: String,
}

impl Actor {
    /// An actor.
    #[must_use]
    pub fn new(kind: ActorKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// Something that happened and is to be recorded.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Event {
    /// What.
    pub kind: EventType,
    /// How it ended.
    pub outcome: Outcome,
    /// The user concerned, when known.
    pub principal: Option<Uuid>,
    /// The public id of the session it happened in.
    pub session: Option<String>,
    /// The application concerned.
    pub client: Option<String>,
    /// The identity provider concerned.
    pub provider: Option<String>,
    /// Particulars under the keys the type lists; nothing personal, no secrets.
    pub data: Map<String, Value>,
    /// Personal values; entries carry only their salted digests.
    pub personal: Vec<(&'static str, Value)>,
}

impl Event {
    /// An event that succeeded, without particulars.
    pub fn new(kind: EventType) -> Self {
        Self {
            kind,
            outcome: Outcome::Success,
            principal: None,
            session: None,
            client: None,
            provider: None,
            data: Map::new(),
            personal: Vec::new(),
        }
    }

    /// That a charm action ran: its name and the names of its parameters in clear; the parameters'
    /// values, which are mostly about a person, as the personal value `changes`. `parameters` must
    /// not hold secrets.
    pub fn action_run(action: &str, parameters: &Map<String, Value>) -> Self {
        let names = parameters.keys().map(|name| Value::from(name.as_str())).collect::<Vec<_>>();
        let event =
            Self::new(EventType::AdminActionRun).data("action", action).data("parameters", names);
        if parameters.is_empty() {
            return event;
        }
        event.personal("changes", parameters.clone())
    }

    /// Names the user concerned.
    pub const fn principal(mut self, id: Uuid) -> Self {
        self.principal = Some(id);
        self
    }

    /// Names the session, by its public id.
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// Names the application.
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.client = Some(id.into());
        self
    }

    /// Names the identity provider.
    pub fn provider(mut self, id: impl Into<String>) -> Self {
        self.provider = Some(id.into());
        self
    }

    /// Adds a particular. Null adds nothing. What canonical JSON cannot hold is written as text,
    /// and oversized values are cut, so that no input can make an entry impossible.
    pub fn data(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = tame(value.into(), 0);
        if !value.is_null() {
            self.data.insert(key.to_owned(), value);
        }
        self
    }

    /// Adds a personal value, in place of an earlier one of that name. Null adds nothing.
    pub fn personal(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = tame(value.into(), 0);
        if !value.is_null() {
            self.personal.retain(|(earlier, _)| *earlier != name);
            self.personal.push((name, value));
        }
        self
    }

    /// Marks it as tried without effect.
    pub const fn failed(mut self) -> Self {
        self.outcome = Outcome::Failure;
        self
    }

    /// Marks it as not allowed.
    pub const fn denied(mut self) -> Self {
        self.outcome = Outcome::Denied;
        self
    }
}

/// Turns any JSON into what an entry may hold: fractional and oversized numbers become text, nulls
/// inside objects vanish, long texts and lists are cut.
fn tame(value: Value, depth: usize) -> Value {
    match value {
        Value::Number(number) => {
            let exact = number.as_i64().filter(|n| (-MAX_INTEGER..=MAX_INTEGER).contains(n));
            exact.map_or_else(|| Value::from(number.to_string()), Value::from)
        }
        Value::String(text) => Value::from(cut(text)),
        Value::Array(_) | Value::Object(_) if depth >= MAX_NESTING => Value::from("\u{2026}"),
        Value::Array(items) => {
            items.into_iter().take(MAX_ITEMS).map(|item| tame(item, depth + 1)).collect()
        }
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, member)| !member.is_null());
            let tamed = kept.take(MAX_ITEMS).map(|(key, one)| (cut(key), tame(one, depth + 1)));
            Value::Object(tamed.collect())
        }
        other => other,
    }
}

/// `text`, or its beginning with an ellipsis when it is longer than [`MAX_TEXT`].
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('\u{2026}');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::canonical::canonical;
    use super::*;

    #[test]
    fn a_builder_takes_any_json_and_leaves_what_can_be_written() {
        let mut deep = json!("bottom");
        for _ in 0..200 {
            deep = json!([deep]);
        }
        let event = Event::new(EventType::UserUpdated)
            .data("changed", json!(["a", 1.5, u64::MAX, {"gone": null}, "x".repeat(10_000_000)]))
            .data("reason", Value::Null)
            .personal("changes", deep)
            .personal("note", "first")
            .personal("note", "second");
        let text = canonical(&Value::Object(event.data)).unwrap();
        assert!(text.starts_with(r#"{"changed":["a","1.5","18446744073709551615",{},"xx"#));
        assert!(text.len() < 5000);
        assert_eq!(event.personal.len(), 2);
        assert!(canonical(&event.personal[0].1).is_ok());
        assert_eq!(event.personal[1].1, json!("second"));
    }

    #[test]
    fn an_action_keeps_its_parameter_values_out_of_the_leaf() {
        let parameters = json!({"email": "ada@example.com", "username": "ada"});
        let event = Event::action_run("create-admin-account", parameters.as_object().unwrap());
        let leaf = canonical(&Value::Object(event.data)).unwrap();
        assert_eq!(leaf, r#"{"action":"create-admin-account","parameters":["email","username"]}"#);
        assert_eq!(event.personal, vec![("changes", parameters)]);
    }

    #[test]
    fn words_parse_back() {
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::parse(kind.as_str()), Some(kind));
        }
        for outcome in [Outcome::Success, Outcome::Failure, Outcome::Denied] {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
    }
}
