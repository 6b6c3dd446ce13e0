//! What is known about somebody, as sets: what follows from their accounts, what providers said, and
//! what administrators keep, which has forms made from the definitions.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::confirm::Confirm;
use super::{Heading, Person, load};
use crate::domain::attributes::{Attribute, AttributeKind, AttributeSet};
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::form::{Choice, Field};
use crate::http::pages::{Turn, plain};
use crate::service::attributes::sets;
use crate::service::attributes::values;
use crate::service::attributes::views::{self, Source, View};

#[derive(Serialize)]
struct Page {
    person: Heading,
    sets: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    identifier: String,
    source: String,
    account: Option<String>,
    values: Vec<(String, String)>,
    problems: bool,
    edit: Option<String>,
    remove: Option<String>,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let all = views::of(at.d(), person.identity.id)?;
    let (own, others): (Vec<View>, Vec<View>) =
        all.into_iter().partition(|view| view.source == Source::Realm);
    // What can be changed comes first.
    let sets = own.into_iter().chain(others).map(|view| shown(at, &person, &view));
    let content = Page { sets: sets.collect(), person: person.heading(at) };
    at.page("console/person-attributes.html", person.frame(at), &content)
}

fn shown(at: &At<'_>, person: &Person, view: &View) -> Shown {
    let mine = view.source == Source::Realm;
    let name = |key: &str| {
        let known = view.attributes.iter().find(|one| one.key == key);
        plain(known.map_or(key, |one| one.name.as_str()))
    };
    let values = view.values.iter().flatten();
    let values = values.map(|(key, value)| (name(key), plain(&written(value))));
    let path = format!("{}/attributes/{}", person.href, view.identifier);
    Shown {
        values: values.collect(),
        source: at.text(&format!("console.set.source.{}", view.source.as_str())),
        account: (!mine).then(|| plain(&view.account)),
        problems: !view.problems.is_empty(),
        edit: mine.then(|| format!("{path}/edit")),
        remove: (mine && view.values.is_some()).then(|| format!("{path}/remove")),
        name: plain(&view.name),
        identifier: plain(&view.identifier),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(written).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// How a value stands in its field.
fn in_field(attribute: &Attribute, value: &Value) -> String {
    match value {
        Value::Array(all) if attribute.multiple => {
            all.iter().map(written).collect::<Vec<_>>().join("\n")
        }
        other => written(other),
    }
}

/// What is typed in the field of an attribute; nothing when it is left empty. What cannot be read
/// stays text, which the definition then refuses.
fn typed(attribute: &Attribute, text: &str) -> Option<Value> {
    let one = |text: &str| {
        let as_json = || serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
        match attribute.kind {
            AttributeKind::Number | AttributeKind::Boolean | AttributeKind::Object => as_json(),
            _ => Value::from(text),
        }
    };
    if text.trim().is_empty() {
        return None;
    }
    if !attribute.multiple {
        return Some(one(text.trim()));
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Some(lines.map(one).collect())
}

/// The name of an attribute's field; keys may be anything, other fields are not.
fn field_name(attribute: &Attribute) -> String {
    format!("attribute.{}", attribute.key)
}

fn fields(at: &At<'_>, set: &AttributeSet, values: &Map<String, Value>) -> Vec<Field> {
    let problems = set.problems(values);
    let field = |attribute: &Attribute| {
        let kind = match attribute.kind {
            _ if attribute.multiple => "area",
            AttributeKind::Boolean => "choice",
            AttributeKind::Object => "area",
            AttributeKind::Date => "date",
            _ => "text",
        };
        let value = values.get(&attribute.key);
        let text = value.map(|value| in_field(attribute, value)).unwrap_or_default();
        let choice = |word: &str, text: String, now: &str| Choice {
            value: word.to_owned(),
            text,
            chosen: word == now,
        };
        let choices = vec![
            choice("", at.text("console.attribute.unset"), &text),
            choice("true", at.text("console.attribute.true"), &text),
            choice("false", at.text("console.attribute.false"), &text),
        ];
        let told = problems.iter().any(|one| one.key == attribute.key);
        let rule = at.text(&format!("console.attribute.{}", attribute.kind.as_str()));
        let several = attribute.multiple.then(|| at.text("console.attribute.lines"));
        let about: Vec<&str> = [Some(attribute.description.as_str()), several.as_deref()]
            .into_iter()
            .flatten()
            .chain([rule.as_str()])
            .filter(|text| !text.is_empty())
            .collect();
        Field {
            kind,
            name: field_name(attribute),
            label: plain(&attribute.name),
            value: text,
            about: (!about.is_empty()).then(|| plain(&about.join(" "))),
            problem: told.then(|| at.text("console.attribute.wrong")),
            choices: if kind == "choice" { choices } else { Vec::new() },
            ..Field::default()
        }
    };
    set.attributes.iter().map(field).collect()
}

fn sheet(
    at: &At<'_>,
    person: &Person,
    set: &AttributeSet,
    values: &Map<String, Value>,
) -> Result<Response, Turn> {
    let confirm = Confirm {
        title: format!("{}: {}", at.text("console.do.edit"), plain(&set.name)),
        about: plain(&set.description),
        fields: fields(at, set, values),
        back: "/attributes",
        ..Confirm::default()
    };
    confirm.page(at, person, None)
}

fn set(at: &At<'_>) -> Result<AttributeSet, Turn> {
    Ok(sets::get(at.d(), at.part("set"))?)
}

/// The form of a set.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let (person, set) = (load(at)?, set(at)?);
    let known = &person.identity.metadata_admin;
    let known = known.get("attributes").and_then(|all| all.get(&set.identifier));
    let known = known.and_then(Value::as_object).cloned().unwrap_or_default();
    sheet(at, &person, &set, &known)
}

/// Keeps what was typed, or shows at which fields it does not fit.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let (person, set) = (load(at)?, set(at)?);
    let given = set.attributes.iter().filter_map(|attribute| {
        let text = at.form.first(&field_name(attribute))?;
        Some((attribute.key.clone(), typed(attribute, text)?))
    });
    let given: Map<String, Value> = given.collect();
    match values::set(at.d(), &at.by, person.identity.id, &set.identifier, given.clone()) {
        Ok(_) => Err(at.done(&person.path("/attributes"))),
        Err(error) if error.code() == ErrorCode::Invalid => {
            let page = sheet(at, &person, &set, &given)?;
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Before all values of a set go.
pub fn remove_form(at: &At<'_>) -> Result<Response, Turn> {
    let (person, set) = (load(at)?, set(at)?);
    let confirm = Confirm {
        title: at.text("console.do.delete"),
        about: at.text_with("console.effect.attributes", &[("set", &plain(&set.name))]),
        bad: true,
        back: "/attributes",
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Takes them away.
pub fn remove(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    values::remove(at.d(), &at.by, person.identity.id, at.part("set"))?;
    Err(at.done(&person.path("/attributes")))
}
