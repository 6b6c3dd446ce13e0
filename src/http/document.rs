//! What a request is answered with when it succeeds: one JSON document, as Kratos clients read it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;

pub mod json;

/// The content type of everything but errors.
pub const JSON: &str = "application/json; charset=utf-8";

/// Room for an answer about one thing, so that it is not moved while it grows.
const USUAL: usize = 2048;
/// Room for each person of a list, likewise.
const EACH: usize = 1280;
/// Room for its headers, likewise.
const HEADERS: usize = 12;

/// A status and the body that goes with it. More headers go before it:
/// `([(header::LOCATION, place)], Document(StatusCode::CREATED, body))`.
#[derive(Clone, Debug)]
pub struct Document<T = Value>(pub StatusCode, pub T);

impl<T> Document<T> {
    /// 200 with `body`.
    pub const fn ok(body: T) -> Self {
        Self(StatusCode::OK, body)
    }

    /// 201 with `body`.
    pub const fn created(body: T) -> Self {
        Self(StatusCode::CREATED, body)
    }
}

impl<T: Serialize> IntoResponse for Document<T> {
    fn into_response(self) -> Response {
        written(self.0, &self.1, USUAL)
    }
}

/// 200 with `body`, which lists so many people.
pub fn people(body: &impl Serialize, how_many: usize) -> Response {
    written(StatusCode::OK, body, USUAL + how_many * EACH)
}

fn written(status: StatusCode, document: &impl Serialize, room: usize) -> Response {
    let mut body = Vec::with_capacity(room);
    match json::write(&mut body, document) {
        Ok(()) => {
            body.push(b'\n');
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            let headers = response.headers_mut();
            headers.reserve(HEADERS);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_says_its_charset_and_can_carry_headers() {
        let answer =
            ([(header::LOCATION, "/x")], Document::created(json!({"a": 1}))).into_response();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], JSON);
        assert_eq!(answer.headers()[header::LOCATION], "/x");
    }

    #[test]
    fn a_body_json_cannot_hold_is_a_failure_and_no_half_document() {
        let bad = std::collections::BTreeMap::from([((1, 2), 3)]);
        let answer = Document::ok(bad).into_response();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.extensions().get::<Failure>().is_some());
    }
}
