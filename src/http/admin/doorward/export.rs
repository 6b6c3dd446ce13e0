//! The ledger as JSON Lines, sent while it is read, in the format of `doorward audit export`.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::exported;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::verification::{Part, begin_export};

/// Says about how many entries an export is.
const SIZE: HeaderName = HeaderName::from_static("doorward-ledger-size");

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct ExportQuery {
    /// `entries`, which is what is meant when nothing is said, `checkpoints`, `pruned` (the tree of
    /// entries that are no longer kept, empty while there are none) or `disclosures`. The last are
    /// the personal values; nothing else holds any.
    part: Option<String>,
    /// About how many entries, from the first on; without it about all, which are signed first. The
    /// parts of one export are asked for with one size.
    size: Option<u64>,
}

/// The ledger as JSON Lines; what is handed out is itself recorded.
#[utoipa::path(
    get, path = "/audit/export", operation_id = "exportAudit", tag = "doorward",
    params(ExportQuery),
    responses(
        (status = 200, description = "One JSON document a line; an entry without its line feed is \
            exactly what was hashed.", body = String, content_type = "application/jsonl",
         headers(("Doorward-Ledger-Size" = u64, description = "How many entries it is about.")))
    )
)]
async fn export(State(app): State<App>, asked: Asked, query: Query) -> Result<Response, Failure> {
    let form = "entries, checkpoints, pruned or disclosures";
    let part = input::parsed(&query, "part", part, form)?.unwrap_or(Part::Entries);
    let size = input::number(&query, "size")?;
    let size = app.call(move |d| begin_export(d, &asked.admin(), part, size)).await??;
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (SIZE, size.to_string()),
    ];
    Ok((headers, exported::body(app, part, size)).into_response())
}

fn part(word: &str) -> Option<Part> {
    match word {
        "entries" => Some(Part::Entries),
        "checkpoints" => Some(Part::Checkpoints),
        "disclosures" => Some(Part::Disclosures),
        "pruned" => Some(Part::Pruned),
        _ => None,
    }
}
