//! Rights.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::authority::Authority;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::Editor;
use crate::http::failure::Failure;
use crate::service::authorities;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set))
}

/// Rights, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = authoritiesBody)]
struct Wanted {
    /// `ROLE_ADMINISTRATOR` and `ROLE_DEVELOPER`; everybody has `ROLE_USER` anyway.
    #[schema(example = json!(["ROLE_ADMINISTRATOR"]))]
    authorities: Vec<String>,
}

/// The rights an identity holds now.
#[derive(Serialize, ToSchema)]
#[schema(as = authoritiesReceipt)]
struct Held {
    id: Uuid,
    authorities: Vec<&'static str>,
    /// Whether they were others before.
    changed: bool,
}

/// Makes the rights of an identity exactly those of the body.
#[utoipa::path(
    put, path = "/identities/{id}/authorities", operation_id = "setIdentityAuthorities",
    tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body = Wanted,
    responses((status = 200, description = "What it holds now.", body = Held))
)]
async fn set(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<Held>, Failure> {
    let id = input::id(&id)?;
    let Wanted { authorities } = input::required(&body)?;
    let wanted = authorities
        .iter()
        .filter(|word| *word != "ROLE_USER")
        .map(|word| Authority::parse(word))
        .collect::<Option<BTreeSet<_>>>()
        .ok_or_else(|| {
            Failure::invalid("An authority is one of ROLE_ADMINISTRATOR and ROLE_DEVELOPER.")
        })?;
    let (identity, changed) = app.call(move |d| authorities::set(d, &by, id, &wanted)).await??;
    let authorities = identity.authorities.iter().map(|held| held.as_str()).collect();
    Ok(Document::ok(Held { id, authorities, changed }))
}
