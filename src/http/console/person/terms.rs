//! What somebody answered to the terms of service, and taking it back.

use axum::response::Response;
use serde::Serialize;

use super::confirm::Confirm;
use super::{Person, load};
use crate::domain::terms::Answer;
use crate::http::console::at::At;
use crate::http::console::who::Mark;
use crate::http::pages::{Link, Time, Turn};
use crate::service::{effects, terms};

/// The row on the overview.
#[derive(Serialize)]
pub struct Row {
    mark: Mark,
    about: Option<String>,
    time: Option<Time>,
    reset: Option<Link>,
}

impl Row {
    /// Of somebody.
    pub fn of(at: &At<'_>, person: &Person) -> Result<Self, Turn> {
        let standing = terms::of(at.d(), person.identity.id)?;
        let word = standing.as_str();
        let about = standing.last.as_ref().map(|last| {
            let key = match (standing.answer(), last.answer) {
                (Some(_), _) => "console.terms.version",
                (None, Answer::Accepted) => "console.terms.older_accepted",
                (None, Answer::Rejected) => "console.terms.older_rejected",
            };
            at.text_with(key, &[("version", &last.version)])
        });
        let none = || at.text("console.terms.none");
        Ok(Self {
            mark: Mark { word, text: at.text(&format!("console.terms.{word}")) },
            about: about.or_else(|| standing.asked.is_none().then(none)),
            time: standing.last.as_ref().map(|last| Time::of(last.at)),
            reset: standing.last.is_some().then(|| {
                Link::new(format!("{}/terms", person.href), at.text("console.do.terms_short"))
            }),
        })
    }
}

/// Before the answer is taken back.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let asked = at.d().options.terms.in_force().is_some();
    let live = effects::of(at.d(), person.identity.id)?.sessions;
    let confirm = Confirm {
        title: at.text("console.do.terms"),
        about: at.text(if asked { "console.effect.terms" } else { "console.effect.terms_idle" }),
        effects: if asked { vec![at.effect(live, "console.effect.asks")] } else { Vec::new() },
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Takes it back.
pub fn reset(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    terms::reset(at.d(), &at.by, person.identity.id)?;
    Err(at.done(&person.path("")))
}
