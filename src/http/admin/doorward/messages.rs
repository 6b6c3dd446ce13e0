//! Mail on its way: how it goes on, and what can be done about it. What the Kratos API has is there too,
//! under `/courier/messages`.

use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::mail_fault::MailFault;
use crate::domain::message::{Dispatch, Mail};
use crate::http::admin::courier::asked;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::paging;
use crate::http::query::Query;
use crate::service::outbox;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(retry))
        .routes(routes!(give_up))
}

/// A message, without what it says.
#[derive(Serialize, ToSchema)]
#[schema(as = mail)]
struct MailDocument {
    id: Uuid,
    /// `queued`, `processing`, `sent` or `abandoned`.
    status: &'static str,
    recipient: String,
    /// What it is about.
    #[schema(example = "recovery_code_valid")]
    template: &'static str,
    /// How often it was tried.
    attempts: i64,
    /// When it is tried next; null once it was sent or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// When what it says is no longer true.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Why the last attempt failed and what to do, with the code and status of the mail server where it
    /// gave some; null where it did not fail.
    last_error: Option<String>,
    /// Each attempt, where one message was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<Vec<Tried>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = mailAttempt)]
struct Tried {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why it failed; null where it did not.
    error: Option<String>,
}

fn shown(mail: Mail, tried: Option<Vec<Dispatch>>) -> MailDocument {
    let tried = tried.map(|all| {
        let said = |fault: MailFault| fault.to_string();
        all.into_iter()
            .map(|one| Tried { at: one.created_at, error: one.error.map(said) })
            .collect()
    });
    MailDocument {
        id: mail.message.id,
        status: mail.message.status.as_str(),
        recipient: mail.message.recipient,
        template: mail.message.template.as_str(),
        attempts: mail.message.send_count,
        next_at: mail.next_at,
        expires_at: mail.expires_at,
        last_error: mail.last_error.map(|fault| fault.to_string()),
        tried,
        created_at: mail.message.created_at,
        updated_at: mail.message.updated_at,
    }
}

/// Messages, the newest first.
#[utoipa::path(
    get, path = "/messages", operation_id = "listMail", tag = "doorward",
    params(
        ("status" = Option<String>, Query,
            description = "`queued`, `processing`, `sent` or `abandoned`."),
        ("recipient" = Option<String>, Query, description = "The exact address they go to."),
        ("page_size" = Option<u32>, Query, description = "1 to 500; 50 when not said."),
        ("page_token" = Option<String>, Query, description = "As the link to a page has it.")
    ),
    responses(
        (status = 200, description = "A page; `Link` leads to the next.", body = [MailDocument]),
        (status = 400, description = "A parameter makes no sense.")
    )
)]
async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    query: Query,
) -> Result<Response, Failure> {
    let request = asked(&query, 50)?;
    let size = request.page_size;
    let page = app.call(move |d| outbox::list(d, &request)).await??;
    let links = paging::keyset(&uri, size, page.next_page_token.as_deref());
    let all = page.items.into_iter().map(|one| shown(one, None));
    Ok((links, Document::ok(all.collect::<Vec<_>>())).into_response())
}

/// One message, with the attempts to send it.
#[utoipa::path(
    get, path = "/messages/{id}", operation_id = "getMail", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The message.")),
    responses((status = 200, description = "The message.", body = MailDocument))
)]
async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Document<MailDocument>, Failure> {
    let id = input::id(&id)?;
    let (mail, tried) = app.call(move |d| outbox::find(d, id)).await??;
    Ok(Document::ok(shown(mail, Some(tried))))
}

/// Has a message that waits tried at once.
#[utoipa::path(
    post, path = "/messages/{id}/retry", operation_id = "retryMail", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The message.")),
    responses(
        (status = 204, description = "It is its turn."),
        (status = 409, description = "`status_transition`: it does not wait.")
    )
)]
async fn retry(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let id = input::id(&id)?;
    app.call(move |d| outbox::retry(d, &asked.admin(), id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a message up that waits, and erases what it says.
#[utoipa::path(
    post, path = "/messages/{id}/give-up", operation_id = "giveUpMail", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The message.")),
    responses(
        (status = 204, description = "It is given up."),
        (status = 409, description = "`status_transition`: it does not wait.")
    )
)]
async fn give_up(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let id = input::id(&id)?;
    app.call(move |d| outbox::give_up(d, &asked.admin(), id)).await??;
    Ok(StatusCode::NO_CONTENT)
}
