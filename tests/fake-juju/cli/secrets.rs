//! Secrets of the operator (5.1). Granting tells the charm nothing.

use super::{Command, Done, Refusal, say, settle};
use crate::model::{Owner, Secret, decode, secret_content};
use crate::text::{go_json, yaml_out};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// `add-secret NAME k=v ... [--file YAML] [--info TEXT]`
pub fn add(c: &Command) -> Done {
    let name = c.need(0, "secret name")?.to_owned();
    let content = secret_content(c.rest(1), c.flags.get("file"))?;
    if content.is_empty() {
        return Err(Refusal { text: "missing secret value or filename".into(), code: 2 });
    }
    let id = c.store.update(|m| {
        if m.find_secret(&name).is_some() {
            return Err(format!("secret with name {name:?} already exists"));
        }
        let id = m.new_secret_id();
        let secret = Secret {
            owner: Owner::User,
            label: name.clone(),
            description: c.flags.get("info").unwrap_or_default().into(),
            rotate: String::new(),
            expire: String::new(),
            created: Timestamp::now(),
            updated: Timestamp::now(),
            revisions: [(1, content)].into(),
            grants: BTreeSet::new(),
        };
        m.secrets.insert(id.clone(), secret);
        Ok(id)
    })?;
    say(format!("secret:{id}\n"))
}

/// A new revision; units that have read the secret get secret-changed.
pub fn update(c: &Command) -> Done {
    let name = c.need(0, "secret URI")?;
    let content = secret_content(c.rest(1), c.flags.get("file"))?;
    c.store.update(|m| {
        let id = m.find_secret(name).ok_or_else(|| format!("secret {name:?} not found"))?;
        if let Some(secret) = m.secrets.get_mut(&id) {
            secret.revise(content);
        }
        Ok(())
    })?;
    if !c.flags.has("no-settle") {
        settle::drain(&c.store)?;
    }
    say("")
}

/// `grant-secret NAME APP`, `revoke-secret NAME APP`
pub fn grant(c: &Command, allow: bool) -> Done {
    let name = c.need(0, "secret")?;
    let apps = c.need(1, "application")?;
    c.store.update(|m| {
        let id = m.find_secret(name).ok_or_else(|| format!("secret {name:?} not found"))?;
        let Some(secret) = m.secrets.get_mut(&id) else { return Ok(()) };
        for app in apps.split(',') {
            if allow {
                secret.grants.insert(app.to_owned());
            } else {
                secret.grants.remove(app);
            }
        }
        Ok(())
    })?;
    say("")
}

pub fn remove(c: &Command) -> Done {
    let name = c.need(0, "secret")?;
    c.store.update(|m| {
        let id = m.find_secret(name).ok_or_else(|| format!("secret {name:?} not found"))?;
        m.secrets.remove(&id);
        Ok(())
    })?;
    say("")
}

fn describe(id: &str, secret: &Secret, reveal: bool) -> Value {
    let owner = match &secret.owner {
        Owner::User => "<model>",
        Owner::Application(name) | Owner::Unit(name) => name,
    };
    let mut value = json!({"revision": secret.latest(), "owner": owner});
    value["created"] = json!(secret.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    value["updated"] = json!(secret.updated.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let key = if secret.owner == Owner::User { "name" } else { "label" };
    value[key] = json!(secret.label);
    let rotation = if secret.rotate.is_empty() { "never" } else { &secret.rotate };
    value["rotation"] = json!(rotation);
    if reveal && let Some(content) = secret.revisions.get(&secret.latest()) {
        let text = |v: &String| json!(String::from_utf8_lossy(&decode(v)));
        let map: Map<String, Value> = content.iter().map(|(k, v)| (k.clone(), text(v))).collect();
        value["content"] = Value::Object(map);
    }
    json!({ id: value })
}

/// `show-secret NAME [--reveal]`
pub fn show(c: &Command) -> Done {
    let name = c.need(0, "secret")?;
    let model = c.store.load()?;
    let id = model.find_secret(name).ok_or_else(|| format!("secret {name:?} not found"))?;
    let value = model.secrets.get(&id).map(|s| describe(&id, s, c.flags.has("reveal")));
    print(c, &value.unwrap_or(Value::Null))
}

pub fn list(c: &Command) -> Done {
    let model = c.store.load()?;
    let mut all = Map::new();
    for (id, secret) in &model.secrets {
        if let Value::Object(one) = describe(id, secret, false) {
            all.extend(one);
        }
    }
    print(c, &Value::Object(all))
}

fn print(c: &Command, value: &Value) -> Done {
    match c.flags.get("format") {
        // jubilant reads the content below `content.Data`.
        Some("json") => {
            let mut value = value.clone();
            for one in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                if let Some(content) = one.get_mut("content") {
                    *content = json!({"Data": content.take()});
                }
            }
            say(format!("{}\n", go_json::to_string(&value)))
        }
        _ => say(yaml_out::document(value)),
    }
}
