//! What people are called, and what is marked beside their names.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::at::At;
use crate::domain::authority::Authority;
use crate::domain::document::{Document, Shown};
use crate::domain::identity::Identity;
use crate::domain::ledger::event::ActorKind;
use crate::domain::schema::Schema;
use crate::domain::status::EffectiveStatus;
use crate::error::ErrorCode;
use crate::http::pages::{Turn, plain};
use crate::service::identities::{Selector, find};

/// A person, as they are named everywhere in the console.
#[derive(Clone, Debug, Serialize)]
pub struct Who {
    /// The id.
    pub id: String,
    /// One or two letters in place of a picture.
    pub letters: String,
    /// The name, or the address of somebody without one.
    pub name: String,
    /// The first address.
    pub address: Option<Address>,
    /// The status.
    pub status: Mark,
    /// What the rights are called.
    pub authorities: Vec<String>,
    /// Where the page of the person is.
    pub href: String,
}

/// An address.
#[derive(Clone, Debug, Serialize)]
pub struct Address {
    /// The address.
    pub value: String,
    /// Whether its owner has proved that it is theirs.
    pub verified: bool,
}

/// A mark in text and colour.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// The word, which is also the class of its style.
    pub word: &'static str,
    /// What it says.
    pub text: String,
}

impl Mark {
    /// The mark of a status.
    pub fn of(at: &At<'_>, status: EffectiveStatus) -> Self {
        let word = status.as_str();
        Self { word, text: at.text(&format!("console.status.{word}")) }
    }
}

/// The person behind an identity.
pub fn who<D: Document>(at: &At<'_>, now: Timestamp, identity: &Identity<D>) -> Who {
    let traits = match identity.traits.shown() {
        Shown::Parsed(value) => value.clone(),
        Shown::Raw(raw) => raw.parsed().unwrap_or_default(),
    };
    let first = identity.verifiable_addresses.first();
    let address = first.map(|one| Address { value: plain(&one.value), verified: one.verified });
    let address = address.or_else(|| {
        let value = plain(text(&traits, "email")?);
        Some(Address { value, verified: false })
    });
    let name = name(&traits)
        .or_else(|| address.as_ref().map(|address| address.value.clone()))
        .unwrap_or_else(|| identity.id.to_string());
    Who {
        id: identity.id.to_string(),
        letters: letters(&name),
        name,
        address,
        status: Mark::of(at, identity.effective_status(now)),
        authorities: identity.authorities.iter().map(|held| right(at, *held)).collect(),
        href: at.at(&format!("/console/people/{}", identity.id)),
    }
}

/// What a right is called.
pub fn right(at: &At<'_>, right: Authority) -> String {
    at.text(&format!("console.right.{}", right.as_str()))
}

/// What the accounts of a schema are called: in words of ours for those that are shipped, and otherwise by the
/// title of the schema.
pub fn kind(at: &At<'_>, schema: &str) -> String {
    let key = format!("console.schema_name.{schema}");
    if at.m.visit.language.has(&key) {
        return at.text(&key);
    }
    let title = at.d().schemas.get(schema).and_then(Schema::title);
    plain(title.unwrap_or(schema))
}

/// Who did something, by the label that the store keeps: a person by name, anything else by what it is.
pub fn actor(at: &At<'_>, label: &str) -> Result<String, Turn> {
    let (kind, id) = label.split_once(':').unwrap_or((label, ""));
    let person = (kind == ActorKind::User.as_str()).then(|| id.parse().ok()).flatten();
    if let Some(id) = person {
        match find(at.d(), &Selector::Id(id)) {
            Ok(found) => return Ok(who(at, at.d().clock.now(), &found).name),
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    let key = format!("console.actor.{kind}");
    let kind = if at.m.visit.language.has(&key) { at.text(&key) } else { plain(kind) };
    Ok(if id.is_empty() { kind } else { format!("{kind} {}", plain(id)) })
}

fn text<'v>(traits: &'v Value, key: &str) -> Option<&'v str> {
    traits.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// The name among somebody's traits, in the shapes that schemas give it.
fn name(traits: &Value) -> Option<String> {
    let both = |value: &Value, first: &str, last: &str| {
        let parts: Vec<&str> = [first, last].iter().filter_map(|key| text(value, key)).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let found = text(traits, "name")
        .map(str::to_owned)
        .or_else(|| both(traits.get("name")?, "first", "last"))
        .or_else(|| both(traits, "given_name", "family_name"))
        .or_else(|| both(traits, "first_name", "last_name"))
        .or_else(|| text(traits, "username").map(str::to_owned))
        .or_else(|| text(traits, "preferred_username").map(str::to_owned));
    found.map(|name| plain(&name)).filter(|name| !name.trim().is_empty())
}

/// The first letters of the first two words.
fn letters(name: &str) -> String {
    let name = name.split('@').next().unwrap_or_default();
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let letters: String = words.take(2).filter_map(|word| word.chars().next()).collect();
    if letters.is_empty() { "?".to_owned() } else { letters.to_uppercase() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_found_in_the_shapes_that_schemas_give_them() {
        for (traits, expected) in [
            (json!({"name": "Ada Lovelace"}), Some("Ada Lovelace")),
            (json!({"name": {"first": "Ada", "last": "Lovelace"}}), Some("Ada Lovelace")),
            (json!({"name": {"first": "Ada"}}), Some("Ada")),
            (json!({"given_name": "Ada", "family_name": "King"}), Some("Ada King")),
            (json!({"username": "ada", "email": "a@example.com"}), Some("ada")),
            (json!({"name": " ", "email": "a@example.com"}), None),
            (json!({"name": "a\u{202e}b"}), Some("a b")),
            (json!(null), None),
        ] {
            assert_eq!(name(&traits).as_deref(), expected, "{traits}");
        }
    }

    #[test]
    fn letters_stand_in_for_a_picture() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("ada.king@example.com", "AK"),
            ("x", "X"),
            ("", "?"),
            ("çe", "Ç"),
        ] {
            assert_eq!(letters(name), expected);
        }
    }
}
