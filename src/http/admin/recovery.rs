//! Recovery codes that an administrator hands over.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::domain::flow::Client;
use crate::error::ErrorCode;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::content::Content;
use crate::http::document::Document;
use crate::http::duration;
use crate::http::failure::Failure;
use crate::service::recovery;

/// The routes below `/recovery`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(code)).routes(routes!(link))
}

/// For whom a code is made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = createRecoveryCodeForIdentityBody)]
struct CodeBody {
    identity_id: Uuid,
    /// A positive Go duration such as `1h30m`.
    expires_in: Option<String>,
    /// `browser` or `api`.
    flow_type: Option<String>,
}

/// A code; shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = recoveryCodeForIdentity)]
struct CodeDocument {
    recovery_link: String,
    recovery_code: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a recovery code, which the administrator brings to its person. Earlier ones die.
#[utoipa::path(
    post, path = "/recovery/code", operation_id = "createRecoveryCodeForIdentity",
    tag = "identity",
    request_body = CodeBody,
    responses(
        (status = 201, description = "The code.", body = CodeDocument),
        (status = 400, description = "The request is malformed."),
        (status = 404, description = "There is no such identity.")
    )
)]
async fn code(
    State(app): State<App>,
    asked: Asked,
    content: Content,
) -> Result<Document<CodeDocument>, Failure> {
    let CodeBody { identity_id, expires_in, flow_type } = content.declared()?.read()?;
    let lifetime = expires_in.filter(|text| !text.is_empty()).map(|text| {
        duration::parse(&text).filter(SignedDuration::is_positive).ok_or_else(|| {
            Failure::invalid("`expires_in` must be a positive duration such as 30m or 1h30m.")
        })
    });
    let lifetime = lifetime.transpose()?;
    let client = match flow_type.as_deref() {
        None | Some("" | "browser") => Client::Browser,
        Some("api") => Client::Api,
        Some(_) => return Err(Failure::invalid("`flow_type` must be `browser` or `api`.")),
    };
    let made = app
        .call(move |d| recovery::issue_code_for(d, &asked.admin(), identity_id, lifetime, client))
        .await?
        .map_err(|error| match error.code() {
            ErrorCode::NotFound => Failure::missing().reason("could not find identity"),
            _ => error.into(),
        })?;
    Ok(Document::created(CodeDocument {
        recovery_link: made.link,
        recovery_code: made.code.expose_secret().to_owned(),
        expires_at: made.expires_at.to_string(),
    }))
}

/// Recovery by link is switched off; codes take its place.
#[utoipa::path(
    post, path = "/recovery/link", operation_id = "createRecoveryLinkForIdentity",
    tag = "identity",
    responses((status = 404, description = "Recovery by link is switched off."))
)]
async fn link() -> Failure {
    Failure::new(StatusCode::NOT_FOUND)
        .reason("Recovery by link is switched off; use POST /admin/recovery/code.")
}
