//! What somebody sees who is not let on.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use uuid::Uuid;

use super::at::At;
use super::{history, person};
use crate::http::pages::{Link, Making, Turn, notice};
use crate::http::public::settings_url;
use crate::service::console::Turned;
use crate::service::events;
use crate::service::sessions::Denied;

/// Sends somebody to where they get on, or says why they do not.
pub fn page(m: &Making<'_>, turned: Turned) -> Result<Response, Turn> {
    let denied = match turned {
        Turned::NoSession => return Err(m.turned_to(Denied::NoSession, &here(m))),
        Turned::SecondFactor => return Err(m.turned_to(Denied::SecondFactor, &here(m))),
        Turned::Terms => return Err(m.turned_to(Denied::Terms, &here(m))),
        Turned::Stale => return Err(Turn::To(m.sign_in_again(&here(m)))),
        Turned::Failed(error) => return Err(error.into()),
        Turned::Enrolment => {
            let settings = settings_url(&m.prefix(), Some(&m.whole(&here(m))));
            Told { text: "console.refused.enrolment", on: settings, name: "console.refused.enrol" }
        }
        Turned::Forbidden { later: true } => Told {
            text: "console.refused.later",
            on: m.sign_in_again(&here(m)),
            name: "console.refused.sign_in_again",
        },
        Turned::Forbidden { later: false } => {
            Told { text: "console.refused.authority", on: m.at("/ui/welcome"), name: "console.own" }
        }
        Turned::Forged => {
            Told { text: "console.refused.form", on: m.at(&here(m)), name: "error.again" }
        }
    };
    let ways = vec![Link::new(denied.on, m.text(denied.name))];
    let title = m.text("console.refused.title");
    let page = notice::card(m, &title, vec![m.text(denied.text)], None, ways)?;
    Ok((StatusCode::FORBIDDEN, page).into_response())
}

struct Told {
    text: &'static str,
    on: String,
    name: &'static str,
}

/// The page that was asked for, with what else is in its address.
fn here(m: &Making<'_>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let pairs = m.visit.query.pairs().filter(|(name, _)| !matches!(*name, "receipt" | "said"));
    for (name, value) in pairs {
        query.append_pair(name, value);
    }
    let query = query.finish();
    let path = &m.visit.path;
    if query.is_empty() { path.clone() } else { format!("{path}?{query}") }
}

#[derive(Serialize)]
struct Wrong {
    texts: Vec<String>,
    number: Option<String>,
    ways: Vec<Link>,
}

/// What went wrong, within the console.
pub fn wrong(at: &At<'_>, status: StatusCode, text: &'static str) -> Result<Response, Turn> {
    if status == StatusCode::NOT_FOUND
        && let Some(id) = person::missed(at)
    {
        return gone(at, id);
    }
    let title = match status {
        StatusCode::NOT_FOUND => "error.title_missing",
        StatusCode::CONFLICT => "console.conflict.title",
        _ => "error.title",
    };
    let wrong = Wrong {
        texts: vec![at.text(text)],
        number: (text == "error.text").then(|| at.m.visit.asked.request_id.to_string()),
        ways: vec![Link::new(at.at("/console"), at.text("console.nav.overview"))],
    };
    let page = at.page("console/wrong.html", at.frame(at.text(title)), &wrong)?;
    Ok((status, page).into_response())
}

/// In place of a page about somebody who is not there: that they are gone or never were and, where the ledger knows
/// them, where their history is.
fn gone(at: &At<'_>, id: Uuid) -> Result<Response, Turn> {
    let mut texts = vec![at.text("console.gone.text")];
    let mut ways = vec![Link::new(at.at("/console/people"), at.text("console.nav.people"))];
    if events::knows(at.d(), id)? {
        texts.push(at.text("console.gone.known"));
        let history = history::of_anybody(at, id);
        ways.insert(0, Link::new(history, at.text("console.gone.history")));
    }
    let frame = at.frame(at.text("console.gone.title"));
    let page = at.page("console/wrong.html", frame, &Wrong { texts, number: None, ways })?;
    Ok((StatusCode::NOT_FOUND, page).into_response())
}
