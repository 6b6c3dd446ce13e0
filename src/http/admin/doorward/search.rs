//! Finding identities by words, with what the Kratos shape does not say about them.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::groups::GroupName;
use super::input;
use super::roles::RoleName;
use super::terms::Terms;
use crate::app::Deps;
use crate::domain::access::CircleKind;
use crate::domain::document::Document as Json;
use crate::domain::identity::Identity;
use crate::domain::invitation::Invitation;
use crate::domain::session::LastLogin;
use crate::error::{Error, ErrorCode};
use crate::http::blocking::App;
use crate::http::document::{self, Document};
use crate::http::editor::etag;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::http::view::identity::{IdentityDocument, Show, identity};
use crate::service::Page;
use crate::service::access::circles;
use crate::service::access::held::{self, Belongs};
use crate::service::identities::{Selector, find};
use crate::service::invitations;
use crate::service::listing::{self, ListIdentities, Listed};
use crate::service::sessions;
use crate::service::terms;
use crate::service::typed;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(get))
}

/// Which identities; every condition that is set must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
struct SearchQuery {
    /// Words, each a part of an identifier, address or name, or the beginning of an id; "quoted
    /// words" are one. At most 10. A word such as `status:locked` is one of the conditions below:
    /// `id:`, `email:`, `status:`, `authority:`, `role:`, `group:`,
    /// `provider:` and `schema:`.
    q: Option<String>,
    /// `invited`, `active`, `locked`, `blocked` or `expired`.
    status: Option<String>,
    /// Of this schema.
    schema_id: Option<String>,
    /// With an account at this provider.
    provider: Option<String>,
    /// With this right: `ROLE_ADMINISTRATOR` or `ROLE_DEVELOPER`.
    authority: Option<String>,
    /// With this role, by its word or id, themselves or through a group.
    role: Option<String>,
    /// In this group, by its word or id.
    group: Option<String>,
    /// With this address.
    email: Option<String>,
    /// With this id, or one that begins so.
    id: Option<String>,
    /// `newest` for the newest first; in order of creation when nothing is said.
    sort: Option<String>,
    /// Whether to say how many there are in all.
    total: Option<bool>,
    /// Whether to say of each when they last signed in.
    last_login: Option<bool>,
    /// How many identities at the most; 50 when nothing is said.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u64>,
    /// The `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A page of identities.
#[derive(Serialize, ToSchema)]
#[schema(as = identitySearch)]
pub struct Found<'a> {
    /// In order of creation.
    #[schema(value_type = Vec<FoundIdentity>)]
    identities: People<'a>,
    /// Asks for the next page; null on the last one.
    next_page_token: Option<&'a str>,
    /// How many there are in all; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Total>,
}

/// The people of a page, each put into its shape when it is written.
struct People<'a> {
    listed: &'a Listed,
    base_url: &'a str,
    now: Timestamp,
    invited: &'a [Invitation],
    logins: Option<BTreeMap<Uuid, LastLogin>>,
}

impl Serialize for People<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.listed.page.items.iter().map(|one| {
            let (who, belongs) = (&one.identity, self.listed.belongs(one));
            let login = self.logins.as_ref().map(|all| Known::of(all.get(&who.id)));
            let shown = shown(self.base_url, self.now, who, belongs, self.invited);
            FoundIdentity { last_login: login, ..shown }
        }))
    }
}

/// How many there are in all.
#[derive(Serialize, ToSchema)]
#[schema(as = searchTotal)]
pub struct Total {
    count: u64,
    /// Whether that is all; if not, there are at least as many.
    exact: bool,
}

impl Total {
    pub const fn of(total: listing::Total) -> Self {
        Self { count: total.count, exact: total.exact }
    }
}

/// An identity, and what the Kratos shape does not say about it.
#[derive(Serialize, ToSchema)]
#[schema(as = doorwardIdentity)]
pub struct FoundIdentity<'a> {
    #[serde(flatten)]
    identity: IdentityDocument<'a>,
    /// `invited`, `active`, `locked`, `blocked` or `expired`.
    status: &'static str,
    status_detail: StatusDetail<'a>,
    /// The rights it holds beside `ROLE_USER`.
    authorities: Vec<&'static str>,
    /// The roles it has, themselves or through a group.
    roles: Vec<RoleName>,
    /// The groups it is in.
    groups: Vec<GroupName>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "crate::http::view::moment::sometimes")]
    expires_at: Option<Timestamp>,
    /// How they last signed in; null if they never did. In lists only when it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<LastLoginShown>)]
    last_login: Option<Known<'a>>,
    /// How they stand to the terms of service. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Terms>,
    /// The invitation of somebody who has not come yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Invited>,
}

/// A sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = lastLogin)]
pub struct LastLoginShown<'a> {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The first factor, such as `password` or `oidc`.
    method: &'a str,
    /// The provider, where the account is at another one.
    provider: Option<&'a str>,
    /// From which address.
    ip: Option<&'a str>,
}

/// What is known of the last sign-in: null if there was none.
#[derive(Serialize)]
#[serde(untagged)]
enum Known<'a> {
    Never,
    Last(LastLoginShown<'a>),
}

impl<'a> Known<'a> {
    fn of(login: Option<&'a LastLogin>) -> Self {
        login.map_or(Self::Never, |LastLogin { at, method, provider, ip }| {
            let (provider, ip) = (provider.as_deref(), ip.as_deref());
            Self::Last(LastLoginShown { at: *at, method, provider, ip })
        })
    }
}

/// What became of an invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = identityInvitation)]
pub struct Invited {
    /// What became of the mail: `queued`, `sent`, `failed`, or `unknown` when that is too long ago;
    /// `manual` where there was none.
    delivery: &'static str,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "crate::http::view::moment::always")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "crate::http::view::moment::always")]
    expires_at: Timestamp,
    /// Whether the link works no more.
    expired: bool,
}

/// How an identity came to its status.
#[derive(Serialize, ToSchema)]
#[schema(as = statusDetail)]
pub struct StatusDetail<'a> {
    /// Who set it.
    by: Option<&'a str>,
    reason: &'static str,
    note: Option<&'a str>,
    /// When it returns to active by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "crate::http::view::moment::sometimes")]
    until: Option<Timestamp>,
}

/// Identities by words and filters, in order of creation.
#[utoipa::path(
    get, path = "/identities/search", operation_id = "searchIdentities", tag = "doorward",
    params(SearchQuery),
    responses((status = 200, description = "A page of identities.", body = Found))
)]
async fn search(State(app): State<App>, query: Query) -> Result<Response, Failure> {
    let asked = ListIdentities {
        search: None,
        state: input::text(&query, "status"),
        schema_id: input::text(&query, "schema_id"),
        provider: input::text(&query, "provider"),
        authority: input::text(&query, "authority"),
        role: input::text(&query, "role"),
        group: input::text(&query, "group"),
        email: input::text(&query, "email"),
        id: input::text(&query, "id"),
        newest_first: input::parsed(&query, "sort", newest_first, "newest or oldest")?
            .unwrap_or_default(),
        page_size: input::number(&query, "page_size")?,
        page_token: input::text(&query, "page_token"),
    };
    let request = typed::with(asked, query.text("q").unwrap_or_default())?;
    found(app, request, &query).await
}

/// The people who have a role or are in a group.
pub(super) async fn members(
    app: App,
    kind: CircleKind,
    text: String,
    query: &Query,
) -> Result<Response, Failure> {
    let request = ListIdentities {
        page_size: input::number(query, "page_size")?,
        page_token: input::text(query, "page_token"),
        ..ListIdentities::default()
    };
    let request = match kind {
        CircleKind::Role => ListIdentities { role: Some(text.clone()), ..request },
        CircleKind::Group => ListIdentities { group: Some(text.clone()), ..request },
    };
    // What is named in a path and is not there is missing, not a mistake.
    app.call(move |d| circles::get(d, kind, &text).map(drop)).await??;
    found(app, request, query).await
}

async fn found(app: App, request: ListIdentities, query: &Query) -> Result<Response, Failure> {
    let with_total = input::flag(query, "total")?;
    let with_login = input::flag(query, "last_login")?;
    app.read(move |d| {
        let (listed, total) = if with_total {
            let (listed, total) = listing::list_with_total(d, &request)?;
            (listed, Some(Total::of(total)))
        } else {
            (listing::list_raw(d, &request)?, None)
        };
        let Page { items, next_page_token } = &listed.page;
        let invited = invitations::of(d, items.iter().map(|one| &one.identity))?;
        let logins = with_login.then(|| {
            let ids: Vec<Uuid> = items.iter().map(|one| one.identity.id).collect();
            sessions::last_logins(d, &ids)
        });
        let identities = People {
            listed: &listed,
            base_url: &d.options.base_url(),
            now: d.clock.now(),
            invited: &invited,
            logins: logins.transpose()?,
        };
        let found = Found { identities, next_page_token: next_page_token.as_deref(), total };
        Ok(document::people(&found, items.len()))
    })
    .await?
}

/// One identity with its status and rights.
#[utoipa::path(
    get, path = "/identities/{id}", operation_id = "getDoorwardIdentity", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "The identity.", body = FoundIdentity))
)]
async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    app.read(move |d| {
        let found = find(d, &Selector::Id(id))?;
        let tag = AppendHeaders(etag(&found));
        Ok((tag, Document::ok(described(d, &found)?)).into_response())
    })
    .await?
}

/// One identity as this route shows it.
pub fn whole(d: &Deps, id: Uuid) -> Result<Value, Error> {
    described(d, &find(d, &Selector::Id(id))?)
}

fn described(d: &Deps, found: &Identity) -> Result<Value, Error> {
    let invited = invitations::of(d, std::iter::once(found))?;
    let belongs = held::of_many(d, &[found.id])?.remove(&found.id).unwrap_or_default();
    let (base_url, now) = (d.options.base_url(), d.clock.now());
    let login = sessions::last_login(d, found.id)?;
    let shown = shown(&base_url, now, found, &belongs, &invited);
    let last_login = Some(Known::of(login.as_ref()));
    let terms = Some(Terms::of(terms::of(d, found.id)?));
    let shown = FoundIdentity { last_login, terms, ..shown };
    serde_json::to_value(shown).map_err(|error| {
        Error::new(ErrorCode::Internal, "The identity cannot be shown.").because(error)
    })
}

const fn newest_first(word: &str) -> Option<bool> {
    match word.as_bytes() {
        b"newest" => Some(true),
        b"oldest" => Some(false),
        _ => None,
    }
}

fn shown<'a>(
    base_url: &'a str,
    now: Timestamp,
    one: &'a Identity<impl Json>,
    belongs: &Belongs,
    invited: &[Invitation],
) -> FoundIdentity<'a> {
    let invitation = invited.iter().find(|invitation| invitation.identity_id == one.id);
    let detail = &one.status_detail;
    FoundIdentity {
        identity: identity(base_url, now, one, Show::Plain),
        status: one.effective_status(now).as_str(),
        status_detail: StatusDetail {
            by: detail.by.as_deref(),
            reason: detail.reason.as_str(),
            note: detail.note.as_deref(),
            until: detail.until,
        },
        authorities: one.authorities.iter().map(|held| held.as_str()).collect(),
        roles: belongs.roles.iter().map(|held| RoleName::of(&held.role)).collect(),
        groups: belongs.groups.iter().map(GroupName::of).collect(),
        expires_at: one.expires_at,
        last_login: None,
        terms: None,
        invitation: invitation.map(|invitation| Invited {
            delivery: invitation.delivery.as_str(),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            expired: invitation.is_over(now),
        }),
    }
}
