//! The page between wanting a change and making it: what it will do, with numbers, and its form.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::{Heading, Person};
use crate::http::console::at::At;
use crate::http::console::form::{Field, Problem, complain};
use crate::http::pages::Turn;
use crate::service::effects::Effect;

/// A change that somebody is about to make.
#[derive(Debug, Default)]
pub struct Confirm {
    /// What it is.
    pub title: String,
    /// What it does.
    pub about: String,
    /// What it ends: how many, and of what.
    pub effects: Vec<(u64, String)>,
    /// What can be said with it.
    pub fields: Vec<Field>,
    /// Whether it takes something away for good.
    pub bad: bool,
    /// The page to go back to, below the person.
    pub back: &'static str,
}

#[derive(Serialize)]
struct Shown {
    person: Heading,
    title: String,
    /// What the button says.
    submit: String,
    about: String,
    effects: Vec<(u64, String)>,
    fields: Vec<Field>,
    bad: bool,
    back: String,
    problem: Option<String>,
}

impl Confirm {
    /// The page; with a problem it is the answer to a form that was no good.
    pub fn page(
        mut self,
        at: &At<'_>,
        person: &Person,
        problem: Problem,
    ) -> Result<Response, Turn> {
        let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        let problem = complain(&mut self.fields, problem);
        let shown = Shown {
            person: person.heading(at),
            submit: self.title.clone(),
            title: self.title,
            about: self.about,
            effects: self.effects,
            fields: self.fields,
            bad: self.bad,
            back: format!("{}{}", person.href, self.back),
            problem,
        };
        let page = at.page("console/person-confirm.html", person.frame(at), &shown)?;
        Ok((status, page).into_response())
    }
}

/// What a block ends, in words.
pub fn ends(at: &At<'_>, effect: Effect) -> Vec<(u64, String)> {
    let all = [
        (effect.sessions, "sessions"),
        (effect.codes, "codes"),
        (effect.flows, "flows"),
        (0, "applications"),
    ];
    all.map(|(count, word)| at.effect(count, &format!("console.effect.{word}"))).into()
}
