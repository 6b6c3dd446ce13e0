//! Schemathesis makes requests of all kinds from the description of the API, good and bad ones, and
//! compares each answer with what the description says of it.

use std::fs;
use std::path::Path;

use doorward::service::identities;
use serde_json::json;
use uuid::Uuid;

use super::{installed, limited, sign_in};
use crate::http::server::Server;
use crate::support::{operator, with_password};

/// How many requests of each kind it makes up for each operation.
const EXAMPLES: &str = "12";
/// Two checks that are about requests, not answers. A schema cannot say every rule (a time that has
/// passed, a password that was leaked), and the peer takes numbers it cannot read for none.
const NOT_ANSWERS: &str = "positive_data_acceptance,negative_data_rejection";

/// People to be asked about; some of the requests delete them.
fn people(server: &Server) -> Vec<Uuid> {
    let d = server.library();
    let one = |n| with_password(&format!("ada{n}@example.com"), "correct horse");
    (0..40).map(|n| identities::create(&d, &operator(), one(n)).unwrap().identity.id).collect()
}

/// The settings: ids that exist are used for most requests, and one operation answers every method,
/// as the peer's does.
fn settings(folder: &Path, ids: &[String]) -> String {
    let path = folder.join("schemathesis.toml");
    let text = format!(
        "[dictionaries.ids]\nvalues = {}\n\n[parameters]\n\
         \"path.id\" = {{ dictionary = \"ids\", probability = 0.7 }}\n\n\
         [[operations]]\ninclude-path = \"/sessions/whoami\"\n\
         checks.unsupported_method.enabled = false\n",
        json!(ids)
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn holds(server: &Server, base: &str, more: &[&str], ids: &[String], without: &str) {
    let Some(program) = installed("DOORWARD_SCHEMATHESIS") else { return };
    let folder = tempfile::tempdir().unwrap();
    let ran = limited(program)
        .args(["--config-file", &settings(folder.path(), ids), "run"])
        .arg(format!("{base}/openapi.json"))
        .args(["--url", base, "--seed", "1", "--max-examples", EXAMPLES, "--no-color"])
        .arg("--generation-deterministic")
        .args(["--exclude-checks", without])
        .args(more)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains(" passed"), "{said}");
    // Whatever was asked, the service goes on and its ledger is whole.
    let ready = server.admin("GET", "/health/ready");
    assert_eq!(ready.code, 200, "{ready:?}");
    let report = server.admin("GET", "/admin/doorward/audit/verify").must(200).json();
    assert_eq!(report["ok"], true, "{report}");
}

#[test]
fn the_admin_api_answers_as_it_is_described() {
    let server = Server::with("");
    let people = people(&server);
    let mut ids: Vec<String> = people.iter().map(Uuid::to_string).collect();
    people.iter().for_each(|id| drop(sign_in(&server, *id)));
    let sessions = server.admin("GET", "/admin/sessions").must(200).json();
    let sessions = sessions.as_array().unwrap().iter();
    ids.extend(sessions.map(|session| session["id"].as_str().unwrap().to_owned()));
    let own = ["--include-path-regex", "^/(admin/|health/|version|openapi|metrics)"];
    holds(&server, &server.admin, &own, &ids, NOT_ANSWERS);
}

#[test]
fn the_public_api_answers_as_it_is_described() {
    let server = Server::with("");
    let people = people(&server);
    let nobody = [Uuid::nil().to_string()];
    holds(&server, &server.public, &[], &nobody, NOT_ANSWERS);
    // With a session in every request nobody can be turned away for having none.
    let without = format!("{NOT_ANSWERS},ignored_auth");
    let header = format!("X-Session-Token: {}", sign_in(&server, people[0]));
    holds(&server, &server.public, &["-H", &header], &nobody, &without);
}
