//! The fake agent against the rows of the contract it stands for: each test is a mistake that a
//! simple stub would make.

use super::agent_stub::Stub;
use serde_json::{Value, json};

#[test]
fn row_01_the_hook_name_is_empty_in_an_action() {
    let stub = Stub::new();
    let said = stub.says("echo \"[$JUJU_HOOK_NAME] $JUJU_DISPATCH_PATH $JUJU_ACTION_NAME\"");
    assert_eq!(said, "[] actions/act act\n");
    let hook = stub.hook("echo $JUJU_HOOK_NAME $JUJU_DISPATCH_PATH");
    assert_eq!(hook.stdout, "update-status hooks/update-status\n");
}

#[test]
fn row_02_home_and_its_friends_are_absent() {
    let stub = Stub::new();
    let said = stub.says("tr '\\0' '\\n' < /proc/$$/environ | sed 's/=.*//' | sort");
    let names: Vec<&str> = said.lines().collect();
    for absent in ["HOME", "USER", "LOGNAME", "SHELL", "CARGO", "CARGO_MANIFEST_DIR"] {
        assert!(!names.contains(&absent), "{absent} in {names:?}");
    }
    for present in ["CHARM_DIR", "JUJU_UNIT_NAME", "JUJU_VERSION", "PATH", "LANG", "DOORWARD_ROOT"]
    {
        assert!(names.contains(&present), "{present} not in {names:?}");
    }
}

#[test]
fn row_03_a_message_that_starts_with_a_dash_is_a_flag_unless_after_two_dashes() {
    let stub = Stub::new();
    let said = stub.says("status-set active -x 2>&1; echo $?; action-log -x 2>&1; echo $?");
    let refused = "ERROR option provided but not defined: -x\n2\n";
    assert_eq!(said, format!("{refused}{refused}"));
    let task = stub.act("status-set active -- -x; action-log -- -y; action-fail -- -z");
    assert_eq!(stub.agent.status(), ("active".into(), "-x".into()));
    assert_eq!((task.log, task.message), (vec!["-y".to_owned()], "-z".to_owned()));
}

#[test]
fn row_04_05_missing_keys_are_null_and_unset_options_are_left_out() {
    let stub = Stub::new();
    let said = stub.says("action-get --format=json nope.deeper; config-get --format=json unset");
    assert_eq!(said, "null\nnull\n");
    let said =
        stub.says("config-get --format=json; config-get --all --format=json; config-get count");
    let expected = "{\"count\":1000000,\"level\":\"info\"}\n\
                    {\"admin\":null,\"count\":1000000,\"level\":\"info\",\"unset\":null}\n1000000\n";
    assert_eq!(said, expected);
}

#[test]
fn row_06_numbers_are_floats_and_inexact_above_2_to_the_53() {
    let stub = Stub::new();
    stub.script("action-get --format=json count; action-get count");
    let agent = &stub.agent;
    let said = |n: Value| agent.action("act", json!({"count": n})).stdout;
    assert_eq!(said(json!(5.0)), "5\n5\n");
    assert_eq!(said(json!(9_007_199_254_740_993_u64)), "9007199254740992\n9.007199254740992e+15\n");
    assert_eq!(agent.action("act", json!({})).stdout, "5\n5\n", "the default is inserted");
}

#[test]
fn row_07_a_failed_process_commits_nothing_but_status_logs_and_results_remain() {
    let stub = Stub::new();
    let script = "state-set a=1; relation-set -r cluster:0 k=v; open-port 80; juju-log -- seen
        status-set blocked -- stuck; action-set x=1; application-version-set 7; exit 3";
    let task = stub.act(script);
    assert_eq!((task.status.as_str(), task.message.as_str()), ("failed", "exit status 3"));
    assert_eq!((task.return_code, task.get("x")), (3, Some("1")));
    let state = stub.agent.state();
    let unit = stub.agent.unit_state();
    assert_eq!((&unit["state"], &unit["ports"]), (&json!({}), &json!([])));
    assert_eq!(state["relations"]["0"]["data"], json!({}));
    assert_eq!(state["app_version"], "7");
    assert_eq!(stub.agent.status(), ("blocked".into(), "stuck".into()));
    assert!(stub.agent.log().contains("INFO unit.stub/0.act seen"));
}

#[test]
fn row_08_action_fail_with_exit_0_commits_and_another_exit_replaces_the_message() {
    let stub = Stub::new();
    let task = stub.act("state-set a=1; action-fail -- 'identity not found'");
    assert_eq!((task.status.as_str(), task.message.as_str()), ("failed", "identity not found"));
    assert_eq!(task.return_code, 0);
    assert_eq!(stub.agent.unit_state()["state"], json!({"a": "1"}));
    let task = stub.act("action-fail -- m; exit 101");
    assert_eq!((task.message.as_str(), task.return_code), ("exit status 101", 101));
    let task = stub.act("action-fail");
    assert_eq!(task.message, "action failed without reason given, check action for errors");
    let task = stub.act("kill -9 $$");
    assert_eq!((task.message.as_str(), task.return_code), ("terminated", -1));
}

#[test]
fn row_09_one_bad_key_discards_the_whole_action_set() {
    let stub = Stub::new();
    for bad in ["a_b=1", "A=1", "a..b=1", "-a=1", "a.stdout=1", "stderr.x=1", "plain"] {
        let task = stub.act(&format!("action-set good=1 -- '{bad}'; echo $?"));
        assert_eq!(task.stdout, "2\n", "{bad}");
        assert!(task.results.is_empty(), "{bad}: {:?}", task.results);
    }
    let said = stub.says("action-set a_b=1 2>&1");
    let expected = "ERROR key \"a_b\" must start and end with lowercase alphanumeric, and contain \
                    only lowercase alphanumeric, hyphens and periods\n";
    assert_eq!(said, expected);
}

#[test]
fn row_10_results_are_strings_nested_by_dots() {
    let stub = Stub::new();
    let task = stub.act(
        "action-set count=3 a.b=1; action-set a.c='x = y
second' d=1; action-set d.e=2 f.g=1; action-set f=1",
    );
    let expected = json!({
        "count": "3", "a": {"b": "1", "c": "x = y\nsecond"}, "d": {"e": "2"}, "f": "1",
    });
    assert_eq!(Value::Object(task.results), expected);
}

#[test]
fn row_11_a_value_of_200_kb_fails_in_the_charm_that_starts_the_tool() {
    let stub = Stub::new();
    let script = "action-set a=$(head -c 200000 /dev/zero | tr '\\0' x) || echo refused: $?";
    let task = stub.act(script);
    assert!(task.stdout.starts_with("refused: 12"), "{task:?}");
    assert!(task.results.is_empty() && stub.agent.calls().is_empty());
}

#[test]
fn row_12_an_unterminated_last_line_is_lost() {
    let stub = Stub::new();
    let task = stub.act("printf 'a\\r\\nb'; printf 'panic\\nmore' >&2");
    assert_eq!((task.stdout.as_str(), task.stderr.as_str()), ("a\n", "panic\n"));
    let out = stub.agent.juju(&["run", "stub/0", "act"]);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "\na\npanic\n");
    assert!(stub.agent.log().contains("WARNING unit.stub/0.act panic"));
}

#[test]
fn row_13_positional_values_are_trimmed_and_duplicates_refused() {
    let stub = Stub::new();
    let script = "relation-set -r 0 ' k = v ' gone=1; relation-set -r cluster:0 gone=
        relation-set -r 0 a=1 a=2 2>&1; echo $?; relation-set -r 0 b 2>&1; echo $?
        printf 'f: \" v \"' | state-set --file -";
    let said = stub.hook(script).stdout;
    let expected = "ERROR key \"a\" specified more than once\n2\n\
                    ERROR expected \"key=value\", got \"b\"\n2\n";
    assert_eq!(said, expected);
    let state = stub.agent.state();
    assert_eq!(state["relations"]["0"]["data"], json!({"stub/0": {"k": "v"}}));
    assert_eq!(stub.agent.unit_state()["state"], json!({"f": " v "}));
}

#[test]
fn row_14_own_pending_writes_are_visible_to_oneself_only() {
    let stub = Stub::new();
    let script = "state-set a=1; relation-set -r 0 k=v; open-port 80
        state-get a; relation-get -r 0 k stub/0; opened-ports; exit 1";
    assert_eq!(stub.hook(script).stdout, "1\nv\n80/tcp\n");
    assert_eq!(stub.agent.unit_state()["state"], json!({}));
    stub.script("state-get --format=json; relation-get -r 0 --format=json - stub/0");
    assert_eq!(stub.agent.resolved().stdout, "null\n{}\n");
}

#[test]
fn row_15_secret_ids_is_null_when_there_are_none() {
    let said = Stub::new().says("secret-ids --format=json; relation-ids db --format=json");
    assert_eq!(said, "null\n[]\n");
}

#[test]
fn row_16_without_refresh_the_tracked_revision_stays() {
    let stub = Stub::new();
    let uri = stub.agent.granted_secret("pw", &[("password", "one")]);
    let get = |flags: &str| stub.says(&format!("secret-get {uri} {flags} password"));
    assert_eq!(get(""), "one\n");
    stub.agent.must(&["update-secret", "pw", "password=two"]);
    assert_eq!(get(""), "one\n");
    assert_eq!(get("--peek"), "two\n");
    assert_eq!(get(""), "one\n");
    assert_eq!(get("--refresh --format=json"), "\"two\"\n");
    assert_eq!(get(""), "two\n");
}

#[test]
fn row_16_a_unit_that_read_a_secret_hears_of_a_new_revision_once() {
    let stub = Stub::new();
    stub.agent.deploy();
    let uri = stub.agent.granted_secret("pw", &[("password", "one")]);
    stub.says(&format!("secret-get {uri} --label mine"));
    stub.script("echo $JUJU_SECRET_ID $JUJU_SECRET_LABEL");
    stub.agent.must(&["update-secret", "pw", "--no-settle", "password=two"]);
    let told = stub.agent.settle();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].name.as_str(), &told[0].stdout),
        ("secret-changed", &format!("{uri} mine\n"))
    );
    assert!(stub.agent.settle().is_empty());
}

#[test]
fn row_17_a_secret_not_granted_is_denied_and_an_unknown_one_not_found() {
    let stub = Stub::new();
    let uri = stub.agent.add_secret("pw", &[("password", "x")]);
    let script = format!(
        "secret-get {uri} 2>&1; echo $?; secret-get secret:d5fj493sf2bh7nljq620 2>&1; echo $?
         secret-get what 2>&1; echo $?"
    );
    let expected = "ERROR permission denied\n1\nERROR secret \"d5fj493sf2bh7nljq620\" not found\n1\n\
                    ERROR secret URI \"what\" not valid\n2\n";
    assert_eq!(stub.says(&script), expected);
    stub.agent.grant_secret("pw");
    assert!(stub.agent.settle().is_empty(), "a grant is no event");
    let bare = uri.trim_start_matches("secret:");
    for form in [uri.clone(), bare.to_owned(), format!("secret://m/{bare}")] {
        let said = stub.says(&format!("secret-get {form} --format=json"));
        assert_eq!(said, "{\"password\":\"x\"}\n");
    }
}

#[test]
fn row_18_changing_a_foreign_secret_fails_at_the_commit_with_all_the_rest() {
    let stub = Stub::new();
    let uri = stub.agent.granted_secret("pw", &[("password", "x")]);
    let task = stub.act(&format!("state-set a=1; secret-set {uri} password=y; echo $?"));
    assert_eq!(task.stdout, "0\n");
    assert_eq!((task.status.as_str(), task.return_code), ("failed", 0));
    assert_eq!(task.message, "committing requested changes failed");
    assert_eq!(stub.agent.unit_state()["state"], json!({}));
    let hook = stub.hook(&format!("secret-remove {uri}"));
    assert!(!hook.ok && hook.code == Some(0));
}

#[test]
fn row_19_application_secrets_data_and_status_need_leadership() {
    let stub = Stub::new();
    let script = "secret-add key=value 2>&1; relation-set -r 0 --app a=1 2>&1
        status-set --application active 2>&1; is-leader";
    stub.agent.set_leader(false);
    let expected = "ERROR this unit is not the leader\nERROR cannot write relation settings\n\
                    ERROR this unit is not the leader\nFalse\n";
    assert_eq!(stub.says(script), expected);
    stub.agent.set_leader(true);
    assert!(stub.says(script).starts_with("secret:"));
    stub.agent.fault(&["is-leader", "answers=true,false"]);
    let said = stub.says("is-leader --format=json; is-leader --format=json");
    assert_eq!(said, "true\nfalse\n");
}

#[test]
fn row_20_a_file_value_is_read_verbatim_with_its_newline() {
    let stub = Stub::new();
    let script = "printf 'secret\\n' > $JUJU_CHARM_DIR/pw
        secret-add --label mine password#file=$JUJU_CHARM_DIR/pw >/dev/null
        secret-get --label mine --format=json; secret-add password#file=pw 2>/dev/null; echo $?";
    assert_eq!(stub.hook(script).stdout, "{\"password\":\"secret\\n\"}\n2\n");
}

#[test]
fn row_21_secret_keys_need_three_alphanumerics_and_a_value() {
    let stub = Stub::new();
    for bad in ["ab", "a-b", "a--b", "a_bc", "Abc"] {
        let said = stub.says(&format!("secret-add {bad}=v 2>&1; echo $?"));
        assert_eq!(said, format!("ERROR key \"{bad}\" not valid\n2\n"));
    }
    for good in ["abc", "a-b-c"] {
        assert!(stub.says(&format!("secret-add {good}=v==")).starts_with("secret:"));
    }
    let said = stub.says("secret-add key= 2>&1; secret-add 2>&1");
    let expected = "ERROR key value \"key=\" not valid\nERROR missing secret value or filename\n";
    assert_eq!(said, expected);
}

#[test]
fn row_22_23_formats_differ_and_addresses_are_values() {
    let stub = Stub::new();
    let said = stub.says("is-leader; is-leader --format=yaml; is-leader --format=xml 2>&1");
    let expected =
        "True\ntrue\nERROR invalid value \"xml\" for option --format: unknown format \"xml\"\n";
    assert_eq!(said, expected);
    let get = "network-get cluster --format=json; network-get none 2>&1";
    let said = stub.says(get);
    assert!(said.contains(
        "\"addresses\":[{\"cidr\":\"10.0.0.0/24\",\"hostname\":\"\",\"value\":\"10.0.0.5\"}]"
    ));
    assert!(said.ends_with("ERROR no network config found for binding \"none\"\n"));
    stub.agent.must(&["address"]);
    assert!(stub.says(get).starts_with("{\"bind-addresses\":[],"));
}

#[test]
fn row_24_a_tool_of_another_juju_is_not_there() {
    let stub = Stub::with(&["--mode", "4"]);
    assert_eq!(stub.says("leader-get; echo $?"), "127\n");
    stub.agent.remove_tool("relation-model-get");
    assert_eq!(stub.says("relation-model-get -r 0; echo $?"), "127\n");
    stub.agent.clear_faults();
    assert_eq!(stub.says("relation-model-get -r 0 >/dev/null; echo $?"), "0\n");
}

#[test]
fn row_25_bad_parameters_never_reach_the_charm() {
    let stub = Stub::new();
    let out = stub.agent.juju(&["run", "stub/0", "strict"]);
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((out.status.code(), out.stdout.len()), (Some(0), 0));
    assert!(err.contains("failed to schedule any tasks:\nvalidation failed: (root) : \"must\" property is missing and required, given {}\n"), "{err}");
    assert!(stub.agent.try_action("nope", json!({})).is_err());
    let map = stub.agent.try_action("open", json!({"known": "x", "more": 1}));
    assert!(map.is_ok(), "Juju 3 lets unknown parameters pass");

    let stub = Stub::with(&["--mode", "4"]);
    let task = stub.agent.action("open", json!({"known": "x", "more": 1}));
    let expected = "cannot run \"open\" action: validation failed: (root) : additional property \
                    \"more\" is not allowed, given {\"known\":\"x\",\"more\":1}";
    assert_eq!((task.status.as_str(), task.message.as_str()), ("error", expected));
    assert_eq!(stub.agent.action("act", json!({})).parameters, json!({}), "no defaults in 4");
    assert!(stub.agent.calls().is_empty());
}

#[test]
fn row_26_a_deployment_sends_its_hooks_in_order() {
    let stub = Stub::with(&["--storage", "data"]);
    stub.script("[ -z \"$JUJU_STORAGE_LOCATION\" ] || touch $JUJU_STORAGE_LOCATION/here");
    let names: Vec<String> = stub.agent.deploy().into_iter().map(|h| h.name).collect();
    let expected = [
        "data-storage-attached",
        "install",
        "cluster-relation-created",
        "leader-elected",
        "config-changed",
        "start",
    ];
    assert_eq!(names, expected);
    assert_eq!(stub.agent.status(), ("unknown".into(), String::new()));
    let location = stub.agent.unit_state()["storage"]["data/0"]["location"].clone();
    let location = location.as_str().unwrap_or_default().to_owned();
    assert!(std::path::Path::new(&location).join("here").exists());
}

#[test]
fn row_27_a_unit_in_error_refuses_hooks_but_runs_actions() {
    let stub = Stub::new();
    stub.script("exit 1");
    assert!(!stub.agent.hook("install").ok);
    let out = stub.agent.juju(&["hook", "start"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("hook failed: \"install\""));
    assert!(stub.act("true").completed());
    assert!(stub.agent.resolved().ok);
    assert!(stub.agent.hook("start").ok);
}

#[test]
fn row_28_a_kill_at_a_chosen_call_drops_what_was_pending() {
    let stub = Stub::new();
    stub.agent.kill_after_call(2);
    let script = "state-set a=1; state-set b=2; state-set c=3";
    let hook = stub.hook(script);
    assert_eq!((hook.ok, hook.signal, hook.calls), (false, Some(9), 2));
    assert_eq!(stub.agent.unit_state()["state"], json!({}));
    stub.agent.clear_faults();
    assert!(stub.agent.resolved().ok);
    assert_eq!(stub.agent.unit_state()["state"], json!({"a": "1", "b": "2", "c": "3"}));
    stub.agent.kill_after_micros(20_000);
    assert_eq!(stub.hook("sleep 5").signal, Some(9));
}

#[test]
fn row_30_an_upgrade_replaces_files_and_keeps_foreign_ones() {
    let stub = Stub::new();
    stub.agent.deploy();
    stub.hook("echo mine > $JUJU_CHARM_DIR/foreign; echo old >> $JUJU_CHARM_DIR/config.yaml");
    stub.script("");
    stub.agent.must(&["refresh"]);
    let text = |name: &str| std::fs::read_to_string(stub.agent.charm_dir().join(name));
    assert_eq!(text("foreign").expect("kept"), "mine\n");
    assert!(!text("config.yaml").expect("there").contains("old"));
}

#[test]
fn row_31_two_units_on_one_machine_share_its_root_and_talk_by_their_peer_relation() {
    let mut stub = Stub::with(&["--num-units", "2", "--same-machine"]);
    let first = stub.agent.root();
    stub.agent.deploy();
    stub.agent.on("stub/1");
    assert_eq!(stub.agent.root(), first);
    stub.agent.deploy();
    stub.agent.settle();
    stub.agent.on("stub/0");
    stub.script_of("stub/1", "relation-get -r 0 --app shared; echo [$JUJU_REMOTE_UNIT]");
    assert!(stub.hook("relation-set -r 0 --app shared=yes").ok);
    stub.script("");
    let told = stub.agent.settle();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].name, "cluster-relation-changed");
}

#[test]
fn row_32_every_call_is_recorded_with_its_arguments_and_stdin() {
    let stub = Stub::new();
    stub.hook(
        "state-set a=1; echo '{\"k\": \"hidden\"}' | state-set --file -; systemctl daemon-reload",
    );
    let calls = stub.agent.calls();
    let tools: Vec<&str> = calls.iter().map(|c| c.tool.as_str()).collect();
    assert_eq!(tools, ["state-set", "state-set", "systemctl"]);
    assert_eq!(calls[1].argv, ["--file", "-"]);
    assert_eq!(calls[1].stdin.as_deref(), Some("{\"k\": \"hidden\"}\n"));
}
