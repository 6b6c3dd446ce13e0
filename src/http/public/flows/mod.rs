//! Flows on the wire, as Ory Kratos speaks it: each kind is begun by a browser or a program, looked
//! at, and handed in.

mod answer;
mod body;
mod links;
mod refused;
mod visitor;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::return_to;
use crate::domain::flow::{Client, FlowKind};
use crate::http::accepts;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::view;
use crate::service::flows::{self, Begin};
use answer::Way;
pub use body::Fields;
pub use visitor::visitor;

/// The four routes of a kind of flow.
macro_rules! flow {
    ($module:ident, $kind:ident, $name:literal, $browser:literal, $api:literal, $get:literal,
     $submit:literal) => {
        mod $module {
            use super::*;

            pub fn routes() -> OpenApiRouter<App> {
                OpenApiRouter::new()
                    .routes(routes!(browser))
                    .routes(routes!(api))
                    .routes(routes!(get))
                    .routes(routes!(submit))
            }

            /// Begins the flow for a browser.
            #[utoipa::path(
                get, path = concat!("/self-service/", $name, "/browser"), operation_id = $browser,
                tag = "frontend",
                params(
                    ("refresh" = Option<bool>, Query, description = "Whether somebody who is \
                        signed in is to show once more who they are."),
                    ("aal" = Option<String>, Query, description = "`aal1` or `aal2`."),
                    ("return_to" = Option<String>, Query, description = "Where to go afterwards."),
                    ("cookie" = Option<String>, Header, description = "The session cookie.")
                ),
                responses(
                    (status = 200, description = "The flow; for programs.", body = Object),
                    (status = 303, description = "To the page that shows it; for browsers."),
                    (status = 400, description = "It cannot be begun; the error's id says why."),
                    (status = 401, description = "There is no session, and it needs one."),
                    (status = 403, description = "The session needs a second factor, or its owner \
                        has yet to accept the terms of service.")
                )
            )]
            async fn browser(
                State(app): State<App>,
                asked: Asked,
                headers: HeaderMap,
                OriginalUri(uri): OriginalUri,
                query: Query,
            ) -> Result<Response, Failure> {
                let way = if accepts::json(&headers) { Way::Json } else { Way::Browser };
                begin(app, asked, &headers, uri, query, (FlowKind::$kind, way)).await
            }

            /// Begins the flow for a program.
            #[utoipa::path(
                get, path = concat!("/self-service/", $name, "/api"), operation_id = $api,
                tag = "frontend",
                params(
                    ("refresh" = Option<bool>, Query, description = "Whether somebody who is \
                        signed in is to show once more who they are."),
                    ("aal" = Option<String>, Query, description = "`aal1` or `aal2`."),
                    ("return_to" = Option<String>, Query, description = "Where to go afterwards."),
                    ("X-Session-Token" = Option<String>, Header, description = "A session token.")
                ),
                responses(
                    (status = 200, description = "The flow.", body = Object),
                    (status = 400, description = "It cannot be begun; the error's id says why."),
                    (status = 401, description = "There is no session, and it needs one."),
                    (status = 403, description = "The session needs a second factor, or its owner \
                        has yet to accept the terms of service.")
                )
            )]
            async fn api(
                State(app): State<App>,
                asked: Asked,
                headers: HeaderMap,
                OriginalUri(uri): OriginalUri,
                query: Query,
            ) -> Result<Response, Failure> {
                begin(app, asked, &headers, uri, query, (FlowKind::$kind, Way::Program)).await
            }

            /// The flow as it stands.
            #[utoipa::path(
                get, path = concat!("/self-service/", $name, "/flows"), operation_id = $get,
                tag = "frontend",
                params(
                    ("id" = String, Query, description = "Its id."),
                    ("cookie" = Option<String>, Header, description = "The cookies of the browser \
                        it was begun for."),
                    ("X-Session-Token" = Option<String>, Header, description = "A session token.")
                ),
                responses(
                    (status = 200, description = "The flow.", body = Object),
                    (status = 401, description = "There is no session, and it needs one."),
                    (status = 403, description = "It belongs to another browser or person, or the \
                        session needs a second factor."),
                    (status = 404, description = "There is no such flow."),
                    (status = 410, description = "Its time is over; `redirect_to` begins another.")
                )
            )]
            async fn get(
                State(app): State<App>,
                asked: Asked,
                headers: HeaderMap,
                query: Query,
            ) -> Result<Document, Failure> {
                look(app, asked, &headers, &query, FlowKind::$kind).await
            }

            /// Hands the flow's form in.
            #[utoipa::path(
                post, path = concat!("/self-service/", $name), operation_id = $submit,
                tag = "frontend",
                params(
                    ("flow" = String, Query, description = "The flow's id."),
                    ("Cookie" = Option<String>, Header, description = "The cookies of the browser \
                        it was begun for."),
                    ("X-Session-Token" = Option<String>, Header, description = "A session token.")
                ),
                request_body(content = Object, description = "The fields of the form, with \
                    `method`; as JSON or as a form."),
                responses(
                    (status = 200, description = "It worked.", body = Object),
                    (status = 303, description = "To the next page; for browsers."),
                    (status = 400, description = "Something is wrong; the flow with what it is.",
                        body = Object),
                    (status = 401, description = "There is no session, and it needs one."),
                    (status = 403, description = "The form does not belong to this browser or \
                        person, or the session is not enough."),
                    (status = 404, description = "There is no such flow."),
                    (status = 410, description = "Its time is over; `use_flow_id` is another."),
                    (status = 422, description = "The browser must go to `redirect_browser_to`."),
                    (status = 503, description = "Too many people sign in just now.")
                )
            )]
            async fn submit(
                State(app): State<App>,
                asked: Asked,
                headers: HeaderMap,
                query: Query,
                fields: Fields,
            ) -> Result<Response, Failure> {
                hand_in(app, asked, &headers, &query, fields, FlowKind::$kind).await
            }
        }
    };
}

flow!(
    login,
    Login,
    "login",
    "createBrowserLoginFlow",
    "createNativeLoginFlow",
    "getLoginFlow",
    "updateLoginFlow"
);
flow!(
    registration,
    Registration,
    "registration",
    "createBrowserRegistrationFlow",
    "createNativeRegistrationFlow",
    "getRegistrationFlow",
    "updateRegistrationFlow"
);
flow!(
    settings,
    Settings,
    "settings",
    "createBrowserSettingsFlow",
    "createNativeSettingsFlow",
    "getSettingsFlow",
    "updateSettingsFlow"
);
flow!(
    recovery,
    Recovery,
    "recovery",
    "createBrowserRecoveryFlow",
    "createNativeRecoveryFlow",
    "getRecoveryFlow",
    "updateRecoveryFlow"
);
flow!(
    verification,
    Verification,
    "verification",
    "createBrowserVerificationFlow",
    "createNativeVerificationFlow",
    "getVerificationFlow",
    "updateVerificationFlow"
);

/// The routes of all flows.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(login::routes())
        .merge(registration::routes())
        .merge(settings::routes())
        .merge(recovery::routes())
        .merge(verification::routes())
        .merge(links::routes())
}

async fn begin(
    app: App,
    asked: Asked,
    headers: &HeaderMap,
    uri: Uri,
    query: Query,
    (kind, way): (FlowKind, Way),
) -> Result<Response, Failure> {
    let client = if way == Way::Program { Client::Api } else { Client::Browser };
    let flood = app.flood();
    let headers = headers.clone();
    app.call(move |d| {
        let mut v = visitor(d, &asked, &headers, flood)?;
        let mut cookie = None;
        if client == Client::Browser && v.secret.is_none() {
            v.secret = Some(v.fresh.clone());
            cookie = visitor::set(d, asked.secure, &v.fresh);
        }
        let begin = Begin {
            client,
            request_url: format!("{}{uri}", d.options.base_url()),
            return_to: return_to::allowed(&d.options, &query)?,
            refresh: query.text("refresh") == Some("true"),
            aal: query.first("aal").map(ToOwned::to_owned),
            schema_id: query.text("identity_schema").map(ToOwned::to_owned),
        };
        let begun = match flows::begin(d, &v, kind, &begin) {
            Ok(begun) => begun,
            Err(refusal) => {
                // Whoever has to sign in before they see their settings comes back to them.
                let then = match kind {
                    FlowKind::Settings => Some(begin.request_url.as_str()),
                    _ => begin.return_to.as_deref(),
                };
                return refused::refused(d, refusal, way, then);
            }
        };
        let cookie: HeaderMap =
            cookie.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect();
        if way == Way::Browser {
            let place = flows::page_for(&d.options, &begun.flow);
            return Ok((StatusCode::SEE_OTHER, cookie, [(header::LOCATION, place)]).into_response());
        }
        let document = view::flow::flow(&d.options, d.clock.now(), &begun);
        Ok((cookie, Document::ok(document)).into_response())
    })
    .await?
}

async fn look(
    app: App,
    asked: Asked,
    headers: &HeaderMap,
    query: &Query,
    kind: FlowKind,
) -> Result<Document, Failure> {
    let id = flow_id(query.first("id"))?;
    let flood = app.flood();
    let headers = headers.clone();
    app.call(move |d| {
        let v = visitor(d, &asked, &headers, flood)?;
        match flows::show(d, &v, kind, id) {
            Ok(shown) => Ok(Document::ok(view::flow::flow(&d.options, d.clock.now(), &shown))),
            Err(refusal) => Err(refused::as_json(d, refusal)),
        }
    })
    .await?
}

async fn hand_in(
    app: App,
    asked: Asked,
    headers: &HeaderMap,
    query: &Query,
    fields: Fields,
    kind: FlowKind,
) -> Result<Response, Failure> {
    let id = flow_id(query.first("flow"))?;
    let body = fields.with_token(headers);
    let json = accepts::json(headers);
    let flood = app.flood();
    let headers = headers.clone();
    let hashes = flows::hashes(&body);
    let job = move |d: &crate::app::Deps| {
        let v = visitor(d, &asked, &headers, flood)?;
        let way = match (json, v.is_browser) {
            (false, true) => Way::Browser,
            _ => Way::Json,
        };
        match flows::submit(d, &v, kind, id, &body) {
            Ok(outcome) => answer::answer(d, &v, outcome, way, asked.secure),
            Err(refusal) => refused::not_taken(d, refusal, way, (kind, id), asked.secure),
        }
    };
    // What hashes a password waits for one of the few slots for that.
    if hashes { app.hash(job).await? } else { app.call(job).await? }
}

fn flow_id(text: Option<&str>) -> Result<Uuid, Failure> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Failure::invalid("The id of the flow is missing."))?;
    Uuid::parse_str(text).map_err(|_| Failure::missing())
}
