//! A message and a way on.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::frame::{Frame, Link, plain};
use super::visit::{Making, Turn, Visit, made, title_of};
use crate::http::blocking::App;
use crate::http::notice::LOST;
use crate::service::flow_errors;

/// The id of a sample that is always there.
const SAMPLE: &str = "stub:500";

#[derive(Serialize)]
struct Notice {
    texts: Vec<String>,
    number: Option<String>,
    ways: Vec<Link>,
}

/// The page.
pub fn page(
    m: &Making<'_>,
    title: &str,
    texts: Vec<String>,
    number: Option<String>,
    on: &str,
) -> Result<Response, Turn> {
    let ways = vec![Link::new(m.at(on), m.text("error.again"))];
    card(m, &m.text(title), texts, number, ways)
}

/// The same with other ways on.
pub fn card(
    m: &Making<'_>,
    title: &str,
    texts: Vec<String>,
    number: Option<String>,
    ways: Vec<Link>,
) -> Result<Response, Turn> {
    m.page("notice.html", Frame::card(m, title), &Notice { texts, number, ways })
}

/// `/ui/error`: what went wrong in a browser that was sent here.
pub async fn error(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let text = m.visit.query.text("id").unwrap_or_default();
        if text == SAMPLE {
            return shown(m, 500, None, text);
        }
        let missing = Turn::Wrong(StatusCode::NOT_FOUND, "error.text_missing");
        let id = Uuid::parse_str(text).map_err(|_| missing)?;
        let found = flow_errors::find(m.d, id)?;
        let code = found.error.get("code").and_then(serde_json::Value::as_u64).unwrap_or(500);
        let name = found.error.get("id").and_then(serde_json::Value::as_str);
        shown(m, code, name, text)
    })
    .await
}

fn shown(m: &Making<'_>, code: u64, name: Option<&str>, id: &str) -> Result<Response, Turn> {
    // What a program is told is not for people; the number finds it in the log.
    let text = match (name, code) {
        (Some("security_csrf_violation"), _) => "error.text_csrf",
        (Some("security_identity_mismatch"), _) => "error.text_other",
        (Some("activation_link_dead"), _) => "activation.dead",
        (Some("self_service_flow_disabled"), _) => "error.text_disabled",
        (_, 404 | 410) => LOST,
        (_, 503) => "error.text_busy",
        _ => "error.text",
    };
    // Where it is known what happened, nobody needs the number.
    let number = (text == "error.text").then(|| plain(id));
    page(m, title_of(text), vec![m.text(text)], number, "/ui/welcome")
}

/// No such page.
pub async fn missing(State(app): State<App>, visit: Visit) -> Response {
    let wrong = Turn::Wrong(StatusCode::NOT_FOUND, "error.text_missing");
    made(&app, visit, |_| Err(wrong)).await
}
