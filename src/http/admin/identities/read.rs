//! Reading one identity.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};

use super::revealed;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::view::identity::{IdentityDocument, Show, identity};
use crate::service::identities::{Selector, find};

/// One identity, with its credentials but not what is kept for them, unless asked for by kind.
#[utoipa::path(
    get, path = "/identities/{id}", operation_id = "getIdentity", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("include_credential" = Option<Vec<String>>, Query,
            description = "A kind of credential whose content is shown; may come several times.")
    ),
    responses(
        (status = 200, description = "The identity.", body = IdentityDocument),
        (status = 400, description = "There is no such kind of credential."),
        (status = 404, description = "There is no such identity.")
    )
)]
pub async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    let kinds = revealed(&query)?;
    let who = Selector::Id(super::id(&id)?);
    app.look(move |d| {
        let found = find(d, &who)?;
        let base_url = d.options.base_url();
        let shown = identity(&base_url, d.clock.now(), &found, Show::Credentials(&kinds));
        Ok(Document::ok(shown).into_response())
    })
    .await?
}
