//! Recovery codes that are mailed.

use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::service::recovery;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(send))
}

/// Where to.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = recoveryMailBody)]
struct Where {
    /// An address for recovery; not needed where there is only one.
    email: Option<String>,
}

/// A code that is on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = recoveryMail)]
struct Mailed {
    id: Uuid,
    /// Where it goes.
    email: String,
    /// When it stops working.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Mails somebody a recovery code, with the page on which it is typed. Nobody else sees the code; an
/// earlier one dies, and no status changes.
#[utoipa::path(
    post, path = "/identities/{id}/recovery", operation_id = "sendIdentityRecovery",
    tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    request_body(content = Where, description = "Where to; may be left out."),
    responses(
        (status = 200, description = "The code is on its way.", body = Mailed),
        (status = 409, description = "The person may not sign in, or is invited, or there is no mail \
            server."),
        (status = 503, description = "There were too many mails.")
    )
)]
async fn send(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<Mailed>, Failure> {
    let (id, Where { email }) = (input::id(&id)?, input::body(&body)?);
    let call = app.call(move |d| recovery::mail_code(d, &asked.admin(), id, email.as_deref()));
    let recovery::Mailed { address, expires_at } = call.await??;
    Ok(Document::ok(Mailed { id, email: address, expires_at }))
}
