//! Roles, groups and permissions of one identity.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::groups::GroupName;
use super::input;
use super::roles::RoleName;
use crate::domain::access::{HeldRole, Origin};
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::{Editor, tagged};
use crate::http::failure::Failure;
use crate::service::access::held::{self, Access, Wanted};
use crate::service::unchanged::tag_of_access;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(roles, set_roles))
        .routes(routes!(groups, set_groups))
        .routes(routes!(permissions, set_permissions))
}

/// Roles, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = identityRolesBody)]
struct WantedRoles {
    /// By id or word.
    #[schema(example = json!(["editor"]))]
    roles: BTreeSet<String>,
}

/// Groups, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = identityGroupsBody)]
struct WantedGroups {
    /// By id or word.
    #[schema(example = json!(["staff"]))]
    groups: BTreeSet<String>,
}

/// Permissions given to somebody, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = identityPermissionsBody)]
struct WantedPermissions {
    /// Scopes. What roles permit need not be repeated, and cannot be taken away here.
    #[schema(example = json!(["documents.read"]))]
    permissions: BTreeSet<String>,
}

/// A role somebody has.
#[derive(Serialize, ToSchema)]
#[schema(as = heldRole)]
struct Held {
    #[serde(flatten)]
    role: RoleName,
    /// Whether it was given to them themselves.
    direct: bool,
    /// The groups through which they have it.
    groups: BTreeSet<String>,
    /// What it permits.
    permissions: BTreeSet<String>,
}

impl Held {
    fn of(one: HeldRole) -> Self {
        let HeldRole { role, direct, groups } = one;
        Self { role: RoleName::of(&role), direct, groups, permissions: role.permissions }
    }
}

/// The roles of an identity.
#[derive(Serialize, ToSchema)]
#[schema(as = identityRoles)]
struct RolesOf {
    id: Uuid,
    /// By their words.
    roles: Vec<Held>,
    /// Whether they were others before; only where they are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

/// The groups of an identity.
#[derive(Serialize, ToSchema)]
#[schema(as = identityGroups)]
struct GroupsOf {
    id: Uuid,
    /// By their words.
    groups: Vec<GroupName>,
    /// Whether they were others before; only where they are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

/// A permission, and where it comes from.
#[derive(Serialize, ToSchema)]
#[schema(as = effectivePermission)]
struct Effective {
    permission: String,
    /// Whether it was given to them themselves; only then can it be taken away here.
    direct: bool,
    /// The roles that permit it.
    roles: Vec<Source>,
}

/// A role that permits something.
#[derive(Serialize, ToSchema)]
#[schema(as = permissionSource)]
struct Source {
    role: String,
    /// The group through which they have the role; null where they have it themselves.
    group: Option<String>,
}

/// What an identity may.
#[derive(Serialize, ToSchema)]
#[schema(as = identityPermissions)]
struct PermissionsOf {
    id: Uuid,
    /// All of it, by its words.
    permissions: Vec<Effective>,
    /// Whether those given to them were others before; only where they are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

impl RolesOf {
    fn of(id: Uuid, access: Access, changed: Option<bool>) -> Self {
        Self { id, roles: access.roles.into_iter().map(Held::of).collect(), changed }
    }
}

impl GroupsOf {
    fn of(id: Uuid, access: Access, changed: Option<bool>) -> Self {
        Self {
            id,
            groups: access.groups.into_iter().map(|group| GroupName::of(&group)).collect(),
            changed,
        }
    }
}

impl PermissionsOf {
    fn of(id: Uuid, access: Access, changed: Option<bool>) -> Self {
        let permissions = access.permissions.into_iter().map(|(permission, origins)| {
            let direct = origins.contains(&Origin::Direct);
            let roles = origins.into_iter().filter_map(|origin| match origin {
                Origin::Direct => None,
                Origin::Role { role, group } => Some(Source { role, group }),
            });
            Effective { permission, direct, roles: roles.collect() }
        });
        Self { id, permissions: permissions.collect(), changed }
    }
}

/// What of it is shown, and how it is to be asked for unchanged.
type View<T> = fn(Uuid, Access, Option<bool>) -> T;

async fn shown<T: Serialize>(app: App, id: String, view: View<T>) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    Ok(answer(id, app.call(move |d| held::of(d, id)).await??, None, view))
}

fn answer<T: Serialize>(
    id: Uuid,
    access: Access,
    changed: Option<bool>,
    view: View<T>,
) -> Response {
    let tag = AppendHeaders(tagged(&tag_of_access(&access)));
    (tag, Document::ok(view(id, access, changed))).into_response()
}

/// The roles of an identity, each with what it came by.
#[utoipa::path(
    get, path = "/identities/{id}/roles", operation_id = "getIdentityRoles", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "Its roles.", body = RolesOf))
)]
async fn roles(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(app, id, RolesOf::of).await
}

/// Makes the roles that were given to an identity exactly those of the body; roles of its groups
/// stay.
#[utoipa::path(
    put, path = "/identities/{id}/roles", operation_id = "setIdentityRoles", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what they were given as it was read: 412 if somebody has changed it since."),
    ),
    request_body = WantedRoles,
    responses((status = 200, description = "The roles it has now.", body = RolesOf))
)]
async fn set_roles(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    let WantedRoles { roles } = input::required(&body)?;
    let wanted = Wanted::Exactly(roles);
    let (access, changed) = app.call(move |d| held::set_roles(d, &by, id, &wanted)).await??;
    Ok(answer(id, access, Some(changed), RolesOf::of))
}

/// The groups of an identity.
#[utoipa::path(
    get, path = "/identities/{id}/groups", operation_id = "getIdentityGroups", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "Its groups.", body = GroupsOf))
)]
async fn groups(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(app, id, GroupsOf::of).await
}

/// Makes the groups of an identity exactly those of the body.
#[utoipa::path(
    put, path = "/identities/{id}/groups", operation_id = "setIdentityGroups", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what they were given as it was read: 412 if somebody has changed it since."),
    ),
    request_body = WantedGroups,
    responses((status = 200, description = "The groups it is in now.", body = GroupsOf))
)]
async fn set_groups(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    let WantedGroups { groups } = input::required(&body)?;
    let wanted = Wanted::Exactly(groups);
    let (access, changed) = app.call(move |d| held::set_groups(d, &by, id, &wanted)).await??;
    Ok(answer(id, access, Some(changed), GroupsOf::of))
}

/// All that an identity may, each permission with where it comes from.
#[utoipa::path(
    get, path = "/identities/{id}/permissions", operation_id = "getIdentityPermissions",
    tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "What it may.", body = PermissionsOf))
)]
async fn permissions(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    shown(app, id, PermissionsOf::of).await
}

/// Makes the permissions that were given to an identity exactly those of the body; what its roles
/// permit stays.
#[utoipa::path(
    put, path = "/identities/{id}/permissions", operation_id = "setIdentityPermissions",
    tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what they were given as it was read: 412 if somebody has changed it since."),
    ),
    request_body = WantedPermissions,
    responses((status = 200, description = "What it may now.", body = PermissionsOf))
)]
async fn set_permissions(
    State(app): State<App>,
    Editor(by): Editor,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    let WantedPermissions { permissions } = input::required(&body)?;
    let wanted = Wanted::Exactly(permissions);
    let (access, changed) = app.call(move |d| held::set_permissions(d, &by, id, &wanted)).await??;
    Ok(answer(id, access, Some(changed), PermissionsOf::of))
}
