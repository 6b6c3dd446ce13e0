//! A Juju agent with one charm, for tests: deploys it, sends hooks, runs actions, injects faults.
//!
//! ```ignore
//! let agent = Agent::new();
//! agent.deploy();
//! let task = agent.action("create-identity", json!({"schema-id": "admin_v0"}));
//! assert_eq!(task.status, "completed");
//! ```
//!
//! Everything goes through the `fake-juju` executable, so a test sees what any harness would see.

#![expect(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::assigning_clones,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::needless_pass_by_value,
    reason = "a kit of the tests: they take from it what they need, and it fails them at once"
)]

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// A model with one application in a directory of its own.
pub struct Agent {
    dir: TempDir,
    unit: String,
}

/// What became of an action.
#[derive(Debug, Clone)]
pub struct Task {
    /// `completed`, `failed`, or `error` when Juju 4 refused the parameters.
    pub status: String,
    pub message: String,
    /// Without `return-code`, `stdout` and `stderr`.
    pub results: Map<String, Value>,
    /// Texts of `action-log`.
    pub log: Vec<String>,
    pub stdout: String,
    pub stderr: String,
    pub return_code: i64,
    /// Calls of hook tools and machine programs.
    pub calls: usize,
    /// Wall time of the process in microseconds.
    pub micros: u64,
    pub parameters: Value,
}

impl Task {
    /// Takes a result by its dotted key: `task.get("traits.email")`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut parts = key.split('.');
        let first = self.results.get(parts.next()?)?;
        parts.try_fold(first, |v, part| v.get(part))?.as_str()
    }

    pub fn completed(&self) -> bool {
        self.status == "completed" && self.return_code == 0
    }
}

/// What became of a hook.
#[derive(Debug, Clone)]
pub struct Hook {
    pub name: String,
    pub ok: bool,
    pub code: Option<i64>,
    pub signal: Option<i64>,
    pub stdout: String,
    pub stderr: String,
    pub error: Option<String>,
    pub calls: usize,
    pub micros: u64,
}

/// One recorded call of a hook tool or machine program.
#[derive(Debug, Clone)]
pub struct Call {
    pub tool: String,
    pub argv: Vec<String>,
    pub stdin: Option<String>,
    pub code: i64,
    pub stdout: String,
    pub stderr: String,
    /// `hooks/install`, `actions/get-identity`
    pub event: String,
}

/// How to set up the model.
#[derive(Default)]
pub struct Setup {
    words: Vec<String>,
    charm: Option<PathBuf>,
}

impl Setup {
    /// Any flag of `fake-juju init`: `--mode 4`, `--num-units 2`, `--same-machine`, `--storage data`.
    pub fn with(mut self, words: &[&str]) -> Setup {
        self.words.extend(words.iter().map(std::string::ToString::to_string));
        self
    }

    /// Another charm than the one under test; a directory with its `dispatch`, or a `.charm`.
    pub fn charm(mut self, path: &Path) -> Setup {
        self.charm = Some(path.to_path_buf());
        self
    }

    pub fn build(self) -> Agent {
        let dir = TempDir::with_prefix("juju-").expect("a temporary directory");
        let mut words = vec!["init".to_owned()];
        if let Some(path) = &self.charm {
            words.extend(["--charm".into(), path.display().to_string()]);
        } else {
            let charm = charm_files(dir.path());
            words.extend(["--charm".into(), charm.display().to_string()]);
            words.extend(["--dispatch".into(), env!("CARGO_BIN_EXE_doorward").into()]);
            words.extend(["--app".into(), "kratos".into()]);
        }
        words.extend(self.words);
        let mut agent = Agent { dir, unit: String::new() };
        agent.must(&words);
        agent.unit = agent.units().into_iter().next().unwrap_or_default();
        agent
    }
}

/// The charm's files from the root of the repository.
fn charm_files(dir: &Path) -> PathBuf {
    let charm = dir.join("source");
    std::fs::create_dir_all(&charm).expect("a directory for the charm");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["metadata.yaml", "actions.yaml", "config.yaml"] {
        std::fs::copy(root.join(file), charm.join(file)).expect("the charm's files");
    }
    charm
}

/// The executable; `cargo test --test all` alone does not build it, so this may.
pub fn fake_juju() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let own = std::env::current_exe().expect("own path");
        let profile = own.ancestors().nth(2).expect("target directory");
        let path = profile.join("examples/fake-juju");
        if !newer_than_sources(&path) {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--example", "fake-juju"]);
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            let target = profile.parent().expect("target directory");
            let done = cargo
                .env("CARGO_TARGET_DIR", target)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status();
            assert!(done.is_ok_and(|s| s.success()), "cargo build --example fake-juju failed");
        }
        path
    })
}

fn newer_than_sources(path: &Path) -> bool {
    let time = |p: &Path| p.metadata().and_then(|m| m.modified()).ok();
    fn newest(dir: &Path) -> Option<std::time::SystemTime> {
        let entries = std::fs::read_dir(dir).ok()?.flatten().map(|e| e.path());
        let time = |p: &PathBuf| p.metadata().and_then(|m| m.modified()).ok();
        entries.filter_map(|p| if p.is_dir() { newest(&p) } else { time(&p) }).max()
    }
    let sources = newest(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-juju"));
    matches!((time(path), sources), (Some(built), Some(source)) if built >= source)
}

impl Agent {
    /// The charm under test as application `kratos` with one unit in Juju 3; nothing has run yet.
    pub fn new() -> Agent {
        Setup::default().build()
    }

    pub fn setup() -> Setup {
        Setup::default()
    }

    /// Runs `fake-juju` and gives its raw output.
    pub fn juju<S: AsRef<str>>(&self, words: &[S]) -> Output {
        let mut command = self.command();
        command.args(words.iter().map(AsRef::as_ref));
        command.output().expect("fake-juju runs")
    }

    /// A command to start or to hold, e.g. two at once.
    pub fn command(&self) -> Command {
        let mut command = Command::new(fake_juju());
        command.arg("--state").arg(self.dir.path()).stdin(Stdio::null());
        command
    }

    /// Runs `fake-juju`, insists on success, gives stdout.
    pub fn must<S: AsRef<str>>(&self, words: &[S]) -> String {
        let out = self.juju(words);
        let said: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        assert!(out.status.success(), "{said:?}: {}{}", text(&out.stdout), text(&out.stderr));
        text(&out.stdout)
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The unit that calls go to; see [`Agent::on`].
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Directs further calls to another unit.
    pub fn on(&mut self, unit: &str) -> &mut Agent {
        self.unit = unit.to_owned();
        self
    }

    pub fn units(&self) -> Vec<String> {
        let state = self.state();
        state["units"].as_object().into_iter().flat_map(|u| u.keys().cloned()).collect()
    }

    fn unit_dir(&self) -> PathBuf {
        self.dir.path().join("units").join(self.unit.replace('/', "-"))
    }

    /// The private root of the unit's machine (`DOORWARD_ROOT`).
    pub fn root(&self) -> PathBuf {
        let root = self.unit_dir().join("root");
        root.canonicalize().expect("the machine has a root")
    }

    pub fn charm_dir(&self) -> PathBuf {
        self.unit_dir().join("charm")
    }

    /// The whole committed layer.
    pub fn state(&self) -> Value {
        serde_json::from_str(&self.must(&["state"])).expect("json")
    }

    /// Everything known of this unit.
    pub fn unit_state(&self) -> Value {
        self.state()["units"][&self.unit].clone()
    }

    /// `("active", "")`
    pub fn status(&self) -> (String, String) {
        let unit = self.unit_state();
        let text = |k: &str| unit["status"][k].as_str().unwrap_or_default().to_owned();
        (text("status"), text("message"))
    }

    /// All hooks up to `start`; panics when one fails.
    pub fn deploy(&self) -> Vec<Hook> {
        let hooks = self.try_deploy();
        if let Some(bad) = hooks.iter().find(|h| !h.ok) {
            panic!("{bad:?}\n{}", self.log());
        }
        hooks
    }

    /// All hooks up to `start`, or up to the first that fails.
    pub fn try_deploy(&self) -> Vec<Hook> {
        hooks(&self.juju(&["deploy", "--unit", &self.unit]))
    }

    /// Sends a hook by name.
    pub fn hook(&self, name: &str) -> Hook {
        self.hook_with(name, &[])
    }

    /// Sends a hook with flags such as `--secret URI` or `--remote-unit kratos/1`.
    pub fn hook_with(&self, name: &str, flags: &[&str]) -> Hook {
        let mut words = vec!["hook", name, "--unit", &self.unit];
        words.extend(flags);
        let out = self.juju(&words);
        let err = || String::from_utf8_lossy(&out.stderr).into_owned();
        hooks(&out).pop().unwrap_or_else(|| panic!("hook {name} was not run: {}", err()))
    }

    /// Tells every unit what is due: peers, databags, secrets.
    pub fn settle(&self) -> Vec<Hook> {
        hooks(&self.juju(&["settle"]))
    }

    /// Retries the failed hook.
    pub fn resolved(&self) -> Hook {
        let out = self.juju(&["resolved", self.unit.as_str()]);
        hooks(&out).pop().expect("a unit in error")
    }

    /// Runs an action with parameters of any JSON type. Panics if it was not queued.
    pub fn action(&self, name: &str, params: Value) -> Task {
        self.try_action(name, params).unwrap_or_else(|e| panic!("{name} was not queued: {e}"))
    }

    /// As [`Agent::action`]; the error is what Juju prints when it refuses.
    pub fn try_action(&self, name: &str, params: Value) -> Result<Task, String> {
        let file = tempfile::NamedTempFile::new_in(self.dir.path()).expect("a file");
        // JSON is YAML.
        std::fs::write(file.path(), params.to_string()).expect("written");
        let path = file.path().display().to_string();
        self.run(name, &["--params", path.as_str()])
    }

    /// Runs an action as typed: `["email=a@example.com", "--string-args"]`.
    pub fn run(&self, name: &str, words: &[&str]) -> Result<Task, String> {
        let mut all = vec!["run", self.unit.as_str(), name, "--format", "json"];
        all.extend(words);
        let out = self.juju(&all);
        let stdout: Value = match serde_json::from_slice(&out.stdout) {
            Ok(value) => value,
            Err(_) => return Err(String::from_utf8_lossy(&out.stderr).into_owned()),
        };
        let shown = &stdout[&self.unit];
        let id = shown["id"].as_str().unwrap_or_default();
        let kept = std::fs::read(self.dir.path().join(format!("tasks/{id}.json")));
        let kept = serde_json::from_slice(&kept.unwrap_or_default()).unwrap_or(Value::Null);
        Ok(task(shown, &kept))
    }

    /// Sets options and sends config-changed: `config(&[("log_level", "debug")])`.
    pub fn config(&self, values: &[(&str, &str)]) {
        let mut words = vec!["config".to_owned()];
        words.extend(values.iter().map(|(k, v)| format!("{k}={v}")));
        self.must(&words);
    }

    /// Sets options and sends nothing.
    pub fn config_quietly(&self, values: &[(&str, &str)]) {
        let mut words = vec!["config".to_owned(), "--no-settle".to_owned()];
        words.extend(values.iter().map(|(k, v)| format!("{k}={v}")));
        self.must(&words);
    }

    /// A user secret that nobody may read yet; gives its URI.
    pub fn add_secret(&self, name: &str, values: &[(&str, &str)]) -> String {
        let mut map = Map::new();
        map.extend(values.iter().map(|(k, v)| (k.to_string(), json!(v))));
        let file = tempfile::NamedTempFile::new_in(self.dir.path()).expect("a file");
        std::fs::write(file.path(), Value::Object(map).to_string()).expect("written");
        let path = file.path().display().to_string();
        self.must(&["add-secret", name, "--file", path.as_str()]).trim().to_owned()
    }

    /// Lets the application read the secret; no event follows.
    pub fn grant_secret(&self, name: &str) {
        let app = self.unit.split('/').next().unwrap_or_default();
        self.must(&["grant-secret", name, app]);
    }

    /// A secret that the application may read; gives its URI.
    pub fn granted_secret(&self, name: &str, values: &[(&str, &str)]) -> String {
        let uri = self.add_secret(name, values);
        self.grant_secret(name);
        uri
    }

    pub fn revoke_secret(&self, name: &str) {
        let app = self.unit.split('/').next().unwrap_or_default();
        self.must(&["revoke-secret", name, app]);
    }

    /// Makes this unit the leader, or nobody; sends nothing.
    pub fn set_leader(&self, leads: bool) {
        let unit = if leads { self.unit.as_str() } else { "none" };
        self.must(&["leader", unit, "--no-settle"]);
    }

    /// All recorded calls since the start or [`Agent::forget_calls`].
    pub fn calls(&self) -> Vec<Call> {
        let text = self.must(&["calls"]);
        text.lines().filter_map(|l| serde_json::from_str(l).ok()).map(call).collect()
    }

    pub fn forget_calls(&self) {
        self.must(&["calls", "clear"]);
    }

    /// The Juju log as `juju debug-log` shows it.
    pub fn log(&self) -> String {
        self.must(&["debug-log"])
    }

    /// Adds a fault of `fake-juju fault`, e.g. `["secret-get", "exit=1:ERROR permission denied"]`.
    pub fn fault(&self, words: &[&str]) {
        let mut all = vec!["fault"];
        all.extend(words);
        self.must(&all);
    }

    pub fn clear_faults(&self) {
        self.must(&["fault", "clear"]);
    }

    /// The tool exits 1 with this text on stderr.
    pub fn fail_tool(&self, tool: &str, stderr: &str) {
        self.fault(&[tool, &format!("exit=1:{stderr}")]);
    }

    /// The tool is not installed.
    pub fn remove_tool(&self, tool: &str) {
        self.fault(&[tool, "missing"]);
    }

    /// The tool answers late.
    pub fn slow_tool(&self, tool: &str, millis: u64) {
        self.fault(&[tool, &format!("sleep={millis}")]);
    }

    /// The tool prints rubbish: `empty`, `partial`, `json`, `binary` or `huge`.
    pub fn garbage(&self, tool: &str, kind: &str) {
        self.fault(&[tool, &format!("garbage={kind}")]);
    }

    /// `dispatch` dies right after the n-th call (from 1) of any tool.
    pub fn kill_after_call(&self, n: usize) {
        self.fault(&["kill", "*", &n.to_string()]);
    }

    /// `dispatch` dies so many microseconds after its start.
    pub fn kill_after_micros(&self, micros: u64) {
        self.fault(&["kill-after", &micros.to_string()]);
    }
}

fn hooks(out: &Output) -> Vec<Hook> {
    let text = String::from_utf8_lossy(&out.stdout);
    let values = text.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
    values
        .map(|v| Hook {
            name: text_of(&v, "hook"),
            ok: v["ok"].as_bool().unwrap_or(false),
            code: v["code"].as_i64(),
            signal: v["signal"].as_i64(),
            stdout: text_of(&v, "stdout"),
            stderr: text_of(&v, "stderr"),
            error: v["error"].as_str().map(str::to_owned),
            calls: v["calls"].as_u64().unwrap_or(0) as usize,
            micros: v["micros"].as_u64().unwrap_or(0),
        })
        .collect()
}

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn task(shown: &Value, kept: &Value) -> Task {
    let mut results = shown["results"].as_object().cloned().unwrap_or_default();
    let mut take = |k: &str| results.shift_remove(k);
    let return_code = take("return-code").and_then(|v| v.as_i64()).unwrap_or(0);
    let text = |v: Option<Value>| v.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    let (stdout, stderr) = (text(take("stdout")), text(take("stderr")));
    // "2026-01-05 10:46:50 +0000 UTC text"
    let line = |v: &Value| v.as_str().and_then(|l| l.get(30..)).unwrap_or_default().to_owned();
    Task {
        status: text_of(shown, "status"),
        message: text_of(shown, "message"),
        results,
        log: shown["log"].as_array().into_iter().flatten().map(line).collect(),
        stdout,
        stderr,
        return_code,
        calls: kept["calls"].as_u64().unwrap_or(0) as usize,
        micros: kept["micros"].as_u64().unwrap_or(0),
        parameters: kept["parameters"].clone(),
    }
}

fn call(v: Value) -> Call {
    let argv = v["argv"].as_array().into_iter().flatten();
    Call {
        tool: text_of(&v, "tool"),
        argv: argv.filter_map(|a| a.as_str().map(str::to_owned)).collect(),
        stdin: v["stdin"].as_str().map(str::to_owned),
        code: v["code"].as_i64().unwrap_or(-1),
        stdout: text_of(&v, "stdout"),
        stderr: text_of(&v, "stderr"),
        event: text_of(&v, "event"),
    }
}
