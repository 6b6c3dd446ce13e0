//! The history: of the whole realm, of one person, and one entry of it.

mod entry;
mod filter;

pub use entry::page as entry;

use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::at::At;
use super::person::{self, Heading};
use super::receipt::named;
use super::who;
use crate::http::pages::{Link, Time, Turn, device_name, plain};
use crate::service::events::EventFilter;
use crate::service::history::{self, Read};
use filter::Form;

/// Entries on a page.
const PAGE: u64 = 25;

/// A row of the list.
#[derive(Debug, Serialize)]
pub struct Row {
    seq: u64,
    href: String,
    time: Time,
    what: String,
    kind: String,
    /// Of what did not succeed.
    outcome: Option<Outcome>,
    actor: Link,
    about: Option<Link>,
    place: String,
    device: String,
    language: String,
    /// What ties it to others: the session, the application and so on, with a filter for each.
    ties: Vec<Tie>,
}

/// An outcome.
#[derive(Debug, Serialize)]
pub struct Outcome {
    word: String,
    text: String,
}

/// What ties an entry to others.
#[derive(Debug, Serialize)]
pub struct Tie {
    name: String,
    value: String,
    href: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    form: Form,
    rows: Vec<Row>,
    older: Option<String>,
    newest: Option<String>,
    problem: Option<String>,
    person: Option<Heading>,
}

/// `/console/history`.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let form = Form::read(at);
    let listed = listed(at, form, None)?;
    let frame = at.frame(at.text("console.nav.history"));
    at.page("console/history.html", frame.lead(at.text("console.history.lead")), &listed)
}

/// `/console/people/{id}/history`.
pub fn of_person(at: &At<'_>) -> Result<Response, Turn> {
    let person = person::load(at)?;
    let form = Form::of_person(at, person.identity.id);
    let listed = listed(at, form, Some(person.heading(at)))?;
    at.page("console/person-history.html", person.frame(at), &listed)
}

/// Where the history of somebody is, whether or not they are there.
pub fn of_anybody(at: &At<'_>, id: Uuid) -> String {
    filter::only(at, "person", &id.to_string())
}

fn listed(at: &At<'_>, form: Form, person: Option<Heading>) -> Result<Listed, Turn> {
    let mut listed =
        Listed { form, rows: Vec::new(), older: None, newest: None, problem: None, person };
    let filter = match listed.form.filter(at) {
        Ok(filter) => filter,
        Err(problem) => {
            listed.problem = Some(problem);
            return Ok(listed);
        }
    };
    let cursor = at.query().text("cursor").map(str::to_owned);
    listed.newest = cursor.is_some().then(|| listed.form.address(at, None));
    let filter = EventFilter { page_size: Some(PAGE), page_token: cursor, ..filter };
    let now = at.d().clock.now();
    let page = history::page(at.d(), &filter, |identity| who::who(at, now, identity).name)?;
    listed.rows = page.items.into_iter().map(|read| row(at, read)).collect();
    listed.older = page.next_page_token.map(|token| listed.form.address(at, Some(&token)));
    Ok(listed)
}

fn row(at: &At<'_>, read: Read) -> Row {
    let mut ties = Vec::new();
    for (key, value) in [
        ("session", &read.session),
        ("client", &read.client),
        ("provider", &read.provider),
        ("tx", &read.tx),
    ] {
        if let Some(value) = value {
            // There is no filter for providers.
            let href = (key != "provider").then(|| filter::only(at, key, value));
            let name = at.text(&format!("console.history.{key}"));
            ties.push(Tie { name, value: plain(value), href });
        }
    }
    let token = |value: &String| {
        let name = at.text("console.history.token");
        Tie { name, value: plain(value), href: None }
    };
    ties.extend(read.tokens.iter().map(token));
    let outcome = (read.outcome != "success").then(|| Outcome {
        text: at.text(&format!("console.outcome.{}", read.outcome)),
        word: read.outcome.clone(),
    });
    Row {
        seq: read.seq,
        href: at.at(&format!("/console/history/{}", read.seq)),
        time: Time::exact(read.time),
        what: named(at, &read.kind),
        outcome,
        actor: actor(at, &read),
        about: about(at, &read),
        place: plain(read.origin.ip.as_deref().unwrap_or_default()),
        device: read
            .origin
            .user_agent
            .as_deref()
            .map(|agent| device_name(at.m.visit.language, Some(agent)))
            .unwrap_or_default(),
        language: plain(read.language.as_deref().unwrap_or_default()),
        ties,
        kind: read.kind,
    }
}

/// Who acted.
fn actor(at: &At<'_>, read: &Read) -> Link {
    if let Some(name) = &read.actor_name {
        return Link::new(at.at(&format!("/console/people/{}", read.actor)), name.clone());
    }
    let key = format!("console.actor.{}", read.actor_kind);
    let kind = if at.m.visit.language.has(&key) { at.text(&key) } else { plain(&read.actor_kind) };
    let name = format!("{kind} {}", plain(&read.actor));
    Link::new("", name.trim())
}

/// Whom it is about, where that is not the one who acted.
fn about(at: &At<'_>, read: &Read) -> Option<Link> {
    let id = read.principal?.to_string();
    if id == read.actor {
        return None;
    }
    Some(match &read.principal_name {
        Some(name) => Link::new(at.at(&format!("/console/people/{id}")), name.clone()),
        None => Link::new("", id),
    })
}
