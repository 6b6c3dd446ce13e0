//! The list of identities.

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::pages::{From, Page};
use super::revealed;
use crate::http::blocking::App;
use crate::http::document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::view::identity::{IdentityDocument, Show, identity};
use crate::service::lookup::{self, Lookup, Whom};

/// How many ids may be asked for at once.
const IDS_MAX: usize = 500;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A page of identities in the order of their ids, with at most one filter.
#[utoipa::path(
    get, path = "/identities", operation_id = "listIdentities", tag = "identity",
    params(
        ("page_size" = Option<u64>, Query, description = "1 to 500; 250 when nothing is said."),
        ("page_token" = Option<String>, Query, description = "From the Link header."),
        ("page" = Option<u64>, Query, description = "Counted from 0; for older clients."),
        ("per_page" = Option<u64>, Query, description = "With `page`: 1 to 500."),
        ("ids" = Option<Vec<Uuid>>, Query, description = "Those with these ids; 500 at the most."),
        ("credentials_identifier" = Option<String>, Query,
            description = "Whoever signs in with this, or has this `provider:subject`."),
        ("preview_credentials_identifier_similar" = Option<String>, Query,
            description = "Those with an identifier that begins like this."),
        ("organization_id" = Option<Uuid>, Query, description = "There are none: nobody."),
        ("include_credential" = Option<Vec<String>>, Query,
            description = "A kind of credential whose content is shown; may come several times."),
        ("consistency" = Option<String>, Query, description = "Passed over; reads are consistent.")
    ),
    responses(
        (status = 200, description = "The page.", body = Vec<IdentityDocument>,
            headers(("Link" = String, description = "The first page, and the next if there is one."))),
        (status = 400, description = "A parameter cannot be used.")
    )
)]
async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    query: Query,
) -> Result<Response, Failure> {
    let page = Page::read(&query)?;
    let whom = whom(&query)?;
    let kinds = revealed(&query)?;
    let credentials = query.text("include_credential").is_some()
        || matches!(whom, Whom::Identifier(_) | Whom::Beginning(_));
    let (skip, after) = page.begin();
    app.read(move |d| {
        let request = Lookup { whom, after, skip, size: page.size, credentials };
        let found = lookup::page(d, &request)?;
        let total = match page.from {
            From::Id(_) => 0,
            From::Page(_) => lookup::total(d, &request.whom)?,
        };
        let last = found.items.last().filter(|_| found.more).map(|last| last.id);
        let headers: HeaderMap = page.headers(&uri, last, total);
        let (base_url, now) = (d.options.base_url(), d.clock.now());
        let show = if credentials { Show::Credentials(&kinds) } else { Show::Plain };
        let shown = found.items.iter().map(|one| identity(&base_url, now, one, show));
        let shown: Vec<_> = shown.collect();
        Ok((headers, document::people(&shown, shown.len())).into_response())
    })
    .await?
}

fn whom(query: &Query) -> Result<Whom, Failure> {
    let ids: Vec<&str> = query.all("ids").filter(|id| !id.is_empty()).collect();
    let mut all = Vec::new();
    if !ids.is_empty() {
        if ids.len() > IDS_MAX {
            let reason = format!("The number of ids to filter must not exceed {IDS_MAX}.");
            return Err(Failure::invalid(reason));
        }
        let ids = ids.into_iter().map(Uuid::parse_str).collect::<Result<Vec<_>, _>>();
        all.push(Whom::Ids(ids.map_err(|_| not_an_id("ids"))?));
    }
    if let Some(text) = query.text("organization_id") {
        let id = Uuid::parse_str(text).map_err(|_| not_an_id("organization_id"))?;
        all.push(Whom::Organization(id));
    }
    let text = |name: &str| query.text(name).map(str::to_owned);
    all.extend(text("credentials_identifier").map(Whom::Identifier));
    all.extend(text("preview_credentials_identifier_similar").map(Whom::Beginning));
    let mut all = all.into_iter();
    match (all.next(), all.next()) {
        (whom, None) => Ok(whom.unwrap_or_default()),
        (_, Some(_)) => Err(Failure::invalid(
            "Cannot combine ids, organization_id, credentials_identifier and \
             preview_credentials_identifier_similar; use one of them.",
        )),
    }
}

fn not_an_id(name: &str) -> Failure {
    Failure::invalid(format!("`{name}` must be a UUID."))
}
