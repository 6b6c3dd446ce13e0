//! Mail and text messages on their way.

use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::domain::message::MessageStatus;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::paging;
use crate::http::query::Query;
use crate::http::view::message::{MessageDocument, message};
use crate::service::courier::{self, ListMessages};

/// The routes of the outbox.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// Messages, the newest first.
#[utoipa::path(
    get, path = "/courier/messages", operation_id = "listCourierMessages", tag = "courier",
    params(
        ("status" = Option<String>, Query,
            description = "`queued`, `processing`, `sent` or `abandoned`."),
        ("recipient" = Option<String>, Query, description = "The exact address they go to."),
        ("page_size" = Option<u32>, Query, description = "1 to 500; 10 when not said."),
        ("page_token" = Option<String>, Query, description = "As the link to a page has it.")
    ),
    responses(
        (status = 200, description = "A page; `Link` leads to the next.", body = [MessageDocument]),
        (status = 400, description = "A parameter makes no sense.")
    )
)]
async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    query: Query,
) -> Result<Response, Failure> {
    let request = asked(&query, 10)?;
    let size = request.page_size;
    let page = app.call(move |d| courier::list(d, &request)).await??;
    let links = paging::keyset(&uri, size, page.next_page_token.as_deref());
    let all = page.items.into_iter().map(|one| message(one, None));
    Ok((links, Document::ok(all.collect::<Vec<_>>())).into_response())
}

/// Which messages are asked for, `usual` of them on a page.
pub(super) fn asked(query: &Query, usual: u32) -> Result<ListMessages, Failure> {
    let status = query.text("status").map(|word| {
        MessageStatus::parse(word).ok_or_else(|| {
            Failure::invalid("A status is one of queued, processing, sent and abandoned.")
        })
    });
    Ok(ListMessages {
        status: status.transpose()?,
        recipient: query.text("recipient").map(str::to_owned),
        page_size: paging::size(query, usual, 500),
        page_token: query.text("page_token").map(str::to_owned),
    })
}

/// One message, with the attempts to send it.
#[utoipa::path(
    get, path = "/courier/messages/{id}", operation_id = "getCourierMessage", tag = "courier",
    params(("id" = String, Path, description = "The message's id.")),
    responses(
        (status = 200, description = "The message.", body = MessageDocument),
        (status = 400, description = "The id is not a UUID."),
        (status = 404, description = "There is no such message.")
    )
)]
async fn get(State(app): State<App>, Path(text): Path<String>) -> Result<Response, Failure> {
    let id = Uuid::parse_str(&text)
        .map_err(|_| Failure::invalid("The id in the path is not a UUID."))?;
    let (found, dispatches) = app.call(move |d| courier::find(d, id)).await??;
    Ok(Document::ok(message(found, Some(dispatches))).into_response())
}
