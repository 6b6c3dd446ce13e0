//! What handing a form in is answered with: a document for programs, a place to go for browsers.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::visitor;
use crate::app::Deps;
use crate::domain::flow::Client;
use crate::domain::session::Session;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::ticket;
use crate::http::view;
use crate::service::flows::{Continue, Next, Outcome, Signed, Visitor, page_for};
use crate::service::sessions::{Carrier, Presented};

/// In which form an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A browser on its way from page to page.
    Browser,
    /// A page's script.
    Json,
    /// A program that is no browser.
    Program,
}

/// The answer to an outcome.
pub fn answer(
    d: &Deps,
    v: &Visitor,
    outcome: Outcome,
    way: Way,
    secure: bool,
) -> Result<Response, Failure> {
    let (options, now) = (&d.options, d.clock.now());
    Ok(match outcome {
        Outcome::Shown { shown, then, .. } if way == Way::Browser => {
            let page = then.unwrap_or_else(|| page_for(options, &shown.flow));
            see_other(HeaderMap::new(), &page)
        }
        Outcome::Shown { shown, wrong, .. } => {
            let status = if wrong { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            Document(status, view::flow::flow(options, now, &shown)).into_response()
        }
        Outcome::Signed(signed) => signed_in(d, v, &signed, way, secure),
        Outcome::Registered { to, .. } if way == Way::Browser => see_other(HeaderMap::new(), &to),
        Outcome::Registered { identity, to, mut continue_with } => {
            continue_with.push(Continue::Go(to));
            let document = view::flow::registered(options, now, &identity, &continue_with);
            Document::ok(document).into_response()
        }
        Outcome::Go { to, session, continue_with } => {
            let headers = match session.as_deref() {
                Some((session, presented)) => cookies(d, v, (session, presented), secure, false),
                None => HeaderMap::new(),
            };
            if way == Way::Browser {
                return Ok(see_other(headers, &to));
            }
            if !continue_with.is_empty() {
                let next = view::flow::continue_with(options, &continue_with);
                let document = serde_json::json!({"continue_with": next});
                return Ok((headers, Document::ok(document)).into_response());
            }
            (headers, elsewhere(&to)).into_response()
        }
        Outcome::Left { to } => {
            let cookie = v.cookie.as_ref().and_then(|_| ticket::forget(options, secure));
            let headers = cookie.map(|cookie| (header::SET_COOKIE, cookie)).into_iter().collect();
            match way {
                Way::Browser => see_other(headers, &to),
                Way::Json | Way::Program => (headers, elsewhere(&to)).into_response(),
            }
        }
    })
}

fn signed_in(d: &Deps, v: &Visitor, signed: &Signed, way: Way, secure: bool) -> Response {
    let headers = cookies(d, v, (&signed.session, &signed.presented), secure, signed.again);
    let place = match &signed.next {
        Next::Done(place) | Next::SecondFactor(place) | Next::Enrol(place) | Next::Terms(place) => {
            place
        }
    };
    if way == Way::Browser && signed.client == Client::Browser {
        return see_other(headers, place);
    }
    let complete = matches!(signed.next, Next::Done(_));
    if signed.client == Client::Browser && !complete {
        return (headers, elsewhere(place)).into_response();
    }
    let document = view::flow::signed(&d.options, d.clock.now(), signed);
    (headers, Document::ok(document)).into_response()
}

/// The cookies of somebody who signed in: the session, and another secret for forms (SESS-02). Whoever
/// was signed in and has only shown who they are goes on with the forms they were at.
fn cookies(
    d: &Deps,
    v: &Visitor,
    (session, presented): (&Session, &Presented),
    secure: bool,
    again: bool,
) -> HeaderMap {
    if presented.carrier() != Carrier::Cookie {
        return HeaderMap::new();
    }
    let now = d.clock.now();
    let ticket = ticket::set(&d.options, secure, presented, now, session.expires_at);
    let secret = if again { None } else { visitor::set(d, secure, &v.fresh) };
    let mut headers = HeaderMap::new();
    for cookie in [ticket, secret].into_iter().flatten() {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers
}

/// 422: only the browser itself can go there.
pub fn elsewhere(to: &str) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY)
        .id("browser_location_change_required")
        .reason("The browser must go to another page to go on.")
        .beside("redirect_browser_to", to)
}

/// 303.
pub fn see_other(mut headers: HeaderMap, to: &str) -> Response {
    if let Ok(place) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, place);
    }
    (StatusCode::SEE_OTHER, headers).into_response()
}
