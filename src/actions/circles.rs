//! What the actions on roles and on groups have in common.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use crate::domain::access::{Circle, CircleKind};
use crate::error::ErrorCode;
use crate::service::access::circles::{self, Described, NewCircle};
use crate::service::access::held::{self, Wanted};
use crate::service::listing::Total;

/// `list-roles` and `list-groups`.
pub(super) struct List {
    size: Option<u64>,
    token: Option<String>,
}

impl List {
    pub(super) fn parse(params: &Params) -> Self {
        let token = params.filled("page-token").map(str::to_owned);
        Self { size: params.count("page-size"), token }
    }

    pub(super) fn run(self, cx: &mut Context<'_>, kind: CircleKind) -> Result<Results, Failure> {
        let what = format!("{}s", kind.as_str());
        let page = circles::list(&cx.deps, kind, self.size, self.token.as_deref())
            .map_err(|error| cx.failed(&format!("Failed to list the {what}"), &error))?;
        let shown: Map<String, Value> =
            page.items.iter().map(|one| (one.circle.word.clone(), document(one))).collect();
        let words: Vec<&str> = page.items.iter().map(|one| one.circle.word.as_str()).collect();
        let mut document = json!({"count": words.len(), "words": words.join("\n")});
        if let Some(map) = document.as_object_mut() {
            map.insert(what.clone(), Value::Object(shown));
            if let Some(token) = page.next_page_token {
                map.insert("next_page_token".to_owned(), Value::String(token));
            }
        }
        cx.host.log(&format!("Successfully listed the {what}"));
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

fn document(one: &Described) -> Value {
    let Circle { kind, id, word, name, description, permissions, .. } = &one.circle;
    let mut document = json!({
        "id": id,
        kind.as_str(): word,
        "name": name,
        "description": description,
        "members": one.members.count,
    });
    if let Some(map) = document.as_object_mut() {
        if !one.members.exact {
            map.insert("more_members".to_owned(), true.into());
        }
        match kind {
            CircleKind::Role => map.insert("permissions".to_owned(), json!(permissions)),
            CircleKind::Group => {
                let roles: Vec<&str> = one.roles.iter().map(|role| role.word.as_str()).collect();
                map.insert("roles".to_owned(), json!(roles))
            }
        };
    }
    document
}

/// `create-role` and `create-group`.
pub(super) struct Create(NewCircle);

impl Create {
    pub(super) fn parse(params: &Params, kind: CircleKind) -> Result<Self, Failure> {
        let text = |name| params.text(name).unwrap_or_default().trim().to_owned();
        let mut new = NewCircle {
            word: text(kind.as_str()),
            name: text("name"),
            description: text("description"),
            ..NewCircle::default()
        };
        match kind {
            CircleKind::Role => new.permissions = params.words("permissions")?.unwrap_or_default(),
            CircleKind::Group => new.roles = params.words("roles")?.unwrap_or_default(),
        }
        Ok(Self(new))
    }

    pub(super) fn run(self, cx: &mut Context<'_>, kind: CircleKind) -> Result<Results, Failure> {
        let what = kind.as_str();
        let made = circles::create(&cx.deps, &cx.by, kind, self.0)
            .map_err(|error| cx.failed(&format!("Failed to create the {what}"), &error))?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully created the {what}: {}", made.circle.word));
        Ok(document(&made).as_object().map(results::from_document).unwrap_or_default())
    }
}

/// `delete-role` and `delete-group`.
pub(super) struct Delete {
    text: String,
    dry_run: bool,
}

impl Delete {
    pub(super) fn parse(params: &Params, kind: CircleKind) -> Self {
        let text = params.text(kind.as_str()).unwrap_or_default().trim().to_owned();
        Self { text, dry_run: params.flag("dry-run") }
    }

    pub(super) fn run(self, cx: &mut Context<'_>, kind: CircleKind) -> Result<Results, Failure> {
        let (what, text) = (kind.as_str(), self.text.as_str());
        let done = if self.dry_run {
            circles::get(&cx.deps, kind, text)
                .and_then(|one| Ok((one.circle, circles::reach(&cx.deps, kind, text)?)))
        } else {
            circles::delete(&cx.deps, &cx.by, kind, text)
        };
        let (circle, reach) = done.map_err(|error| match error.code() {
            ErrorCode::NotFound => Failure::new(format!("There is no such {what}")),
            _ => cx.failed(&format!("Failed to delete the {what}"), &error),
        })?;
        cx.recorded = !self.dry_run;
        let Total { count, exact } = reach.holders;
        if self.dry_run {
            let people = format!("{}{count} people", if exact { "" } else { "at least " });
            cx.host.log(&format!("Nothing was deleted; {people} have the {what}"));
        } else {
            cx.host.log(&format!("Successfully deleted the {what}: {}", circle.word));
        }
        let mut document = json!({
            "id": circle.id,
            what: circle.word,
            "members": reach.members,
            "deleted": !self.dry_run,
        });
        if let (CircleKind::Role, Some(map)) = (kind, document.as_object_mut()) {
            let groups: Vec<&str> = reach.groups.iter().map(|group| group.word.as_str()).collect();
            map.insert("holders".to_owned(), count.into());
            if !exact {
                map.insert("more_holders".to_owned(), true.into());
            }
            map.insert("groups".to_owned(), json!(groups));
        }
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

/// `set-roles` and `set-groups`.
pub(super) struct Set {
    who: Who,
    wanted: BTreeSet<String>,
}

impl Set {
    pub(super) fn parse(params: &Params, name: &'static str) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)?, wanted: params.words(name)?.unwrap_or_default() })
    }

    pub(super) fn run(self, cx: &mut Context<'_>, kind: CircleKind) -> Result<Results, Failure> {
        let what = kind.as_str();
        let sentence = |id: Uuid| format!("Failed to set the {what}s of identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let wanted = Wanted::Exactly(self.wanted);
        let set = match kind {
            CircleKind::Role => held::set_roles(&cx.deps, &cx.by, id, &wanted),
            CircleKind::Group => held::set_groups(&cx.deps, &cx.by, id, &wanted),
        };
        let (access, changed) = set.map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = changed;
        cx.host.log(&format!("Successfully set the {what}s of identity {id}"));
        let roles: Vec<&str> = access.roles.iter().map(|held| held.role.word.as_str()).collect();
        let groups: Vec<&str> = access.groups.iter().map(|group| group.word.as_str()).collect();
        let permissions: Vec<&String> = access.permissions.keys().collect();
        let document = json!({
            "id": id,
            "roles": roles,
            "groups": groups,
            "permissions": permissions,
            "changed": changed,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
