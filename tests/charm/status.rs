//! What the status says, and that it tells the operator what to do.

use super::agent::Agent;
use super::hooks::{RECORD, STATE, active_mark, record, systemctl};
use serde_json::json;
use std::fs;

fn blocked_on(agent: &Agent, words: &[&str]) {
    let (word, text) = agent.status();
    assert_eq!(word, "blocked", "{text}\n{}", agent.log());
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

#[test]
fn charm_08_f_15_an_option_that_cannot_be_used_is_named_and_the_service_goes_on() {
    let agent = Agent::new();
    agent.deploy();
    let before = record(&agent);
    let malformed = [
        ("public_port", "70000", "4433"),
        ("admin_port", "4433", "4434"),
        ("log_level", "loud", "info"),
        ("external_url", "not a url", ""),
        ("identity_schemas", "{\"admin_v0\": ", ""),
        ("identity_schemas", "[]", ""),
        ("default_identity_schema_id", "no_such_schema", ""),
        ("password_min_length", "1", "8"),
        ("argon2_memory_kib", "0", "19456"),
        ("recovery_code_minutes", "-5", "60"),
        ("realm", "Other Realm", "default"),
    ];
    for (option, bad, good) in malformed {
        agent.forget_calls();
        agent.config(&[(option, bad)]);
        blocked_on(&agent, &[option, "juju config kratos"]);
        assert_eq!(systemctl(&agent), Vec::<String>::new(), "{option}: the service was touched");
        assert!(active_mark(&agent).exists());
        assert_eq!(record(&agent), before, "{option}: half of it was applied");
        let task = agent.action("list-identities", json!({}));
        assert!(task.completed(), "{option}: {task:?}");
        agent.config(&[(option, good)]);
        assert_eq!(agent.status().0, "active", "{option}: {}", agent.status().1);
    }
}

#[test]
fn charm_08_a_dead_service_is_restarted_with_the_last_good_options_while_one_is_wrong() {
    let agent = Agent::new();
    agent.deploy();
    agent.config(&[("log_level", "loud")]);
    fs::remove_file(active_mark(&agent)).expect("the service runs");
    assert!(agent.hook("update-status").ok);
    assert!(active_mark(&agent).exists());
    blocked_on(&agent, &["log_level"]);
}

#[test]
fn the_realm_cannot_change_once_there_are_data() {
    let agent = Agent::new();
    agent.deploy();
    agent.config(&[("realm", "another")]);
    blocked_on(&agent, &["realm", "set it back to 'default'"]);
    agent.config(&[("realm", "default")]);
    assert_eq!(agent.status().0, "active");
}

#[test]
fn a_taken_port_is_named_before_the_service_is_started() {
    let agent = Agent::new();
    let proc = agent.root().join("proc/net");
    fs::create_dir_all(&proc).expect("a directory");
    fs::write(proc.join("tcp"), "  sl local rem st\n 0: 00000000:1151 00000000:0000 0A 0:0\n")
        .expect("a table");
    agent.deploy();
    blocked_on(&agent, &["4433", "juju config kratos public_port=PORT"]);
    assert!(!active_mark(&agent).exists());
    agent.config(&[("public_port", "5000")]);
    assert_eq!(agent.status().0, "active");
}

#[test]
fn a_service_that_does_not_stay_up_is_reported_with_the_place_to_look() {
    let agent = Agent::new();
    agent.fault(&["systemctl", "exit=3:"]);
    agent.try_deploy();
    let (word, _) = agent.status();
    assert_eq!(word, "blocked", "{}", agent.log());
    agent.clear_faults();
    agent.hook("update-status");
    assert_eq!(agent.status().0, "active", "{}", agent.log());
}

#[test]
fn a_database_of_a_newer_release_blocks_and_nothing_is_lost() {
    let agent = Agent::new();
    agent.deploy();
    let made = agent.action("create-admin-account", json!({"username": "a", "email": "a@b.test"}));
    assert!(made.completed(), "{made:?}");
    let database = agent.root().join(STATE).join("doorward.db");
    // A later release would leave a higher version in the list of migrations.
    let kept = super::idempotency::raise_schema_version(&database);
    agent.hook("upgrade-charm");
    blocked_on(&agent, &["newer release", "refresh"]);
    assert!(active_mark(&agent).exists(), "the release that can read the data was stopped");
    kept.restore();
    agent.hook("update-status");
    assert_eq!(agent.status().0, "active");
    let found = agent.action("get-identity", json!({"email": "a@b.test"}));
    assert_eq!(found.get("id"), made.get("identity-id"));
}

#[test]
fn keys_of_another_application_beside_the_data_block_and_are_not_overwritten() {
    let agent = Agent::new();
    agent.deploy();
    let path = agent.root().join(STATE).join("keys/data");
    let text = fs::read_to_string(agent.root().join(RECORD)).expect("a record");
    let id = record(&agent)["keys_secret"].as_str().map(str::to_owned).expect("an id");
    fs::write(agent.root().join(RECORD), text.replace(&id, "secret:another")).expect("written");
    fs::write(&path, "foreign").expect("written");
    agent.hook("update-status");
    blocked_on(&agent, &["not this application's"]);
    assert_eq!(fs::read_to_string(&path).expect("there"), "foreign");
}

#[test]
fn a_place_that_cannot_be_written_blocks_and_recovers_by_itself() {
    let agent = Agent::new();
    let place = agent.root().join("usr/local/lib/doorward");
    fs::create_dir_all(place.parent().expect("a parent")).expect("directories");
    fs::write(&place, "in the way").expect("a file where a directory belongs");
    agent.try_deploy();
    blocked_on(&agent, &["usr/local/lib/doorward"]);
    fs::remove_file(&place).expect("removed");
    agent.hook("update-status");
    assert_eq!(agent.status().0, "active", "{}", agent.log());
}

#[test]
fn charm_09_hooks_and_actions_stay_below_their_number_of_hook_tool_calls() {
    let agent = Agent::new();
    agent.deploy();
    let made = agent.action("create-admin-account", json!({"username": "a", "email": "a@b.test"}));
    let tools = |agent: &Agent| {
        let programs = ["systemctl", "useradd", "userdel", "groupadd"];
        agent.calls().iter().filter(|call| !programs.contains(&call.tool.as_str())).count()
    };
    for (hook, ceiling) in
        [("update-status", 5), ("config-changed", 8), ("start", 8), ("upgrade-charm", 8)]
    {
        agent.forget_calls();
        assert!(agent.hook(hook).ok);
        assert!(tools(&agent) <= ceiling, "{hook}: {}", tools(&agent));
    }
    agent.forget_calls();
    let task = agent.action("get-identity", json!({"identity-id": made.get("identity-id")}));
    assert!(task.completed(), "{task:?}");
    assert_eq!(tools(&agent), 3);
    let names: Vec<String> = agent.calls().into_iter().map(|call| call.tool).collect();
    assert_eq!(names, ["action-get", "action-log", "action-set"]);
}
