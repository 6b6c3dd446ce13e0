//! Sessions, as administrators see them.

use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::app::Deps;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::paging::{self, Counted};
use crate::http::query::Query;
use crate::http::view::session::{SessionDocument, session};
use crate::service::sessions::{self, Listed, Shown};

/// The routes of sessions.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, disable))
        .routes(routes!(extend))
        .routes(routes!(of_identity, delete_of_identity))
}

/// What is shown of each session beside itself.
#[derive(Clone, Copy)]
struct Expand {
    identity: bool,
    devices: bool,
}

impl Expand {
    const ALL: Self = Self { identity: true, devices: true };

    fn read(query: &Query) -> Result<Self, Failure> {
        let mut expand = Self { identity: false, devices: false };
        for word in query.all("expand").flat_map(|words| words.split(',')) {
            match word.to_lowercase().as_str() {
                "" => {}
                "identity" => expand.identity = true,
                "devices" => expand.devices = true,
                _ => {
                    return Err(Failure::invalid(
                        "The parameter `expand` takes `identity` and `devices`.",
                    ));
                }
            }
        }
        Ok(expand)
    }
}

fn shown<'a>(d: &Deps, base_url: &'a str, one: &'a Shown, expand: Expand) -> SessionDocument<'a> {
    let owner = one.identity.as_ref().filter(|_| expand.identity);
    session(base_url, d.clock.now(), &one.session, owner, expand.devices)
}

fn id(text: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Failure::invalid("The id in the path is not a UUID."))
}

/// `active`, where it is said.
fn active(query: &Query) -> Result<Option<bool>, Failure> {
    match query.text("active") {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(Failure::invalid("The parameter `active` is `true` or `false`.")),
    }
}

/// All sessions, the newest first.
#[utoipa::path(
    get, path = "/sessions", operation_id = "listSessions", tag = "identity",
    params(
        ("active" = Option<bool>, Query, description = "Only sessions that work, or only others."),
        ("expand" = Option<Vec<String>>, Query,
            description = "`identity` and `devices` are shown when named; may come several times."),
        ("page_size" = Option<u32>, Query, description = "1 to 1000; 250 when not said."),
        ("page_token" = Option<String>, Query, description = "As the link to a page has it.")
    ),
    responses(
        (status = 200, description = "A page; `Link` leads to the next.", body = [SessionDocument]),
        (status = 400, description = "A parameter makes no sense.")
    )
)]
async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    query: Query,
) -> Result<Response, Failure> {
    let expand = Expand::read(&query)?;
    let request = Listed {
        active: active(&query)?,
        with_identity: expand.identity,
        page_size: paging::size(&query, 250, 1000),
        page_token: query.text("page_token").map(str::to_owned),
    };
    app.call(move |d| {
        let page = sessions::all(d, &request)?;
        let links = paging::keyset(&uri, request.page_size, page.next_page_token.as_deref());
        let base_url = d.options.base_url();
        let all = page.items.iter().map(|one| shown(d, &base_url, one, expand));
        Ok((links, Document::ok(all.collect::<Vec<_>>())).into_response())
    })
    .await?
}

/// One session.
#[utoipa::path(
    get, path = "/sessions/{id}", operation_id = "getSession", tag = "identity",
    params(
        ("id" = String, Path, description = "The session's id."),
        ("expand" = Option<Vec<String>>, Query,
            description = "`identity` and `devices` are shown when named; may come several times.")
    ),
    responses(
        (status = 200, description = "The session.", body = SessionDocument),
        (status = 400, description = "The id is not a UUID."),
        (status = 404, description = "There is no such session.")
    )
)]
async fn get(
    State(app): State<App>,
    Path(text): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    let (id, expand) = (id(&text)?, Expand::read(&query)?);
    app.call(move |d| {
        let found = sessions::find(d, id, expand.identity)?;
        Ok(Document::ok(shown(d, &d.options.base_url(), &found, expand)).into_response())
    })
    .await?
}

/// Revokes a session; it stays on record.
#[utoipa::path(
    delete, path = "/sessions/{id}", operation_id = "disableSession", tag = "identity",
    params(("id" = String, Path, description = "The session's id.")),
    responses(
        (status = 204, description = "It does not work any more."),
        (status = 400, description = "The id is not a UUID."),
        (status = 404, description = "There is no such session.")
    )
)]
async fn disable(
    State(app): State<App>,
    asked: Asked,
    Path(text): Path<String>,
) -> Result<StatusCode, Failure> {
    let id = id(&text)?;
    app.call(move |d| sessions::disable(d, &asked.admin(), id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts the end of a session off to a whole lifespan from now, when it is near enough.
#[utoipa::path(
    patch, path = "/sessions/{id}/extend", operation_id = "extendSession", tag = "identity",
    params(("id" = String, Path, description = "The session's id.")),
    responses(
        (status = 200, description = "The session; unchanged when its end is not near enough, or \
            when it is over.", body = SessionDocument),
        (status = 400, description = "The id is not a UUID."),
        (status = 404, description = "There is no such session."),
        (status = 409, description = "Its owner's account is locked, blocked or expired.")
    )
)]
async fn extend(
    State(app): State<App>,
    asked: Asked,
    Path(text): Path<String>,
) -> Result<Response, Failure> {
    let id = id(&text)?;
    app.call(move |d| {
        let found = sessions::extend(d, &asked.admin(), id)?;
        Ok(Document::ok(shown(d, &d.options.base_url(), &found, Expand::ALL)).into_response())
    })
    .await?
}

/// The sessions of an identity, the newest first.
#[utoipa::path(
    get, path = "/identities/{id}/sessions", operation_id = "listIdentitySessions", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("active" = Option<bool>, Query, description = "Only sessions that work, or only others."),
        ("page" = Option<u64>, Query, description = "Counted from 0."),
        ("per_page" = Option<u32>, Query, description = "1 to 1000; 250 when not said."),
        ("page_size" = Option<u32>, Query, description = "The same as `per_page`."),
        ("page_token" = Option<String>, Query, description = "As the link to a page has it.")
    ),
    responses(
        (status = 200, description = "A page; `Link` leads to the others, `X-Total-Count` says how \
            many there are.", body = [SessionDocument]),
        (status = 400, description = "A parameter makes no sense.")
    )
)]
async fn of_identity(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Path(text): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    let (id, active, page) = (id(&text)?, active(&query)?, Counted::read(&query));
    app.call(move |d| {
        let (found, total) = sessions::of_identity(d, id, active, page.slice())?;
        let base_url = d.options.base_url();
        let all = found.iter().map(|one| shown(d, &base_url, one, Expand::ALL));
        let document = Document::ok(all.collect::<Vec<_>>());
        Ok((page.headers(&uri, total), document).into_response())
    })
    .await?
}

/// Ends and removes every session of an identity.
#[utoipa::path(
    delete, path = "/identities/{id}/sessions", operation_id = "deleteIdentitySessions",
    tag = "identity",
    params(("id" = String, Path, description = "The identity's id.")),
    responses(
        (status = 204, description = "It has no sessions any more."),
        (status = 400, description = "The id is not a UUID."),
        (status = 404, description = "It had none, or there is no such identity.")
    )
)]
async fn delete_of_identity(
    State(app): State<App>,
    asked: Asked,
    Path(text): Path<String>,
) -> Result<StatusCode, Failure> {
    let id = id(&text)?;
    let ended = app.call(move |d| sessions::revoke_all(d, &asked.admin(), id)).await??;
    if ended.removed == 0 { Err(Failure::missing()) } else { Ok(StatusCode::NO_CONTENT) }
}
