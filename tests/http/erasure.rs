//! Holding, erasing, pruning and verifying, as programs do it at the admin listener.

use doorward::service::identities;
use serde_json::{Value, json};

use super::admin::Admin;
use super::server::Answer;
use crate::support::{operator, with_password};

const AUDIT: &str = "/admin/doorward/audit";

fn ask(server: &Admin, method: &str, path: &str, body: Option<Value>) -> Answer {
    let body = body.map(|body| body.to_string());
    server.ask(method, path, body.as_deref())
}

fn person(server: &Admin, email: &str) -> String {
    let request = with_password(email, "correct horse");
    identities::create(&server.library(), &operator(), request).unwrap().identity.id.to_string()
}

fn values(server: &Admin, id: &str) -> usize {
    let page = server.get(&format!("{AUDIT}/events?principal={id}")).says(200);
    let seqs: Vec<u64> =
        page["events"].as_array().unwrap().iter().map(|one| one["seq"].as_u64().unwrap()).collect();
    let shown = |seq: &u64| server.get(&format!("{AUDIT}/events/{seq}")).says(200);
    seqs.iter().map(|seq| shown(seq)["disclosures"].as_array().unwrap().len()).sum()
}

#[test]
fn al_26_a_person_is_held_released_and_erased() {
    let server = Admin::start();
    let id = person(&server, "ada@example.com");
    let at = |what: &str| format!("/admin/doorward/identities/{id}/{what}");
    let post = |what: &str, body: Option<Value>| ask(&server, "POST", &at(what), body);
    assert_eq!(post("erase", None).code, 409, "not deleted yet");
    let held = post("hold", Some(json!({"note": "file 7"}))).says(200);
    assert_eq!(held, json!({"id": id, "held": true, "changed": true}));
    assert_eq!(post("hold", None).says(200)["changed"], false);
    assert_eq!(
        ask(&server, "DELETE", &format!("/admin/identities/{id}?erase=now"), None).code,
        204
    );
    assert_eq!(ask(&server, "DELETE", "/admin/identities/x?erase=later", None).code, 404);
    let state = server.get(&at("retention")).says(200);
    assert!(state["held_since"].is_string() && state["erase_at"].is_string(), "{state}");
    assert!(values(&server, &id) > 0, "what is held is not erased");
    assert_eq!(post("erase", None).code, 409);
    assert_eq!(post("release", None).says(200)["held"], false);
    let erased = post("erase", None).says(200);
    assert!(erased["count"].as_u64().unwrap() > 0, "{erased}");
    assert_eq!(values(&server, &id), 0);
    let listed = server.get(&format!("{AUDIT}/erasures?since=2001-01-01T00:00:00Z")).says(200);
    assert_eq!(listed["done"][0]["principal"], id.as_str());
    assert_eq!(listed["waiting"], json!([]));
    let report = server.get(&format!("{AUDIT}/verify")).says(200);
    assert_eq!(report["verdict"], "intact", "{report}");
    let nobody = "/admin/doorward/identities/00000000-0000-4000-8000-000000000000/erase";
    assert_eq!(ask(&server, "POST", nobody, None).code, 404);

    let eve = person(&server, "eve@example.com");
    assert_eq!(
        ask(&server, "DELETE", &format!("/admin/identities/{eve}?erase=now"), None).code,
        204
    );
    assert_eq!(values(&server, &eve), 0, "at once");
    let bob = person(&server, "bob@example.com");
    assert_eq!(
        ask(&server, "DELETE", &format!("/admin/identities/{bob}?erase=soon"), None).code,
        400
    );
    assert_eq!(ask(&server, "DELETE", &format!("/admin/identities/{bob}"), None).code, 204);
    assert!(values(&server, &bob) > 0);
    let listed = server.get(&format!("{AUDIT}/erasures")).says(200);
    assert_eq!(listed["waiting"][0]["identity"], bob.as_str());
}

#[test]
fn al_24_pruning_says_first_what_would_go() {
    let server = Admin::start();
    person(&server, "ada@example.com");
    let path = format!("{AUDIT}/prune");
    let preview = server.get(&format!("{path}?until=2999-01-01T00:00:00Z")).says(200);
    assert_eq!(preview["count"], 0, "everything is younger than a day: {preview}");
    for wrong in ["", "?before=1&until=2999-01-01T00:00:00Z", "?until=soon"] {
        assert_eq!(server.get(&format!("{path}{wrong}")).code, 400, "{wrong}");
    }
    let body = json!({"until": "2999-01-01T00:00:00Z"});
    assert_eq!(ask(&server, "POST", &path, Some(body)).code, 400, "nothing can go");
    assert_eq!(ask(&server, "POST", &path, None).code, 400);
}

#[test]
fn verification_runs_beside_the_service_and_is_recorded() {
    let server = Admin::start();
    person(&server, "ada@example.com");
    let progress = format!("{AUDIT}/verify/progress");
    assert_eq!(server.get(&progress).says(200)["state"], "none");
    let begun = ask(&server, "POST", &format!("{AUDIT}/verify"), None).says(202);
    assert_eq!(begun["state"], "running");
    let mut shown = Value::Null;
    for _ in 0..400 {
        shown = server.get(&progress).says(200);
        if shown["state"] != "running" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    assert_eq!(shown["state"], "done", "{shown}");
    assert_eq!(shown["report"]["verdict"], "intact");
    let page = server.get(&format!("{AUDIT}/events?type=ledger.verified")).says(200);
    let entry = &page["events"][0];
    assert_eq!((&entry["data"]["verdict"], &entry["data"]["ok"]), (&json!("intact"), &json!(true)));
    let wrong = json!({"keys": ["nonsense"]});
    assert_eq!(ask(&server, "POST", &format!("{AUDIT}/verify"), Some(wrong)).code, 400);
}
