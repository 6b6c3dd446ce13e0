//! Several people at once: what it would do, doing it, and taking them along as a file.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use uuid::Uuid;

use super::at::At;
use super::form::{Choice, Field, Problem, complain};
use super::people::request;
use super::person::status::{why, why_fields};
use super::who::{Who, who};
use crate::domain::status::Transition;
use crate::error::ErrorCode;
use crate::http::admin;
use crate::http::pages::{Turn, plain};
use crate::service::bulk::{self, Bar, Deed, Outcome};
use crate::service::directory::{self, Format};
use crate::service::identities::{Selector, find};
use crate::service::status::StatusChange;

/// People whose names are shown before it is done.
const SHOWN: usize = 25;

#[derive(Serialize)]
struct Several {
    title: String,
    about: String,
    people: Vec<Who>,
    rest: Option<String>,
    effects: Vec<(u64, String)>,
    fields: Vec<Field>,
    ids: Vec<String>,
    word: &'static str,
    bad: bool,
    back: String,
    problem: Option<String>,
    more: bool,
    most: String,
}

fn deed(at: &At<'_>) -> Result<Deed, Turn> {
    let word = at.form.text("do").or_else(|| at.query().text("do")).unwrap_or_default();
    Deed::parse(word).ok_or_else(At::nonsense)
}

/// The preview.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let (ids, more) = if at.query().text("all").is_some() {
        let query = at.query().text("q").unwrap_or_default();
        bulk::matching(at.d(), &request(query, true, None)?)?
    } else {
        (ids(at.query().all("id")), false)
    };
    preview(at, &ids, more, None)
}

fn ids<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Uuid> {
    let mut all: Vec<Uuid> = texts.filter_map(|text| text.parse().ok()).collect();
    all.dedup();
    all
}

fn preview(at: &At<'_>, ids: &[Uuid], more: bool, problem: Problem) -> Result<Response, Turn> {
    let deed = deed(at)?;
    let none = ids.is_empty();
    let outcome = if none {
        Outcome::default()
    } else {
        bulk::preview(at.d(), &at.by, deed, ids, &StatusChange::default())?
    };
    let now = at.d().clock.now();
    let mut people = Vec::new();
    for id in ids.iter().take(SHOWN) {
        match find(at.d(), &Selector::Id(*id)) {
            Ok(found) => people.push(who(at, now, &found)),
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    let word = deed.as_str();
    let ends = matches!(deed, Deed::Delete | Deed::Status(Transition::Block));
    let mut effects = vec![
        at.effect(outcome.changed, "console.bulk.changed"),
        at.effect(outcome.unchanged, "console.bulk.unchanged"),
    ];
    for bar in Bar::ALL {
        let count = outcome.refused.iter().filter(|(_, why)| *why == bar).count() as u64;
        let effect = || at.effect(count, &format!("console.bulk.refused.{}", bar.as_str()));
        effects.extend((count > 0).then(effect));
    }
    effects.extend(ends.then(|| at.effect(outcome.sessions, "console.effect.sessions")));
    let until = matches!(deed, Deed::Status(Transition::Lock | Transition::Block));
    let mut fields = if deed == Deed::Delete {
        vec![Field::new(at, "check", "sure", "console.delete.sure").required()]
    } else {
        why_fields(at, until)
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let problem = complain(&mut fields, problem);
    let rest = (ids.len() > SHOWN).then(|| (ids.len() - SHOWN) as u64);
    let title = at.text(&format!("console.do.{word}"));
    let content = Several {
        about: at.text(&format!("console.about.{word}")),
        rest: rest.map(|count| at.counted("console.bulk.rest", count)),
        people,
        effects,
        fields,
        ids: ids.iter().map(Uuid::to_string).collect(),
        word,
        bad: ends,
        back: at.at("/console/people"),
        problem: problem.or_else(|| none.then(|| at.text("console.bulk.nobody"))),
        more,
        most: bulk::MOST.to_string(),
        title: title.clone(),
    };
    let page = at.page("console/several.html", at.frame(title), &content)?;
    Ok((status, page).into_response())
}

/// Does it to those who were in the preview, and to nobody else.
pub fn run(at: &At<'_>) -> Result<Response, Turn> {
    let deed = deed(at)?;
    let ids = ids(at.form.all("id"));
    if deed == Deed::Delete && at.form.text("sure").is_none() {
        return preview(at, &ids, false, Some(("sure", at.text("console.problem.sure"))));
    }
    let Some(why) = why(at) else {
        return preview(at, &ids, false, Some(("until", at.text("console.problem.time"))));
    };
    match bulk::run(at.d(), &at.by, deed, &ids, &why) {
        Ok(_) => Err(at.done("/console/people")),
        Err(error) if error.code() == ErrorCode::Invalid => {
            let past = why.until.is_some_and(|until| until <= at.d().clock.now());
            let field = if past { "until" } else { "note" };
            let text = at.text(if past { "console.problem.until" } else { "console.problem.note" });
            preview(at, &ids, false, Some((field, text)))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Serialize)]
struct Export {
    fields: Vec<Field>,
    query: String,
    back: String,
}

/// The form for a file.
pub fn export_form(at: &At<'_>) -> Result<Response, Turn> {
    let query = at.query().text("q").unwrap_or_default();
    let formats = Choice::all(at, "console.export", &["csv", "jsonl"], "csv");
    let content = Export {
        fields: vec![
            Field::new(at, "text", "q", "console.export.query").or(plain(query)),
            Field::new(at, "choice", "format", "console.export.format").choices(formats),
        ],
        query: query.to_owned(),
        back: at.at("/console/people"),
    };
    at.page("console/export.html", at.frame(at.text("console.do.export")), &content)
}

/// The file.
pub fn export(at: &At<'_>) -> Result<Response, Turn> {
    let format = at.form.text("format").and_then(Format::parse).ok_or_else(At::nonsense)?;
    let request = request(at.form.text("q").unwrap_or_default(), true, None)?;
    let head = directory::begin(at.d(), &at.by, &request, format)?;
    Ok(admin::directory(at.app.clone(), request, format, head))
}
