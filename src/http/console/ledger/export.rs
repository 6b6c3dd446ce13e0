//! The ledger as files, sent while it is read.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::back;
use crate::http::console::at::At;
use crate::http::console::form::Choice;
use crate::http::exported;
use crate::http::pages::{Link, Turn};
use crate::service::verification::{Part, begin_export};

#[derive(Serialize)]
struct Export {
    back: Link,
    parts: Vec<Choice>,
    problem: Option<String>,
}

/// The form.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    shown(at, None)
}

fn shown(at: &At<'_>, problem: Option<String>) -> Result<Response, Turn> {
    let words = ["entries", "checkpoints", "pruned", "disclosures"];
    let parts = Choice::all(at, "console.ledger.part", &words, "entries");
    let content = Export { back: back(at), parts, problem };
    at.page("console/ledger-export.html", at.frame(at.text("console.ledger.export")), &content)
}

/// The file.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let (part, name) = match at.form.text("part") {
        Some("entries") => (Part::Entries, "ledger.jsonl"),
        Some("checkpoints") => (Part::Checkpoints, "ledger.jsonl.checkpoints"),
        Some("pruned") => (Part::Pruned, "ledger.jsonl.pruned"),
        Some("disclosures") => (Part::Disclosures, "ledger.jsonl.disclosures"),
        _ => {
            let problem = Some(at.text("console.problem.empty"));
            return Ok((StatusCode::BAD_REQUEST, shown(at, problem)?).into_response());
        }
    };
    let size = begin_export(at.d(), &at.by, part, None)?;
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, exported::body(at.app.clone(), part, size)).into_response())
}
