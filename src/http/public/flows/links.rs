//! Links that are mailed: a code that is put into a form, and the account of somebody who is invited.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, Way};
use super::{Fields, flow_id, refused, visitor};
use crate::domain::flow::{Client, FlowKind};
use crate::http::accepts;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::origin;
use crate::http::query::Query;
use crate::http::view;
use crate::service::flows::{self, Refusal};

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(fill_in)).routes(routes!(activate))
}

/// Puts a code that came with a link into the form of a verification. Nothing is verified by that:
/// scanners of mail open links too.
#[utoipa::path(
    get, path = "/self-service/verification", operation_id = "fillInVerificationCode",
    tag = "frontend",
    params(
        ("flow" = String, Query, description = "The flow's id."),
        ("code" = Option<String>, Query, description = "The code.")
    ),
    responses(
        (status = 200, description = "The flow; for programs.", body = Object),
        (status = 303, description = "To the page that shows it; for browsers."),
        (status = 404, description = "There is no such flow."),
        (status = 410, description = "Its time is over; `redirect_to` begins another.")
    )
)]
async fn fill_in(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Failure> {
    let id = flow_id(query.first("flow"))?;
    let code = query.first("code").unwrap_or_default().to_owned();
    let way = if accepts::json(&headers) { Way::Json } else { Way::Browser };
    let flood = app.flood();
    app.call(move |d| {
        let v = visitor(d, &asked, &headers, flood)?;
        let shown = match flows::fill_in(d, &v, id, &code) {
            Ok(shown) => shown,
            Err(refusal) => return refused::refused(d, refusal, way, None),
        };
        if way == Way::Browser {
            let page = flows::page_of(&d.options, FlowKind::Verification, id);
            return Ok(answer::see_other(HeaderMap::new(), &page));
        }
        Ok(Document::ok(view::flow::flow(&d.options, d.clock.now(), &shown)).into_response())
    })
    .await?
}

/// Takes an account over by the secret of an invitation's link. A page from elsewhere cannot make a
/// browser do so: it would sign people in to an account that somebody else knows the link of.
#[utoipa::path(
    post, path = "/self-service/activation", operation_id = "activateInvitation",
    tag = "frontend",
    request_body(content = Object, description = "`token`, the secret of the link; as JSON or as a \
        form."),
    responses(
        (status = 200, description = "The account is theirs; `continue_with` has a session token \
            and the settings flow.", body = Object),
        (status = 303, description = "To the settings, where a way to sign in is set up; for \
            browsers."),
        (status = 400, description = "There is no token."),
        (status = 403, description = "A page from elsewhere sent it."),
        (status = 404, description = "The link works no more, or never did."),
        (status = 422, description = "The browser must go to `redirect_browser_to`.")
    )
)]
async fn activate(
    State(app): State<App>,
    asked: Asked,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, Failure> {
    let secret = fields.0.get("token").and_then(serde_json::Value::as_str);
    let secret = secret.filter(|text| !text.is_empty()).map(str::to_owned);
    let secret = secret.ok_or_else(|| Failure::invalid("The field `token` is missing."))?;
    let json = accepts::json(&headers);
    let flood = app.flood();
    app.call(move |d| {
        let v = visitor(d, &asked, &headers, flood)?;
        let ours = origin::is_of(&d.options.base_url(), &headers);
        let (way, client) = match (json, v.is_browser) {
            (false, _) => (Way::Browser, Client::Browser),
            (true, true) => (Way::Json, Client::Browser),
            (true, false) => (Way::Program, Client::Api),
        };
        if !ours {
            return refused::refused(d, Refusal::Csrf, way, None);
        }
        match flows::activate(d, &v, &secret, client) {
            Ok(outcome) => answer::answer(d, &v, outcome, way, asked.secure),
            Err(refusal) => refused::refused(d, refusal, way, None),
        }
    })
    .await?
}
