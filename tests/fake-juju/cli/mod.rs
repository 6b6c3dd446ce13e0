//! The command line: plays the operator's `juju`, the controller and the agent.

mod controls;
mod foreign;
mod lifecycle;
mod options;
mod run;
mod secrets;
mod settle;
mod setup;
mod status;
mod tasks;

use crate::driver::Manner;
use crate::store::Store;
use crate::text::flags::{self, Known, Parsed};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a command prints on stdout, and its exit code.
pub struct Answer {
    pub stdout: String,
    pub code: u8,
}

/// A failed command: `ERROR text` and its exit code.
pub struct Refusal {
    pub text: String,
    pub code: u8,
}

impl From<String> for Refusal {
    fn from(text: String) -> Refusal {
        Refusal { text, code: 1 }
    }
}

impl From<&str> for Refusal {
    fn from(text: &str) -> Refusal {
        Refusal { text: text.into(), code: 1 }
    }
}

pub type Done = Result<Answer, Refusal>;

pub fn say(stdout: impl Into<String>) -> Done {
    Ok(Answer { stdout: stdout.into(), code: 0 })
}

const SWITCHES: &[&[&str]] = &[
    &["string-args"],
    &["background"],
    &["utc"],
    &["no-color"],
    &["peer"],
    &["reveal"],
    &["storage-attached"],
    &["no-retry"],
    &["all"],
    &["before"],
    &["same-machine"],
    &["trust"],
    &["real-services"],
    &["no-switch"],
    &["no-prompt"],
    &["destroy-storage"],
    &["force"],
    &["color"],
    &["no-wait"],
    &["relations"],
    &["schema"],
    &["quiet", "q"],
    &["verbose", "v"],
    &["debug"],
    &["force-base"],
    &["force-units"],
    &["no-settle"],
];
const OPTIONS: &[&[&str]] = &[
    &["state"],
    &["unit", "u"],
    &["charm"],
    &["dispatch"],
    &["app"],
    &["mode"],
    &["params"],
    &["format"],
    &["wait"],
    &["storage"],
    &["file"],
    &["info"],
    &["num-units", "n"],
    &["to"],
    &["model", "m"],
    &["relation"],
    &["remote-unit"],
    &["remote-app"],
    &["departing"],
    &["secret"],
    &["label"],
    &["revision"],
    &["address"],
    &["env"],
    &["wrap"],
    &["config"],
    &["reset"],
    &["path"],
    &["name"],
    &["resource"],
    &["constraints"],
    &["base"],
    &["channel"],
    &["limit"],
    &["timeout"],
    &["storage-id"],
    &["controller"],
    &["credential"],
    &["root"],
    &["machine"],
    &["attach-storage"],
    &["bind"],
    &["operation"],
];

/// One command with its flags.
pub struct Command {
    pub store: Store,
    pub flags: Parsed,
}

impl Command {
    pub fn arg(&self, n: usize) -> Option<&str> {
        self.flags.arg(n)
    }

    pub fn need(&self, n: usize, what: &str) -> Result<&str, Refusal> {
        self.arg(n).ok_or_else(|| Refusal { text: format!("no {what} specified"), code: 2 })
    }

    pub fn rest(&self, from: usize) -> &[String] {
        self.flags.rest.get(from..).unwrap_or_default()
    }

    /// The unit of `--unit`, or the first one.
    pub fn unit(&self) -> Result<String, Refusal> {
        let model = self.store.load()?;
        match self.flags.get("unit") {
            Some(name) => {
                model.resolve(name).ok_or_else(|| format!("unit {name:?} not found").into())
            }
            None => model.units.keys().next().cloned().ok_or_else(|| "no units".into()),
        }
    }
}

pub fn main(args: Vec<String>) -> ExitCode {
    let answer = match parse(args) {
        Ok((verb, command)) => route(&verb, &command),
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(answer) => {
            print!("{}", answer.stdout);
            ExitCode::from(answer.code)
        }
        Err(refusal) => {
            eprintln!("ERROR {}", refusal.text);
            ExitCode::from(refusal.code)
        }
    }
}

fn parse(args: Vec<String>) -> Result<(String, Command), Refusal> {
    let known = Known { switches: SWITCHES, options: OPTIONS };
    let mut flags = flags::parse(&args, &known)
        .map_err(|f| Refusal { text: f.text, code: f.code.clamp(0, 255) as u8 })?;
    if flags.rest.is_empty() {
        return Err(Refusal { text: "no command specified".into(), code: 2 });
    }
    let verb = flags.rest.remove(0);
    let from_env = std::env::var("FAKE_JUJU_STATE").ok();
    let dir = flags.get("state").map(str::to_owned).or(from_env);
    let dir = dir.ok_or("no --state and no FAKE_JUJU_STATE")?;
    let dir = std::path::absolute(PathBuf::from(dir)).map_err(|e| e.to_string())?;
    Ok((verb, Command { store: Store { dir }, flags }))
}

fn route(verb: &str, c: &Command) -> Done {
    match verb {
        "init" => setup::init(c),
        "add-unit" => setup::add_unit(c),
        "deploy" => lifecycle::deploy(c),
        "hook" => lifecycle::hook(c),
        "settle" => settle::settle(c),
        "resolved" | "resolve" => lifecycle::resolved(c),
        "refresh" | "upgrade-charm" => lifecycle::refresh(c),
        "reboot" => lifecycle::reboot(c),
        "remove-unit" | "remove-application" => lifecycle::remove_unit(c),
        "run" => run::run(c),
        "exec" => run::exec(c),
        "show-task" => tasks::show_task(c),
        "show-operation" => tasks::show_operation(c),
        "actions" => tasks::actions(c),
        "config" => options::config(c),
        "trust" => options::trust(c),
        "add-secret" => secrets::add(c),
        "update-secret" => secrets::update(c),
        "grant-secret" => secrets::grant(c, true),
        "revoke-secret" => secrets::grant(c, false),
        "remove-secret" => secrets::remove(c),
        "show-secret" => secrets::show(c),
        "secrets" => secrets::list(c),
        "status" => status::status(c),
        "debug-log" => status::debug_log(c),
        "calls" => controls::calls(c),
        "leader" => controls::leader(c),
        "fault" => controls::fault(c),
        "env" => controls::env(c),
        "wrap" => controls::wrap(c),
        "address" => controls::address(c),
        "relate" => controls::relate(c),
        "integrate" => foreign::integrate(c),
        "relation-data" => controls::relation_data(c),
        "attach-resource" => controls::attach_resource(c),
        "state" => controls::state(c),
        "add-model" | "destroy-model" | "expose" | "model-config" | "switch" => say(""),
        "version" if c.flags.get("format") == Some("json") => {
            say("{\"version\":\"3.6.8-ubuntu-amd64\",\"git-commit\":\"\"}\n")
        }
        "version" => say("3.6.8-ubuntu-amd64\n"),
        other => Err(Refusal { text: format!("unrecognized command: {other}"), code: 2 }),
    }
}

fn quiet() -> Manner {
    Manner::default()
}

/// Every flag of every command.
fn all_flags() -> Known {
    Known { switches: SWITCHES, options: OPTIONS }
}
