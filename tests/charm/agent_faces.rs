//! The fake agent's other faces: faults, what `juju run` prints and refuses, and the machine.

use super::agent_stub::{Stub, mode};
use serde_json::{Value, json};

#[test]
fn a_tool_that_fails_hangs_or_prints_rubbish_can_be_played() {
    let stub = Stub::new();
    let agent = &stub.agent;
    agent.fail_tool("config-get", "ERROR no controller");
    assert_eq!(stub.says("config-get 2>&1; echo $?"), "ERROR no controller\n1\n");
    agent.clear_faults();
    agent.fault(&["config-get", "exit=1:ERROR x", "from=2", "times=1"]);
    let said = stub.says("for i in 1 2 3; do config-get level 2>&1; done");
    assert_eq!(said, "info\nERROR x\ninfo\n");
    agent.clear_faults();
    agent.garbage("config-get", "partial");
    assert_eq!(stub.says("config-get; code=$?; echo; echo $code").lines().last(), Some("134"));
    agent.clear_faults();
    agent.garbage("config-get", "huge");
    assert_eq!(stub.says("config-get | wc -c"), "33554432\n");
    agent.clear_faults();
    agent.slow_tool("config-get", 300);
    let begun = std::time::Instant::now();
    stub.says("config-get level");
    assert!(begun.elapsed().as_millis() >= 300);
}

#[test]
fn a_tool_outside_its_context_is_refused() {
    let stub = Stub::new();
    stub.act("tr '\\0' '\\n' < /proc/$$/environ > $JUJU_CHARM_DIR/../env");
    let said = stub
        .says("export $(grep ^JUJU_CONTEXT_ID= $JUJU_CHARM_DIR/../env); config-get 2>&1; echo $?");
    assert!(said.starts_with("ERROR bad request: expected context id \"stub/0-act-"), "{said}");
    assert!(said.ends_with("\n1\n"));
    assert_eq!(stub.says("JUJU_CONTEXT_ID= config-get 2>&1"), "ERROR JUJU_CONTEXT_ID not set\n");
}

#[test]
fn a_dispatch_without_its_execute_bit_fails_the_hook() {
    let stub = Stub::new();
    mode(&stub.agent.charm_dir().join("dispatch"), 0o644);
    let hook = stub.agent.hook("install");
    assert!(hook.error.is_some_and(|e| e.contains("permission denied")));
}

#[test]
fn values_on_the_command_line_are_read_as_yaml_1_1() {
    let stub = Stub::new();
    stub.script("action-get --format=json any");
    let typed = |text: &str| {
        stub.agent.run("act", &["--", &format!("any={text}")]).map(|t| t.stdout.trim().to_owned())
    };
    for (text, value) in [
        ("12345", "12345"),
        ("0123", "83"),
        ("1_000", "1000"),
        ("1e3", "1000"),
        ("-7", "-7"),
        ("2024-01-01", "\"2024-01-01\""),
        ("\"12345\"", "\"12345\""),
        ("yes", "true"),
        ("off", "false"),
        ("~", "null"),
        ("", "\"\""),
        ("a #b", "\"a\""),
        ("#x", "\"#x\""),
        ("!x", "\"\""),
        ("-", "[null]"),
        ("[a, b]", "[\"a\",\"b\"]"),
        ("a: b", "{\"a\":\"b\"}"),
        ("{a: yes, b: [x, {c: '1'}]}", "{\"a\":true,\"b\":[\"x\",{\"c\":\"1\"}]}"),
        ("a@example.com", "\"a@example.com\""),
        ("<&>", "\"\\u003c\\u0026\\u003e\""),
    ] {
        assert_eq!(typed(text).as_deref(), Ok(value), "{text}");
    }
    for bad in ["@x", "`x", "*x", "%x", "[a", "{a"] {
        assert!(typed(bad).is_err_and(|e| e.contains("ERROR yaml: ")), "{bad}");
    }
    let kept = stub.agent.run("act", &["any=0123", "--string-args"]).expect("queued").stdout;
    assert_eq!(kept, "\"0123\"\n");
    let refused = stub.agent.run("act", &["user_name=x"]).expect_err("refused");
    assert!(refused.starts_with("ERROR key \"user_name\" must start and end with lowercase"));
}

#[test]
fn juju_run_prints_what_juju_prints() {
    let stub = Stub::new();
    let run = |format: &str| {
        let out = stub.agent.juju(&["run", "stub/leader", "act", "--format", format]);
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        (text(&out.stdout), text(&out.stderr), out.status.code())
    };
    stub.script("action-log -- working; action-set identity-id=7c9e count=3 traits.email=a@b.c");
    let (stdout, stderr, code) = run("plain");
    assert_eq!(stdout, "count: \"3\"\nidentity-id: 7c9e\ntraits:\n  email: a@b.c\n\n");
    assert!(stderr.starts_with(
        "Running operation 1 with 1 task\n  - task 2 on unit-stub-0\n\nWaiting for task 2...\n"
    ));
    assert!(stderr.ends_with(" working\n\n"), "{stderr}");
    assert_eq!(code, Some(0));
    let (stdout, _, _) = run("json");
    let value: Value = serde_json::from_str(&stdout).expect("json");
    assert_eq!(value["stub/0"]["results"]["return-code"], 0);
    assert_eq!(value["stub/0"]["results"]["count"], "3");
    assert_eq!(value["stub/0"]["status"], "completed");
    stub.script("action-fail -- 'identity not found'");
    let (stdout, _, code) = run("plain");
    assert_eq!((stdout.as_str(), code), ("Action id 6 failed: identity not found\n\n", Some(0)));
    stub.script("exit 1");
    let (stdout, stderr, code) = run("plain");
    assert_eq!((stdout.as_str(), code), ("Action id 8 failed: exit status 1\n\n", Some(1)));
    assert!(stderr.ends_with(
        "ERROR the following task failed:\n - id \"8\" with return code 1\n\nuse 'juju show-task' to inspect the failure\n"
    ));
}

#[test]
fn systemctl_and_the_user_database_live_in_the_private_root() {
    let stub = Stub::new();
    let said = stub.says(
        "systemctl is-active x; echo $?
         echo '[Service]' > $DOORWARD_ROOT/etc/systemd/system/x.service
         systemctl enable --now x.service; systemctl is-active x; systemctl is-enabled x
         systemctl disable --now x; systemctl is-active x; echo $?
         useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin svc; echo $?
         useradd svc 2>&1; echo $?; getent passwd svc >/dev/null; echo $?; userdel svc; getent passwd svc; echo $?",
    );
    let expected = "inactive\n4\nactive\nenabled\ninactive\n3\n0\nuseradd: user 'svc' already exists\n9\n0\n2\n";
    assert_eq!(said, expected);
    assert!(stub.agent.root().join("etc/passwd").exists());
}

#[test]
fn refusals_read_as_the_validator_of_juju_writes_them() {
    let stub = Stub::new();
    for (given, complaint) in [
        (json!({"name": 12345}), "(root).name : must be of type string, given 12345"),
        (
            json!({"name": "al"}),
            "(root).name : string length must be greater or equal to 3, given \"al\"",
        ),
        (
            json!({"name": "Alice"}),
            "(root).name : does not match pattern '^[a-z]+(-[a-z0-9]{2,3})?$', given \"Alice\"",
        ),
        (
            json!({"role": "root"}),
            "(root).role : must match one of the enum values [\"admin\",\"user\"], given \"root\"",
        ),
        (json!({"few": 10}), "(root).few : must be lower than 9, given \"10\""),
        (
            json!({"foo": "<>"}),
            "(root) : additional property \"foo\" is not allowed, given {\"foo\":\"\\u003c\\u003e\"}",
        ),
    ] {
        let refused = stub.agent.try_action("act", given).expect_err(complaint);
        assert!(refused.ends_with(&format!("validation failed: {complaint}\n")), "{refused}");
    }
    for fits in [json!({"name": "alice-x1"}), json!({"few": 5.0}), json!({"name": "bob"})] {
        assert!(stub.agent.try_action("act", fits.clone()).is_ok(), "{fits}");
    }
    for bad in ["alice-x", "alice-", "alice-1234", "9lives"] {
        assert!(stub.agent.try_action("act", json!({"name": bad})).is_err(), "{bad}");
    }
}

#[test]
fn a_real_service_is_a_process_that_stop_ends() {
    let stub = Stub::with(&["--real-services"]);
    let said = stub.says(
        "printf '[Service]\\nExecStart=/bin/sleep 600\\n' > $DOORWARD_ROOT/etc/systemd/system/x.service
         printf '[Service]\\nExecStart=/bin/false\\n' > $DOORWARD_ROOT/etc/systemd/system/bad.service
         systemctl start x; systemctl is-active x
         pid=$(systemctl show -p MainPID --value x); cat /proc/$pid/comm
         systemctl stop x; [ -d /proc/$pid ] && grep -v Z /proc/$pid/stat; systemctl is-active x
         systemctl start bad 2>/dev/null; echo $?; systemctl is-active bad",
    );
    assert_eq!(said, "active\nsleep\ninactive\n1\nfailed\n");
}

#[test]
fn exec_answers_hook_tools_like_a_hook() {
    let stub = Stub::new();
    let command = "state-set a=1; is-leader; echo \"[$JUJU_HOOK_NAME$JUJU_DISPATCH_PATH]\"";
    let out = stub.agent.must(&["exec", "--unit", "stub/0", "--", command]);
    assert_eq!(out, "\nTrue\n[]\n");
    assert_eq!(stub.agent.unit_state()["state"], json!({"a": "1"}));
}
