//! Everything the admin API shows of somebody, and the applications they are connected to.

use axum::response::Response;
use serde::Serialize;

use super::{Heading, load};
use crate::http::admin;
use crate::http::console::at::At;
use crate::http::pages::Turn;

#[derive(Serialize)]
struct Inspect {
    person: Heading,
    json: String,
    api: String,
}

/// The document.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let document = admin::identity(at.d(), person.identity.id)?;
    let content = Inspect {
        json: serde_json::to_string_pretty(&document).unwrap_or_default(),
        api: format!("GET /admin/doorward/identities/{}", person.identity.id),
        person: person.heading(at),
    };
    at.page("console/person-inspect.html", person.frame(at), &content)
}

#[derive(Serialize)]
struct Applications {
    person: Heading,
}

/// The connected applications. There is nothing yet that could connect any.
pub fn applications(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let content = Applications { person: person.heading(at) };
    at.page("console/person-applications.html", person.frame(at), &content)
}
