//! Who is signed in, and a person's own sessions.

use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, on};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::denied::denied;
use crate::app::Deps;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::paging::Counted;
use crate::http::query::Query;
use crate::http::ticket::{self, Ticket};
use crate::http::view::session::{SessionDocument, session};
use crate::service::sessions::{self, CheckedRaw, Denied};

const IDENTITY: HeaderName = HeaderName::from_static("x-kratos-authenticated-identity-id");

/// The routes of a person's sessions.
pub fn routes() -> OpenApiRouter<App> {
    // Proxies ask with whatever method the request has that they want to let on.
    let others = MethodFilter::POST
        .or(MethodFilter::PUT)
        .or(MethodFilter::PATCH)
        .or(MethodFilter::DELETE)
        .or(MethodFilter::OPTIONS)
        .or(MethodFilter::TRACE);
    OpenApiRouter::new()
        .routes(routes!(whoami))
        .route("/sessions/whoami", on(others, whoami))
        .routes(routes!(list, revoke_others))
        .routes(routes!(revoke))
}

/// Who is signed in. Any method is answered in the same way.
#[utoipa::path(
    get, path = "/sessions/whoami", operation_id = "toSession", tag = "frontend",
    params(
        ("X-Session-Token" = Option<String>, Header, description = "A session token."),
        ("Cookie" = Option<String>, Header, description = "The session cookie."),
        ("return_to" = Option<String>, Query,
            description = "Where to go after a second factor that is missing."),
        ("tokenize_as" = Option<String>, Query,
            description = "The template of a signed token that the answer is to have.")
    ),
    responses(
        (status = 200, description = "The session; a header names the identity.",
            body = SessionDocument),
        (status = 400, description = "There is no such template."),
        (status = 401, description = "There is no session that works."),
        (status = 403, description = "The session needs a second factor, or its owner has yet to \
            accept the terms of service.")
    )
)]
async fn whoami(
    State(app): State<App>,
    asked: Asked,
    Ticket(presented): Ticket,
    query: Query,
) -> Result<Response, Failure> {
    let Some(presented) = presented else { return Err(nobody()) };
    let signs = query.text("tokenize_as").is_some();
    let job = move |d: &Deps| {
        let checked = sessions::check_raw(d, Some(&presented)).map_err(|why| match why {
            Denied::NoSession => nobody(),
            why => denied(&d.options.base_url(), query.text("return_to"), why),
        })?;
        let mut headers = HeaderMap::new();
        let end = checked.session.expires_at;
        if presented.is_outdated(end.as_second()) {
            let now = d.clock.now();
            let cookie = ticket::set(&d.options, asked.secure, &presented, now, end);
            headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        answer(d, headers, &checked, query.text("tokenize_as"))
    };
    // A mapper may take its time.
    if signs { app.call(job).await? } else { app.look(job).await? }
}

fn answer(
    d: &Deps,
    mut headers: HeaderMap,
    checked: &CheckedRaw,
    template: Option<&str>,
) -> Result<Response, Failure> {
    if let Ok(id) = HeaderValue::from_str(&checked.identity.id.to_string()) {
        headers.insert(IDENTITY, id);
    }
    let (base_url, now) = (d.options.base_url(), d.clock.now());
    let mut shown = session(&base_url, now, &checked.session, Some(&checked.identity), true);
    if let Some(template) = template {
        let document = serde_json::to_value(&shown).map_err(|error| {
            tracing::error!(%error, "a session cannot be written as JSON");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR)
        })?;
        shown = shown.tokenized(sessions::tokenize(d, checked, template, &document)?);
    }
    Ok((headers, Document::ok(shown)).into_response())
}

/// Clients know this case by its having no id.
fn nobody() -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED)
        .reason("No valid session credentials found in the request.")
}

/// The other sessions of the person that work, the newest first.
#[utoipa::path(
    get, path = "/sessions", operation_id = "listMySessions", tag = "frontend",
    params(
        ("X-Session-Token" = Option<String>, Header, description = "A session token."),
        ("Cookie" = Option<String>, Header, description = "The session cookie."),
        ("page" = Option<u64>, Query, description = "Counted from 0."),
        ("per_page" = Option<u32>, Query, description = "1 to 1000; 250 when not said."),
        ("page_size" = Option<u32>, Query, description = "The same as `per_page`."),
        ("page_token" = Option<String>, Query, description = "As the link to a page has it.")
    ),
    responses(
        (status = 200, description = "A page; `Link` leads to the others, `X-Total-Count` says how \
            many there are.", body = [SessionDocument]),
        (status = 401, description = "There is no session that works."),
        (status = 403, description = "The session needs a second factor, or its owner has yet to \
            accept the terms of service.")
    )
)]
async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Ticket(presented): Ticket,
    query: Query,
) -> Result<Response, Failure> {
    let page = Counted::read(&query);
    app.call(move |d| {
        let (base_url, now) = (d.options.base_url(), d.clock.now());
        let (current, found, total) = sessions::others(d, presented.as_ref(), page.slice())
            .map_err(|why| denied(&base_url, None, why))?;
        let owner = Some(&current.identity);
        let all = found.iter().map(|one| session(&base_url, now, one, owner, true));
        let document = Document::ok(all.collect::<Vec<_>>());
        Ok((page.headers(&uri, total), document).into_response())
    })
    .await?
}

/// Ends all other sessions of the person.
#[utoipa::path(
    delete, path = "/sessions", operation_id = "disableMyOtherSessions", tag = "frontend",
    params(
        ("X-Session-Token" = Option<String>, Header, description = "A session token."),
        ("Cookie" = Option<String>, Header, description = "The session cookie.")
    ),
    responses(
        (status = 200, description = "`count` says how many there were."),
        (status = 401, description = "There is no session that works."),
        (status = 403, description = "The session needs a second factor, or its owner has yet to \
            accept the terms of service.")
    )
)]
async fn revoke_others(
    State(app): State<App>,
    asked: Asked,
    Ticket(presented): Ticket,
) -> Result<Document, Failure> {
    app.call(move |d| {
        let count = sessions::revoke_others(d, &asked.anybody(), presented.as_ref())
            .map_err(|why| denied(&d.options.base_url(), None, why))?;
        Ok(Document::ok(json!({"count": count})))
    })
    .await?
}

/// Ends another session of the person.
#[utoipa::path(
    delete, path = "/sessions/{id}", operation_id = "disableMySession", tag = "frontend",
    params(
        ("id" = String, Path, description = "The session's id."),
        ("X-Session-Token" = Option<String>, Header, description = "A session token."),
        ("Cookie" = Option<String>, Header, description = "The session cookie.")
    ),
    responses(
        (status = 204, description = "The person has no such session, now or ever."),
        (status = 400, description = "The id is not a UUID, or that of the session in use."),
        (status = 401, description = "There is no session that works."),
        (status = 403, description = "The session needs a second factor, or its owner has yet to \
            accept the terms of service.")
    )
)]
async fn revoke(
    State(app): State<App>,
    asked: Asked,
    Ticket(presented): Ticket,
    Path(text): Path<String>,
) -> Result<StatusCode, Failure> {
    app.call(move |d| {
        let refuse = |why| denied(&d.options.base_url(), None, why);
        // Whoever has no session does not learn what an id looks like either.
        let Ok(id) = Uuid::parse_str(&text) else {
            sessions::check(d, presented.as_ref()).map_err(refuse)?;
            return Err(Failure::invalid("The id in the path is not a UUID."));
        };
        sessions::revoke_own(d, &asked.anybody(), presented.as_ref(), id).map_err(refuse)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await?
}
