//! Hook tools and machine programs that fail, hang, lie or are missing.

use super::agent::{Agent, Hook};
use super::hooks::{RECORD, STATE, active_mark, record, systemctl};
use serde_json::json;
use std::fs;

/// Tools that hooks read from, by what each is asked.
const READ: [&str; 6] =
    ["config-get", "relation-get", "relation-ids", "opened-ports", "is-leader", "network-get"];
/// Tools that hooks write with.
const WRITTEN: [&str; 6] = [
    "status-set",
    "relation-set",
    "secret-add",
    "open-port",
    "application-version-set",
    "juju-log",
];
const FAULTS: [&str; 7] = [
    "exit=1:ERROR connection refused",
    "exit=2:ERROR option provided but not defined: --format",
    "missing",
    "garbage=empty",
    "garbage=partial",
    "garbage=binary",
    "garbage=json",
];

/// A hook may succeed or fail, but it neither crashes nor speaks to anybody directly.
fn behaved(hook: &Hook, what: &str) {
    assert!(matches!(hook.code, Some(0 | 1)), "{what}: {hook:?}");
    assert_eq!((hook.stdout.as_str(), hook.stderr.as_str()), ("", ""), "{what}");
}

/// Sends the hook; if it failed, again without the fault, as Juju does.
fn recover(agent: &Agent, hook: &Hook, what: &str) {
    behaved(hook, what);
    agent.clear_faults();
    if !hook.ok {
        assert!(agent.resolved().ok, "{what}: {}", agent.log());
    }
}

#[test]
fn charm_03_f_17_f_19_a_faulty_tool_leaves_a_served_unit_as_it_was() {
    let agent = Agent::new();
    agent.deploy();
    let before = record(&agent);
    // What a tool prints matters only where it is asked something.
    let spoken = |fault: &&&str| !fault.starts_with("garbage");
    let read = READ.iter().flat_map(|tool| FAULTS.iter().map(move |fault| (*tool, *fault)));
    let written = WRITTEN
        .iter()
        .flat_map(|tool| FAULTS.iter().filter(spoken).map(move |fault| (*tool, *fault)));
    for (tool, fault) in read.chain(written) {
        let what = format!("{tool} {fault}");
        agent.forget_calls();
        agent.fault(&[tool, fault]);
        let hook = agent.hook("config-changed");
        assert_eq!(systemctl(&agent), Vec::<String>::new(), "{what}: the service was touched");
        assert!(active_mark(&agent).exists(), "{what}");
        recover(&agent, &hook, &what);
        assert_eq!(agent.status().0, "active", "{what}: {}", agent.status().1);
        assert_eq!(record(&agent), before, "{what}");
    }
}

#[test]
fn charm_03_f_17_a_faulty_tool_while_deploying_is_made_good_by_the_retry() {
    for tool in
        READ.into_iter().chain(WRITTEN).chain(["secret-get", "secret-info-get", "storage-list"])
    {
        let agent = Agent::new();
        for name in [
            "install",
            "doorward-peers-relation-created",
            "leader-elected",
            "config-changed",
            "start",
        ] {
            agent.fault(&[tool, "exit=1:ERROR connection refused"]);
            let hook = agent.hook(name);
            recover(&agent, &hook, &format!("{name} with {tool}"));
        }
        agent.hook("update-status");
        assert_eq!(agent.status().0, "active", "{tool}: {} {}", agent.status().1, agent.log());
        let task = agent.action("audit-verify", json!({}));
        assert!(task.completed(), "{tool}: {task:?}");
    }
}

#[test]
fn charm_03_a_machine_program_that_fails_is_reported_and_recovers() {
    for program in ["useradd", "systemctl"] {
        for fault in
            ["exit=1:cannot lock /etc/passwd; try again later.", "missing", "garbage=partial"]
        {
            let what = format!("{program} {fault}");
            let agent = Agent::new();
            agent.fault(&[program, fault]);
            for hook in agent.try_deploy() {
                behaved(&hook, &what);
            }
            let (word, text) = agent.status();
            assert_eq!(word, "blocked", "{what}: {text}");
            assert!(text.contains(program) || text.contains("does not stay up"), "{what}: {text}");
            agent.clear_faults();
            agent.hook("update-status");
            assert_eq!(agent.status().0, "active", "{what}: {} {}", agent.status().1, agent.log());
        }
    }
}

#[test]
fn charm_06_f_18_a_tool_that_hangs_is_given_up_and_the_retry_works() {
    let agent = Agent::new();
    agent.deploy();
    for tool in ["config-get", "relation-get", "opened-ports", "status-set", "systemctl"] {
        agent.must(&["env", "DOORWARD_TOOL_LIMIT_MS=300"]);
        agent.slow_tool(tool, 3_000);
        let start = std::time::Instant::now();
        let hook = agent.hook("config-changed");
        assert!(start.elapsed().as_secs() < 30, "{tool}");
        agent.must(&["env", "DOORWARD_TOOL_LIMIT_MS=60000"]);
        recover(&agent, &hook, tool);
        agent.hook("update-status");
        assert_eq!(agent.status().0, "active", "{tool}");
    }
}

#[test]
fn f_19_a_tool_that_prints_without_end_is_cut_off() {
    let agent = Agent::new();
    agent.deploy();
    agent.garbage("config-get", "huge");
    let hook = agent.hook("config-changed");
    assert!(!hook.ok);
    recover(&agent, &hook, "config-get");
    assert_eq!(agent.status().0, "active");
}

#[test]
fn charm_05_f_20_keys_that_cannot_be_read_block_and_update_status_recovers() {
    for (said, word) in
        [("ERROR permission denied", "denied"), ("ERROR secret \"x\" not found", "missing")]
    {
        let agent = Agent::new();
        for name in
            ["install", "doorward-peers-relation-created", "leader-elected", "config-changed"]
        {
            agent.fail_tool("secret-get", said);
            assert!(agent.hook(name).ok, "{name}: {}", agent.log());
        }
        let (status, text) = agent.status();
        assert_eq!(status, "blocked", "{said}: {text}");
        assert!(text.contains(word), "{text}");
        agent.clear_faults();
        agent.hook("start");
        assert_eq!(agent.status().0, "active", "{}", agent.status().1);
    }
}

#[test]
fn charm_05_a_served_unit_goes_on_with_the_keys_it_has_while_the_secret_is_out_of_reach() {
    let agent = Agent::new();
    agent.deploy();
    let secret = record(&agent)["keys_secret"].as_str().map(str::to_owned).expect("an id");
    for said in ["ERROR permission denied", "ERROR secret \"x\" not found"] {
        agent.fail_tool("secret-get", said);
        let hook = agent.hook_with("secret-changed", &["--secret", &secret]);
        assert!(hook.ok, "{said}: {}", agent.log());
        assert_eq!(agent.status().0, "blocked");
        assert!(active_mark(&agent).exists());
        agent.clear_faults();
        agent.hook("update-status");
        assert_eq!(agent.status().0, "active");
    }
}

#[test]
fn charm_05_f_20_an_action_says_why_its_secret_cannot_be_read_and_changes_nothing() {
    let agent = Agent::new();
    agent.deploy();
    let uri = agent.add_secret("pw", &[("password", "correct horse battery staple")]);
    let params = json!({"username": "a", "email": "a@b.test", "password-secret-id": uri});
    let denied = agent.action("create-admin-account", params.clone());
    assert_eq!(denied.status, "failed", "{denied:?}");
    assert!(!denied.message.is_empty());
    let listed = agent.action("list-identities", json!({}));
    assert!(!format!("{:?}", listed.results).contains("a@b.test"), "{listed:?}");
    agent.grant_secret("pw");
    let granted = agent.action("create-admin-account", params);
    assert!(granted.completed(), "{granted:?}");
}

#[test]
fn charm_05_f_20_an_action_reads_the_newest_revision_of_a_secret() {
    let agent = Agent::new();
    agent.deploy();
    let uri = agent.granted_secret("pw", &[("password", "x")]);
    let params = json!({"username": "a", "email": "a@b.test", "password-secret-id": uri});
    let made = agent.action("create-admin-account", params);
    assert!(made.completed(), "{made:?}");
    agent.must(&["update-secret", "pw", "wrong-key=y"]);
    let reset = json!({"email": "a@b.test", "password-secret-id": uri});
    let task = agent.action("reset-password", reset);
    assert_eq!(task.status, "failed", "an old revision was used: {task:?}");
}

#[test]
fn charm_07_f_21_a_leader_that_changes_in_the_middle_of_a_hook_does_no_harm() {
    for answers in ["true,false", "false,true", "true,true,false", "true,false,true"] {
        let agent = Agent::new();
        assert!(agent.hook("install").ok);
        agent.fault(&["is-leader", &format!("answers={answers}")]);
        let hook = agent.hook("doorward-peers-relation-created");
        recover(&agent, &hook, answers);
        for name in ["leader-elected", "config-changed", "start"] {
            assert!(agent.hook(name).ok, "{answers} {name}: {}", agent.log());
        }
        assert_eq!(agent.status().0, "active", "{answers}: {}", agent.status().1);
        let secrets = agent.state()["secrets"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(secrets, 1, "{answers}: keys were made twice");
    }
}

#[test]
fn charm_07_a_unit_that_does_not_lead_makes_no_call_only_a_leader_may() {
    let mut agent = Agent::setup().with(&["--num-units", "2"]).build();
    agent.deploy();
    agent.on("kratos/1");
    agent.forget_calls();
    agent.deploy();
    agent.settle();
    agent.hook("update-status");
    for call in agent.calls() {
        let leading = ["relation-set", "secret-add", "secret-set", "secret-info-get"];
        assert!(!leading.contains(&call.tool.as_str()), "{call:?}");
    }
}

#[test]
fn an_action_whose_tools_fail_never_looks_like_a_success() {
    let agent = Agent::new();
    agent.deploy();
    for (tool, fault) in [
        ("action-get", "exit=1:ERROR connection refused"),
        ("action-get", "missing"),
        ("action-get", "garbage=partial"),
        ("action-set", "exit=1:ERROR connection refused"),
        ("action-set", "missing"),
    ] {
        agent.fault(&[tool, fault]);
        let params = json!({"username": "a", "email": "a@b.test"});
        let task = agent.action("create-admin-account", params);
        agent.clear_faults();
        assert_eq!(task.status, "failed", "{tool} {fault}: {task:?}");
        assert!(!task.message.contains("exit status"), "{tool} {fault}: {task:?}");
        assert_eq!((task.stdout.as_str(), task.stderr.as_str()), ("", ""), "{tool} {fault}");
    }
    agent.fault(&["action-log", "missing"]);
    let task = agent.action("list-identities", json!({}));
    assert!(task.completed(), "a log line that is lost fails no action: {task:?}");
}

#[test]
fn charm_04_a_password_from_a_secret_is_nowhere_but_in_the_secret() {
    let agent = Agent::new();
    agent.deploy();
    let password = "Zwölf-Boxkämpfer-4711";
    let uri = agent.granted_secret("pw", &[("password", password)]);
    let params = json!({"username": "a", "email": "a@b.test", "password-secret-id": uri});
    let task = agent.action("create-admin-account", params);
    assert!(task.completed(), "{task:?}");
    let argv: String = agent.calls().iter().map(|call| call.argv.join(" ")).collect();
    assert!(!argv.contains(password));
    assert!(!format!("{task:?}").contains(password));
    assert!(!agent.log().contains(password));
    for place in [RECORD, STATE] {
        let at = agent.root().join(place);
        let files =
            if at.is_dir() { super::hooks::files_below(&at) } else { vec![String::new().into()] };
        for file in files {
            let path = if at.is_dir() { at.join(file) } else { at.clone() };
            let bytes = fs::read(&path).expect("there");
            let found = bytes.windows(password.len()).any(|w| w == password.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn actions_run_while_a_hook_is_in_error() {
    let agent = Agent::new();
    agent.deploy();
    agent.remove_tool("config-get");
    assert!(!agent.hook("config-changed").ok);
    let task = agent.action("list-identities", json!({}));
    assert!(task.completed(), "{task:?}");
    agent.clear_faults();
    assert!(agent.resolved().ok);
}

#[test]
fn texts_that_begin_with_a_dash_arrive_as_texts() {
    let agent = Agent::new();
    agent.deploy();
    agent.config(&[("log_level", "-x")]);
    assert_eq!(agent.status().0, "blocked");
    let task = agent.action("get-identity", json!({"email": "--help"}));
    assert_eq!(task.status, "failed");
    assert!(!task.message.contains("exit status"), "{task:?}");
}
