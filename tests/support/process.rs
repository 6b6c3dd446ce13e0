//! A second process of the product: this test program again, told by its environment what to do.

use std::process::{Child, Command, Stdio};

use doorward::app::{self, Settings};
use doorward::clock::Clock;
use doorward::service::identities;
use serde_json::{Value, json};

use super::{operator, options, person};

const JOB: &str = "DOORWARD_TEST_JOB";

/// Starts a process that prepares a realm and creates `count` people in it.
pub fn spawn(settings: &Settings, name: &str, count: u64) -> Child {
    let job = json!({
        "state_dir": settings.state_dir,
        "database_url": settings.database_url,
        "name": name,
        "count": count,
    });
    Command::new(std::env::current_exe().unwrap())
        .args(["support::process::does_what_its_environment_says", "--exact"])
        .env(JOB, job.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for a process that must have done its job.
pub fn must_succeed(child: Child) {
    let seen = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&seen.stdout);
    assert!(seen.status.success(), "the second process failed: {said}");
}

#[test]
fn does_what_its_environment_says() {
    let Ok(job) = std::env::var(JOB) else { return };
    let job: Value = serde_json::from_str(&job).unwrap();
    let settings = Settings {
        state_dir: job["state_dir"].as_str().unwrap().into(),
        options: options(),
        database_url: job["database_url"].as_str().map(str::to_owned),
        clock: Clock::System,
    };
    let by = operator();
    let (d, _) = app::prepare(&settings, &by.author()).unwrap();
    let name = job["name"].as_str().unwrap();
    for index in 0..job["count"].as_u64().unwrap() {
        identities::create(&d, &by, person(&format!("{name}-{index}@example.com"))).unwrap();
    }
}
