//! Reading one identity.

use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::revealed;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::etag;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::view::identity::{IdentityDocument, Show, identity};
use crate::service::identities::{Selector, find};

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(by_external_id))
}

/// One identity, with its credentials but not what is kept for them, unless asked for by kind.
#[utoipa::path(
    get, path = "/identities/{id}", operation_id = "getIdentity", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("include_credential" = Option<Vec<String>>, Query,
            description = "A kind of credential whose content is shown; may come several times.")
    ),
    responses(
        (status = 200, description = "The identity; `ETag` is for `If-Match` of a change.",
            body = IdentityDocument),
        (status = 400, description = "There is no such kind of credential."),
        (status = 404, description = "There is no such identity.")
    )
)]
async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    answer(app, Selector::Id(super::id(&id)?), &query).await
}

/// The identity with a key of some other system.
#[utoipa::path(
    get, path = "/identities/by/external/{externalID}", operation_id = "getIdentityByExternalID",
    tag = "identity",
    params(
        ("externalID" = String, Path, description = "The identity's external id."),
        ("include_credential" = Option<Vec<String>>, Query,
            description = "A kind of credential whose content is shown; may come several times.")
    ),
    responses(
        (status = 200, description = "The identity; `ETag` is for `If-Match` of a change.",
            body = IdentityDocument),
        (status = 400, description = "There is no such kind of credential."),
        (status = 404, description = "There is no such identity.")
    )
)]
async fn by_external_id(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    answer(app, Selector::External(id), &query).await
}

async fn answer(app: App, who: Selector, query: &Query) -> Result<Response, Failure> {
    let kinds = revealed(query)?;
    app.look(move |d| {
        let found = find(d, &who)?;
        let base_url = d.options.base_url();
        let shown = identity(&base_url, d.clock.now(), &found, Show::Credentials(&kinds));
        Ok((AppendHeaders(etag(&found)), Document::ok(shown)).into_response())
    })
    .await?
}
