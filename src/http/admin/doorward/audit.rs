//! The history: entries by filters, one entry with all that is known of it, signed checkpoints.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::ledger::event::Outcome;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::ledger::{self, EventFilter};
use crate::service::proofs;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(events))
        .routes(routes!(event))
        .routes(routes!(newest_checkpoint, make_checkpoint))
}

/// Which entries; every condition that is set must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct EventsQuery {
    /// About this identity.
    principal: Option<Uuid>,
    /// By the actor with this id.
    actor: Option<String>,
    /// Of this type, or of a family written as `user.*`; may be given several times.
    r#type: Option<Vec<String>>,
    /// In this realm.
    realm: Option<String>,
    /// About this application.
    client: Option<String>,
    /// In this session.
    session: Option<String>,
    /// Of this request or task.
    tx: Option<String>,
    /// `success`, `failure` or `denied`.
    outcome: Option<String>,
    /// Not before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// How many entries at the most; 50 when nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
#[schema(as = auditEvents)]
struct Events {
    /// Entries as they were sealed, the newest first.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    /// Asks for the next page; null on the last one. A page may be short, even empty, and not be
    /// the last.
    next_cursor: Option<String>,
}

/// Entries of the ledger, the newest first.
#[utoipa::path(
    get, path = "/audit/events", operation_id = "listAuditEvents", tag = "doorward",
    params(EventsQuery),
    responses((status = 200, description = "A page of entries.", body = Events))
)]
async fn events(State(app): State<App>, query: Query) -> Result<Document<Events>, Failure> {
    let filter = filter(&query)?;
    let page = app.call(move |d| ledger::list(d, &filter)).await??;
    let read = |row: &ledger::EventRow| serde_json::from_str(&row.json).unwrap_or_default();
    let events = page.items.iter().map(read).collect();
    Ok(Document::ok(Events { events, next_cursor: page.next_page_token }))
}

fn filter(query: &Query) -> Result<EventFilter, Failure> {
    let id = |text: &str| text.parse::<Uuid>().ok();
    Ok(EventFilter {
        principal: input::parsed(query, "principal", id, "an id (a UUID)")?,
        kinds: query.all("type").filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
        actor: input::text(query, "actor"),
        realm: input::text(query, "realm"),
        client: input::text(query, "client"),
        session: input::text(query, "session"),
        tx: input::text(query, "tx"),
        outcome: input::parsed(query, "outcome", Outcome::parse, "success, failure or denied")?,
        since: input::time(query, "since")?,
        until: input::time(query, "until")?,
        page_size: input::number(query, "limit")?,
        page_token: input::text(query, "cursor"),
    })
}

/// One entry and what is known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = auditEvent)]
struct Inspected {
    seq: u64,
    /// The entry.
    #[schema(value_type = Object)]
    entry: Value,
    /// The same as the exact text under the leaf hash.
    json: String,
    /// The leaf hash, in hex: SHA-256 of a zero byte and that text.
    leaf: String,
    /// The personal values that are still kept for it.
    disclosures: Vec<Disclosed>,
    /// A proof against the newest checkpoint (C2SP tlog-proof); null until one covers the entry.
    proof: Option<String>,
}

/// A personal value that the entry holds only a digest of.
#[derive(Serialize, ToSchema)]
#[schema(as = auditDisclosure)]
struct Disclosed {
    name: String,
    value: Value,
    /// The text under the digest: base64url of the JSON array of salt, name and value.
    disclosure: String,
}

/// One entry, with its personal values and a proof.
#[utoipa::path(
    get, path = "/audit/events/{seq}", operation_id = "getAuditEvent", tag = "doorward",
    params(("seq" = u64, Path, description = "The entry, counted from 0.")),
    responses((status = 200, description = "The entry.", body = Inspected))
)]
async fn event(
    State(app): State<App>,
    Path(seq): Path<String>,
) -> Result<Document<Inspected>, Failure> {
    let seq = input::number_in_path(&seq)?;
    let found = app.call(move |d| proofs::entry(d, seq)).await??;
    let disclosures = found.disclosures.into_iter().map(|one| Disclosed {
        value: value_of(&one.encoded),
        name: one.name,
        disclosure: one.encoded,
    });
    Ok(Document::ok(Inspected {
        seq,
        entry: serde_json::from_str(&found.json).unwrap_or_default(),
        leaf: hex::encode(found.leaf),
        disclosures: disclosures.collect(),
        proof: found.proof,
        json: found.json,
    }))
}

/// The value in a disclosure; null where it cannot be read, which verification reports.
fn value_of(encoded: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default();
    let parts: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    parts.into_iter().nth(2).unwrap_or_default()
}

/// The newest signed checkpoint.
#[utoipa::path(
    get, path = "/audit/checkpoint", operation_id = "getAuditCheckpoint", tag = "doorward",
    responses(
        (status = 200, description = "A signed note (C2SP tlog-checkpoint).", body = String,
         content_type = "text/plain")
    )
)]
async fn newest_checkpoint(State(app): State<App>) -> Result<Response, Failure> {
    let note = app.call(proofs::newest_checkpoint).await??.ok_or_else(Failure::missing)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

/// A signed state of the ledger, to be kept elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = auditCheckpoint)]
struct Signed {
    /// The signed note (C2SP tlog-checkpoint).
    checkpoint: String,
    /// The key that checks it (C2SP signed-note).
    verifier_key: String,
    /// How many entries it covers.
    size: u64,
    /// The root over them, in hex.
    root: String,
}

/// Signs the present state of the ledger and records that it was handed out.
#[utoipa::path(
    post, path = "/audit/checkpoint", operation_id = "createAuditCheckpoint", tag = "doorward",
    responses((status = 201, description = "The checkpoint.", body = Signed))
)]
async fn make_checkpoint(
    State(app): State<App>,
    asked: Asked,
) -> Result<Document<Signed>, Failure> {
    let made = app.call(move |d| ledger::checkpoint(d, &asked.admin())).await??;
    Ok(Document::created(Signed {
        checkpoint: made.note,
        verifier_key: made.verifier_key,
        size: made.size,
        root: made.root,
    }))
}
