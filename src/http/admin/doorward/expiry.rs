//! When an account ends, and what a change would end.

use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::Editor;
use crate::http::failure::Failure;
use crate::service::effects::{self, Effect};
use crate::service::status;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(set)).routes(routes!(effect))
}

/// When.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = expiryBody)]
struct Expiry {
    /// When the account ends; null for never, which has to be said.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// When an account ends.
#[derive(Serialize, ToSchema)]
#[schema(as = expiryReceipt)]
struct ExpiryReceipt {
    id: Uuid,
    /// The status now.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Says when an account ends, or that it does not.
#[utoipa::path(
    put, path = "/identities/{id}/expiry", operation_id = "setIdentityExpiry", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body(content = Expiry, description = "When."),
    responses((status = 200, description = "When it ends now.", body = ExpiryReceipt))
)]
async fn set(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<ExpiryReceipt>, Failure> {
    let id = input::id(&id)?;
    let Expiry { expires_at } = input::required(&body)?;
    app.call(move |d| {
        let after = status::set_expiry(d, &by, id, expires_at)?;
        let status = after.effective_status(d.clock.now()).as_str();
        Ok(Document::ok(ExpiryReceipt { id, status, expires_at: after.expires_at }))
    })
    .await?
}

/// What a block would end and a deletion remove, counted now.
#[utoipa::path(
    get, path = "/identities/{id}/effects", operation_id = "getIdentityEffects", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "How many of what.", body = Effects))
)]
async fn effect(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Document<Effects>, Failure> {
    let id = input::id(&id)?;
    app.call(move |d| Ok(Document::ok(Effects::from(effects::of(d, id)?)))).await?
}

/// How many of what.
#[derive(Serialize, ToSchema)]
#[schema(as = identityEffects)]
struct Effects {
    /// Sessions that are live.
    sessions: u64,
    /// Recovery codes that still work.
    codes: u64,
    /// Forms that were begun, such as a recovery.
    flows: u64,
    /// Ways to sign in and second factors; only a deletion removes them.
    credentials: u64,
}

impl From<Effect> for Effects {
    fn from(effect: Effect) -> Self {
        let Effect { sessions, codes, flows, credentials } = effect;
        Self { sessions, codes, flows, credentials }
    }
}
