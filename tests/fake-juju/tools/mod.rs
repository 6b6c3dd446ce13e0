//! The hook tools, as the agent runs them for a charm.

mod action;
mod config;
mod network;
mod relation;
mod secret;
mod secret_read;
mod state;
mod status;
mod storage;

use crate::context::Context;
use crate::text::flags::{self, Fail, Format, Known, Parsed};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Every tool of Juju 3.6; [`ONLY_IN_3`] names those that 4.0 dropped.
pub const NAMES: &[&str] = &[
    "action-fail",
    "action-get",
    "action-log",
    "action-set",
    "application-version-set",
    "close-port",
    "config-get",
    "credential-get",
    "goal-state",
    "is-leader",
    "juju-log",
    "juju-reboot",
    "leader-get",
    "leader-set",
    "network-get",
    "open-port",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-model-get",
    "relation-set",
    "resource-get",
    "secret-add",
    "secret-get",
    "secret-grant",
    "secret-ids",
    "secret-info-get",
    "secret-remove",
    "secret-revoke",
    "secret-set",
    "state-delete",
    "state-get",
    "state-set",
    "status-get",
    "status-set",
    "storage-add",
    "storage-get",
    "storage-list",
    "unit-get",
];

pub const ONLY_IN_3: &[&str] = &["leader-get", "leader-set"];

/// Not an exit code: the client reads its stdin and asks again.
pub const WANTS_STDIN: i32 = -1;

/// One call of a tool.
pub struct Call {
    pub args: Vec<String>,
    pub cwd: PathBuf,
    pub stdin: Option<String>,
}

/// What the tool prints and how it exits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

type Done = Result<String, Fail>;

/// Runs a tool in its context.
pub fn run(name: &str, call: &Call, cx: &mut Context) -> Output {
    let help = call.args.iter().take_while(|a| *a != "--").any(|a| a == "--help" || a == "-h");
    if help {
        return Output { stdout: format!("Usage: {name} [options]\n"), ..Output::default() };
    }
    match route(name, call, cx) {
        Ok(stdout) => Output { code: 0, stdout, stderr: std::mem::take(&mut cx.notice) },
        Err(Fail { code, text }) => {
            Output { code, stdout: String::new(), stderr: format!("ERROR {text}\n") }
        }
    }
}

fn route(name: &str, call: &Call, cx: &mut Context) -> Done {
    match name {
        "action-get" => action::get(call, cx),
        "action-set" => action::set(call, cx),
        "action-fail" => action::fail(call, cx),
        "action-log" => action::log(call, cx),
        "config-get" => config::get(call, cx),
        "juju-log" => config::log(call, cx),
        "is-leader" => config::is_leader(call, cx),
        "unit-get" => network::unit_get(call, cx),
        "goal-state" => config::goal_state(call, cx),
        "credential-get" => config::credential_get(call, cx),
        "juju-reboot" => config::reboot(call, cx),
        "status-set" => status::set(call, cx),
        "status-get" => status::get(call, cx),
        "application-version-set" => status::version(call, cx),
        "relation-ids" => relation::ids(call, cx),
        "relation-list" => relation::list(call, cx),
        "relation-get" => relation::get(call, cx),
        "relation-set" => relation::set(call, cx),
        "relation-model-get" => relation::model_get(call, cx),
        "secret-get" => secret_read::get(call, cx),
        "secret-info-get" => secret_read::info(call, cx),
        "secret-ids" => secret_read::ids(call, cx),
        "secret-add" => secret::add(call, cx),
        "secret-set" => secret::set(call, cx),
        "secret-grant" => secret::grant(call, cx),
        "secret-revoke" => secret::revoke(call, cx),
        "secret-remove" => secret::remove(call, cx),
        "state-get" => state::get(call, cx),
        "state-set" => state::set(call, cx),
        "state-delete" => state::delete(call, cx),
        "network-get" => network::get(call, cx),
        "open-port" => network::open_port(call, cx),
        "close-port" => network::close_port(call, cx),
        "opened-ports" => network::opened(call, cx),
        "storage-list" => storage::list(call, cx),
        "storage-get" => storage::get(call, cx),
        "storage-add" => storage::add(call, cx),
        "resource-get" => storage::resource(call, cx),
        other => flags::failed(format!("bad request: unknown command {other:?}")),
    }
}

/// The flags of every tool that prints a value.
const FORMAT: &[&str] = &["format"];
const OUTPUT: &[&str] = &["output", "o"];

/// Parses with the given extra flags beside `--format` and `--output`.
fn parse(
    call: &Call,
    switches: &'static [&'static [&'static str]],
    options: &'static [&'static [&'static str]],
) -> Result<Parsed, Fail> {
    flags::parse(&call.args, &Known { switches, options })
}

/// Prints a value, to `--output` when given.
fn emit(call: &Call, parsed: &Parsed, default: Format, value: &Value) -> Done {
    let text = parsed.format(default)?.print(value);
    let Some(path) = parsed.get("output") else { return Ok(text) };
    let path = resolve(&call.cwd, path);
    std::fs::write(&path, text).map_or_else(
        |e| flags::failed(format!("cannot write {}: {e}", path.display())),
        |()| Ok(String::new()),
    )
}

fn resolve(cwd: &Path, path: &str) -> PathBuf {
    cwd.join(path)
}

/// Text of `--file`, where `-` is the tool's stdin.
fn file_text(call: &Call, path: &str) -> Result<String, Fail> {
    if path == "-" {
        let missing = || Fail { code: WANTS_STDIN, text: "no stdin supplied".into() };
        return call.stdin.clone().ok_or_else(missing);
    }
    let full = resolve(&call.cwd, path);
    std::fs::read_to_string(&full).or_else(|e| flags::failed(format!("{}: {e}", full.display())))
}

/// `k=v` positionals, trimmed and without duplicates, as `relation-set` and `state-set` take them.
fn key_values(args: &[String]) -> Result<Vec<(String, String)>, Fail> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for arg in args {
        let Some((key, value)) = arg.split_once('=') else {
            return flags::usage(format!("expected \"key=value\", got {arg:?}"));
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() {
            return flags::usage(format!("expected \"key=value\", got {arg:?}"));
        }
        if pairs.iter().any(|(k, _)| k == key) {
            return flags::usage(format!("key {key:?} specified more than once"));
        }
        pairs.push((key.to_owned(), value.to_owned()));
    }
    Ok(pairs)
}

/// A YAML map of strings, as `--file` carries it; nothing is trimmed.
fn file_values(text: &str) -> Result<Vec<(String, String)>, Fail> {
    let value = crate::text::yaml_in::block(text);
    let value = value.or_else(flags::failed)?;
    if value.is_null() {
        return Ok(Vec::new());
    }
    let Some(map) = value.as_object() else {
        return flags::failed("yaml: cannot unmarshal into map[string]string");
    };
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    Ok(map.iter().map(|(k, v)| (k.clone(), text(v))).collect())
}
