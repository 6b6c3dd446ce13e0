//! Changing an identity: as a whole, or by a patch.

use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::IdentityBody;
use super::{id, patched};
use crate::app::Deps;
use crate::domain::identity::Identity;
use crate::http::blocking::App;
use crate::http::content::Content;
use crate::http::document::Document;
use crate::http::editor::{Editor, etag};
use crate::http::failure::Failure;
use crate::http::view::identity::{IdentityDocument, Show, identity};
use crate::service::identities;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(put, patch))
}

/// Puts other content into an identity. Traits, metadata and external id that are not named are
/// cleared; schema, state and credentials stay.
#[utoipa::path(
    put, path = "/identities/{id}", operation_id = "updateIdentity", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body = IdentityBody,
    responses(
        (status = 200, description = "The identity.", body = IdentityDocument),
        (status = 400, description = "The request is malformed, or breaks the schema."),
        (status = 404, description = "There is no such identity."),
        (status = 409, description = "Another identity has something that only one can have."),
        (status = 412, description = "Somebody has changed it since it was read (`If-Match`).")
    )
)]
async fn put(
    State(app): State<App>,
    Editor(by): Editor,
    Path(text): Path<String>,
    content: Content,
) -> Result<Response, Failure> {
    let id = id(&text)?;
    let request = content.declared()?.read::<IdentityBody>()?.replace()?;
    let hashes = request.password.is_some();
    let job = move |d: &Deps| {
        let changed = identities::update(d, &by, id, request)?;
        Ok(shown(d, &changed))
    };
    if hashes { app.hash(job).await? } else { app.call(job).await? }
}

/// Changes an identity by a JSON Patch (RFC 6902).
#[utoipa::path(
    patch, path = "/identities/{id}", operation_id = "patchIdentity", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body(content = Vec<patched::Operation>, content_type = "application/json"),
    responses(
        (status = 200, description = "The identity.", body = IdentityDocument),
        (status = 400, description = "The patch does not fit, or the outcome breaks the schema."),
        (status = 404, description = "There is no such identity."),
        (status = 409, description = "Another identity has something that only one can have."),
        (status = 412, description = "Somebody has changed it since it was read (`If-Match`).")
    )
)]
async fn patch(
    State(app): State<App>,
    Editor(by): Editor,
    Path(text): Path<String>,
    content: Content,
) -> Result<Response, Failure> {
    let id = id(&text)?;
    let patch = patched::read(&content)?;
    app.call(move |d| {
        let (base_url, now) = (d.options.base_url(), d.clock.now());
        let changed = identities::update_with(d, &by, id, |before| {
            patched::plan(&base_url, now, before, &patch)
        })?;
        Ok(shown(d, &changed))
    })
    .await?
}

fn shown(d: &Deps, changed: &Identity) -> Response {
    let base_url = d.options.base_url();
    let shown = identity(&base_url, d.clock.now(), changed, Show::Credentials(&[]));
    (AppendHeaders(etag(changed)), Document::ok(shown)).into_response()
}
