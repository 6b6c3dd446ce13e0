//! A second process of the product: this test program again, told by its environment what to do.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use doorward::app::{self, Deps, Settings};
use doorward::clock::Clock;
use doorward::service::identities;
use serde_json::{Value, json};

use super::{operator, options, person};

const JOB: &str = "DOORWARD_TEST_JOB";
/// What stands before each id that a process acknowledges.
pub const PRINTED: &str = "acknowledged ";

/// Starts a process that prepares a realm and creates `count` people in it.
pub fn spawn(settings: &Settings, name: &str, count: u64) -> Child {
    start(settings, &json!({"name": name, "count": count, "threads": 1}))
}

/// Starts a process in which so many threads share a store and create people without end. It prints
/// the id of each one that was acknowledged, on a line of its own.
pub fn spawn_sharing(settings: &Settings, name: &str, threads: u64) -> Child {
    start(settings, &json!({"name": name, "count": u64::MAX, "threads": threads}))
}

fn start(settings: &Settings, job: &Value) -> Child {
    let mut job = job.clone();
    job["state_dir"] = json!(settings.state_dir);
    job["database_url"] = json!(settings.database_url);
    Command::new(std::env::current_exe().unwrap())
        .args(["support::process::does_what_its_environment_says", "--exact", "--quiet"])
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
        smtp: None,
        verification_template: None,
    };
    let by = operator();
    let (d, _) = app::prepare(&settings, &by.author()).unwrap();
    let (name, threads) = (job["name"].as_str().unwrap(), job["threads"].as_u64().unwrap());
    let create = |d: &Deps, thread: u64| {
        for index in 0..job["count"].as_u64().unwrap() {
            let email = format!("{name}-{thread}-{index}@example.com");
            let made = identities::create(d, &by, person(&email)).unwrap().identity;
            if threads > 1 {
                // In one piece, and past what catches the output of tests.
                let line = format!("{PRINTED}{}\n", made.id);
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        }
    };
    if threads == 1 {
        return create(&d, 0);
    }
    let d = d.shared();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (create, d) = (&create, &d);
            scope.spawn(move || create(d, thread));
        }
    });
}
