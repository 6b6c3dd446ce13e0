//! Signing out.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::denied::denied;
use super::return_to;
use crate::http::accepts;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::strict;
use crate::http::ticket::{self, Ticket};
use crate::service::sessions::{self, Denied, Presented};

/// The routes for signing out.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(begin)).routes(routes!(finish)).routes(routes!(native))
}

/// The link that signs a browser out.
#[utoipa::path(
    get, path = "/self-service/logout/browser", operation_id = "createBrowserLogoutFlow",
    tag = "frontend",
    params(
        ("cookie" = Option<String>, Header, description = "The session cookie."),
        ("return_to" = Option<String>, Query, description = "Where to go afterwards.")
    ),
    responses(
        (status = 200, description = "`logout_url` and `logout_token`."),
        (status = 400, description = "`return_to` is not one of our addresses."),
        (status = 401, description = "There is no session that works.")
    )
)]
async fn begin(
    State(app): State<App>,
    Ticket(presented): Ticket,
    query: Query,
) -> Result<Document, Failure> {
    app.call(move |d| {
        let base_url = d.options.base_url();
        let place = return_to::allowed(&d.options, &query)?;
        let token = sessions::logout_token(d, presented.as_ref())
            .map_err(|why| denied(&base_url, None, why))?;
        let mut link = url::form_urlencoded::Serializer::new(String::new());
        link.append_pair("token", &token);
        if let Some(place) = place {
            link.append_pair("return_to", &place);
        }
        let url = format!("{base_url}/self-service/logout?{}", link.finish());
        Ok(Document::ok(json!({"logout_url": url, "logout_token": token})))
    })
    .await?
}

/// Signs a browser out that has the logout token of its session.
#[utoipa::path(
    get, path = "/self-service/logout", operation_id = "updateLogoutFlow", tag = "frontend",
    params(
        ("token" = String, Query, description = "The logout token."),
        ("return_to" = Option<String>, Query, description = "Where to go afterwards."),
        ("Cookie" = Option<String>, Header, description = "The session cookie.")
    ),
    responses(
        (status = 204, description = "Signed out; for programs."),
        (status = 303, description = "Signed out; for browsers."),
        (status = 400, description = "The token is missing, or `return_to` is not one of our \
            addresses."),
        (status = 403, description = "The token belongs to another session.")
    )
)]
async fn finish(
    State(app): State<App>,
    asked: Asked,
    Ticket(presented): Ticket,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Failure> {
    let token = query.text("token").map(str::to_owned);
    let token = token.ok_or_else(|| Failure::invalid("The parameter `token` is missing."))?;
    app.call(move |d| {
        let base_url = d.options.base_url();
        let place = return_to::allowed(&d.options, &query)?.unwrap_or_else(|| base_url.clone());
        match sessions::logout(d, &asked.anybody(), presented.as_ref(), &token) {
            // Whoever is signed out already wanted just that.
            Ok(()) | Err(Denied::NoSession) => {}
            Err(why) => return Err(denied(&base_url, None, why)),
        }
        let cookie = ticket::forget(&d.options, asked.secure);
        let cookie: HeaderMap =
            cookie.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect();
        if accepts::json(&headers) {
            return Ok((StatusCode::NO_CONTENT, cookie).into_response());
        }
        Ok((StatusCode::SEE_OTHER, cookie, [(header::LOCATION, place)]).into_response())
    })
    .await?
}

/// The session to end.
#[derive(Deserialize, ToSchema)]
#[schema(as = performNativeLogoutBody)]
struct Native {
    /// Its token.
    session_token: String,
}

/// Signs a program out that hands its session token in.
#[utoipa::path(
    delete, path = "/self-service/logout/api", operation_id = "performNativeLogout",
    tag = "frontend",
    request_body(content = Native, description = "The session to end."),
    responses(
        (status = 204, description = "Signed out."),
        (status = 400, description = "The body is not such a document."),
        (status = 403, description = "There is no session with this token that works.")
    )
)]
async fn native(State(app): State<App>, asked: Asked, body: Bytes) -> Result<StatusCode, Failure> {
    let presented = match serde_json::from_slice(&body).and_then(strict::read::<Native>) {
        Ok(body) => Presented::token(&body.session_token),
        // A document without a token is one whose token is unknown.
        Err(error) if error.is_data() => None,
        Err(_) => return Err(Failure::invalid("The body is not a JSON document.")),
    };
    app.call(move |d| match sessions::sign_out(d, &asked.anybody(), presented.as_ref()) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Denied::NoSession) => Err(Failure::new(StatusCode::FORBIDDEN)
            .reason("There is no session with this token that works.")),
        Err(why) => Err(denied(&d.options.base_url(), None, why)),
    })
    .await?
}
