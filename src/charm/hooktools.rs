//! One function per hook tool the charm needs. Answers are asked for as JSON, free text stands
//! behind `--`, and no call lasts longer than its limit.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::process::{self, Fault};
use super::status::Status;

/// Longest line given to the log.
const LINE_LIMIT: usize = 8 * 1024;

/// A hook tool that gave no usable answer.
#[derive(Debug, thiserror::Error)]
#[error("{tool} {fault}")]
pub struct ToolError {
    /// The tool.
    pub tool: &'static str,
    /// What happened.
    pub fault: Fault,
}

impl ToolError {
    /// What the tool said when it refused.
    #[must_use]
    pub fn stderr(&self) -> &str {
        match &self.fault {
            Fault::Exit { stderr, .. } => stderr,
            _ => "",
        }
    }
}

/// How much a line in the log matters.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Somebody may have to do something.
    Warning,
    /// It failed.
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// The hook tools of this invocation.
#[derive(Debug)]
pub struct HookTools {
    limit: Duration,
    config: RefCell<Option<Map<String, Value>>>,
}

/// Which revision of a secret is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// The revision this unit tracks.
    Tracked,
    /// The newest revision, which is tracked from now on.
    Newest,
}

impl HookTools {
    /// Tools that are killed after `limit`.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, config: RefCell::new(None) }
    }

    /// The parameters of the action.
    ///
    /// # Errors
    /// When the tool gives no usable answer; so for every function here.
    pub fn action_get(&self) -> Result<Map<String, Value>, ToolError> {
        let parameters: Option<Map<String, Value>> = self.ask("action-get", &["--format=json"])?;
        Ok(parameters.unwrap_or_default())
    }

    /// Gives results to the operator. Keys and sizes are those of [`crate::actions::results`],
    /// which keeps each value and the whole below what Linux passes to a program.
    ///
    /// # Errors
    /// As above.
    pub fn action_set(&self, results: &[(String, String)]) -> Result<(), ToolError> {
        if results.is_empty() {
            return Ok(());
        }
        let pairs: Vec<String> =
            results.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.tell("action-set", &pairs)
    }

    /// Marks the action as failed, with the sentence the operator sees.
    ///
    /// # Errors
    /// As above.
    pub fn action_fail(&self, sentence: &str) -> Result<(), ToolError> {
        self.tell("action-fail", &["--", &printable(sentence)])
    }

    /// Shows a line to the operator while the action runs.
    ///
    /// # Errors
    /// As above.
    pub fn action_log(&self, line: &str) -> Result<(), ToolError> {
        self.tell("action-log", &["--", &printable(line)])
    }

    /// The options of the application; asked for once per hook.
    ///
    /// # Errors
    /// As above.
    pub fn config_get(&self) -> Result<Map<String, Value>, ToolError> {
        if let Some(known) = self.config.borrow().as_ref() {
            return Ok(known.clone());
        }
        let options: Option<Map<String, Value>> = self.ask("config-get", &["--format=json"])?;
        let mut options = options.unwrap_or_default();
        options.retain(|_, value| !value.is_null());
        *self.config.borrow_mut() = Some(options.clone());
        Ok(options)
    }

    /// Sets the status of the unit.
    ///
    /// # Errors
    /// As above.
    pub fn status_set(&self, status: &Status) -> Result<(), ToolError> {
        self.tell("status-set", &[status.level.as_str(), "--", &printable(&status.text)])
    }

    /// Writes to the log of the model. A log that cannot be written stops nothing.
    pub fn juju_log(&self, level: Level, line: &str) {
        let _ = self.tell("juju-log", &["--log-level", level.as_str(), "--", &printable(line)]);
    }

    /// Sets the version shown in `juju status`.
    ///
    /// # Errors
    /// As above.
    pub fn application_version_set(&self, version: &str) -> Result<(), ToolError> {
        self.tell("application-version-set", &["--", version])
    }

    /// Whether this unit leads the application for the next 30 seconds. An answer that does not
    /// come counts as no.
    pub fn is_leader(&self) -> bool {
        match self.ask("is-leader", &["--format=json"]) {
            Ok(answer) => answer,
            Err(error) => {
                self.juju_log(Level::Warning, &format!("taken as not the leader: {error}"));
                false
            }
        }
    }

    /// The relations on an endpoint.
    ///
    /// # Errors
    /// As above.
    pub fn relation_ids(&self, endpoint: &str) -> Result<Vec<String>, ToolError> {
        self.list("relation-ids", &["--format=json", endpoint])
    }

    /// The other units of a relation.
    ///
    /// # Errors
    /// As above.
    pub fn relation_list(&self, relation: &str) -> Result<Vec<String>, ToolError> {
        self.list("relation-list", &["--format=json", "-r", relation])
    }

    /// The application on the other side of a relation, while it is known.
    ///
    /// # Errors
    /// As above.
    pub fn relation_app(&self, relation: &str) -> Result<Option<String>, ToolError> {
        let app: Option<String> =
            self.ask("relation-list", &["--format=json", "-r", relation, "--app"])?;
        Ok(app.filter(|name| !name.is_empty()))
    }

    /// The file of a resource, if one was attached.
    ///
    /// # Errors
    /// As above; a resource that was never attached is no error.
    pub fn resource_get(&self, name: &str) -> Result<Option<PathBuf>, ToolError> {
        match self.run("resource-get", &[name]) {
            Ok(printed) => {
                let path = String::from_utf8_lossy(&printed).trim().to_owned();
                Ok(Some(path).filter(|path| !path.is_empty()).map(PathBuf::from))
            }
            Err(ToolError { fault: Fault::Exit { .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The databag of an application on a relation.
    ///
    /// # Errors
    /// As above.
    pub fn relation_get_app(
        &self,
        relation: &str,
        app: &str,
    ) -> Result<BTreeMap<String, String>, ToolError> {
        let args = ["--format=json", "-r", relation, "--app", "-", app];
        let databag: Option<BTreeMap<String, String>> = self.ask("relation-get", &args)?;
        Ok(databag.unwrap_or_default())
    }

    /// Writes a value into our application's databag; only the leader may.
    ///
    /// # Errors
    /// As above.
    pub fn relation_set_app(
        &self,
        relation: &str,
        key: &str,
        value: &str,
    ) -> Result<(), ToolError> {
        self.tell("relation-set", &["-r", relation, "--app", "--", &format!("{key}={value}")])
    }

    /// The units the application has or is about to have, without those that are going.
    ///
    /// # Errors
    /// As above.
    pub fn goal_units(&self) -> Result<Vec<String>, ToolError> {
        let goal: Value = self.ask("goal-state", &["--format=json"])?;
        let units = goal.get("units").and_then(Value::as_object);
        let stays = |unit: &Value| unit.get("status").and_then(Value::as_str) != Some("dying");
        Ok(units
            .into_iter()
            .flatten()
            .filter(|(_, unit)| stays(unit))
            .map(|(name, _)| name.clone())
            .collect())
    }

    /// The content of a secret.
    ///
    /// # Errors
    /// As above; [`ToolError::stderr`] tells a denied secret from a missing one.
    pub fn secret_get(
        &self,
        uri: &str,
        revision: Revision,
    ) -> Result<BTreeMap<String, SecretString>, ToolError> {
        let mut args = vec!["--format=json"];
        if revision == Revision::Newest {
            args.push("--refresh");
        }
        args.extend(["--", uri]);
        let content: Option<BTreeMap<String, String>> = self.ask("secret-get", &args)?;
        let keep = |(key, value)| (key, SecretString::from(value));
        Ok(content.unwrap_or_default().into_iter().map(keep).collect())
    }

    /// Makes a secret of the application from files, and returns its URI; only the leader may.
    /// The values never stand on a command line.
    ///
    /// # Errors
    /// As above.
    pub fn secret_add(
        &self,
        label: &str,
        description: &str,
        files: &[(&str, PathBuf)],
    ) -> Result<String, ToolError> {
        let mut args: Vec<String> =
            ["--label", label, "--description", description].map(str::to_owned).to_vec();
        args.push("--".to_owned());
        args.extend(files.iter().map(|(key, path)| format!("{key}#file={}", path.display())));
        let printed = self.run("secret-add", &args)?;
        let uri = String::from_utf8_lossy(&printed).trim().to_owned();
        if uri.is_empty() {
            return Err(nonsense("secret-add", "no URI"));
        }
        Ok(uri)
    }

    /// The id of our own secret with that label, if there is one.
    ///
    /// # Errors
    /// As above.
    pub fn secret_id_of_label(&self, label: &str) -> Result<Option<String>, ToolError> {
        let args = ["--label", label, "--format=json"];
        match self.ask::<Option<Map<String, Value>>>("secret-info-get", &args) {
            Ok(found) => Ok(found.and_then(|secrets| secrets.keys().next().cloned())),
            Err(error) if error.stderr().contains("not found") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The address other machines reach this unit under, if the model's network has one.
    ///
    /// # Errors
    /// As above; a binding without an address is no error.
    pub fn ingress_address(&self, binding: &str) -> Result<Option<String>, ToolError> {
        let args = [binding, "--ingress-address", "--format=json"];
        match self.ask::<Option<String>>("network-get", &args) {
            Ok(address) => Ok(address.filter(|text| !text.is_empty())),
            Err(ToolError { fault: Fault::Exit { .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ports this unit has asked to open.
    ///
    /// # Errors
    /// As above.
    pub fn opened_ports(&self) -> Result<Vec<String>, ToolError> {
        self.list("opened-ports", &["--format=json"])
    }

    /// Asks to open `4433/tcp` or the like.
    ///
    /// # Errors
    /// As above.
    pub fn open_port(&self, port: &str) -> Result<(), ToolError> {
        self.tell("open-port", &[port])
    }

    /// Takes that back.
    ///
    /// # Errors
    /// As above.
    pub fn close_port(&self, port: &str) -> Result<(), ToolError> {
        self.tell("close-port", &[port])
    }

    /// The storage instances of that name.
    ///
    /// # Errors
    /// As above.
    pub fn storage_list(&self, name: &str) -> Result<Vec<String>, ToolError> {
        self.list("storage-list", &["--format=json", name])
    }

    /// Where a storage instance is mounted.
    ///
    /// # Errors
    /// As above.
    pub fn storage_location(&self, id: &str) -> Result<Option<PathBuf>, ToolError> {
        let answer: Option<String> =
            self.ask("storage-get", &["-s", id, "--format=json", "location"])?;
        Ok(answer.map(PathBuf::from).filter(|path| path.is_absolute() && path != Path::new("/")))
    }

    fn list(&self, tool: &'static str, args: &[&str]) -> Result<Vec<String>, ToolError> {
        let answer: Option<Vec<String>> = self.ask(tool, args)?;
        Ok(answer.unwrap_or_default())
    }

    fn ask<T: DeserializeOwned>(&self, tool: &'static str, args: &[&str]) -> Result<T, ToolError> {
        let printed = self.run(tool, args)?;
        // The parser's own words quote no input, so no value leaks through them.
        serde_json::from_slice(&printed).map_err(|error| {
            nonsense(tool, &format!("line {}, {:?}", error.line(), error.classify()))
        })
    }

    fn tell<A: AsRef<std::ffi::OsStr>>(
        &self,
        tool: &'static str,
        args: &[A],
    ) -> Result<(), ToolError> {
        self.run(tool, args).map(drop)
    }

    fn run<A: AsRef<std::ffi::OsStr>>(
        &self,
        tool: &'static str,
        args: &[A],
    ) -> Result<Vec<u8>, ToolError> {
        process::run(tool, args, self.limit).map_err(|fault| ToolError { tool, fault })
    }
}

fn nonsense(tool: &'static str, what: &str) -> ToolError {
    ToolError { tool, fault: Fault::Nonsense(what.to_owned()) }
}

/// One line without control characters and of a length the kernel passes.
fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LINE_LIMIT));
    for c in text.chars() {
        if line.len() + c.len_utf8() > LINE_LIMIT {
            line.push('…');
            break;
        }
        line.push(if c.is_control() { ' ' } else { c });
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_juju_has_no_control_characters_and_an_end() {
        assert_eq!(printable("a\nb\0c"), "a b c");
        assert!(printable(&"é".repeat(100_000)).len() < LINE_LIMIT + 8);
    }
}
