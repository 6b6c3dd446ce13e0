//! The pending layer: changes that count for everybody only after exit 0.

use crate::model::{Content, Model, Owner, Secret};
use serde::{Deserialize, Serialize};

/// One pending change of a unit.
#[derive(Clone, Serialize, Deserialize)]
pub enum Op {
    RelationSet {
        id: u32,
        member: String,
        key: String,
        value: String,
    },
    StateSet {
        key: String,
        value: String,
    },
    StateDelete {
        key: String,
    },
    SecretAdd {
        id: String,
        secret: Secret,
    },
    SecretSet {
        id: String,
        content: Option<Content>,
        edit: SecretEdit,
    },
    SecretGrant {
        id: String,
        to: String,
    },
    SecretRevoke {
        id: String,
        from: String,
    },
    SecretRemove {
        id: String,
        revision: Option<u64>,
    },
    /// A refresh of a secret that this same hook updated.
    Track {
        id: String,
    },
    OpenPort {
        range: String,
    },
    ClosePort {
        range: String,
    },
    StorageAdd {
        name: String,
        count: u32,
    },
    Reboot,
}

/// What `secret-set` changes beside the content.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct SecretEdit {
    pub label: Option<String>,
    pub description: Option<String>,
    pub rotate: Option<String>,
    pub expire: Option<String>,
}

/// The model as the unit itself sees it: committed and its own pending changes.
pub fn overlay(model: &Model, unit: &str, pending: &[Op]) -> Model {
    let mut view = model.clone();
    for op in pending {
        // What the commit will refuse is not visible before either.
        let _ = op.apply(&mut view, unit);
    }
    view
}

impl Op {
    /// Applies the change, or says why the controller refuses the commit.
    pub fn apply(&self, model: &mut Model, unit: &str) -> Result<(), String> {
        match self {
            Op::RelationSet { id, member, key, value } => {
                let relation = model.relations.get_mut(id).ok_or("relation not found")?;
                relation.set(member, key, value);
            }
            Op::SecretAdd { id, secret } => {
                if let Owner::Application(_) = secret.owner
                    && !model.is_leader(unit)
                {
                    return Err("creating secrets: permission denied".into());
                }
                let same = |s: &Secret| {
                    !secret.label.is_empty() && s.label == secret.label && s.owner == secret.owner
                };
                if model.secrets.values().any(same) {
                    let label = &secret.label;
                    return Err(format!(
                        "creating secrets: secret with label {label:?} already exists"
                    ));
                }
                model.secrets.insert(id.clone(), secret.clone());
            }
            Op::SecretSet { id, content, edit } => {
                let secret = owned(model, unit, id)?;
                edit.apply(secret);
                if let Some(content) = content {
                    secret.revise(content.clone());
                }
            }
            Op::SecretGrant { id, to } => {
                owned(model, unit, id)?.grants.insert(to.clone());
            }
            Op::SecretRevoke { id, from } => {
                owned(model, unit, id)?.grants.remove(from);
            }
            Op::SecretRemove { id, revision } => {
                let secret = owned(model, unit, id)?;
                match revision {
                    Some(n) => drop(secret.revisions.remove(n)),
                    None => secret.revisions.clear(),
                }
                if secret.revisions.is_empty() {
                    model.secrets.remove(id);
                }
            }
            Op::Track { id } => {
                let latest = model.secrets.get(id).map_or(0, Secret::latest);
                of(model, unit)?.tracked.insert(id.clone(), latest);
            }
            other => other.apply_to_unit(of(model, unit)?),
        }
        Ok(())
    }

    fn apply_to_unit(&self, unit: &mut crate::model::Unit) {
        match self {
            Op::StateSet { key, value } => drop(unit.state.insert(key.clone(), value.clone())),
            Op::StateDelete { key } => drop(unit.state.remove(key)),
            Op::OpenPort { range } => drop(unit.ports.insert(range.clone())),
            Op::ClosePort { range } => drop(unit.ports.remove(range)),
            Op::StorageAdd { count, .. } => unit.storage_requests += count,
            Op::Reboot => unit.reboot = true,
            _ => {}
        }
    }
}

impl SecretEdit {
    fn apply(&self, secret: &mut Secret) {
        let SecretEdit { label, description, rotate, expire } = self.clone();
        secret.label = label.unwrap_or(std::mem::take(&mut secret.label));
        secret.description = description.unwrap_or(std::mem::take(&mut secret.description));
        secret.rotate = rotate.unwrap_or(std::mem::take(&mut secret.rotate));
        secret.expire = expire.unwrap_or(std::mem::take(&mut secret.expire));
    }
}

fn of<'a>(model: &'a mut Model, unit: &str) -> Result<&'a mut crate::model::Unit, String> {
    model.units.get_mut(unit).ok_or_else(|| format!("unit {unit:?} not found"))
}

/// Only the owner may change a secret, and for the application only the leader.
fn owned<'a>(model: &'a mut Model, unit: &str, id: &str) -> Result<&'a mut Secret, String> {
    let leads = model.is_leader(unit);
    let secret = model.secrets.get_mut(id).ok_or(format!("secret {id:?} not found"))?;
    let allowed = secret.owned_by(unit) && (leads || matches!(secret.owner, Owner::Unit(_)));
    if allowed { Ok(secret) } else { Err("permission denied".into()) }
}
