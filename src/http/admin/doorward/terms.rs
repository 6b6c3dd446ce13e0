//! What somebody answered to the terms of service.

use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::terms::Standing;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::service::terms;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reset))
}

/// How somebody stands to the terms of service.
#[derive(Serialize, ToSchema)]
#[schema(as = identityTerms)]
pub struct Terms {
    /// `accepted`, `rejected` or `unset`: the answer to the version in force, or where none is, to the
    /// last there was.
    state: &'static str,
    /// The version in force; null where nobody is asked to accept any.
    required_version: Option<String>,
    /// The last answer, `accepted` or `rejected`, to whichever version.
    answer: Option<&'static str>,
    /// To which version.
    version: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
}

impl Terms {
    /// What is shown of it.
    pub fn of(standing: Standing) -> Self {
        let state = standing.as_str();
        let (answer, answered_at) =
            standing.last.as_ref().map(|last| (last.answer.as_str(), last.at)).unzip();
        Self {
            state,
            required_version: standing.asked,
            answer,
            version: standing.last.map(|last| last.version),
            answered_at,
        }
    }
}

/// What became of an answer.
#[derive(Serialize, ToSchema)]
#[schema(as = termsReceipt)]
struct Receipt {
    id: Uuid,
    /// Whether there was an answer; if not, nothing was done or recorded.
    changed: bool,
}

/// Forgets what somebody answered to the terms of service: they are asked again with the next request of
/// any session. Sessions go on.
#[utoipa::path(
    post, path = "/identities/{id}/reset-terms", operation_id = "resetIdentityTerms",
    tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "Whether there was an answer.", body = Receipt))
)]
async fn reset(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Document<Receipt>, Failure> {
    let id = input::id(&id)?;
    let changed = app.call(move |d| terms::reset(d, &asked.admin(), id)).await??;
    Ok(Document::ok(Receipt { id, changed }))
}
