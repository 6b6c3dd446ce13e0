//! `/console/attributes`: what administrators keep about people, as sets of typed values.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::at::At;
use super::circles::Sheet;
use super::form::Field;
use crate::domain::attributes::{Attribute, AttributeKind, AttributeSet};
use crate::error::{Error, ErrorCode};
use crate::http::pages::{Turn, plain};
use crate::service::attributes::sets::{self, Definition, Values};

const ROOT: &str = "/console/attributes";

#[derive(Serialize)]
struct List {
    rows: Vec<Row>,
    new: String,
}

#[derive(Serialize)]
struct Row {
    identifier: String,
    name: String,
    description: String,
    attributes: Vec<(String, String)>,
    edit: String,
    delete: String,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let rows = sets::list(at.d())?.into_iter().map(|set| {
        let kind = |one: &Attribute| {
            format!("{}{}", one.kind.as_str(), if one.multiple { "[]" } else { "" })
        };
        let attributes = set.attributes.iter().map(|one| (plain(&one.key), kind(one)));
        Row {
            attributes: attributes.collect(),
            edit: at.at(&format!("{ROOT}/{}/edit", set.identifier)),
            delete: at.at(&format!("{ROOT}/{}/delete", set.identifier)),
            identifier: plain(&set.identifier),
            name: plain(&set.name),
            description: plain(&set.description),
        }
    });
    let content = List { rows: rows.collect(), new: at.at(&format!("{ROOT}/new")) };
    at.page("console/sets.html", at.frame(at.text("console.nav.attributes")), &content)
}

/// Attributes as they are typed: one a line, its key, its type, and what people call it.
fn lines(set: &AttributeSet) -> String {
    let line = |one: &Attribute| {
        let several = if one.multiple { "[]" } else { "" };
        format!("{} {}{several} {}", one.key, one.kind.as_str(), one.name)
    };
    set.attributes.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The same read back; nothing when a line has no type that there is. Descriptions stay with their
/// keys.
fn typed(text: &str, known: Option<&AttributeSet>) -> Option<Vec<Attribute>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let mut parts = line.splitn(3, char::is_whitespace);
        let (key, kind) = (parts.next()?, parts.next()?.trim());
        let single = kind.strip_suffix("[]");
        let before = known.and_then(|set| set.attributes.iter().find(|one| one.key == key));
        Some(Attribute {
            key: key.to_owned(),
            name: parts.next().unwrap_or_default().trim().to_owned(),
            description: before.map(|one| one.description.clone()).unwrap_or_default(),
            kind: AttributeKind::parse(single.unwrap_or(kind))?,
            multiple: single.is_some(),
        })
    };
    lines.map(read).collect()
}

fn sheet(at: &At<'_>, known: Option<&AttributeSet>) -> Sheet {
    let text = |of: fn(&AttributeSet) -> String| known.map(of).unwrap_or_default();
    let mut fields = Vec::new();
    if known.is_none() {
        let field = Field::new(at, "text", "identifier", "console.set.identifier");
        fields.push(field.about(at.text("console.circle.word.about")).required());
    }
    fields.extend([
        Field::new(at, "text", "name", "console.circle.name").or(text(|set| set.name.clone())),
        Field::new(at, "text", "description", "console.circle.description")
            .or(text(|set| set.description.clone())),
        Field::new(at, "area", "attributes", "console.nav.attributes")
            .about(at.text("console.set.lines.about"))
            .or(text(lines))
            .required(),
    ]);
    if let Some(set) = known {
        let seen = Field::new(at, "hidden", "seen", "console.circle.name");
        fields.push(seen.or(set.updated_at.to_string()));
    }
    Sheet {
        title: at.text(if known.is_some() { "console.set.edit" } else { "console.set.new" }),
        about: known.is_some().then(|| at.text("console.set.edit.about")),
        effects: Vec::new(),
        fields,
        submit: at.text("console.save"),
        bad: false,
        back: at.at(ROOT),
        problem: None,
    }
}

/// A new one.
pub fn new_form(at: &At<'_>) -> Result<Response, Turn> {
    sheet(at, None).page(at, StatusCode::OK, None)
}

fn given(at: &At<'_>, known: Option<&AttributeSet>) -> Option<Definition> {
    let text = |name: &str| at.form.first(name).unwrap_or_default().to_owned();
    let attributes = typed(&text("attributes"), known)?;
    Some(Definition { name: text("name"), description: text("description"), attributes })
}

fn wrong(
    at: &At<'_>,
    known: Option<&AttributeSet>,
    error: Option<Error>,
) -> Result<Response, Turn> {
    let (status, problem) = match error {
        None => (StatusCode::BAD_REQUEST, ("attributes", at.text("console.set.wrong"))),
        Some(error) if error.code() == ErrorCode::Conflict && known.is_none() => {
            (StatusCode::CONFLICT, ("identifier", at.text("console.circle.taken")))
        }
        Some(error) if error.code() == ErrorCode::Conflict => {
            (StatusCode::CONFLICT, ("", at.text("console.circle.meanwhile")))
        }
        Some(error) if error.code() == ErrorCode::Invalid => {
            (StatusCode::BAD_REQUEST, ("", at.text("console.set.wrong")))
        }
        Some(error) => return Err(error.into()),
    };
    sheet(at, known).page(at, status, Some(problem))
}

/// Makes it.
pub fn create(at: &At<'_>) -> Result<Response, Turn> {
    let Some(definition) = given(at, None) else { return wrong(at, None, None) };
    let identifier = at.form.first("identifier").unwrap_or_default().trim();
    match sets::create(at.d(), &at.by, identifier, definition) {
        Ok(_) => Err(at.done(ROOT)),
        Err(error) => wrong(at, None, Some(error)),
    }
}

fn known(at: &At<'_>) -> Result<AttributeSet, Turn> {
    Ok(sets::get(at.d(), at.part("set"))?)
}

/// One that is there.
pub fn edit_form(at: &At<'_>) -> Result<Response, Turn> {
    sheet(at, Some(&known(at)?)).page(at, StatusCode::OK, None)
}

/// Defines it otherwise.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let known = known(at)?;
    let Some(definition) = given(at, Some(&known)) else { return wrong(at, Some(&known), None) };
    let seen = at.form.text("seen").and_then(|text| text.parse().ok());
    match sets::update(at.d(), &at.by, &known.identifier, definition, seen) {
        Ok(_) => Err(at.done(ROOT)),
        Err(error) => wrong(at, Some(&known), Some(error)),
    }
}

/// Before one goes: how many people have values of it.
pub fn delete_form(at: &At<'_>) -> Result<Response, Turn> {
    let known = known(at)?;
    let held = sets::holders(at.d(), &known.identifier)?;
    let about = [("set", plain(&known.identifier))];
    let about: Vec<(&str, &str)> = about.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let sheet = Sheet {
        title: at.text("console.do.delete"),
        about: Some(at.text_with("console.set.effect.delete", &about)),
        effects: vec![(held.to_string(), at.effect(held, "console.set.effect.values").1)],
        fields: Vec::new(),
        submit: at.text("console.do.delete"),
        bad: true,
        back: at.at(ROOT),
        problem: None,
    };
    sheet.page(at, StatusCode::OK, None)
}

/// Removes it with all values.
pub fn delete(at: &At<'_>) -> Result<Response, Turn> {
    sets::delete(at.d(), &at.by, at.part("set"), Values::Remove)?;
    Err(at.done(ROOT))
}
