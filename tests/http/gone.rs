//! R5: a service over an older database serves nobody before who is gone is gone again.

use std::time::{Duration, Instant};

use doorward::service::identities;

use super::admin::Admin;
use crate::support::{operator, with_password};

const REPEAT: &str = "/admin/doorward/audit/erasures/repeat";

/// A service over a backup that is older than the deletion of one of its two people; who is still
/// there, and who is gone.
fn over_an_older_backup() -> (Admin, String, String) {
    let mut server = Admin::start();
    let person = |server: &Admin, email: &str| {
        let request = with_password(email, "correct horse");
        let made = identities::create(&server.library(), &operator(), request).unwrap();
        made.identity.id.to_string()
    };
    let (ada, eve) = (person(&server, "ada@example.com"), person(&server, "eve@example.com"));
    assert_eq!(server.0.laptop.doorward(&["backup", "copy.db"]).code, Some(0));
    let path = format!("/admin/identities/{eve}?erase=now");
    assert_eq!(server.ask("DELETE", &path, None).code, 204);
    server.0.kill();
    let ran = server.0.laptop.doorward(&["restore", "--replace", "copy.db"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("has 1 people again"), "{ran:?}");
    server.0.start_again();
    (server, ada, eve)
}

fn must_serve_nobody(server: &Admin, ada: &str) {
    let ready = server.get("/health/ready").says(503);
    let why = ready["errors"]["database"].as_str().unwrap();
    assert!(why.contains("1 people") && why.contains("repeat-erasures"), "{why}");
    for (method, path) in [
        ("GET", format!("/admin/identities/{ada}")),
        ("GET", "/identities".to_owned()),
        ("GET", "/admin/doorward/audit/events".to_owned()),
        ("DELETE", format!("/admin/identities/{ada}")),
    ] {
        let why = server.ask(method, &path, None).refused(503);
        assert!(why.contains("repeat-erasures"), "{path}: {why}");
    }
    for path in ["/sessions/whoami", "/self-service/login/browser", "/console", "/schemas"] {
        assert_eq!(server.0.public("GET", path, &[]).code, 503, "{path}");
    }
    assert_eq!(server.get("/health/alive").code, 200);
    assert_eq!(server.0.public("GET", "/version", &[]).code, 200);
    assert_eq!(server.get("/admin/doorward/audit/erasures").code, 200);
}

fn must_serve(server: &Admin, ada: &str, eve: &str) {
    let begun = Instant::now();
    while server.get("/health/ready").code != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it serves again");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.get(&format!("/admin/identities/{ada}")).code, 200);
    assert_eq!(server.get(&format!("/admin/identities/{eve}")).code, 404);
    assert_eq!(server.get("/admin/doorward/audit/verify").says(200)["verdict"], "intact");
    assert_eq!(server.get(REPEAT).says(200)["people"], serde_json::json!([]));
}

#[test]
fn r5_nobody_is_served_before_the_action_has_repeated_what_was_erased() {
    let (mut server, ada, eve) = over_an_older_backup();
    must_serve_nobody(&server, &ada);
    server.0.kill();
    server.0.start_again();
    must_serve_nobody(&server, &ada);
    let dry = server.0.laptop.action(&["repeat-erasures", "dry-run=true"]);
    assert_eq!(dry["count"], "1", "{dry}");
    must_serve_nobody(&server, &ada);
    let done = server.0.laptop.action(&["repeat-erasures"]);
    assert_eq!((&done["deleted"], &done["erased"]), (&"1".into(), &"1".into()), "{done}");
    must_serve(&server, &ada, &eve);
    let runs = server.get("/admin/doorward/audit/events?type=admin.action.run").says(200);
    assert_eq!(runs["events"][0]["data"]["action"], "repeat-erasures", "{runs}");
    server.0.kill();
    server.0.start_again();
    assert_eq!(server.get("/health/ready").code, 200, "for good");
}

#[test]
fn r5_the_admin_listener_and_the_command_line_repeat_it_too() {
    let (server, ada, eve) = over_an_older_backup();
    let back = server.get(REPEAT).says(200);
    assert_eq!(
        (&back["people"][0]["identity"], &back["people"][0]["erased"]),
        (&eve.as_str().into(), &true.into())
    );
    let done = server.ask("POST", REPEAT, None).says(200);
    assert_eq!((&done["deleted"], &done["erased"]), (&1.into(), &1.into()));
    must_serve(&server, &ada, &eve);

    let (server, ada, eve) = over_an_older_backup();
    let shown = server.0.laptop.doorward(&["audit", "repeat-erasures", "--dry-run"]);
    assert!(shown.out.contains(&eve), "{shown:?}");
    let ran = server.0.laptop.doorward(&["audit", "repeat-erasures"]);
    assert!(ran.out.starts_with("1 people were deleted again, and "), "{ran:?}");
    must_serve(&server, &ada, &eve);
}

#[test]
fn r5_a_list_that_cannot_be_read_is_no_empty_list() {
    let mut server = Admin::start();
    server.0.kill();
    let list = server.0.laptop.home().join("state/erasures.jsonl");
    std::fs::write(&list, "{\"nothing\": 1}\n").unwrap();
    server.0.start_again();
    let ready = server.get("/health/ready").says(503);
    let why = ready["errors"]["database"].as_str().unwrap();
    assert!(why.contains("erasures.jsonl"), "{why}");
    std::fs::remove_file(&list).unwrap();
    let begun = Instant::now();
    while server.get("/health/ready").code != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it recovers by itself");
        std::thread::sleep(Duration::from_millis(50));
    }
}
