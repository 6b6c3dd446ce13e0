//! Groups of the realm.

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
use super::roles::RoleName;
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

/// A group that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = newGroup)]
struct NewGroup {
    /// The word by which applications know it: letters, digits, dots, underscores, hyphens.
    #[schema(example = "staff")]
    group: String,
    /// What people call it; the word if nothing is said.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    /// The roles that all of its members get, by id or word.
    #[serde(default)]
    #[schema(example = json!(["editor"]))]
    roles: BTreeSet<String>,
}

/// What of a group is to be otherwise; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = groupChange)]
struct GroupChange {
    group: Option<String>,
    name: Option<String>,
    description: Option<String>,
    /// The roles it carries, as a whole.
    roles: Option<BTreeSet<String>>,
    /// When it had last changed, as it was read; 409 if it has changed since. Without it, the last
    /// change wins.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
}

/// A group in short.
#[derive(Serialize, ToSchema)]
#[schema(as = groupName)]
pub struct GroupName {
    /// `g_` and 32 hexadecimal digits.
    pub id: String,
    pub group: String,
    pub name: String,
}

impl GroupName {
    pub fn of(circle: &Circle) -> Self {
        let Circle { id, word, name, .. } = circle;
        Self { id: id.clone(), group: word.clone(), name: name.clone() }
    }
}

/// A group.
#[derive(Serialize, ToSchema)]
#[schema(as = group)]
struct Group {
    id: String,
    #[serde(rename = "group")]
    word: String,
    name: String,
    description: String,
    /// The roles that all of its members have.
    roles: Vec<RoleName>,
    /// How many people are in it.
    members: Total,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl Shown for Group {
    const KIND: CircleKind = KIND;

    fn of(one: Described) -> Self {
        let Described { circle, roles, members } = one;
        let Circle { id, word, name, description, created_at, updated_at, .. } = circle;
        let roles = roles.iter().map(RoleName::of).collect();
        let members = Total::of(members);
        Self { id, word, name, description, roles, members, created_at, updated_at }
    }
}

/// A page of groups.
#[derive(Serialize, ToSchema)]
#[schema(as = groupPage)]
struct Groups {
    /// By their words.
    groups: Vec<Group>,
    /// Asks for the next page; null on the last one.
    next_page_token: Option<String>,
}

/// What went with a group.
#[derive(Serialize, ToSchema)]
#[schema(as = groupDeleted)]
struct Deleted {
    id: String,
    group: String,
    /// How many people were in it.
    members: u64,
}

impl Deleted {
    fn of((circle, reach): (Circle, Reach)) -> Self {
        Self { id: circle.id, group: circle.word, members: reach.members }
    }
}

const KIND: CircleKind = CircleKind::Group;

/// Groups, by their words.
#[utoipa::path(
    get, path = "/groups", operation_id = "listGroups", tag = "doorward",
    params(
        ("page_size" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at the most; 50 when nothing is said."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses((status = 200, description = "A page of groups.", body = Groups))
)]
async fn list(State(app): State<App>, query: Query) -> Result<Document<Groups>, Failure> {
    let (groups, next_page_token) = circles::list(app, &query).await?;
    Ok(Document::ok(Groups { groups, next_page_token }))
}

/// Makes a group.
#[utoipa::path(
    post, path = "/groups", operation_id = "createGroup", tag = "doorward",
    request_body = NewGroup,
    responses((status = 201, description = "The group.", body = Group))
)]
async fn create(State(app): State<App>, asked: Asked, body: Bytes) -> Result<Response, Failure> {
    let NewGroup { group, name, description, roles } = input::required(&body)?;
    let new = NewCircle { word: group, name, description, roles, ..NewCircle::default() };
    circles::create::<Group>(app, asked, new).await
}

/// One group, by its id or word.
#[utoipa::path(
    get, path = "/groups/{group}", operation_id = "getGroup", tag = "doorward",
    params(("group" = String, Path, description = "The group's id or word.")),
    responses((status = 200, description = "The group.", body = Group))
)]
async fn get(State(app): State<App>, Path(group): Path<String>) -> Result<Response, Failure> {
    circles::get::<Group>(app, group).await
}

/// Changes a group. Its members have the roles it carries now from the next token on.
#[utoipa::path(
    put, path = "/groups/{group}", operation_id = "updateGroup", tag = "doorward",
    params(
        ("group" = String, Path, description = "The group's id or word."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the group as it was read: 412 if somebody has changed it since."),
    ),
    request_body = GroupChange,
    responses((status = 200, description = "The group as it is now.", body = Group))
)]
async fn update(
    State(app): State<App>,
    Editor(by): Editor,
    Path(text): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let GroupChange { group, name, description, roles, updated_at } = input::required(&body)?;
    let change = AmendCircle {
        word: group,
        name,
        description,
        roles,
        seen: updated_at,
        ..AmendCircle::default()
    };
    circles::update::<Group>(app, by, text, change).await
}

/// Removes a group, and says how many people were in it.
#[utoipa::path(
    delete, path = "/groups/{group}", operation_id = "deleteGroup", tag = "doorward",
    params(
        ("group" = String, Path, description = "The group's id or word."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the group as it was read: 412 if somebody has changed it since."),
    ),
    responses((status = 200, description = "What went with it.", body = Deleted))
)]
async fn delete(
    State(app): State<App>,
    Editor(by): Editor,
    Path(group): Path<String>,
) -> Result<Document<Deleted>, Failure> {
    Ok(Document::ok(Deleted::of(circles::delete(app, by, KIND, group).await?)))
}

/// The people in a group, in order of creation.
#[utoipa::path(
    get, path = "/groups/{group}/members", operation_id = "listGroupMembers", tag = "doorward",
    params(
        ("group" = String, Path, description = "The group's id or word."),
        ("total" = Option<bool>, Query, description = "Whether to say how many there are in all."),
        ("last_login" = Option<bool>, Query, description = "Whether to say of each when they last signed in."),
        ("page_size" = Option<u64>, Query, minimum = 1, maximum = 500, description = "How many at the most; 50 when nothing is said."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses((status = 200, description = "A page of identities.", body = super::search::Found))
)]
async fn members(
    State(app): State<App>,
    Path(group): Path<String>,
    query: Query,
) -> Result<Response, Failure> {
    super::search::members(app, KIND, group, &query).await
}

/// Puts several people into a group: each by themselves, with an entry that sums up. Who is in it already stays as they are.
#[utoipa::path(
    post, path = "/groups/{group}/members", operation_id = "addGroupMembers", tag = "doorward",
    params(("group" = String, Path, description = "The group's id or word.")),
    request_body = circles::NewMembers,
    responses((status = 200, description = "What became of each.", body = circles::Receipt))
)]
async fn add(
    State(app): State<App>,
    asked: Asked,
    Path(group): Path<String>,
    body: Bytes,
) -> Result<Document<circles::Receipt>, Failure> {
    circles::add(app, asked, KIND, group, &body).await
}
