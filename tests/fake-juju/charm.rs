//! The charm's own files: `metadata.yaml`, `config.yaml`, `actions.yaml`.

use crate::model::Model;
use crate::text::yaml_in;
use serde_json::{Map, Value, json};
use std::path::Path;

/// What the controller read when the charm was deployed.
#[derive(Clone)]
pub struct Charm {
    pub metadata: Value,
    pub options: Map<String, Value>,
    pub actions: Map<String, Value>,
}

impl Charm {
    /// Reads the three files; `config.yaml` and `actions.yaml` may be absent.
    pub fn read(dir: &Path) -> Result<Charm, String> {
        let metadata = yaml(&dir.join("metadata.yaml"))?.ok_or("charm missing from disk")?;
        let config = yaml(&dir.join("config.yaml"))?.unwrap_or(json!({"options": {}}));
        let options = config.get("options").ok_or("invalid config: empty configuration")?;
        let actions = yaml(&dir.join("actions.yaml"))?.unwrap_or(json!({}));
        let charm = Charm { metadata, options: map(options), actions: map(&actions) };
        charm.check()?;
        Ok(charm)
    }

    /// Refuses what Juju refuses at deploy.
    fn check(&self) -> Result<(), String> {
        for field in ["name", "summary", "description"] {
            if self.metadata.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(format!(
                    "invalid charm: metadata: {field}: expected string, got nothing"
                ));
            }
        }
        for (name, option) in &self.options {
            let kind = option.get("type").and_then(Value::as_str).unwrap_or("string");
            if !["string", "int", "float", "boolean", "secret"].contains(&kind) {
                return Err(format!("invalid config: option {name:?} has unknown type {kind:?}"));
            }
            if let Some(default) = option.get("default").filter(|d| !d.is_null()) {
                let fits = match kind {
                    "int" => default.is_i64(),
                    "float" => default.is_number(),
                    "boolean" => default.is_boolean(),
                    _ => default.is_string(),
                };
                if !fits {
                    let got = format!("option {name:?} expected {kind}, got {default}");
                    return Err(format!("invalid config default: {got}"));
                }
            }
        }
        self.actions.iter().try_for_each(|(name, action)| check_action(name, action))
    }

    /// Option values as `config-get --all` shows them: unset ones without default are null.
    pub fn config(&self, model: &Model) -> Map<String, Value> {
        let value = |name: &String, option: &Value| {
            let default = option.get("default").cloned().unwrap_or(Value::Null);
            model.config.get(name).cloned().unwrap_or(default)
        };
        self.options.iter().map(|(name, option)| (name.clone(), value(name, option))).collect()
    }

    /// Reads one `k=v` of `juju config`.
    pub fn option_value(&self, name: &str, text: &str) -> Result<Value, String> {
        let option = self.options.get(name).ok_or_else(|| format!("unknown option {name:?}"))?;
        let kind = option.get("type").and_then(Value::as_str).unwrap_or("string");
        let bad = || format!("option {name:?} expected {kind}, got {text:?}");
        match kind {
            "int" => text.parse::<i64>().map(|v| json!(v)).map_err(|_| bad()),
            "float" => text.parse::<f64>().map(|v| json!(v)).map_err(|_| bad()),
            "boolean" => match text {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(json!(true)),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(json!(false)),
                _ => Err(bad()),
            },
            "secret" if !text.is_empty() && !text.starts_with("secret:") => Err(bad()),
            _ => Ok(json!(text)),
        }
    }

    /// Names below `peers`, `requires` and `provides`.
    pub fn endpoints(&self, role: &str) -> Vec<String> {
        self.metadata.get(role).map(|m| map(m).keys().cloned().collect()).unwrap_or_default()
    }

    pub fn storage(&self) -> Map<String, Value> {
        self.metadata.get("storage").map(map).unwrap_or_default()
    }
}

fn check_action(name: &str, action: &Value) -> Result<(), String> {
    if !valid_name(name) {
        return Err(format!("bad action name {name}"));
    }
    if name == "juju" || name.starts_with("juju-") {
        return Err(format!("cannot use action name {name}: \"juju\" is a reserved name"));
    }
    let text = action.to_string();
    for key in ["$ref", "$schema"] {
        if text.contains(&format!("\"{key}\":")) {
            return Err(format!("schema key {key:?} not compatible with this version of juju"));
        }
    }
    let params = action.get("params").map(map).unwrap_or_default();
    if params.get("type").is_some_and(Value::is_string) {
        return Err("schema must be of type object".into());
    }
    for (key, param) in &params {
        if param.get("required").is_some_and(Value::is_boolean) {
            return Err(format!(
                "invalid params schema for action {name}: {key}: required must be a list"
            ));
        }
    }
    Ok(())
}

/// `^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$`, the rule of actions, parameters and result keys.
pub fn valid_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn yaml(path: &Path) -> Result<Option<Value>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => yaml_in::block(&text).map(Some).map_err(|e| format!("{}: {e}", path.display())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{}: {e}", path.display())),
    }
}

pub fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
