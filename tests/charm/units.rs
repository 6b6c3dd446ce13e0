//! Where the data are, and which unit holds them.

use super::agent::Agent;
use super::hooks::{BINARY, STATE, active_mark, record};
use serde_json::json;
use std::fs;
use std::path::Path;

#[test]
fn a_unit_deployed_again_over_kept_data_reads_them_with_their_own_keys() {
    let agent = Agent::new();
    agent.deploy();
    let made = agent.action("create-admin-account", json!({"username": "a", "email": "a@b.test"}));
    let kept = agent.root().join(STATE);
    let other = Agent::new();
    let place = other.root().join(STATE);
    fs::create_dir_all(place.parent().expect("a parent")).expect("directories");
    let copied = std::process::Command::new("cp").arg("-a").arg(&kept).arg(&place).status();
    assert!(copied.expect("cp").success());
    other.deploy();
    let key = |at: &Path| fs::read(at.join("keys/data")).expect("a key");
    assert_eq!(key(&kept), key(&place));
    let found = other.action("get-identity", json!({"email": "a@b.test"}));
    assert_eq!(found.get("id"), made.get("identity-id"), "{found:?}");
    assert!(other.action("audit-verify", json!({})).completed());
}

#[test]
fn the_data_are_on_the_storage_and_detaching_it_stops_the_service() {
    let agent = Agent::setup().with(&["--storage", "data"]).build();
    agent.deploy();
    assert_eq!(agent.status().0, "active", "{}", agent.log());
    let state_dir = record(&agent)["state_dir"].as_str().map(str::to_owned).expect("a directory");
    assert!(state_dir.contains("storage"), "{state_dir}");
    assert!(Path::new(&state_dir).join("doorward.db").exists());
    assert!(agent.hook("data-storage-detaching").ok);
    assert!(!active_mark(&agent).exists());
    let (word, text) = agent.status();
    assert_eq!(word, "blocked");
    assert!(text.contains("juju attach-storage kratos/0 data/0"), "{text}");
    let task = agent.action("list-identities", json!({}));
    assert!(task.message.starts_with("Service is not ready"), "{task:?}");
    agent.hook("update-status");
    assert_eq!(agent.status().0, "blocked");
    assert!(agent.hook("data-storage-attached").ok);
    assert_eq!(agent.status().0, "active");
    assert!(active_mark(&agent).exists());
    agent.hook("stop");
    agent.hook("remove");
    assert!(Path::new(&state_dir).join("doorward.db").exists(), "data on storage were deleted");
}

#[test]
fn only_one_unit_serves_the_embedded_store_and_the_other_says_which() {
    let mut agent = Agent::setup().with(&["--num-units", "2"]).build();
    agent.deploy();
    agent.on("kratos/1");
    agent.deploy();
    agent.settle();
    let (word, text) = agent.status();
    assert_eq!(word, "blocked");
    assert!(text.contains("kratos/0") && text.contains("juju remove-unit kratos/1"), "{text}");
    assert_eq!(agent.unit_state()["ports"], json!([]));
    let task = agent.action("list-identities", json!({}));
    assert!(task.message.contains("kratos/0"), "{task:?}");
    agent.on("kratos/0");
    assert_eq!(agent.status().0, "active");
}

#[test]
fn two_units_on_one_machine_do_not_get_in_each_others_way() {
    let mut agent = Agent::setup().with(&["--num-units", "2", "--same-machine"]).build();
    agent.deploy();
    agent.on("kratos/1");
    agent.deploy();
    agent.settle();
    assert!(agent.hook("stop").ok);
    assert!(agent.hook("remove").ok);
    agent.on("kratos/0");
    assert!(active_mark(&agent).exists());
    assert!(agent.root().join(BINARY).exists());
    assert!(agent.hook("update-status").ok);
    assert_eq!(agent.status().0, "active");
}

#[test]
fn a_new_leader_leaves_the_data_where_they_are_while_their_unit_is_there() {
    let mut agent = Agent::setup().with(&["--num-units", "2"]).build();
    agent.deploy();
    agent.on("kratos/1");
    agent.deploy();
    agent.set_leader(true);
    for hook in ["leader-elected", "update-status", "config-changed"] {
        assert!(agent.hook(hook).ok);
        assert_eq!(agent.status().0, "blocked", "{hook}");
        assert_eq!(record(&agent)["store_unit"], "kratos/0");
    }
    agent.on("kratos/0");
    assert!(agent.hook("update-status").ok);
    assert_eq!(agent.status().0, "active");
}

#[test]
fn the_leader_begins_anew_when_the_unit_with_the_data_is_gone_for_good() {
    let mut agent = Agent::setup().with(&["--num-units", "2"]).build();
    agent.deploy();
    agent.on("kratos/1");
    agent.deploy();
    agent.settle();
    assert_eq!(agent.status().0, "blocked");
    agent.must(&["remove-unit", "kratos/0"]);
    agent.set_leader(true);
    assert!(agent.hook("update-status").ok);
    assert_eq!(agent.status().0, "active", "{} {}", agent.status().1, agent.log());
    assert!(agent.log().contains("kratos/0 held the data and is gone"));
    assert!(agent.action("list-identities", json!({})).completed());
}
