//! A unit as Juju would have set it up, below a directory of our own: the real `dispatch` ran its
//! hooks there, with stand-ins for the hook tools.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{getgid, getuid};
use rusqlite::Connection;
use serde_json::json;

use crate::harness::Outcome;
use crate::harness::options::Options;
use crate::harness::process::output;

/// What `dispatch` may call: hook tools, and programs of the machine.
const TOOLS: [&str; 25] = [
    "action-fail",
    "action-get",
    "action-log",
    "action-set",
    "application-version-set",
    "close-port",
    "config-get",
    "goal-state",
    "is-leader",
    "juju-log",
    "network-get",
    "open-port",
    "opened-ports",
    "relation-get",
    "relation-ids",
    "relation-list",
    "relation-set",
    "resource-get",
    "secret-add",
    "secret-get",
    "secret-info-get",
    "status-set",
    "storage-list",
    "systemctl",
    "useradd",
];
/// What the service answers when all is well.
const HEALTHY: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
    Content-Length: 16\r\nConnection: close\r\n\r\n{\"status\":\"ok\"}\n";
const SECRET: &str = "secret:cq2g5m3dqs3c73f0bench";

/// The unit and its surroundings.
pub struct Unit {
    home: PathBuf,
}

impl Unit {
    /// The unit in `home`; it is set up when it is not there yet.
    pub fn at(home: &Path, options: &Options) -> Outcome<Self> {
        let unit = Self { home: home.join("unit") };
        unit.answer_health_checks()?;
        if !unit.state_dir().join(doorward::app::DATABASE).exists() {
            unit.furnish(options)?;
            for hook in ["install", "leader-elected", "config-changed", "start"] {
                output(&mut unit.dispatch(&format!("hooks/{hook}")))?;
            }
            let calls = unit.take_calls()?;
            if !calls.iter().any(|call| call.starts_with("status-set active")) {
                return Err(format!("the unit does not come up: {calls:#?}").into());
            }
        }
        unit.furnish(options)?;
        Ok(unit)
    }

    /// Stands in for the service where hooks ask it how it is.
    fn answer_health_checks(&self) -> Outcome<()> {
        let socket = self.home.join("root/run/doorward-0/health.sock");
        fs::create_dir_all(socket.parent().unwrap_or(&self.home))?;
        if socket.exists() {
            fs::remove_file(&socket)?;
        }
        let listener = UnixListener::bind(&socket)?;
        // It ends with the program.
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                // A hook that is in trouble with its answer says so itself.
                let _ = connection.and_then(|mut connection| {
                    let _ = connection.read(&mut [0; 1024])?;
                    connection.write_all(HEALTHY.as_bytes())
                });
            }
        });
        Ok(())
    }

    /// Where the data of the unit are.
    pub fn state_dir(&self) -> PathBuf {
        self.home.join("root/var/lib/doorward/doorward-0/state")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.state_dir().join(doorward::app::DATABASE)
    }

    /// The program that Juju starts.
    pub fn program(&self) -> PathBuf {
        self.home.join("charm/dispatch")
    }

    /// Where the stand-in called `name` is.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.home.join("tools").join(name)
    }

    /// Writes what tools answer and how they are called.
    fn furnish(&self, options: &Options) -> Outcome<()> {
        for directory in ["charm", "tools", "answers", "root/etc", "root/proc/net"] {
            fs::create_dir_all(self.home.join(directory))?;
        }
        link(&options.doorward, &self.program())?;
        for tool in TOOLS {
            link(&options.hook_tool, &self.tool(tool))?;
        }
        // The service user is whoever runs the benchmark, so that this needs no privileges.
        let line = format!("doorward:x:{}:{}::/:/usr/sbin/nologin\n", getuid(), getgid());
        fs::write(self.home.join("root/etc/passwd"), line)?;
        let keys = self.home.join("shared");
        doorward::app::make_keys(&keys)?;
        let mut secret = serde_json::Map::new();
        for name in doorward::app::KEYS {
            let value = fs::read_to_string(doorward::app::key_path(&keys, name))?;
            secret.insert(format!("{name}-key"), value.trim().into());
        }
        self.answer("secret-get", &secret.into())?;
        self.answer("config-get", &json!({}))?;
        self.answer("is-leader", &json!(true))?;
        self.answer("relation-ids", &json!(["doorward-peers:0"]))?;
        self.answer("relation-ids.smtp", &json!([]))?;
        self.answer("relation-ids.ui-endpoint-info", &json!([]))?;
        self.answer(
            "relation-get",
            &json!({"store-unit": "doorward/0", "keys-secret-id": SECRET}),
        )?;
        self.answer("network-get", &json!("192.0.2.1"))?;
        self.answer("opened-ports", &json!(["4433/tcp"]))?;
        self.answer("storage-list", &json!([]))?;
        self.answer("goal-state", &json!({"units": {"doorward/0": {"status": "active"}}}))
    }

    /// Lets a tool answer with this.
    pub fn answer(&self, tool: &str, value: &serde_json::Value) -> Outcome<()> {
        Ok(fs::write(self.home.join("answers").join(tool), value.to_string())?)
    }

    /// The command Juju would run.
    pub fn dispatch(&self, path: &str) -> Command {
        let mut command = Command::new(self.program());
        self.environment(path, &mut command);
        command
    }

    /// The environment Juju would set, and nothing of our own; calls are written down.
    pub fn environment(&self, path: &str, command: &mut Command) {
        self.plain_environment(command);
        command
            .env("JUJU_DISPATCH_PATH", path)
            .env("JUJU_UNIT_NAME", "doorward/0")
            .env("JUJU_CHARM_DIR", self.home.join("charm"))
            .env("JUJU_MODEL_NAME", "bench")
            .env("JUJU_VERSION", "3.6.9")
            .env("DOORWARD_ROOT", self.home.join("root"))
            .env("DOORWARD_BENCH_CALLS", self.calls())
            .current_dir(self.home.join("charm"));
        if let Some(name) = path.strip_prefix("actions/") {
            command.env("JUJU_ACTION_NAME", name).env("JUJU_ACTION_UUID", "7");
        }
    }

    /// The environment in which a tool answers and does nothing else.
    pub fn plain_environment(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", self.home.join("tools"))
            .env("LANG", "C.UTF-8")
            .env("DOORWARD_BENCH_ANSWERS", self.home.join("answers"));
    }

    fn calls(&self) -> PathBuf {
        self.home.join("calls")
    }

    /// The calls since this was asked last.
    pub fn take_calls(&self) -> Outcome<Vec<String>> {
        let text = fs::read_to_string(self.calls())?;
        fs::write(self.calls(), "")?;
        Ok(text.lines().map(ToOwned::to_owned).collect())
    }

    /// Opens the database as the service does, so that a short process is not the last one to
    /// close it, which would make it write the whole log back.
    pub fn service(&self) -> Outcome<Connection> {
        let connection = Connection::open(self.database())?;
        connection.query_row("SELECT count(*) FROM ledger_head", [], |_| Ok(()))?;
        Ok(connection)
    }
}

fn link(program: &Path, name: &Path) -> Outcome<()> {
    if fs::symlink_metadata(name).is_ok() {
        fs::remove_file(name)?;
    }
    let program = fs::canonicalize(program)
        .map_err(|error| format!("{} is not built: {error}", program.display()))?;
    Ok(symlink(program, name)?)
}
