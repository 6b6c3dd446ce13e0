//! Each hook of the charm by what it does to the machine and to the model.

use super::agent::Agent;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub const RECORD: &str = "var/lib/doorward/kratos-0/unit.json";
pub const UNIT_FILE: &str = "etc/systemd/system/doorward-kratos-0.service";
pub const BINARY: &str = "usr/local/lib/doorward/kratos-0/doorward";
pub const STATE: &str = "var/lib/doorward/kratos-0/state";

pub fn record(agent: &Agent) -> Value {
    let unit = agent.unit().replace('/', "-");
    let path = format!("var/lib/doorward/{unit}/unit.json");
    let text = fs::read(agent.root().join(path)).expect("a unit record");
    serde_json::from_slice(&text).expect("json")
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).mode() & 0o7777
}

/// The service user's id in the machine's own list.
pub fn service_uid(agent: &Agent) -> u32 {
    let passwd = fs::read_to_string(agent.root().join("etc/passwd")).expect("passwd");
    let line = passwd.lines().find(|line| line.starts_with("doorward:")).expect("a service user");
    line.split(':').nth(2).and_then(|uid| uid.parse().ok()).expect("a number")
}

/// What `systemctl` was told, without questions.
pub fn systemctl(agent: &Agent) -> Vec<String> {
    let calls = agent.calls().into_iter().filter(|call| call.tool == "systemctl");
    calls.map(|call| call.argv.join(" ")).filter(|line| !line.starts_with("is-")).collect()
}

pub fn status_sets(agent: &Agent) -> usize {
    agent.calls().iter().filter(|call| call.tool == "status-set").count()
}

/// All files below `dir`, by their path in it.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).expect("a directory").flatten() {
            if entry.file_type().expect("a type").is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(dir).expect("below").to_path_buf());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_deployed_unit_is_active_and_serves() {
    let agent = Agent::new();
    agent.deploy();
    assert_eq!(agent.status(), ("active".into(), String::new()), "{}", agent.log());
    let unit = agent.unit_state();
    assert_eq!(unit["ports"], json!(["4433/tcp"]));
    assert_eq!(agent.state()["app_version"], env!("CARGO_PKG_VERSION"));
    let told = systemctl(&agent);
    assert!(told.iter().any(|line| line == "enable doorward-kratos-0.service"), "{told:?}");
    assert!(told.iter().any(|line| line == "restart doorward-kratos-0.service"), "{told:?}");
}

#[test]
fn the_files_of_a_unit_have_the_owner_and_the_mode_they_need() {
    let agent = Agent::new();
    agent.deploy();
    let root = agent.root();
    let uid = service_uid(&agent);
    for (path, wanted) in [
        (RECORD, 0o640),
        (UNIT_FILE, 0o644),
        (BINARY, 0o755),
        (STATE, 0o700),
        ("var/lib/doorward/kratos-0/state/keys", 0o700),
        ("var/lib/doorward/kratos-0/state/keys/data", 0o600),
        ("var/lib/doorward/kratos-0/state/keys/cookie", 0o600),
        ("var/lib/doorward/kratos-0/state/keys/ledger", 0o600),
        ("var/lib/doorward/kratos-0/state/keys/token", 0o600),
        ("var/lib/doorward/kratos-0/state/doorward.db", 0o600),
    ] {
        assert_eq!(mode(&root.join(path)), wanted, "{path}");
        if path.starts_with(STATE) {
            assert_eq!(fs::metadata(root.join(path)).expect("there").uid(), uid, "{path}");
        }
    }
}

#[test]
fn data_files_belong_to_the_service_user_even_when_a_root_action_wrote_them() {
    let agent = Agent::new();
    agent.deploy();
    let task = agent.action("create-admin-account", json!({"username": "a", "email": "a@b.test"}));
    assert!(task.completed(), "{task:?}");
    let backup = agent.action("backup", json!({}));
    assert!(backup.completed(), "{backup:?}");
    let state = agent.root().join(STATE);
    let uid = service_uid(&agent);
    for file in files_below(&state) {
        let about = fs::metadata(state.join(&file)).expect("there");
        assert_eq!(about.uid(), uid, "{}", file.display());
        assert_eq!(about.mode() & 0o077, 0, "{} is open to others", file.display());
    }
}

#[test]
fn every_hook_sets_the_status_once_and_prints_nothing() {
    let agent = Agent::new();
    let mut hooks = agent.deploy();
    for name in ["update-status", "config-changed", "upgrade-charm", "leader-elected", "stop"] {
        agent.forget_calls();
        hooks.push(agent.hook(name));
        assert_eq!(status_sets(&agent), 1, "{name}");
    }
    for hook in hooks {
        assert_eq!((hook.stdout.as_str(), hook.stderr.as_str()), ("", ""), "{}", hook.name);
    }
}

#[test]
fn a_hook_nobody_knows_ends_well_and_calls_nothing() {
    let agent = Agent::new();
    agent.deploy();
    agent.forget_calls();
    for name in ["collect-metrics", "leader-settings-changed", "meter-status-changed", "from-2040"]
    {
        let hook = agent.hook(name);
        assert_eq!((hook.code, hook.calls, hook.stdout.as_str()), (Some(0), 0, ""), "{name}");
    }
}

#[test]
fn the_service_does_not_run_from_the_charm_directory() {
    let agent = Agent::new();
    agent.deploy();
    let text = fs::read_to_string(agent.root().join(UNIT_FILE)).expect("a unit file");
    let start = text.lines().find(|line| line.starts_with("ExecStart=")).expect("ExecStart");
    assert!(
        start.starts_with("ExecStart=/usr/local/lib/doorward/kratos-0/doorward serve"),
        "{start}"
    );
    let private = agent.dir().display().to_string();
    assert!(!text.contains(&private), "a path of the test is in {text}");
}

#[test]
fn an_option_reloads_the_service_and_one_of_where_it_listens_restarts_it() {
    let agent = Agent::new();
    agent.deploy();
    agent.forget_calls();
    agent.hook("config-changed");
    assert_eq!(systemctl(&agent), Vec::<String>::new());
    agent.config(&[("log_level", "debug")]);
    assert_eq!(systemctl(&agent), ["reload doorward-kratos-0.service"]);
    assert_eq!(record(&agent)["options"]["log_level"], "debug");
    assert_eq!(record(&agent)["reload_due"], false);
    let restart = "restart doorward-kratos-0.service".to_owned();
    let places = [
        ("admin_port", "4444"),
        ("admin_address", "unix:/run/doorward-kratos-0/admin.sock"),
        ("public_port", "4455"),
    ];
    for (option, value) in places {
        agent.forget_calls();
        agent.config(&[(option, value)]);
        assert!(systemctl(&agent).contains(&restart), "{option}: {:?}", systemctl(&agent));
        assert_eq!(record(&agent)["restart_due"], false);
        assert_eq!(record(&agent)["reload_due"], false);
    }
}

#[test]
fn switching_tls_restarts_the_service_and_another_certificate_reloads_it() {
    let agent = Agent::new();
    agent.deploy();
    let told = |options: &[(&str, &str)], verb: &str| {
        agent.forget_calls();
        agent.config(options);
        let all = systemctl(&agent);
        assert!(all.contains(&format!("{verb} doorward-kratos-0.service")), "{options:?}: {all:?}");
        all
    };
    told(&[("tls_certificate", "/a.crt"), ("tls_key", "/a.key")], "restart");
    assert_eq!(told(&[("tls_certificate", "/b.crt"), ("tls_key", "/b.key")], "reload").len(), 1);
    told(&[("admin_client_ca", "/ca.crt")], "restart");
}

#[test]
fn the_open_port_follows_the_option() {
    let agent = Agent::new();
    agent.deploy();
    agent.config(&[("public_port", "8443")]);
    assert_eq!(agent.unit_state()["ports"], json!(["8443/tcp"]));
    agent.hook("stop");
    assert_eq!(agent.unit_state()["ports"], json!([]));
}

#[test]
fn an_empty_external_url_becomes_the_address_of_the_unit() {
    let agent = Agent::new();
    agent.deploy();
    let url = record(&agent)["options"]["external_url"].as_str().map(str::to_owned);
    let url = url.expect("an address");
    assert!(url.starts_with("http://10.") && url.ends_with(":4433"), "{url}");
    agent.config(&[("external_url", "https://id.example.com")]);
    assert_eq!(record(&agent)["options"]["external_url"], "https://id.example.com");
}

#[test]
fn update_status_brings_a_dead_service_back() {
    let agent = Agent::new();
    agent.deploy();
    fs::remove_file(active_mark(&agent)).expect("the service runs");
    agent.forget_calls();
    assert!(agent.hook("update-status").ok);
    assert!(active_mark(&agent).exists());
    assert_eq!(agent.status().0, "active");
}

/// Makes the fake service answer its health check otherwise: `hang`, or why it is not ready.
pub fn health_says(agent: &Agent, mood: &str) {
    let unit = agent.unit().replace('/', "-");
    let path = agent.root().join(format!("run/fake-systemd/mood/doorward-{unit}.service"));
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, mood).expect("a mood");
}

#[test]
fn update_status_restarts_a_service_that_runs_and_does_not_answer() {
    let agent = Agent::new();
    agent.deploy();
    health_says(&agent, "hang");
    agent.forget_calls();
    assert!(agent.hook("update-status").ok);
    assert!(systemctl(&agent).contains(&"restart doorward-kratos-0.service".to_owned()));
    assert_eq!(agent.status().0, "active", "{}", agent.status().1);
    assert!(agent.log().contains("does not answer"), "{}", agent.log());
}

#[test]
fn a_service_that_says_it_cannot_work_blocks_the_unit_with_its_reason_and_goes_on() {
    let agent = Agent::new();
    agent.deploy();
    health_says(&agent, "The state directory cannot be written.");
    agent.forget_calls();
    assert!(agent.hook("update-status").ok);
    let (word, text) = agent.status();
    assert_eq!(word, "blocked");
    assert!(text.contains("The state directory cannot be written."), "{text}");
    assert_eq!(systemctl(&agent), Vec::<String>::new(), "a restart mends no disk");
    health_says(&agent, "");
    assert!(agent.hook("update-status").ok);
    assert_eq!(agent.status().0, "active");
}

/// The fake systemd's note that the service runs.
pub fn active_mark(agent: &Agent) -> PathBuf {
    let unit = agent.unit().replace('/', "-");
    agent.root().join(format!("run/fake-systemd/active/doorward-{unit}.service"))
}

#[test]
fn an_upgrade_replaces_the_binary_whole_and_restarts_the_service() {
    let agent = Agent::new();
    agent.deploy();
    let (from, to) = (agent.charm_dir().join("dispatch"), agent.root().join(BINARY));
    let mut next = fs::read(&from).expect("the binary");
    next.extend_from_slice(b"another release");
    fs::remove_file(&from).expect("removed, as Juju does");
    fs::write(&from, &next).expect("written");
    fs::set_permissions(&from, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mode");
    let before = fs::metadata(&to).expect("installed").ino();
    agent.forget_calls();
    assert!(agent.hook("upgrade-charm").ok);
    assert_ne!(fs::metadata(&to).expect("installed").ino(), before, "written in place");
    assert_eq!(fs::read(&to).expect("installed"), next);
    assert!(systemctl(&agent).contains(&"restart doorward-kratos-0.service".to_owned()));
    agent.forget_calls();
    assert!(agent.hook("upgrade-charm").ok);
    assert_eq!(systemctl(&agent), Vec::<String>::new(), "nothing was new");
}

#[test]
fn keys_are_a_secret_of_the_application_and_never_on_a_command_line() {
    let agent = Agent::new();
    agent.deploy();
    let state = agent.state();
    let secrets = state["secrets"].as_object().expect("secrets");
    assert_eq!(secrets.len(), 1, "{secrets:?}");
    let secret = secrets.values().next().expect("one");
    assert_eq!(secret["label"], "doorward-keys");
    let argv: String = agent.calls().iter().map(|call| call.argv.join(" ")).collect();
    for name in ["data", "cookie", "ledger", "token"] {
        let path = agent.root().join(STATE).join("keys").join(name);
        let key = fs::read_to_string(path).expect("a key");
        assert!(!argv.contains(key.trim()), "the {name} key is on a command line");
        assert!(!agent.log().contains(key.trim()), "the {name} key is in the log");
    }
}

#[test]
fn stop_and_remove_undo_what_the_charm_did_and_keep_the_data() {
    let agent = Agent::new();
    agent.deploy();
    let task = agent.action("create-admin-account", json!({"username": "a", "email": "a@b.test"}));
    assert!(task.completed(), "{task:?}");
    assert!(agent.hook("stop").ok);
    assert!(!active_mark(&agent).exists());
    assert!(agent.hook("remove").ok);
    let root = agent.root();
    for gone in [RECORD, UNIT_FILE, BINARY, "usr/local/lib/doorward"] {
        assert!(!root.join(gone).exists(), "{gone} is still there");
    }
    assert!(root.join(STATE).join("doorward.db").exists());
    // Once more: both may be repeated.
    assert!(agent.hook("stop").ok);
    assert!(agent.hook("remove").ok);
}

#[test]
fn actions_before_install_say_that_the_service_is_not_ready() {
    let agent = Agent::new();
    let task = agent.action("get-identity", json!({"email": "a@b.test"}));
    assert_eq!(task.status, "failed");
    assert_eq!(
        task.message,
        "Service is not ready. Please re-run the action when the charm is active"
    );
    assert_eq!((task.return_code, task.stderr.as_str()), (0, ""));
}

#[test]
fn a_record_that_is_lost_or_spoilt_is_made_anew() {
    let agent = Agent::new();
    agent.deploy();
    let path = agent.root().join(RECORD);
    let before = record(&agent);
    for content in [None, Some("{ half")] {
        match content {
            None => fs::remove_file(&path).expect("removed"),
            Some(text) => fs::write(&path, text).expect("written"),
        }
        assert!(agent.hook("update-status").ok);
        assert_eq!(agent.status().0, "active", "{}", agent.log());
        assert_eq!(record(&agent), before);
    }
}

#[test]
fn the_service_that_hooks_start_answers_as_the_service_user_and_ends_with_stop() {
    let agent = Agent::setup().with(&["--real-services"]).build();
    let [public, admin] = [free_port(), free_port()];
    let (public_text, admin_text) = (public.to_string(), admin.to_string());
    agent.config_quietly(&[("public_port", &public_text), ("admin_port", &admin_text)]);
    agent.deploy();
    assert_eq!(agent.status().0, "active", "{} {}", agent.status().1, agent.log());
    for port in [public, admin] {
        let answer = ask(port, "/health/ready").expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{port}: {answer}");
    }
    let task = agent.action("create-admin-account", json!({"username": "a", "email": "a@b.test"}));
    assert!(task.completed(), "beside the running service: {task:?}");
    agent.config(&[("log_level", "debug")]);
    assert_eq!(agent.status().0, "active", "{}", agent.status().1);
    assert!(ask(public, "/health/alive").is_some(), "after a reload");
    let journal = agent.root().join("var/log/doorward-kratos-0.service.log");
    let read = |word: &str| fs::read_to_string(&journal).expect("a log").contains(word);
    let begun = std::time::Instant::now();
    while !read("configuration read again") {
        assert!(begun.elapsed().as_secs() < 20, "the reload did not reach the service");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(agent.hook("update-status").ok);
    assert_eq!(agent.status().0, "active", "{}", agent.status().1);
    assert!(agent.hook("stop").ok);
    assert!(ask(public, "/health/alive").is_none(), "after stop");
    agent.hook("remove");
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The answer to a GET; nothing when nobody listens for two seconds.
fn ask(port: u16, path: &str) -> Option<String> {
    use std::io::{Read, Write};
    for _ in 0..20 {
        if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            return Some(answer);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    None
}
