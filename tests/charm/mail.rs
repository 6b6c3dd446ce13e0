//! The mail server by secret and by relation, as Juju hands them over.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::agent::Agent;
use super::hooks::{files_below, health_says, mode, systemctl};
use crate::support::smtp::Smtp;

const URI: &str = "smtp://mailer:hunter2@mail.example.com:2525/";

fn file(agent: &Agent) -> PathBuf {
    agent.root().join("var/lib/doorward/kratos-0/smtp.json")
}

fn handed(agent: &Agent) -> Option<Value> {
    fs::read(file(agent)).ok().map(|text| serde_json::from_slice(&text).unwrap())
}

fn relate(agent: &Agent, data: &[&str]) {
    agent.must(&["relate", "smtp", "mailer"]);
    tell(agent, data);
}

fn tell(agent: &Agent, data: &[&str]) {
    let state = agent.state();
    let (id, _) = state["relations"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, relation)| relation["endpoint"] == "smtp")
        .unwrap();
    let mut words = vec!["relation-data", id.as_str(), "mailer"];
    words.extend(data);
    agent.must(&words);
    agent.settle();
}

/// The password is in the file for the service, and in nothing else that the charm touched.
fn only_in_the_file(agent: &Agent, password: &str) {
    for call in agent.calls() {
        assert!(!call.argv.iter().any(|word| word.contains(password)), "{call:?}");
    }
    assert!(!agent.log().contains(password));
    assert!(!agent.status().1.contains(password));
    for path in files_below(&agent.root()) {
        let holds = fs::read(&path)
            .is_ok_and(|text| text.windows(password.len()).any(|part| part == password.as_bytes()));
        assert_eq!(holds, path == file(agent), "{}", path.display());
    }
}

#[test]
fn charm_05_the_secret_with_the_mail_server_is_denied_granted_changed_and_removed() {
    let agent = Agent::new();
    agent.deploy();
    assert_eq!(handed(&agent), None);
    let uri = agent.add_secret("mail", &[("connection-uri", URI)]);
    agent.config(&[("smtp_secret_id", &uri)]);
    let (word, text) = agent.status();
    assert_eq!(word, "blocked");
    assert!(text.contains("denied") && text.contains("juju grant-secret NAME kratos"), "{text}");
    assert_eq!(handed(&agent), None);
    // No event follows a grant.
    agent.grant_secret("mail");
    agent.forget_calls();
    assert!(agent.hook("update-status").ok);
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    let server = handed(&agent).unwrap();
    assert_eq!(server["host"], "mail.example.com");
    assert_eq!((&server["user"], &server["password"]), (&json!("mailer"), &json!("hunter2")));
    assert_eq!(mode(&file(&agent)), 0o640);
    assert!(
        systemctl(&agent).iter().any(|call| call.starts_with("reload")),
        "{:?}",
        systemctl(&agent)
    );
    only_in_the_file(&agent, "hunter2");
    // All is settled: the next look asks for nothing.
    agent.forget_calls();
    agent.hook("update-status");
    let asked: Vec<String> = agent.calls().into_iter().map(|call| call.tool).collect();
    assert!(!asked.iter().any(|tool| tool == "secret-get" || tool == "relation-ids"), "{asked:?}");
    // A new password.
    let newer = URI.replace("hunter2", "hunter3");
    agent.must(&["update-secret", "mail", &format!("connection-uri={newer}")]);
    agent.hook_with("secret-changed", &["--secret", &uri]);
    assert_eq!(handed(&agent).unwrap()["password"], "hunter3");
    // Nonsense is named, and the service goes on with what it has.
    agent.must(&["update-secret", "mail", "hostname=mail.example.com"]);
    agent.hook_with("secret-changed", &["--secret", &uri]);
    let (word, text) = agent.status();
    assert!(word == "blocked" && text.contains("'hostname'"), "{text}");
    assert_eq!(handed(&agent).unwrap()["password"], "hunter3");
    agent.config(&[("smtp_secret_id", "")]);
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    assert_eq!(handed(&agent), None);
}

#[test]
fn charm_05_a_secret_that_does_not_exist_is_named() {
    let agent = Agent::new();
    agent.deploy();
    agent.config(&[("smtp_secret_id", "secret:9m4e2mr0ui3e8a215n4g")]);
    let (word, text) = agent.status();
    assert!(word == "blocked" && text.contains("smtp_secret_id"), "{text}");
    agent.config(&[("smtp_secret_id", "file:/etc/smtp.yaml")]);
    let (word, text) = agent.status();
    assert!(word == "blocked" && text.contains("id of a Juju secret"), "{text}");
}

#[test]
fn both_versions_of_the_smtp_relation_are_understood_and_come_before_the_option() {
    let agent = Agent::new();
    agent.deploy();
    let uri = agent.granted_secret("mail", &[("connection-uri", URI)]);
    agent.config(&[("smtp_secret_id", &uri)]);
    agent.must(&["relate", "smtp", "mailer"]);
    agent.settle();
    let (word, text) = agent.status();
    assert!(word == "active" && text.contains("has not named its server"), "{text}");
    // The older version has the password in clear.
    tell(
        &agent,
        &[
            "host=smtp.example.org",
            "port=587",
            "user=relay",
            "password=hunter4",
            "auth_type=plain",
            "transport_security=starttls",
            "skip_ssl_verify=False",
            "domain=example.org",
        ],
    );
    let server = handed(&agent).unwrap();
    assert_eq!(
        (&server["host"], &server["password"]),
        (&json!("smtp.example.org"), &json!("hunter4"))
    );
    let (word, text) = agent.status();
    assert!(word == "active" && text.contains("smtp_secret_id"), "{text}");
    only_in_the_file(&agent, "hunter4");
    agent.config(&[("smtp_secret_id", "")]);
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    // The newer one has it in a secret.
    let password = agent.granted_secret("relay", &[("password", "hunter5")]);
    let named = format!("password_id={password}");
    tell(&agent, &["password=", &named, "smtp_sender=iam@example.org"]);
    let server = handed(&agent).unwrap();
    assert_eq!(
        (&server["password"], &server["sender"]),
        (&json!("hunter5"), &json!("iam@example.org"))
    );
    agent.must(&["update-secret", "relay", "password=hunter6"]);
    agent.hook_with("secret-changed", &["--secret", &password]);
    assert_eq!(handed(&agent).unwrap()["password"], "hunter6");
    agent.revoke_secret("relay");
    agent.hook("config-changed");
    let (word, text) = agent.status();
    assert!(word == "blocked" && text.contains("mailer") && text.contains("denied"), "{text}");
    assert_eq!(handed(&agent).unwrap()["password"], "hunter6", "the service goes on");
    tell(&agent, &["password_id=", "auth_type=none", "skip_ssl_verify=True"]);
    let (word, text) = agent.status();
    assert!(word == "active" && text.contains("certificate of the SMTP server"), "{text}");
}

#[test]
fn mail_that_does_not_go_out_shows_in_the_status_and_blocks_nothing() {
    let agent = Agent::new();
    agent.deploy();
    health_says(&agent, "mail: Mail cannot be sent: the server does not answer in time");
    agent.hook("update-status");
    let (word, text) = agent.status();
    assert_eq!(word, "active");
    assert_eq!(text, "Mail cannot be sent: the server does not answer in time");
    health_says(&agent, "");
    agent.hook("update-status");
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
}

#[test]
fn send_test_email_goes_through_the_server_that_the_relation_names() {
    let agent = Agent::new();
    agent.deploy();
    let task = agent.action("send-test-email", json!({"email": "ada@example.com"}));
    assert_eq!(task.status, "failed");
    assert!(task.message.contains("No mail server is set up"), "{task:?}");
    let smtp = Smtp::new();
    let port = format!("port={}", smtp.port);
    relate(
        &agent,
        &["host=localhost", &port, "transport_security=none", "smtp_sender=iam@example.org"],
    );
    let task =
        agent.action("send-test-email", json!({"email": "ada@example.com", "language": "fr"}));
    assert!(task.completed(), "{task:?}");
    assert_eq!(task.get("answer"), Some("2.0.0 taken as 4711"));
    assert_eq!(task.get("sender"), Some("iam@example.org"));
    let mail = smtp.mails().remove(0);
    assert!(mail.header("Subject").contains("Message"), "{}", mail.text);
    assert!(mail.plain().contains("courriels"), "{}", mail.plain());
}

#[test]
fn the_verification_resource_is_handed_to_the_service_and_checked() {
    let agent = Agent::new();
    agent.deploy();
    let kept = agent.root().join("var/lib/doorward/kratos-0/verification-email-template.gotmpl");
    assert!(!kept.exists());
    let attach = |text: &str| {
        let path = agent.dir().join("template.gotmpl");
        fs::write(&path, text).unwrap();
        let word = format!("verification-email-template={}", path.display());
        agent.must(&["attach-resource", "kratos", &word]);
        agent.hook("upgrade-charm");
    };
    attach("<p>{{ .VerificationCode }} for {{ .To }}</p>");
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    assert_eq!(fs::read_to_string(&kept).unwrap(), "<p>{{ .VerificationCode }} for {{ .To }}</p>");
    assert_eq!(mode(&kept), 0o640);
    attach("{{ .VerificationCode");
    let (word, text) = agent.status();
    assert!(word == "blocked" && text.contains("verification-email-template"), "{text}");
    assert!(fs::read_to_string(&kept).unwrap().contains("}} for {{"), "the good one stays");
    attach("");
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    assert!(!kept.exists());
}
