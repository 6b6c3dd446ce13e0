//! Changing what is known about somebody: a form made from their schema.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::Value;

use super::{Heading, Person, load};
use crate::domain::flow::text::Text;
use crate::domain::flow::ui::{Attributes, InputType, Node};
use crate::domain::schema::Schema;
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::form::Field;
use crate::http::console::who::kind;
use crate::http::pages::{Turn, plain};
use crate::service::editing::{self, Problems};

#[derive(Serialize)]
struct Edit {
    person: Heading,
    fields: Vec<Field>,
    seen: String,
    problem: Option<String>,
    kind: String,
    schema: String,
    rest: bool,
}

/// The form.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let traits = person.identity.traits.clone();
    edit(at, &person, &traits, &Problems::new(), None)
}

fn schema<'d>(at: &'d At<'_>, person: &Person) -> Result<&'d Schema, Turn> {
    at.d().schemas.get(&person.identity.schema_id).ok_or_else(At::missing)
}

/// The change.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let schema = schema(at, &person)?;
    let sent = editing::nested(at.form.pairs());
    let sent = sent.get("traits").cloned().unwrap_or(Value::Null);
    let wanted = editing::typed(schema, &person.identity.traits, &sent);
    let problems = editing::problems(schema, &wanted)?;
    if !problems.is_empty() {
        let page = edit(at, &person, &wanted, &problems, None)?;
        return Ok((StatusCode::BAD_REQUEST, page).into_response());
    }
    let seen = at.form.text("seen").and_then(|text| text.parse().ok());
    let seen = seen.unwrap_or(person.identity.created_at);
    match editing::change(at.d(), &at.by, person.identity.id, wanted.clone(), seen) {
        Ok(Ok(_)) => Err(at.done(&person.path("/edit"))),
        // Somebody was faster: both are shown, and whoever sends it again means it.
        Ok(Err(now)) => {
            let now = Person { identity: *now, ..person };
            let told = at.text("console.edit.meanwhile");
            let page = edit(at, &now, &wanted, &Problems::new(), Some(told))?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(error) if error.code() == ErrorCode::Conflict => {
            let told = at.text("console.conflict.taken");
            let page = edit(at, &person, &wanted, &Problems::new(), Some(told))?;
            Ok((StatusCode::CONFLICT, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn edit(
    at: &At<'_>,
    person: &Person,
    values: &Value,
    problems: &Problems,
    problem: Option<String>,
) -> Result<Response, Turn> {
    let schema = schema(at, person)?;
    let before = editing::fields(schema, &person.identity.traits, &Problems::new());
    let nodes = editing::fields(schema, values, problems);
    let fields = nodes.iter().zip(&before).filter_map(|(node, before)| {
        let field = field(at, node)?;
        let now = field_value(before);
        let differs = problem.is_some() && now != field.value;
        Some(if differs {
            let shown = if now.is_empty() { "-" } else { now.as_str() };
            let about = at.text_with("console.edit.now", &[("value", shown)]);
            field.about(about)
        } else {
            field
        })
    });
    let whole = problems.get("").and_then(|all| all.first()).map(|text| said(at, text));
    let content = Edit {
        fields: fields.collect(),
        seen: person.identity.updated_at.to_string(),
        problem: problem.or(whole),
        kind: kind(at, &person.identity.schema_id),
        schema: person.identity.schema_id.clone(),
        rest: schema.document().pointer("/properties/traits/properties").is_some(),
        person: person.heading(at),
    };
    at.page("console/person-edit.html", person.frame(at), &content)
}

fn said(at: &At<'_>, text: &Text) -> String {
    let text = serde_json::to_value(text).unwrap_or_default();
    plain(&at.m.visit.language.message(&text))
}

fn field_value(node: &Node) -> String {
    let Attributes::Input(input) = &node.attributes else { return String::new() };
    match &input.value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A field of a schema in a form of the console.
pub fn field(at: &At<'_>, node: &Node) -> Option<Field> {
    let Attributes::Input(input) = &node.attributes else { return None };
    let kind = match input.kind {
        InputType::Checkbox => "check",
        InputType::Number => "number",
        InputType::Email => "email",
        InputType::Date => "date",
        InputType::Tel => "tel",
        InputType::Url => "url",
        // A field of date and time would lose the zone that the schema asks for.
        _ => "text",
    };
    let label = node.meta.label.as_ref().map(|label| said(at, label));
    let problem = node.messages.first().map(|text| said(at, text));
    Some(Field {
        kind,
        name: input.name.clone(),
        label: label.unwrap_or_else(|| plain(&input.name)),
        value: field_value(node),
        problem,
        required: input.required && kind != "check",
        maxlength: input.maxlength,
        ..Field::default()
    })
}
