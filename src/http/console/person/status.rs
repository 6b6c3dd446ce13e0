//! Locking, blocking and their way back: what it will do, and doing it.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Heading, Person, load};
use crate::app::Deps;
use crate::domain::status::{NOTE_MAX_CHARS, Reason};
use crate::error::{Error, ErrorCode};
use crate::http::console::at::At;
use crate::http::console::form::{Choice, moment};
use crate::http::pages::Turn;
use crate::service::Caller;
use crate::service::effects::{self, Effect};
use crate::service::status::{self, Receipt, StatusChange};

type UseCase = fn(&Deps, &Caller, Uuid, &StatusChange) -> Result<Receipt, Error>;

/// The last part of the path says which change.
const CHANGES: [(&str, UseCase); 4] = [
    ("lock", status::lock),
    ("unlock", status::unlock),
    ("block", status::block),
    ("unblock", status::unblock),
];

#[derive(Serialize)]
struct Confirm {
    person: Heading,
    title: String,
    about: String,
    ends: Option<Effect>,
    /// Whether it may end by itself.
    with_until: bool,
    reasons: Vec<Choice>,
    note: String,
    until: String,
    problem: Option<(&'static str, String)>,
    bad: bool,
    note_max: usize,
}

/// The form, with what the change will do.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    confirm(at, &load(at)?, None)
}

/// The change.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let (_, use_case) = asked(at)?;
    let reason = at.form.text("reason").and_then(Reason::parse).unwrap_or_default();
    let note = at.form.text("note").map(str::to_owned);
    let until = match at.form.text("until").map(moment) {
        None => None,
        Some(Some(until)) => Some(until),
        Some(None) => {
            let problem = ("until", at.text("console.problem.time"));
            return Ok(
                (StatusCode::BAD_REQUEST, confirm(at, &person, Some(problem))?).into_response()
            );
        }
    };
    let why = StatusChange { reason, note, until };
    match use_case(at.d(), &at.by, person.identity.id, &why) {
        Ok(_) => Err(at.done(&person.path(""))),
        Err(error) if error.code() == ErrorCode::Invalid => {
            let field =
                if why.until.is_some_and(|until| until <= now(at)) { "until" } else { "note" };
            let problem = (field, at.text(&format!("console.problem.{field}")));
            Ok((StatusCode::BAD_REQUEST, confirm(at, &person, Some(problem))?).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn now(at: &At<'_>) -> Timestamp {
    at.d().clock.now()
}

fn asked(at: &At<'_>) -> Result<(&'static str, UseCase), Turn> {
    let word = at.route.path.rsplit('/').next().unwrap_or_default();
    CHANGES.into_iter().find(|(known, _)| *known == word).ok_or_else(At::missing)
}

fn confirm(
    at: &At<'_>,
    person: &Person,
    problem: Option<(&'static str, String)>,
) -> Result<Response, Turn> {
    let (word, _) = asked(at)?;
    let ends = if word == "block" { Some(effects::of(at.d(), person.identity.id)?) } else { None };
    let chosen = at.form.text("reason").unwrap_or("other");
    let reasons = ["offboarding", "compromise", "policy", "request", "other"];
    let typed = |name: &str| at.form.first(name).unwrap_or_default().to_owned();
    let confirm = Confirm {
        person: person.heading(at),
        title: at.text(&format!("console.do.{word}")),
        about: at.text(&format!("console.effect.{word}")),
        ends,
        with_until: matches!(word, "lock" | "block"),
        reasons: Choice::all(at, "console.reason", &reasons, chosen),
        note: typed("note"),
        until: typed("until"),
        problem,
        bad: word == "block",
        note_max: NOTE_MAX_CHARS,
    };
    at.page("console/person-status.html", person.frame(at), &confirm)
}
