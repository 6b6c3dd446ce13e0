//! Pages that another charm puts in front, as Juju hands their addresses over.

use std::fs;

use serde_json::{Value, json};

use super::agent::Agent;
use super::hooks::systemctl;

const UI: &str = "https://iam.example.com/ui";

/// The options that the service reads.
fn options(agent: &Agent) -> Value {
    let record = agent.root().join("var/lib/doorward/kratos-0/unit.json");
    serde_json::from_slice::<Value>(&fs::read(record).unwrap()).unwrap()["options"].take()
}

/// The id of the relation.
fn relate(agent: &Agent, app: &str, data: &[&str]) -> String {
    let id = agent.must(&["relate", "ui-endpoint-info", app]).trim().to_owned();
    tell(agent, &id, app, data);
    id
}

fn tell(agent: &Agent, id: &str, app: &str, data: &[&str]) {
    let mut words = vec!["relation-data", id, app];
    words.extend(data);
    agent.must(&words);
    agent.settle();
}

#[test]
fn pages_of_a_related_charm_stand_in_front_until_it_goes() {
    let agent = Agent::new();
    agent.deploy();
    let own = options(&agent);
    assert_eq!((&own["login_ui_url"], &own["default_return_url"]), (&json!(""), &json!("")));
    agent.config(&[("recovery_ui_url", "https://help.example.com/recovery")]);
    agent.forget_calls();
    let id = relate(
        &agent,
        "login-ui",
        &[
            "consent_url=https://iam.example.com/ui/consent",
            "error_url=https://iam.example.com/ui/error",
            "login_url=https://iam.example.com/ui/login",
            "recovery_url=https://iam.example.com/ui/reset_email",
            "registration_url=https://iam.example.com/ui/register",
            "settings_url=https://iam.example.com/ui/manage_details",
            "webauthn_settings_url=https://iam.example.com/ui/setup_passkey",
            "verification_url=https://iam.example.com/ui/verification",
        ],
    );
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    let told = options(&agent);
    for (option, page) in [
        ("login_ui_url", "login"),
        ("registration_ui_url", "register"),
        ("verification_ui_url", "verification"),
        ("settings_ui_url", "manage_details"),
        ("error_ui_url", "error"),
        ("default_return_url", "manage_details"),
    ] {
        assert_eq!(told[option], format!("{UI}/{page}"), "{option}");
    }
    assert_eq!(told["recovery_ui_url"], "https://help.example.com/recovery", "the option counts");
    assert_eq!(told["allowed_return_urls"], format!("{UI}/"));
    assert!(systemctl(&agent).iter().any(|call| call.starts_with("reload")));
    // Nothing of it is asked for again and again, nor forgotten.
    agent.forget_calls();
    agent.hook("update-status");
    assert!(!agent.calls().iter().any(|call| call.argv.contains(&"ui-endpoint-info".to_owned())));
    agent.hook("config-changed");
    assert_eq!(options(&agent), told);
    tell(&agent, &id, "login-ui", &["login_url=https://iam.example.com/ui/sign-in"]);
    assert_eq!(options(&agent)["login_ui_url"], format!("{UI}/sign-in"));
    agent.hook_with("ui-endpoint-info-relation-broken", &["--relation", &id]);
    let mut left = options(&agent);
    assert_eq!(left["recovery_ui_url"].take(), "https://help.example.com/recovery");
    left["recovery_ui_url"] = "".into();
    assert_eq!(left, own);
}

#[test]
fn addresses_that_cannot_be_used_are_named_and_the_service_goes_on_with_what_it_has() {
    let agent = Agent::new();
    agent.deploy();
    let id = relate(&agent, "login-ui", &["login_url=https://iam.example.com/ui/login"]);
    let good = options(&agent);
    for wrong in ["javascript:alert(1)", "iam.example.com", "https://"] {
        tell(&agent, &id, "login-ui", &[&format!("login_url={wrong}")]);
        let (word, text) = agent.status();
        assert!(word == "blocked" && text.contains("login-ui") && text.contains("login_url"));
        assert_eq!(options(&agent), good, "{wrong}");
    }
    agent.hook("update-status");
    assert_eq!(agent.status().0, "blocked", "nothing was corrected yet");
    tell(&agent, &id, "login-ui", &["login_url=https://iam.example.com/ui/login"]);
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    // Two that name the same page.
    let other = relate(&agent, "other-ui", &["login_url=https://other.example.com/login"]);
    let (word, text) = agent.status();
    assert!(word == "blocked" && text.contains("login_url") && text.contains("other-ui"), "{text}");
    assert_eq!(options(&agent), good);
    tell(&agent, &other, "other-ui", &["login_url=", "error_url=https://other.example.com/error"]);
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    let both = options(&agent);
    assert_eq!(both["login_ui_url"], format!("{UI}/login"));
    assert_eq!(both["error_ui_url"], "https://other.example.com/error");
    agent.hook_with("ui-endpoint-info-relation-broken", &["--relation", &other]);
    assert_eq!(options(&agent), good);
}
