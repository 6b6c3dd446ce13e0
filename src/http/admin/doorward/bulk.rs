//! The same for several people: a change of status, or their removal.

use axum::body::Bytes;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::status::Reason;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::service::bulk::{self, Deed, Outcome};
use crate::service::listing::ListIdentities;
use crate::service::status::StatusChange;
use crate::service::typed;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(run))
}

/// What is done to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = bulkBody)]
struct Bulk {
    /// `lock`, `unlock`, `block`, `unblock` or `delete`.
    #[schema(example = "lock")]
    action: String,
    /// To these, at most 500.
    #[serde(default)]
    ids: Vec<Uuid>,
    /// To all whom this search finds, at most 500; instead of `ids`.
    q: Option<String>,
    /// One of `offboarding`, `compromise`, `policy`, `request` and `other`.
    reason: Option<String>,
    /// Free text of at most 512 characters; personal data.
    note: Option<String>,
    /// When a lock or a block ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Whether only to say how it would go.
    #[serde(default)]
    dry_run: bool,
}

/// How it went, or would go.
#[derive(Serialize, ToSchema)]
#[schema(as = bulkReceipt)]
struct BulkReceipt {
    /// How many people were changed.
    changed: u64,
    /// How many were so already.
    unchanged: u64,
    /// With how many it cannot be done.
    refused: usize,
    /// With whom, and why.
    refusals: Vec<Refusal>,
    /// How many live sessions ended.
    sessions_revoked: u64,
    /// Whether the search finds more people than are done at once: ask again.
    more: bool,
}

/// With whom it cannot be done, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = bulkRefusal)]
struct Refusal {
    id: Uuid,
    /// `self_action`, `last_administrator`, `status_transition` or `not_found`.
    #[schema(example = "last_administrator")]
    reason: &'static str,
}

/// Changes the status of several people, or removes them: each by itself, with an entry that sums up.
#[utoipa::path(
    post, path = "/identities/bulk", operation_id = "changeIdentities", tag = "doorward",
    request_body(content = Bulk, description = "What is done to whom."),
    responses((status = 200, description = "How it went.", body = BulkReceipt))
)]
async fn run(
    State(app): State<App>,
    asked: Asked,
    body: Bytes,
) -> Result<Document<BulkReceipt>, Failure> {
    let body: Bulk = input::required(&body)?;
    let wrong = |text: &str| Failure::invalid(text.to_owned());
    let deed = Deed::parse(&body.action)
        .ok_or_else(|| wrong("An action is one of lock, unlock, block, unblock and delete."))?;
    let reason = body.reason.as_deref().map(|word| {
        let reason = Reason::parse(word);
        reason.ok_or_else(|| {
            wrong("A reason is one of offboarding, compromise, policy, request and other.")
        })
    });
    let reason = reason.transpose()?.unwrap_or_default();
    if body.ids.is_empty() == body.q.is_none() {
        return Err(wrong("Say whom: either ids or q."));
    }
    let why = StatusChange { reason, note: body.note, until: body.until };
    app.call(move |d| {
        let by = asked.admin();
        let (ids, more) = match &body.q {
            Some(text) => bulk::matching(d, &typed::with(ListIdentities::default(), text)?)?,
            None => (body.ids, false),
        };
        let outcome = match body.dry_run {
            _ if ids.is_empty() => Outcome::default(),
            true => bulk::preview(d, &by, deed, &ids, &why)?,
            false => bulk::run(d, &by, deed, &ids, &why)?,
        };
        let Outcome { changed, unchanged, refused, sessions } = outcome;
        let refusals = refused.iter().map(|(id, bar)| Refusal { id: *id, reason: bar.as_str() });
        let (refusals, refused) = (refusals.collect(), refused.len());
        let sessions_revoked = sessions;
        Ok(Document::ok(BulkReceipt {
            changed,
            unchanged,
            refused,
            refusals,
            sessions_revoked,
            more,
        }))
    })
    .await?
}
