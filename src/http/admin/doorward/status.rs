//! Locking and blocking, and their way back.

use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::app::Deps;
use crate::domain::status::Reason;
use crate::error::Error;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::Editor;
use crate::http::failure::Failure;
use crate::service::Caller;
use crate::service::status::{self, Receipt, StatusChange};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(lock))
        .routes(routes!(unlock))
        .routes(routes!(block))
        .routes(routes!(unblock))
}

/// Why, and for how long.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = statusChange)]
struct Why {
    /// One of `offboarding`, `compromise`, `policy`, `request` and `other`.
    reason: Option<String>,
    /// Free text of at most 512 characters; personal data.
    #[schema(max_length = 512)]
    note: Option<String>,
    /// When the status returns to active by itself; on `lock` and `block`.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// What a change of status did.
#[derive(Serialize, ToSchema)]
#[schema(as = statusReceipt)]
struct StatusReceipt {
    id: Uuid,
    /// The status now.
    #[schema(example = "blocked")]
    status: &'static str,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    status_changed_at: Option<Timestamp>,
    /// Whether it was another one before; if not, nothing was done or recorded.
    changed: bool,
    revoked: Revoked,
    /// What became of connected applications; there are none yet.
    #[schema(value_type = Vec<Object>)]
    logout: [(); 0],
}

/// What was ended.
#[derive(Serialize, ToSchema)]
#[schema(as = statusRevoked)]
struct Revoked {
    /// How many sessions that were live.
    sessions: u64,
}

/// Refuses sign-in; sessions stay.
#[utoipa::path(
    post, path = "/identities/{id}/lock", operation_id = "lockIdentity", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body(content = Why, description = "Why; nothing is required."),
    responses((status = 200, description = "The receipt.", body = StatusReceipt))
)]
async fn lock(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<StatusReceipt>, Failure> {
    change(app, by, &id, &body, status::lock).await
}

/// Allows sign-in again.
#[utoipa::path(
    post, path = "/identities/{id}/unlock", operation_id = "unlockIdentity", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body(content = Why, description = "Why; nothing is required."),
    responses((status = 200, description = "The receipt.", body = StatusReceipt))
)]
async fn unlock(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<StatusReceipt>, Failure> {
    change(app, by, &id, &body, status::unlock).await
}

/// Ends all access: sessions and codes die with it.
#[utoipa::path(
    post, path = "/identities/{id}/block", operation_id = "blockIdentity", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body(content = Why, description = "Why; nothing is required."),
    responses((status = 200, description = "The receipt.", body = StatusReceipt))
)]
async fn block(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<StatusReceipt>, Failure> {
    change(app, by, &id, &body, status::block).await
}

/// Allows access again; nothing that was ended comes back.
#[utoipa::path(
    post, path = "/identities/{id}/unblock", operation_id = "unblockIdentity", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body(content = Why, description = "Why; nothing is required."),
    responses((status = 200, description = "The receipt.", body = StatusReceipt))
)]
async fn unblock(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<StatusReceipt>, Failure> {
    change(app, by, &id, &body, status::unblock).await
}

type UseCase = fn(&Deps, &Caller, Uuid, &StatusChange) -> Result<Receipt, Error>;

async fn change(
    app: App,
    by: Caller,
    id: &str,
    body: &Bytes,
    use_case: UseCase,
) -> Result<Document<StatusReceipt>, Failure> {
    let id = input::id(id)?;
    let Why { reason, note, until } = input::body(body)?;
    let reason = match reason.as_deref() {
        None => Reason::default(),
        Some(word) => Reason::parse(word).ok_or_else(|| {
            Failure::invalid(
                "A reason is one of offboarding, compromise, policy, request and other.",
            )
        })?,
    };
    let note = note.filter(|note| !note.is_empty());
    let why = StatusChange { reason, note, until };
    let receipt = app.call(move |d| use_case(d, &by, id, &why)).await??;
    Ok(Document::ok(StatusReceipt {
        id,
        status: receipt.status.as_str(),
        status_changed_at: receipt.changed_at,
        changed: receipt.changed,
        revoked: Revoked { sessions: receipt.sessions_revoked },
        logout: [],
    }))
}
