//! Local runs: the same actions, printed as `juju run` prints them.

use std::process::Stdio;

use super::{Laptop, ran};

#[test]
fn an_account_is_made_and_read_back() {
    let laptop = Laptop::new();
    let ran =
        laptop.doorward(&["run", "create-admin-account", "username=ada", "email=ada@example.com"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.err.starts_with(
            "Running operation 1 with 1 task\n  - task 2 on unit-doorward-0\n\nWaiting for task 2...\n"
        ),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("\nidentity-id: "), "{}", ran.out);
    assert!(ran.out.ends_with("\n\n"), "{:?}", ran.out);
    let read = laptop.doorward(&["run", "get-identity", "email=ada@example.com"]);
    assert!(read.out.contains("\ntraits:\n  email: ada@example.com\n"), "{}", read.out);
    assert!(read.out.contains("  username: ada\n"), "{}", read.out);
    let last_lines: Vec<&str> = read.err.lines().rev().take(2).collect();
    let (empty, log) = (last_lines[0], last_lines[1]);
    assert_eq!(empty, "", "logs are set apart: {}", read.err);
    assert_eq!(&log[2..3], ":", "a log line begins with the time: {log}");
}

#[test]
fn a_failed_action_prints_its_sentence_and_ends_with_zero() {
    let laptop = Laptop::new();
    laptop.administrator();
    let ran = laptop.doorward(&["run", "get-identity", "email=nobody@example.com"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.out, "Action id 2 failed: Identity not found\n\n");
}

#[test]
fn yaml_and_json_hold_the_whole_task() {
    let laptop = Laptop::new();
    let id = laptop.administrator();
    let yaml = laptop.doorward(&["run", "get-identity", "email=ada", "--format", "yaml"]);
    assert!(yaml.out.starts_with("doorward/0:\n  id: \"2\"\n  log:\n  - 20"), "{}", yaml.out);
    assert!(yaml.out.contains("    return-code: 0\n"), "{}", yaml.out);
    assert!(yaml.out.ends_with("  unit: doorward/0\n"), "{}", yaml.out);
    let json = laptop.doorward(&["run", "get-identity", "email=ada", "--format=json"]);
    assert_eq!(json.out.lines().count(), 1);
    let document: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let task = &document["doorward/0"];
    assert_eq!(task["results"]["id"], id.as_str());
    assert_eq!(task["results"]["return-code"], 0);
    assert_eq!(task["unit"], "doorward/0");
    let failed = laptop.doorward(&["run", "get-identity", "email=x@y.z", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!(document["doorward/0"]["status"], "failed");
    assert_eq!(document["doorward/0"]["message"], "Identity not found");
}

#[test]
fn a_password_comes_from_a_file_in_either_form() {
    let laptop = Laptop::new();
    let bare = laptop.file("bare", "correct horse battery\n");
    let map = laptop.file("map", "{\"password\": \"correct horse battery\"}");
    laptop.administrator();
    for path in [bare, map] {
        let secret = format!("password-secret-id=file:{path}");
        laptop.action(&["reset-password", "email=ada@example.com", &secret]);
    }
    let results = laptop.action(&["get-identity", "email=ada"]);
    assert!(results.to_string().contains("password"), "{results}");
    assert!(!results.to_string().contains("horse"), "{results}");
}

#[test]
fn a_secret_that_cannot_be_used_fails_the_action() {
    let laptop = Laptop::new();
    laptop.administrator();
    let no_key = laptop.file("no-key", "other: x\n");
    for (secret, sentence) in [
        ("file:/nowhere/at/all".to_owned(), "Juju secret not found"),
        (format!("file:{no_key}"), "no key 'password'"),
        ("secret:c0ffee".to_owned(), "file:PATH"),
    ] {
        let parameter = format!("password-secret-id={secret}");
        let ran = laptop.doorward(&["run", "reset-password", "email=ada@example.com", &parameter]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.starts_with("Action id 2 failed: "), "{ran:?}");
        assert!(ran.out.contains(sentence), "{ran:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let laptop = Laptop::new();
    laptop.administrator();
    for args in [
        &["run", "--list"][..],
        &["run", "get-identity", "email=ada"],
        &["--help"],
        &["completions", "bash"],
        &["export"],
    ] {
        let mut child =
            laptop.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = ran(&child.wait_with_output().unwrap());
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert!(!ran.err.contains("panic") && !ran.err.contains("ERROR"), "{args:?}: {ran:?}");
    }
}

#[test]
fn the_state_directory_is_where_the_user_says() {
    let laptop = Laptop::new();
    let ask = ["run", "create-admin-account", "username=a", "email=a@example.com"];
    let mut by_home = laptop.command(&ask);
    assert!(by_home.env_remove("DOORWARD_STATE_DIR").status().unwrap().success());
    assert!(laptop.home().join(".local/state/doorward/doorward.db").exists());
    let mut by_xdg = laptop.command(&ask);
    by_xdg.env_remove("DOORWARD_STATE_DIR").env("XDG_STATE_HOME", laptop.home().join("xdg"));
    assert!(by_xdg.status().unwrap().success());
    assert!(laptop.home().join("xdg/doorward/doorward.db").exists());
    let mut by_flag = laptop.command(&ask);
    assert!(by_flag.args(["--state-dir", "flag"]).status().unwrap().success());
    assert!(laptop.home().join("flag/doorward.db").exists());
    let mut before = vec!["--state-dir", "before"];
    before.extend(ask);
    assert_eq!(laptop.doorward(&before).code, Some(0));
    assert!(laptop.home().join("before/doorward.db").exists(), "a flag goes over the environment");
}

#[test]
fn a_unit_record_gives_the_units_name_and_options() {
    let laptop = Laptop::new();
    let dir = laptop.home().join("unit");
    let record = laptop.file(
        "unit.json",
        &serde_json::json!({
            "unit": "kratos/3", "state_dir": dir, "role": "store",
            "options": {"external_url": "https://id.example.com"}, "wanted": true
        })
        .to_string(),
    );
    let mut command = laptop.command(&[
        "--unit-record",
        &record,
        "run",
        "create-admin-account",
        "username=a",
        "email=a@example.com",
        "--format",
        "json",
    ]);
    let ran = ran(&command.env_remove("DOORWARD_STATE_DIR").output().unwrap());
    assert!(ran.out.starts_with("{\"kratos/3\":"), "{ran:?}");
    assert!(ran.out.contains("https://id.example.com/"), "{ran:?}");
    assert!(dir.join("doorward.db").exists());
}

#[test]
fn the_ledger_knows_who_ran_it() {
    let laptop = Laptop::new();
    laptop.administrator();
    let ran = laptop.doorward(&["audit", "list", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let created = ran.out.lines().find(|line| line.contains("user.invited")).unwrap_or_default();
    let entry: serde_json::Value = serde_json::from_str(created).unwrap();
    assert_eq!(entry["actor"]["kind"], "action");
    assert!(entry["actor"]["id"].as_str().is_some_and(|id| !id.is_empty()), "{entry}");
}
