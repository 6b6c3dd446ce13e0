//! `/console/roles/{circle}/members` and the same of groups: several people at once, by what is pasted.

use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::at::At;
use super::circles::{Sheet, kind, known, root, typed_words};
use super::form::{Field, Problem};
use crate::error::ErrorCode;
use crate::http::pages::{Turn, plain};
use crate::service::access::joining;
use crate::service::bulk::MOST;
use crate::service::identities::{Selector, find};

/// How many unknown names are said.
const SAID: usize = 10;

/// The form.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    sheet(at, None)
}

fn sheet(at: &At<'_>, problem: Problem) -> Result<Response, Turn> {
    let (kind, known) = (kind(at), known(at)?);
    let most = MOST.to_string();
    let who = Field::new(at, "area", "who", "console.circle.members.who")
        .about(at.text_with("console.circle.members.who.about", &[("most", &most)]))
        .or(at.form.first("who").unwrap_or_default())
        .required();
    let word = plain(&known.circle.word);
    let sheet = Sheet {
        title: at.text("console.circle.members.add"),
        about: Some(
            at.text_with(&format!("console.{}.members.about", kind.as_str()), &[("word", &word)]),
        ),
        effects: Vec::new(),
        fields: vec![who],
        submit: at.text("console.circle.members.add"),
        bad: false,
        back: at.at(root(at)),
        problem: None,
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    sheet.page(at, status, problem)
}

/// Adds them, if every one that was pasted is somebody.
pub fn add(at: &At<'_>) -> Result<Response, Turn> {
    let typed = typed_words(at.form.first("who").unwrap_or_default());
    if typed.is_empty() || typed.len() > MOST {
        let most = MOST.to_string();
        let said = at.text_with("console.circle.members.number", &[("most", &most)]);
        return sheet(at, Some(("who", said)));
    }
    let (mut ids, mut unknown) = (Vec::new(), Vec::new());
    for word in &typed {
        match somebody(at, word)? {
            Some(id) => ids.push(id),
            None => unknown.push(plain(word)),
        }
    }
    if !unknown.is_empty() {
        let more = if unknown.len() > SAID { ", ..." } else { "" };
        unknown.truncate(SAID);
        let words = unknown.join(", ") + more;
        let said = at.text_with("console.circle.members.unknown", &[("words", &words)]);
        return sheet(at, Some(("who", said)));
    }
    let known = known(at)?;
    joining::add(at.d(), &at.by, kind(at), &known.circle.id, &ids)?;
    Err(at.done(root(at)))
}

/// Who is meant by an id, or by what they sign in with.
fn somebody(at: &At<'_>, word: &str) -> Result<Option<Uuid>, Turn> {
    let selector = match word.parse() {
        Ok(id) => Selector::Id(id),
        Err(_) => Selector::Identifier(word.to_owned()),
    };
    match find(at.d(), &selector) {
        Ok(found) => Ok(Some(found.id)),
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Ambiguous) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
