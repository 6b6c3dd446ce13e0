//! People for other programs, sent while they are read.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::directory::{self, Format};
use crate::service::listing::ListIdentities;
use crate::service::typed;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct DirectoryQuery {
    /// Which people: words and conditions, as for the search; everybody without.
    q: Option<String>,
    /// `jsonl`, which is what is meant when nothing is said, or `csv`.
    format: Option<String>,
}

/// The people whom a search finds, as JSON Lines or as a table, without credentials; that they were
/// handed out is itself recorded.
#[utoipa::path(
    get, path = "/identities/export", operation_id = "exportDirectory", tag = "doorward",
    params(DirectoryQuery),
    responses((status = 200, description = "One person a line.", body = String,
        content_type = "application/jsonl"))
)]
async fn export(State(app): State<App>, asked: Asked, query: Query) -> Result<Response, Failure> {
    let format = input::parsed(&query, "format", Format::parse, "jsonl or csv")?;
    let format = format.unwrap_or(Format::Jsonl);
    let text = query.text("q").unwrap_or_default();
    let request = typed::with(ListIdentities::default(), text)?;
    let wanted = request.clone();
    let head = app.call(move |d| directory::begin(d, &asked.admin(), &wanted, format)).await??;
    Ok(sent(app, request, format, head))
}

/// The answer: `head`, and line after line.
pub fn sent(app: App, request: ListIdentities, format: Format, head: String) -> Response {
    let first = Some((head, None));
    let lines = stream::unfold(first, move |next| {
        let (app, request) = (app.clone(), request.clone());
        async move {
            let (head, token) = next?;
            match app.call(move |d| directory::lines(d, &request, format, token)).await {
                Ok(Ok((lines, token))) => {
                    let next = token.map(|token| (String::new(), Some(token)));
                    Some((Ok(head + &lines), next))
                }
                // Cuts the answer off, so that it cannot be taken for whole.
                Ok(Err(error)) => Some((Err(broken(&error)), None)),
                Err(error) => Some((Err(broken(&error)), None)),
            }
        }
    });
    let kind = match format {
        Format::Csv => "text/csv; charset=utf-8; header=present",
        Format::Jsonl => "application/jsonl",
    };
    let name = format!("attachment; filename=\"people.{}\"", format.as_str());
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::from_stream(lines)).into_response()
}

fn broken(error: &dyn std::fmt::Display) -> std::io::Error {
    tracing::error!(%error, "an export was cut off");
    std::io::Error::other("the export was cut off")
}
