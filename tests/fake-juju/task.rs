//! Tasks: what became of an action, and how `juju run` prints it (4.6, 4.7).

use crate::store::{Result, Store, write_whole};
use crate::text::{go_json, yaml_out};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Task {
    pub id: u32,
    pub operation: u32,
    pub unit: String,
    pub action: String,
    /// In clear, as `juju show-operation` shows them.
    pub parameters: Value,
    pub status: String,
    pub message: String,
    /// With `return-code`, `stdout` and `stderr`.
    pub results: Map<String, Value>,
    pub log: Vec<String>,
    pub enqueued: String,
    pub started: String,
    pub completed: String,
    /// Wall time of the process in microseconds, and the tools it called; not part of Juju.
    pub micros: u64,
    pub calls: usize,
}

const HIDDEN: [&str; 5] = ["return-code", "stdout", "stderr", "stdout-encoding", "stderr-encoding"];

impl Task {
    pub fn save(&self, store: &Store) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|e| e.to_string())?;
        write_whole(&store.task_file(self.id), &text)
    }

    pub fn load(store: &Store, id: u32) -> Result<Task> {
        let text =
            std::fs::read(store.task_file(id)).map_err(|_| format!("task \"{id}\" not found"))?;
        serde_json::from_slice(&text).map_err(|e| e.to_string())
    }

    pub fn return_code(&self) -> i64 {
        self.results.get("return-code").and_then(Value::as_i64).unwrap_or(0)
    }

    /// The task as the yaml and json formats show it.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "id": self.id.to_string(),
            "status": self.status,
            "timing": {
                "enqueued": self.enqueued, "started": self.started, "completed": self.completed,
            },
            "unit": self.unit,
        });
        if !self.results.is_empty() {
            value["results"] = Value::Object(self.results.clone());
        }
        if !self.message.is_empty() {
            value["message"] = json!(self.message);
        }
        if !self.log.is_empty() {
            value["log"] = json!(self.log);
        }
        value
    }

    /// What goes to stdout in the given format; `by_unit` as `juju run`, else as `show-task`.
    pub fn print(&self, format: &str, by_unit: bool) -> String {
        let value = || {
            if by_unit { json!({ self.unit.as_str(): self.to_value() }) } else { self.to_value() }
        };
        match format {
            "json" => format!("{}\n", go_json::to_string(&value())),
            "yaml" => yaml_out::document(&value()),
            _ => self.plain(),
        }
    }

    fn plain(&self) -> String {
        if self.status == "error" {
            return format!("Task {} error\n", self.id);
        }
        let mut out = String::new();
        if self.status == "failed" {
            out.push_str(&format!("Action id {} failed: {}\n", self.id, self.message));
        }
        let shown: Map<String, Value> = self
            .results
            .iter()
            .filter(|(k, _)| !HIDDEN.contains(&k.as_str()))
            .map(|(k, v)| (k.to_lowercase(), v.clone()))
            .collect();
        if !shown.is_empty() {
            out.push_str(&yaml_out::document(&Value::Object(shown)));
        }
        out.push('\n');
        for stream in ["stdout", "stderr"] {
            if let Some(text) = self.results.get(stream).and_then(Value::as_str) {
                out.push_str(text.trim_end_matches('\n'));
                out.push('\n');
            }
        }
        out
    }

    /// What else goes to stderr when the process failed, with exit code 1.
    pub fn complaint(&self) -> Option<String> {
        let code = self.return_code();
        (code != 0).then(|| {
            format!(
                "ERROR the following task failed:\n - id \"{}\" with return code {code}\n\n\
                 use 'juju show-task' to inspect the failure\n",
                self.id
            )
        })
    }
}
