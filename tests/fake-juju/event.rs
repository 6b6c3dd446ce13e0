//! One thing to dispatch: a hook or an action.

use crate::model::Model;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A hook with what its environment says, or an action with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `install`, `data-storage-attached`; the action's name for an action.
    pub name: String,
    pub action: Option<ActionCall>,
    pub relation: Option<RelationEvent>,
    /// `data/0`
    pub storage: Option<String>,
    pub secret: Option<SecretEvent>,
    /// A shell command of `juju exec`, in place of the charm's own program.
    #[serde(default)]
    pub command: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionCall {
    pub task: u32,
    pub parameters: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RelationEvent {
    pub id: u32,
    /// Empty when the change is to the application databag.
    pub unit: String,
    pub app: String,
    pub departing: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SecretEvent {
    pub id: String,
    pub label: String,
    pub revision: Option<u64>,
}

impl Event {
    pub fn hook(name: &str) -> Event {
        Event { name: name.to_owned(), ..Event::default() }
    }

    pub fn dispatch_path(&self) -> String {
        let folder = if self.action.is_some() { "actions" } else { "hooks" };
        format!("{folder}/{}", self.name)
    }

    /// The part of the environment that belongs to this event (1.3).
    pub fn variables(&self, model: &Model, unit: &str) -> BTreeMap<String, String> {
        let mut env = BTreeMap::new();
        let mut set = |k: &str, v: String| {
            env.insert(k.to_owned(), v);
        };
        let hook = self.action.is_none() && self.command.is_none();
        let path = if self.command.is_some() { String::new() } else { self.dispatch_path() };
        set("JUJU_DISPATCH_PATH", path);
        set("JUJU_HOOK_NAME", if hook { self.name.clone() } else { String::new() });
        if let Some(action) = &self.action {
            set("JUJU_ACTION_NAME", self.name.clone());
            set("JUJU_ACTION_UUID", action.task.to_string());
            set("JUJU_ACTION_TAG", format!("action-{}", action.task));
        }
        if let Some(relation) = &self.relation {
            let endpoint = model.relations.get(&relation.id).map(|r| r.endpoint.clone());
            let endpoint = endpoint.unwrap_or_default();
            set("JUJU_RELATION_ID", format!("{endpoint}:{}", relation.id));
            set("JUJU_RELATION", endpoint);
            set("JUJU_REMOTE_APP", relation.app.clone());
            set("JUJU_REMOTE_UNIT", relation.unit.clone());
            if let Some(unit) = &relation.departing {
                set("JUJU_DEPARTING_UNIT", unit.clone());
            }
        }
        if let Some(id) = &self.storage {
            set("JUJU_STORAGE_ID", id.clone());
            if let Some(s) = model.units.get(unit).and_then(|u| u.storage.get(id)) {
                set("JUJU_STORAGE_LOCATION", s.location.display().to_string());
                set("JUJU_STORAGE_KIND", s.kind.clone());
            }
        }
        if let Some(secret) = &self.secret {
            set("JUJU_SECRET_ID", format!("secret:{}", secret.id));
            set("JUJU_SECRET_LABEL", secret.label.clone());
            if let Some(revision) = secret.revision {
                set("JUJU_SECRET_REVISION", revision.to_string());
            }
        }
        env
    }
}
