//! Roles of the realm.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::circles::{self, Shown};
use super::input;
use super::search::Total;
use crate::domain::access::{Circle, CircleKind};
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::Editor;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::access::circles::{AmendCircle, Described, NewCircle, Reach};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(members, add))
}

/// A role that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = newRole)]
struct NewRole {
    /// The word by which applications know it: letters, digits, dots, underscores, hyphens.
    #[schema(example = "editor")]
    role: String,
    /// What people call it; the word if nothing is said.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    /// What it permits: scopes.
    #[serde(default)]
    #[schema(example = json!(["documents.write"]))]
    permissions: BTreeSet<String>,
}

/// What of a role is to be otherwise; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = roleChange)]
struct RoleChange {
    role: Option<String>,
    name: Option<String>,
    description: Option<String>,
    /// What it permits, as a whole.
    permissions: Option<BTreeSet<String>>,
    /// When it had last changed, as it was read; 409 if it has changed since. Without it, the last
    /// change wins.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
}

/// A role in short.
#[derive(Serialize, ToSchema)]
#[schema(as = roleName)]
pub struct RoleName {
    /// `r_` and 32 hexadecimal digits.
    pub id: String,
    pub role: String,
    pub name: String,
}

impl RoleName {
    pub fn of(circle: &Circle) -> Self {
        let Circle { id, word, name, .. } = circle;
        Self { id: id.clone(), role: word.clone(), name: name.clone() }
    }
}

/// A role.
#[derive(Serialize, ToSchema)]
#[schema(as = role)]
struct Role {
    id: String,
    #[serde(rename = "role")]
    word: String,
    name: String,
    description: String,
    permissions: BTreeSet<String>,
    /// How many people have it themselves; groups that carry it are not counted.
    members: Total,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl Shown for Role {
    const KIND: CircleKind = KIND;

    fn of(one: Described) -> Self {
        let Described { circle, members, .. } = one;
        let Circle { id, word, name, description, permissions, created_at, updated_at, .. } =
            circle;
        let members = Total::of(members);
        Self { id, word, name, description, permissions, members, created_at, updated_at }
    }
}

/// A page of roles.
#[derive(Serialize, ToSchema)]
#[schema(as = rolePage)]
struct Roles {
    /// By their words.
    roles: Vec<Role>,
    /// Asks for the next page; null on the last one.
    next_page_token: Option<String>,
}

/// What went with a role.
#[derive(Serialize, ToSchema)]
#[schema(as = roleDeleted)]
struct Deleted {
    id: String,
    role: String,
    /// How many people had it themselves.
    members: u64,
    /// How many had it in all, through groups too.
    holders: u64,
    /// Whether there were more: beyond some thousands they are not counted.
    more_holders: bool,
    /// The groups that carried it.
    groups: Vec<String>,
}

impl Deleted {
    fn of((circle, reach): (Circle, Reach)) -> Self {
        let groups = reach.groups.into_iter().map(|group| group.word).collect();
        let Reach { members, holders, .. } = reach;
        let (holders, more_holders) = (holders.count, !holders.exact);
        Self { id: circle.id, role: circle.word, members, holders, more_holders, groups }
    }
}

const KIND: CircleKind = CircleKind::Role;

/// Roles, by their words.
#[utoipa::path(
    get, path = "/roles", operation_id = "listRoles", tag = "doorward",
    params(
        ("page_size" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at the most; 50 when nothing is said."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses((status = 200, description = "A page of roles.", body = Roles))
)]
async fn list(State(app): State<App>, query: Query) -> Result<Document<Roles>, Failure> {
    let (roles, next_page_token) = circles::list(app, &query).await?;
    Ok(Document::ok(Roles { roles, next_page_token }))
}

/// Makes a role.
#[utoipa::path(
    post, path = "/roles", operation_id = "createRole", tag = "doorward",
    request_body = NewRole,
    responses((status = 201, description = "The role.", body = Role))
)]
async fn create(State(app): State<App>, asked: Asked, body: Bytes) -> Result<Response, Failure> {
    let NewRole { role, name, description, permissions } = input::required(&body)?;
    let new = NewCircle { word: role, name, description, permissions, ..NewCircle::default() };
    circles::create::<Role>(app, asked, new).await
}

/// One role, by its id or word.
#[utoipa::path(
    get, path = "/roles/{role}", operation_id = "getRole", tag = "doorward",
    params(("role" = String, Path, description = "The role's id or word.")),
    responses((status = 200, description = "The role.", body = Role))
)]
async fn get(State(app): State<App>, Path(role): Path<String>) -> Result<Response, Failure> {
    circles::get::<Role>(app, role).await
}

/// Changes a role. Whoever has it has what it permits now from the next token on.
#[utoipa::path(
    put, path = "/roles/{role}", operation_id = "updateRole", tag = "doorward",
    params(
        ("role" = String, Path, description = "The role's id or word."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the role as it was read: 412 if somebody has changed it since."),
    ),
    request_body = RoleChange,
    responses((status = 200, description = "The role as it is now.", body = Role))
)]
async fn update(
    State(app): State<App>,
    Editor(by): Editor,
    Path(text): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let RoleChange { role, name, description, permissions, updated_at } = input::required(&body)?;
    let change = AmendCircle {
        word: role,
        name,
        description,
        permissions,
        seen: updated_at,
        ..AmendCircle::default()
    };
    circles::update::<Role>(app, by, text, change).await
}

/// Removes a role from everybody and everything, and says how many had it.
#[utoipa::path(
    delete, path = "/roles/{role}", operation_id = "deleteRole", tag = "doorward",
    params(
        ("role" = String, Path, description = "The role's id or word."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the role as it was read: 412 if somebody has changed it since."),
    ),
    responses((status = 200, description = "What went with it.", body = Deleted))
)]
async fn delete(
    State(app): State<App>,
    Editor(by): Editor,
    Path(role): Path<String>,
) -> Result<Document<Deleted>, Failure> {
    Ok(Document::ok(Deleted::of(circles::delete(app, by, KIND, role).await?)))
}

/// The people who have a role, themselves or through a group, in order of creation.
#[utoipa::path(
    get, path = "/roles/{role}/members", operation_id = "listRoleMembers", tag = "doorward",
    params(
        ("role" = String, Path, description = "The role's id or word."),
        ("total" = Option<bool>, Query, description = "Whether to say how many there are in all."),
        ("last_login" = Option<bool>, Query, description = "Whether to say of each when they last signed in."),
        ("page_size" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at the most; 50 when nothing is said."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses((status = 200, description = "A page of identities.", body = super::search::Found))
)]
async fn members(
    State(app): State<App>,
    Path(role): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    super::search::members(app, KIND, role, &query).await
}

/// Gives a role to several people: each by themselves, with an entry that sums up. Who has it already stays as they are.
#[utoipa::path(
    post, path = "/roles/{role}/members", operation_id = "addRoleMembers", tag = "doorward",
    params(("role" = String, Path, description = "The role's id or word.")),
    request_body = circles::NewMembers,
    responses((status = 200, description = "What became of each.", body = circles::Receipt))
)]
async fn add(
    State(app): State<App>,
    asked: Asked,
    Path(role): Path<String>,
    body: Bytes,
) -> Result<Document<circles::Receipt>, Failure> {
    circles::add(app, asked, KIND, role, &body).await
}
