//! Recomputing the whole ledger, one at a time: it reads every entry.

use axum::extract::State;
use serde_json::Value;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::verification::{self, Proof};

/// One for the whole process.
static TURN: Semaphore = Semaphore::const_new(1);

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify))
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
    /// How many were read and found in order, from the first on.
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

/// Recomputes every entry, checkpoint and personal value; 503 while another such request runs.
#[utoipa::path(
    get, path = "/audit/verify", operation_id = "verifyAudit", tag = "doorward",
    params(VerifyQuery),
    responses((status = 200, description = "The report, whatever it says.", body = Report))
)]
async fn verify(State(app): State<App>, query: Query) -> Result<Document, Failure> {
    let turn = TURN.try_acquire().map_err(|_| busy())?;
    let keys = query.all("key").filter(|key| !key.is_empty()).map(str::to_owned).collect();
    let proof = Proof { keys, since: input::text(&query, "since") };
    // The turn goes along: a client that hangs up does not end the reading.
    let job = move |d: &crate::app::Deps| {
        let report = verification::verify(d, &proof, &mut |_, _| {});
        drop(turn);
        report
    };
    let report = app.call(job).await??;
    let mut document = report.to_json();
    if let Some(fields) = document.as_object_mut() {
        fields.insert("verdict".to_owned(), report.verdict().as_str().into());
    }
    Ok(Document::ok(document))
}

fn busy() -> Failure {
    Failure::new(axum::http::StatusCode::SERVICE_UNAVAILABLE)
        .reason("The ledger is being verified already; try again in a moment.")
        .retry_after(5)
}
