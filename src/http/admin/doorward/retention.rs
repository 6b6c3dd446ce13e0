//! What goes from the ledger: old entries, and the personal values of people who are gone.

use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::pruning::{self, Before};
use crate::service::{erasure, gone};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(preview, prune))
        .routes(routes!(erasures))
        .routes(routes!(back, repeat))
        .routes(routes!(state))
        .routes(routes!(erase))
        .routes(routes!(hold))
        .routes(routes!(release))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct PruneQuery {
    /// Entries before this one.
    before: Option<u64>,
    /// Entries made before this time; give either this or `before`.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
}

/// Which entries go; give one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = auditPruneRequest)]
struct Request {
    /// Entries before this one.
    before: Option<u64>,
    /// Entries made before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// What goes, or would.
#[derive(Serialize, ToSchema)]
#[schema(as = auditPruning)]
struct Pruning {
    /// The first entry that is kept: the size of a signed checkpoint at or before what was asked for.
    before: u64,
    /// How many entries go.
    count: u64,
    /// How many personal values go with them.
    disclosures: u64,
    /// The root over everything that is gone then, in hex; empty when nothing goes.
    root: String,
    /// When the first entry that is kept was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    kept_since: Option<Timestamp>,
    /// Whether more would go if nobody's personal values were held.
    held: bool,
}

impl From<pruning::Pruning> for Pruning {
    fn from(one: pruning::Pruning) -> Self {
        let pruning::Pruning { before, count, disclosures, root, kept_since, held } = one;
        Self { before, count, disclosures, root, kept_since, held }
    }
}

fn which(before: Option<u64>, until: Option<Timestamp>) -> Result<Before, Failure> {
    match (before, until) {
        (Some(seq), None) => Ok(Before::Entry(seq)),
        (None, Some(time)) => Ok(Before::Time(time)),
        _ => Err(Failure::invalid("Give either before or until.".to_owned())),
    }
}

/// Says what pruning would take away.
#[utoipa::path(
    get, path = "/audit/prune", operation_id = "previewAuditPruning", tag = "doorward",
    params(PruneQuery),
    responses((status = 200, description = "What would go.", body = Pruning))
)]
async fn preview(State(app): State<App>, query: Query) -> Result<Document<Pruning>, Failure> {
    let which = which(input::number(&query, "before")?, input::time(&query, "until")?)?;
    Ok(Document::ok(app.call(move |d| pruning::preview(d, which)).await??.into()))
}

/// Drops the oldest entries: those that a checkpoint covers, that are older than a day and in which
/// nobody has a part whose personal values are held. The rest proves itself as before.
#[utoipa::path(
    post, path = "/audit/prune", operation_id = "pruneAudit", tag = "doorward",
    request_body = Request,
    responses((status = 200, description = "What went.", body = Pruning))
)]
async fn prune(
    State(app): State<App>,
    asked: Asked,
    body: Bytes,
) -> Result<Document<Pruning>, Failure> {
    let Request { before, until } = input::required(&body)?;
    let which = which(before, until)?;
    let job = move |d: &crate::app::Deps| pruning::prune(d, &asked.admin(), which, "request");
    Ok(Document::ok(app.call(job).await??.into()))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct ErasuresQuery {
    /// Not before this time: after a backup was restored, the time it was made.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Erasures.
#[derive(Serialize, ToSchema)]
#[schema(as = auditErasures)]
struct Erasures {
    /// The entries that record those that were done, the newest first.
    #[schema(value_type = Vec<Object>)]
    done: Vec<Value>,
    /// Asks for the next page of them; null on the last one.
    next_cursor: Option<String>,
    /// Those to come, the next first.
    waiting: Vec<Waiting>,
}

/// Somebody who is to be erased.
#[derive(Serialize, ToSchema)]
#[schema(as = auditErasureWaiting)]
struct Waiting {
    identity: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Whose personal values were erased, and whose will be.
#[utoipa::path(
    get, path = "/audit/erasures", operation_id = "listAuditErasures", tag = "doorward",
    params(ErasuresQuery),
    responses((status = 200, description = "The erasures.", body = Erasures))
)]
async fn erasures(State(app): State<App>, query: Query) -> Result<Document<Erasures>, Failure> {
    let (since, cursor) = (input::time(&query, "since")?, input::text(&query, "cursor"));
    let found = app.call(move |d| erasure::list(d, since, cursor)).await??;
    let read = |row: &crate::service::ledger::EventRow| {
        serde_json::from_str(&row.json).unwrap_or_default()
    };
    Ok(Document::ok(Erasures {
        done: found.done.items.iter().map(read).collect(),
        next_cursor: found.done.next_page_token,
        waiting: found.waiting.into_iter().map(|(identity, at)| Waiting { identity, at }).collect(),
    }))
}

/// People whom an older database brought back.
#[derive(Serialize, ToSchema)]
#[schema(as = auditErasuresBack)]
struct Back {
    /// Who they are. Nobody is served while there are any.
    people: Vec<BackAgain>,
}

/// Somebody who is back.
#[derive(Serialize, ToSchema)]
#[schema(as = auditErasureBack)]
struct BackAgain {
    identity: Uuid,
    /// When they were deleted; null when only what the ledger keeps of them is back.
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted: Option<Timestamp>,
    /// Whether their personal values were erased.
    erased: bool,
}

/// Who is back in the database although they were deleted or erased, because an older backup was
/// restored.
#[utoipa::path(
    get, path = "/audit/erasures/repeat", operation_id = "listErasuresToRepeat", tag = "doorward",
    responses((status = 200, description = "They.", body = Back))
)]
async fn back(State(app): State<App>) -> Result<Document<Back>, Failure> {
    let people = app.call(gone::missing).await??.into_iter();
    let shown = |one: gone::Departed| {
        let gone::Departed { id: identity, deleted, erased } = one;
        BackAgain { identity, deleted, erased }
    };
    Ok(Document::ok(Back { people: people.map(shown).collect() }))
}

/// What was done again.
#[derive(Serialize, ToSchema)]
#[schema(as = auditErasuresRepeated)]
struct Repeated {
    /// How many people were deleted.
    deleted: u64,
    /// How many had personal values that were erased.
    erased: u64,
    /// How many values that were.
    values: u64,
}

/// Deletes and erases them again; then everybody is served.
#[utoipa::path(
    post, path = "/audit/erasures/repeat", operation_id = "repeatErasures", tag = "doorward",
    responses((status = 200, description = "What was done.", body = Repeated))
)]
async fn repeat(State(app): State<App>, asked: Asked) -> Result<Document<Repeated>, Failure> {
    let again = app.call(move |d| gone::again(d, &asked.admin())).await??;
    let with = app.clone();
    app.call(move |d| crate::http::gone::look(&with, d)).await?;
    let gone::Again { deleted, erased, values } = again;
    Ok(Document::ok(Repeated { deleted, erased, values }))
}

/// What becomes of somebody's personal values in the ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = personalRetention)]
struct Retained {
    id: Uuid,
    /// Since when they are held; null when they are not.
    #[schema(value_type = Option<String>, format = DateTime)]
    held_since: Option<Timestamp>,
    /// When they are to be erased; null when that is not planned.
    #[schema(value_type = Option<String>, format = DateTime)]
    erase_at: Option<Timestamp>,
}

/// What becomes of somebody's personal values in the ledger; they may be deleted already.
#[utoipa::path(
    get, path = "/identities/{id}/retention", operation_id = "getIdentityRetention",
    tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "How it stands.", body = Retained))
)]
async fn state(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Document<Retained>, Failure> {
    let id = input::id(&id)?;
    let (held_since, erase_at) = app.call(move |d| erasure::state(d, id)).await??;
    Ok(Document::ok(Retained { id, held_since, erase_at }))
}

/// What an erasure did.
#[derive(Serialize, ToSchema)]
#[schema(as = erasureReceipt)]
struct Erased {
    id: Uuid,
    /// How many personal values are gone.
    count: u64,
    /// Whether they are gone from the log of the database as well; otherwise they soon are.
    wiped: bool,
}

/// Erases at once what the ledger keeps of a deleted person beside its entries, where they are
/// concerned and where they acted.
#[utoipa::path(
    post, path = "/identities/{id}/erase", operation_id = "eraseIdentity", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity, deleted already.")),
    responses((status = 200, description = "The receipt.", body = Erased))
)]
async fn erase(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Document<Erased>, Failure> {
    let id = input::id(&id)?;
    let done = app.call(move |d| erasure::erase(d, &asked.admin(), id)).await??;
    Ok(Document::ok(Erased { id, count: done.count, wiped: done.wiped }))
}

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = holdReason)]
struct Why {
    /// Free text, such as a file number; personal data.
    note: Option<String>,
}

/// Whether something changed.
#[derive(Serialize, ToSchema)]
#[schema(as = holdReceipt)]
struct HoldReceipt {
    id: Uuid,
    /// Whether they are held now.
    held: bool,
    /// Whether it was otherwise before; if not, nothing was done or recorded.
    changed: bool,
}

/// Keeps somebody's personal values in the ledger, whatever retention and erasure say.
#[utoipa::path(
    post, path = "/identities/{id}/hold", operation_id = "holdIdentity", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity, deleted or not.")),
    request_body(content = Why, description = "Why; nothing is required."),
    responses((status = 200, description = "The receipt.", body = HoldReceipt))
)]
async fn hold(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<HoldReceipt>, Failure> {
    let (id, Why { note }) = (input::id(&id)?, input::body(&body)?);
    let job = move |d: &crate::app::Deps| erasure::hold(d, &asked.admin(), id, note.as_deref());
    Ok(Document::ok(HoldReceipt { id, held: true, changed: app.call(job).await?? }))
}

/// Ends a hold: what would have gone meanwhile goes soon.
#[utoipa::path(
    post, path = "/identities/{id}/release", operation_id = "releaseIdentity", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity, deleted or not.")),
    request_body(content = Why, description = "Why; nothing is required."),
    responses((status = 200, description = "The receipt.", body = HoldReceipt))
)]
async fn release(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<HoldReceipt>, Failure> {
    let (id, Why { note }) = (input::id(&id)?, input::body(&body)?);
    let job = move |d: &crate::app::Deps| erasure::release(d, &asked.admin(), id, note.as_deref());
    Ok(Document::ok(HoldReceipt { id, held: false, changed: app.call(job).await?? }))
}
