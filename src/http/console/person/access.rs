//! What somebody is and may: roles, groups and permissions, each with where it comes from.

use axum::response::Response;
use serde::Serialize;

use super::confirm::Confirm;
use super::{Heading, Person, load};
use crate::domain::access::{CircleKind, Origin};
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::circles::{chosen, fields_of, typed_words};
use crate::http::console::form::{Field, Problem};
use crate::http::pages::{Turn, plain};
use crate::service::access::held::{self, Access, Wanted};

#[derive(Serialize)]
struct Page {
    person: Heading,
    roles: Vec<Role>,
    permissions: Vec<Permission>,
    groups: Vec<Group>,
    edit_roles: String,
    edit_permissions: String,
    edit_groups: String,
}

#[derive(Serialize)]
struct Role {
    word: String,
    name: String,
    direct: bool,
    groups: Vec<String>,
}

#[derive(Serialize)]
struct Permission {
    word: String,
    direct: bool,
    /// Roles that permit it, with the group behind them.
    from: Vec<String>,
}

#[derive(Serialize)]
struct Group {
    id: String,
    word: String,
    name: String,
    description: String,
}

fn content(at: &At<'_>, person: &Person, access: &Access) -> Page {
    let roles = access.roles.iter().map(|held| Role {
        word: plain(&held.role.word),
        name: plain(&held.role.name),
        direct: held.direct,
        groups: held.groups.iter().map(|group| plain(group)).collect(),
    });
    let permissions = access.permissions.iter().map(|(word, origins)| Permission {
        word: plain(word),
        direct: origins.contains(&Origin::Direct),
        from: origins.iter().filter_map(|origin| came_by(at, origin)).collect(),
    });
    let groups = access.groups.iter().map(|group| Group {
        id: group.id.clone(),
        word: plain(&group.word),
        name: plain(&group.name),
        description: plain(&group.description),
    });
    Page {
        person: person.heading(at),
        roles: roles.collect(),
        permissions: permissions.collect(),
        groups: groups.collect(),
        edit_roles: format!("{}/access/roles", person.href),
        edit_permissions: format!("{}/access/permissions", person.href),
        edit_groups: format!("{}/groups/edit", person.href),
    }
}

fn came_by(at: &At<'_>, origin: &Origin) -> Option<String> {
    match origin {
        Origin::Direct => None,
        Origin::Role { role, group: None } => Some(plain(role)),
        Origin::Role { role, group: Some(group) } => {
            let group = at.text_with("console.access.via", &[("group", &plain(group))]);
            Some(format!("{} ({group})", plain(role)))
        }
    }
}

/// Roles and permissions.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let access = held::of(at.d(), person.identity.id)?;
    at.page("console/person-access.html", person.frame(at), &content(at, &person, &access))
}

/// Groups.
pub fn groups(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let access = held::of(at.d(), person.identity.id)?;
    at.page("console/person-groups.html", person.frame(at), &content(at, &person, &access))
}

/// What is to be changed, by the last part of the path.
fn what(at: &At<'_>) -> &'static str {
    match at.route.path.rsplit('/').next().unwrap_or_default() {
        "roles" => "roles",
        "permissions" => "permissions",
        _ => "groups",
    }
}

fn confirm(at: &At<'_>, access: &Access) -> Result<Confirm, Turn> {
    let what = what(at);
    let fields = match what {
        "roles" => {
            let own = access.roles.iter().filter(|held| held.direct);
            let own = own.map(|held| held.role.word.clone()).collect();
            fields_of(at, CircleKind::Role, "console.roles", &own)?
        }
        "groups" => {
            let own = access.groups.iter().map(|group| group.word.clone()).collect();
            fields_of(at, CircleKind::Group, "console.groups", &own)?
        }
        _ => {
            let own: Vec<&str> = access.direct.iter().map(String::as_str).collect();
            vec![
                Field::new(at, "hidden", "had", "console.permissions").or(own.join(" ")),
                Field::new(at, "area", "permissions", "console.permissions")
                    .about(at.text("console.permissions.about"))
                    .or(own.join("\n")),
            ]
        }
    };
    Ok(Confirm {
        title: at.text(&format!("console.do.{what}")),
        about: at.text(&format!("console.effect.{what}")),
        fields,
        back: if what == "groups" { "/groups" } else { "/access" },
        ..Confirm::default()
    })
}

/// The form for any of them.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    shown(at, None)
}

fn shown(at: &At<'_>, problem: Problem) -> Result<Response, Turn> {
    let person = load(at)?;
    let access = held::of(at.d(), person.identity.id)?;
    confirm(at, &access)?.page(at, &person, problem)
}

/// Changes what was ticked or typed otherwise than it was when the form was shown; what somebody
/// else has changed meanwhile stays.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let (wanted, had) = match what(at) {
        "permissions" => {
            let typed = at.form.first("permissions").unwrap_or_default();
            (typed_words(typed), typed_words(at.form.first("had").unwrap_or_default()))
        }
        _ => chosen(at),
    };
    let moves = Wanted::Change { add: &wanted - &had, remove: &had - &wanted };
    let (d, id) = (at.d(), person.identity.id);
    let done = match what(at) {
        "roles" => held::set_roles(d, &at.by, id, &moves),
        "groups" => held::set_groups(d, &at.by, id, &moves),
        _ => held::set_permissions(d, &at.by, id, &moves),
    };
    match done {
        Ok(_) => {
            let back = if what(at) == "groups" { "/groups" } else { "/access" };
            Err(at.done(&person.path(back)))
        }
        Err(error) if error.code() == ErrorCode::Invalid => {
            let name = if what(at) == "permissions" { "permissions" } else { "" };
            shown(at, Some((name, at.text("console.circle.wrong"))))
        }
        Err(error) => Err(error.into()),
    }
}
