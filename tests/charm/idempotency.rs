//! Hooks repeated, reordered and killed end in one state.

use super::agent::Agent;
use super::hooks::{RECORD, STATE, UNIT_FILE, active_mark, files_below, record};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What has to be the same in the end. Ids and keys differ from deployment to deployment.
#[derive(Debug, PartialEq)]
struct End {
    status: (String, String),
    ports: Value,
    record: Value,
    unit_file: String,
    running: bool,
    files: Vec<PathBuf>,
}

fn end(agent: &Agent) -> End {
    let mut record = record(agent);
    for varying in ["keys_secret", "binary"] {
        record.as_object_mut().expect("a map").shift_remove(varying);
    }
    let mut files = files_below(&agent.root());
    // SQLite's companions come and go; what systemd notes is no file of ours.
    let passing = |path: &PathBuf| {
        let text = path.to_string_lossy();
        text.ends_with("-wal") || text.ends_with("-shm") || text.starts_with("run/")
    };
    files.retain(|path| !passing(path));
    End {
        status: agent.status(),
        ports: agent.unit_state()["ports"].clone(),
        record,
        unit_file: fs::read_to_string(agent.root().join(UNIT_FILE)).expect("a unit file"),
        running: active_mark(agent).exists(),
        files,
    }
}

fn deployed() -> (Agent, End) {
    let agent = Agent::new();
    agent.deploy();
    let end = end(&agent);
    assert_eq!(end.status.0, "active", "{}", agent.log());
    (agent, end)
}

/// Sends a hook as Juju does: a failed one is sent again.
fn insist(agent: &Agent, name: &str) {
    let mut hook = agent.hook(name);
    let mut tries = 0;
    while !hook.ok {
        tries += 1;
        assert!(tries < 4, "{name} does not recover: {hook:?}\n{}", agent.log());
        agent.clear_faults();
        hook = agent.resolved();
    }
}

const FIRST_HOOKS: [&str; 5] =
    ["install", "doorward-peers-relation-created", "leader-elected", "config-changed", "start"];

#[test]
fn charm_01_each_hook_sent_twice_ends_where_it_ends_once() {
    let (_, wanted) = deployed();
    let agent = Agent::new();
    for name in FIRST_HOOKS {
        insist(&agent, name);
        insist(&agent, name);
    }
    assert_eq!(end(&agent), wanted);
}

#[test]
fn charm_01_hooks_in_any_order_juju_may_send_them_end_in_one_state() {
    let (_, wanted) = deployed();
    // After install, leadership and options come in any order, and update-status at any time.
    let orders = [
        ["install", "doorward-peers-relation-created", "config-changed", "leader-elected", "start"],
        ["install", "config-changed", "doorward-peers-relation-created", "start", "leader-elected"],
        ["install", "leader-elected", "config-changed", "start", "doorward-peers-relation-created"],
        ["install", "start", "config-changed", "leader-elected", "doorward-peers-relation-created"],
    ];
    for order in orders {
        let agent = Agent::new();
        for name in order {
            insist(&agent, name);
            insist(&agent, "update-status");
        }
        assert_eq!(end(&agent), wanted, "{order:?}");
    }
}

#[test]
fn charm_01_later_hooks_that_bring_nothing_new_change_nothing() {
    let (agent, wanted) = deployed();
    for name in [
        "config-changed",
        "start",
        "upgrade-charm",
        "config-changed",
        "leader-elected",
        "update-status",
        "secret-changed",
        "install",
        "doorward-peers-relation-created",
    ] {
        insist(&agent, name);
        assert_eq!(end(&agent), wanted, "{name}");
    }
}

#[test]
fn a_stop_without_a_start_and_a_remove_without_an_install_are_fine() {
    let agent = Agent::new();
    for name in ["stop", "remove", "stop"] {
        assert!(agent.hook(name).ok, "{name}: {}", agent.log());
    }
    assert!(!agent.root().join(RECORD).exists());
}

/// Sends the hook and kills it after its n-th call; says whether it came to that.
fn kill_and_retry(agent: &Agent, name: &str, n: usize) -> bool {
    agent.kill_after_call(n);
    let killed = !agent.hook(name).ok;
    agent.clear_faults();
    if killed {
        assert!(agent.resolved().ok, "{name} after call {n}: {}", agent.log());
    }
    killed
}

#[test]
fn charm_02_a_hook_killed_after_any_call_is_made_good_by_its_retry() {
    let (_, wanted) = deployed();
    for n in 1.. {
        let agent = Agent::new();
        let killed: Vec<&str> =
            FIRST_HOOKS.into_iter().filter(|name| kill_and_retry(&agent, name, n)).collect();
        assert_eq!(end(&agent), wanted, "{killed:?} killed after call {n}");
        if killed.is_empty() {
            assert!(n > 8, "only {n} calls were ever made");
            break;
        }
    }
}

#[test]
fn charm_02_stop_and_remove_killed_after_any_call_are_made_good_by_their_retry() {
    for n in 1.. {
        let (agent, _) = deployed();
        let killed = ["stop", "remove"].map(|name| kill_and_retry(&agent, name, n));
        assert!(!active_mark(&agent).exists(), "after call {n}");
        assert!(!agent.root().join(UNIT_FILE).exists(), "after call {n}");
        assert!(agent.root().join(STATE).join("doorward.db").exists());
        if killed == [false, false] {
            break;
        }
    }
}

#[test]
fn charm_02_a_hook_killed_at_any_moment_is_made_good_by_its_retry() {
    let (_, wanted) = deployed();
    for micros in [500, 1_500, 3_000, 6_000, 10_000, 15_000, 22_000, 30_000, 45_000, 60_000] {
        let agent = Agent::new();
        for name in FIRST_HOOKS {
            agent.kill_after_micros(micros);
            let hook = agent.hook(name);
            agent.clear_faults();
            if !hook.ok {
                assert!(agent.resolved().ok, "{name} after {micros} µs: {}", agent.log());
            }
        }
        assert_eq!(end(&agent), wanted, "killed after {micros} µs");
        let task = agent.action("audit-verify", json!({}));
        assert!(task.completed(), "{micros} µs: {task:?}");
    }
}

#[test]
fn charm_02_a_commit_that_fails_is_made_good_by_the_retry() {
    let (_, wanted) = deployed();
    for name in FIRST_HOOKS {
        let agent = Agent::new();
        for next in FIRST_HOOKS {
            if next == name {
                agent.fault(&["commit", "no connection to the controller"]);
            }
            insist(&agent, next);
        }
        assert_eq!(end(&agent), wanted, "{name}");
    }
}

#[test]
fn an_option_changed_while_the_hook_is_killed_reaches_the_service_in_the_end() {
    for n in 1..=6 {
        let (agent, _) = deployed();
        agent.config_quietly(&[("log_level", "debug")]);
        agent.forget_calls();
        agent.kill_after_call(n);
        let killed = agent.hook("config-changed");
        agent.clear_faults();
        if !killed.ok {
            assert!(agent.resolved().ok);
        }
        let told = |c: &super::agent::Call| c.argv.iter().any(|a| a == "reload");
        assert!(agent.calls().iter().any(told), "killed after call {n}: never told");
        assert_eq!(record(&agent)["options"]["log_level"], "debug");
        assert_eq!(record(&agent)["reload_due"], false);
    }
}

/// A database that claims to be of a later release, and the way back.
pub struct Kept {
    database: PathBuf,
    copy: Vec<u8>,
}

impl Kept {
    pub fn restore(self) {
        for companion in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{companion}", self.database.display()));
        }
        fs::write(&self.database, self.copy).expect("written");
    }
}

pub fn raise_schema_version(database: &Path) -> Kept {
    let open = || rusqlite::Connection::open(database).expect("a database");
    open().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    let copy = fs::read(database).expect("a database");
    open().pragma_update(None, "user_version", 9999).expect("a higher version");
    Kept { database: database.to_path_buf(), copy }
}
