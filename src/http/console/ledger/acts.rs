//! What can be done to the ledger, each on a page of its own: what it will do, and doing it.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::back;
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::form::moment;
use crate::http::pages::{Link, Turn};
use crate::service::pruning::{self, Before, Pruning};
use crate::service::verification::Proof;
use crate::service::{erasure, ledger, verifying};

#[derive(Serialize)]
struct Act {
    back: Link,
    word: &'static str,
    title: String,
    about: String,
    bad: bool,
    /// What was typed.
    until: String,
    id: String,
    note: String,
    since: String,
    effect: Option<Effect>,
    problem: Option<String>,
}

/// What pruning would do.
#[derive(Serialize)]
struct Effect {
    count: u64,
    disclosures: u64,
    before: u64,
    held: bool,
}

impl From<Pruning> for Effect {
    fn from(one: Pruning) -> Self {
        let Pruning { count, disclosures, before, held, .. } = one;
        Self { count, disclosures, before, held }
    }
}

/// What can be done, by the last part of the path.
const WORDS: [&str; 6] = ["verify", "checkpoint", "prune", "erase", "hold", "release"];

fn word(at: &At<'_>) -> Result<&'static str, Turn> {
    let last = at.route.path.rsplit('/').next().unwrap_or_default();
    WORDS.into_iter().find(|word| *word == last).ok_or_else(At::missing)
}

/// The form.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let word = word(at)?;
    let typed = at.query().text("until").unwrap_or_default();
    let mut effect = None;
    let mut problem = None;
    if word == "prune" && !typed.is_empty() {
        match moment(typed) {
            Some(until) => {
                effect = Some(pruning::preview(at.d(), Before::Time(until))?.into());
            }
            None => problem = Some(at.text("console.problem.time")),
        }
    }
    shown(at, word, effect, problem)
}

fn shown(
    at: &At<'_>,
    word: &'static str,
    effect: Option<Effect>,
    problem: Option<String>,
) -> Result<Response, Turn> {
    let typed = |name: &str| {
        let given = at.form.first(name).or_else(|| at.query().first(name));
        given.unwrap_or_default().to_owned()
    };
    let title = at.text(&format!("console.ledger.{word}"));
    let act = Act {
        back: back(at),
        word,
        about: at.text(&format!("console.ledger.{word}.about")),
        bad: matches!(word, "prune" | "erase"),
        until: typed("until"),
        id: typed("id"),
        note: typed("note"),
        since: typed("since"),
        effect,
        problem,
        title: title.clone(),
    };
    at.page("console/ledger-act.html", at.frame(title), &act)
}

/// The change.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let word = word(at)?;
    // Whatever has no field of its own has this one: a form that is empty is no order.
    if at.form.text("go").is_none() {
        return wrong(at, word, at.text("console.problem.empty"));
    }
    let done = match word {
        "verify" => {
            let since = at.form.text("since").map(|note| {
                // Browsers send line feeds in pairs, and drop the last one.
                format!("{}\n", note.replace("\r\n", "\n").trim_end_matches('\n'))
            });
            let proof = Proof { keys: Vec::new(), since };
            verifying::start(at.d(), &at.by, proof).map(|_| Turn::To(at.at("/console/ledger")))
        }
        "checkpoint" => ledger::checkpoint(at.d(), &at.by).map(|_| at.done("/console/ledger")),
        "prune" => {
            let Some(until) = at.form.text("until").and_then(moment) else {
                return wrong(at, word, at.text("console.problem.time"));
            };
            prune(at, until)
        }
        word => {
            let Some(id) = at.form.text("id").and_then(|id| id.trim().parse().ok()) else {
                return wrong(at, word, at.text("console.ledger.no_id"));
            };
            person(at, word, id)
        }
    };
    match done {
        Ok(turn) => Err(turn),
        Err(error)
            if matches!(
                error.code(),
                ErrorCode::Invalid | ErrorCode::Conflict | ErrorCode::NotFound | ErrorCode::Busy
            ) =>
        {
            let key = format!("console.ledger.{word}.problem");
            let known = at.m.visit.language.has(&key);
            let text = if known { at.text(&key) } else { error.message().to_owned() };
            wrong(at, word, text)
        }
        Err(error) => Err(error.into()),
    }
}

fn prune(at: &At<'_>, until: Timestamp) -> Result<Turn, crate::error::Error> {
    pruning::prune(at.d(), &at.by, Before::Time(until), "request")?;
    Ok(at.done("/console/ledger"))
}

fn person(at: &At<'_>, word: &str, id: Uuid) -> Result<Turn, crate::error::Error> {
    let note = at.form.text("note");
    match word {
        "erase" => erasure::erase(at.d(), &at.by, id).map(drop)?,
        "hold" => erasure::hold(at.d(), &at.by, id, note).map(drop)?,
        _ => erasure::release(at.d(), &at.by, id, note).map(drop)?,
    }
    Ok(at.done("/console/ledger"))
}

fn wrong(at: &At<'_>, word: &'static str, problem: String) -> Result<Response, Turn> {
    Ok((StatusCode::BAD_REQUEST, shown(at, word, None, Some(problem))?).into_response())
}
