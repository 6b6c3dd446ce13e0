//! Recomputing the whole ledger, one at a time: it reads every entry.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::reindex;
use crate::service::verification::{self, Proof};
use crate::service::verifying::{self, Outcome, Verification};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(verify, start))
        .routes(routes!(progress))
        .routes(routes!(again))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct VerifyQuery {
    /// A checkpoint kept elsewhere, as its whole text: the ledger must have grown from it.
    since: Option<String>,
    /// A verifier key kept elsewhere, in place of the deployment's own; may be given several times.
    key: Option<Vec<String>>,
}

/// What verification found.
#[derive(ToSchema)]
#[schema(as = auditReport)]
#[expect(dead_code, reason = "describes the report, which writes itself")]
struct Report {
    /// Whether nothing is wrong.
    ok: bool,
    /// `intact`, `altered` or `cannot tell`.
    verdict: String,
    /// How many entries the ledger has, or claims to have where it ends early.
    size: u64,
    /// How many of them were pruned; only their tree is kept.
    #[schema(required = false)]
    pruned: u64,
    /// How many are in order, from the first on; those that are kept were read.
    checked: u64,
    /// What is wrong first.
    #[schema(value_type = Option<Object>, required = true)]
    first_bad: Option<Value>,
    /// The size of the last checkpoint that fits; 0 without any.
    last_good_checkpoint: u64,
    /// What is not wrong but worth knowing.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Value>,
    /// How many more warnings there were.
    #[schema(required = false)]
    more_warnings: u64,
}

/// Recomputes every entry, checkpoint and personal value and waits for it, and records what came of
/// it; 503 while another one runs.
#[utoipa::path(
    get, path = "/audit/verify", operation_id = "verifyAudit", tag = "doorward",
    params(VerifyQuery),
    responses(
        (status = 200, description = "The report, whatever it says.", body = Report),
        (status = 409, description = "Somebody else verifies just now.")
    )
)]
async fn verify(State(app): State<App>, asked: Asked, query: Query) -> Result<Document, Failure> {
    let keys = query.all("key").filter(|key| !key.is_empty()).map(str::to_owned).collect();
    let proof = Proof { keys, since: input::text(&query, "since") };
    // The turn goes along: a client that hangs up does not end the reading.
    let job = move |d: &crate::app::Deps| {
        let Some(_turn) = d.verifying.turn() else { return Ok(None) };
        verification::verify_recorded(d, &asked.admin(), &proof, &mut |_, _| {}).map(Some)
    };
    let report = app.call(job).await??.ok_or_else(verifying::busy)?;
    Ok(Document::ok(document(&report)))
}

/// What was made again.
#[derive(Serialize, ToSchema)]
#[schema(as = auditReindexed)]
struct Reindexed {
    /// How many marks were missing.
    count: u64,
}

/// Makes the index again that the history is searched by, where verification found that it was
/// altered. The entries are not touched.
#[utoipa::path(
    post, path = "/audit/reindex", operation_id = "reindexAudit", tag = "doorward",
    responses((status = 200, description = "What was made again.", body = Reindexed))
)]
async fn again(State(app): State<App>, asked: Asked) -> Result<Document<Reindexed>, Failure> {
    let count = app.call(move |d| reindex::reindex(d, &asked.admin())).await??;
    Ok(Document::ok(Reindexed { count }))
}

/// What to hold the ledger against.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = auditVerificationRequest)]
struct Request {
    /// A checkpoint kept elsewhere, as its whole text: the ledger must have grown from it.
    since: Option<String>,
    /// Verifier keys kept elsewhere, in place of the deployment's own.
    keys: Vec<String>,
}

/// How a verification stands.
#[derive(Serialize, ToSchema)]
#[schema(as = auditVerification)]
struct Standing {
    /// `none` where none was begun since the service started, `running`, `done` or `failed`.
    state: &'static str,
    /// When it began.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Who began it, as `kind:id`.
    by: Option<String>,
    /// How many entries are done.
    done: u64,
    /// Of how many, once that is known.
    of: Option<u64>,
    /// What it found.
    #[schema(value_type = Option<Report>)]
    report: Option<Value>,
    /// Why it could not be done.
    error: Option<String>,
}

impl Standing {
    fn of(one: Option<Verification>) -> Self {
        let mut standing = Self {
            state: "none",
            started_at: one.as_ref().map(|one| one.started_at),
            ended_at: one.as_ref().and_then(|one| Some(one.ended.as_ref()?.0)),
            by: one.as_ref().map(|one| one.by.clone()),
            done: one.as_ref().map_or(0, |one| one.done),
            of: one.as_ref().and_then(|one| one.of),
            report: None,
            error: None,
        };
        match one.map(|one| one.ended) {
            None => {}
            Some(None) => standing.state = "running",
            Some(Some((_, Outcome::Report(report)))) => {
                standing.state = "done";
                standing.report = Some(document(&report));
            }
            Some(Some((_, Outcome::Failed(reason)))) => {
                standing.state = "failed";
                standing.error = Some(reason);
            }
        }
        standing
    }
}

/// Begins to recompute everything, and comes back at once; 503 while another one runs.
#[utoipa::path(
    post, path = "/audit/verify", operation_id = "startAuditVerification", tag = "doorward",
    request_body(content = Request, description = "What to hold it against; nothing is required."),
    responses(
        (status = 202, description = "It runs.", body = Standing),
        (status = 409, description = "It runs already.")
    )
)]
async fn start(
    State(app): State<App>,
    asked: Asked,
    body: Bytes,
) -> Result<Document<Standing>, Failure> {
    let Request { since, keys } = input::body(&body)?;
    let proof = Proof { keys, since };
    let begun = app.call(move |d| verifying::start(d, &asked.admin(), proof)).await??;
    Ok(Document(StatusCode::ACCEPTED, Standing::of(Some(begun))))
}

/// How the verification that runs stands, or what came of the last one.
#[utoipa::path(
    get, path = "/audit/verify/progress", operation_id = "getAuditVerification", tag = "doorward",
    responses((status = 200, description = "How it stands.", body = Standing))
)]
async fn progress(State(app): State<App>) -> Result<Document<Standing>, Failure> {
    let last = app.call(|d| d.verifying.look()).await?;
    Ok(Document::ok(Standing::of(last)))
}

fn document(report: &verification::Report) -> Value {
    let mut document = report.to_json();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("verdict".to_owned(), report.verdict().as_str().into());
    }
    document
}
