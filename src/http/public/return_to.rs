//! Where a browser may be sent, so that nobody borrows our name for a link.

use axum::http::StatusCode;

use crate::config::Options;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::flows::allowed_return;

/// The parameter `return_to` as a whole address, if there is one and it is allowed.
pub fn allowed(options: &Options, query: &Query) -> Result<Option<String>, Failure> {
    let Some(asked) = query.text("return_to") else { return Ok(None) };
    match allowed_return(options, asked) {
        Some(place) => Ok(Some(place)),
        None => Err(forbidden()),
    }
}

/// The answer to an address that is not allowed.
fn forbidden() -> Failure {
    Failure::new(StatusCode::BAD_REQUEST)
        .id("self_service_flow_return_to_forbidden")
        .reason("The address in `return_to` is neither one of this service nor one it allows.")
}
