//! How things stand, in numbers that cost little.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::service::listing::Total;
use crate::service::overview;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(overview))
}

/// How things stand.
#[derive(Serialize, ToSchema)]
#[schema(as = overview)]
struct Shown {
    /// How many people there are.
    people: Count,
    /// The same by status.
    statuses: Vec<StatusCount>,
    /// Sign-ins of the last 14 days in UTC, the oldest day first.
    days: Vec<Day>,
    ledger: LedgerShown,
    messages: MessagesShown,
    /// Bytes of the embedded database with its log; null when a server holds the data.
    store_bytes: Option<u64>,
    /// Room left beside it.
    free_bytes: Option<u64>,
    /// The version of the program.
    version: &'static str,
}

/// A number.
#[derive(Serialize, ToSchema)]
#[schema(as = overviewCount)]
struct Count {
    count: u64,
    /// Whether it was counted; otherwise it is estimated, or there are as many and more.
    exact: bool,
}

impl From<Total> for Count {
    fn from(total: Total) -> Self {
        Self { count: total.count, exact: total.exact }
    }
}

/// A number of people.
#[derive(Serialize, ToSchema)]
#[schema(as = overviewStatus)]
struct StatusCount {
    #[schema(example = "blocked")]
    status: &'static str,
    #[serde(flatten)]
    count: Count,
}

/// A day; each number is at most 10000, which stands for that many and more.
#[derive(Serialize, ToSchema)]
#[schema(as = overviewDay)]
struct Day {
    #[schema(format = Date)]
    date: String,
    success: u64,
    failure: u64,
}

/// The ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = overviewLedger)]
struct LedgerShown {
    entries: u64,
    /// How many of them no checkpoint covers.
    unsigned: u64,
    /// The first that is kept.
    kept_from: u64,
    /// How many the last checkpoint covers; null before there is one.
    checkpoint_size: Option<u64>,
    /// The root over them, in hex.
    checkpoint_root: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    checkpoint_at: Option<Timestamp>,
}

/// The outbox.
#[derive(Serialize, ToSchema)]
#[schema(as = overviewMessages)]
struct MessagesShown {
    /// Wait, or are being sent.
    waiting: u64,
    /// Were given up and are still there.
    abandoned: u64,
    /// Whether mail cannot go out.
    trouble: bool,
}

/// How things stand: people, sign-ins, mail, store and ledger.
#[utoipa::path(
    get, path = "/overview", operation_id = "getOverview", tag = "doorward",
    responses((status = 200, description = "The numbers.", body = Shown))
)]
async fn overview(State(app): State<App>) -> Result<Document<Shown>, Failure> {
    let stand = app.call(overview::of).await??;
    let status =
        |(status, total): (&'static str, Total)| StatusCount { status, count: total.into() };
    let day = |day: overview::Day| Day {
        date: day.date.to_string(),
        success: day.success,
        failure: day.failure,
    };
    let (size, root) = stand.checkpoint.unzip();
    Ok(Document::ok(Shown {
        people: stand.people.into(),
        statuses: stand.statuses.into_iter().map(status).collect(),
        days: stand.days.into_iter().map(day).collect(),
        ledger: LedgerShown {
            entries: stand.vitals.entries,
            unsigned: stand.vitals.unsigned,
            kept_from: stand.kept_from,
            checkpoint_size: size,
            checkpoint_at: size.map(|_| stand.signed_at),
            checkpoint_root: root,
        },
        messages: MessagesShown {
            waiting: stand.vitals.messages.waiting(),
            abandoned: stand.vitals.messages.abandoned,
            trouble: stand.vitals.mail_trouble,
        },
        store_bytes: stand.vitals.bytes,
        free_bytes: stand.vitals.free,
        version: stand.version,
    }))
}
