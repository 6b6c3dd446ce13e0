//! `/console`: how things stand.

use axum::response::Response;
use serde::Serialize;

use super::at::At;
use crate::domain::authority::Authority;
use crate::http::pages::Turn;
use crate::service::listing::{self, ListIdentities};

#[derive(Serialize)]
struct Overview {
    counts: Vec<Count>,
}

#[derive(Serialize)]
struct Count {
    name: String,
    found: u64,
    exact: bool,
    href: String,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let mut counts = Vec::new();
    // Whoever manages applications alone does not see people.
    if at.authorities.contains(&Authority::Administrator) {
        for state in ["active", "invited", "locked", "blocked", "expired"] {
            let request = ListIdentities {
                state: Some(state.to_owned()),
                page_size: Some(1),
                ..ListIdentities::default()
            };
            let (_, total) = listing::list_with_total(at.d(), &request)?;
            counts.push(Count {
                name: at.text(&format!("console.status.{state}")),
                found: total.count,
                exact: total.exact,
                href: at.at(&format!("/console/people?q=status%3A{state}")),
            });
        }
    }
    let frame = at.frame(at.text("console.nav.overview"));
    at.page("console/overview.html", frame, &Overview { counts })
}
