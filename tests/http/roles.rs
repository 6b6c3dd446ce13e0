//! Roles, groups and permissions under `/admin/doorward`.

use doorward::service::identities;
use serde_json::{Value, json};

use super::admin::Admin;
use crate::support::{operator, person};

fn create(server: &Admin, email: &str) -> String {
    let d = server.library();
    identities::create(&d, &operator(), person(email)).unwrap().identity.id.to_string()
}

fn ids(page: &Value) -> Vec<&str> {
    page["identities"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn roles_are_made_read_changed_and_removed() {
    let server = Admin::start();
    let new = json!({"role": "editor", "name": "Editor", "permissions": ["write", "read", "read"]});
    let made = server.send("POST", "/admin/doorward/roles", &new).says(201);
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("r_"), "{id}");
    assert_eq!(made["permissions"], json!(["read", "write"]));
    assert_eq!(made["members"], json!({"count": 0, "exact": true}));
    let again = server.send("POST", "/admin/doorward/roles", &new);
    assert!(again.refused(409).contains("'editor' already"));
    for wrong in [
        json!({}),
        json!({"role": ""}),
        json!({"role": "a b"}),
        json!({"role": "x", "roles": []}),
        json!({"role": "x", "permissions": ["a b"]}),
        json!({"role": "x", "name": "a\u{202e}b"}),
        json!("editor"),
    ] {
        let answer = server.send("POST", "/admin/doorward/roles", &wrong);
        assert!(!answer.refused(400).is_empty(), "{wrong}");
    }
    assert_eq!(server.get(&format!("/admin/doorward/roles/{id}")).says(200), made);
    assert_eq!(server.get("/doorward/roles/editor").says(200), made);
    let path = "/admin/doorward/roles/editor";
    let change = json!({"description": "Writes.", "updated_at": made["updated_at"]});
    let changed = server.send("PUT", path, &change).says(200);
    assert_eq!((&changed["description"], &changed["name"]), (&json!("Writes."), &json!("Editor")));
    let late = server.send("PUT", path, &change);
    assert!(late.refused(409).contains("Somebody else"));
    for word in ["a", "b", "c"] {
        server.send("POST", "/admin/doorward/roles", &json!({"role": word})).says(201);
    }
    let mut seen = Vec::new();
    let mut path = "/admin/doorward/roles?page_size=3".to_owned();
    loop {
        let page = server.get(&path).says(200);
        let roles = page["roles"].as_array().unwrap();
        seen.extend(roles.iter().map(|one| one["role"].as_str().unwrap().to_owned()));
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("/admin/doorward/roles?page_size=3&page_token={token}");
    }
    assert_eq!(seen, ["a", "b", "c", "editor"]);
    let gone = server.ask("DELETE", "/admin/doorward/roles/a", None).says(200);
    assert_eq!((&gone["members"], &gone["holders"]), (&json!(0), &json!(0)));
    for missing in ["a", "r_00000000000000000000000000000000", "..%2f", "%00"] {
        let path = format!("/admin/doorward/roles/{missing}");
        assert_eq!(server.get(&path).code, 404, "{missing}");
        assert_eq!(server.ask("DELETE", &path, None).code, 404, "{missing}");
        assert_eq!(server.get(&format!("{path}/members")).code, 404, "{missing}");
    }
    assert_eq!(server.get("/admin/doorward/roles?page_size=0").code, 400);
}

#[test]
fn what_somebody_may_says_where_it_comes_from() {
    let server = Admin::start();
    let (ada, eve) = (create(&server, "ada@example.com"), create(&server, "eve@example.com"));
    let role = json!({"role": "editor", "permissions": ["write"]});
    server.send("POST", "/admin/doorward/roles", &role).says(201);
    let staff = json!({"group": "staff", "name": "The staff", "roles": ["editor"]});
    let staff = server.send("POST", "/admin/doorward/groups", &staff).says(201);
    assert_eq!(staff["roles"][0]["role"], "editor");
    let of = |id: &str, what: &str| format!("/admin/doorward/identities/{id}/{what}");
    let set = |id: &str, what: &str, words: Value| {
        server.send("PUT", &of(id, what), &json!({ what: words })).says(200)
    };
    assert_eq!(set(&ada, "groups", json!(["staff"]))["changed"], true);
    assert_eq!(set(&ada, "groups", json!([staff["id"]]))["changed"], false);
    set(&eve, "roles", json!(["editor"]));
    let may = set(&ada, "permissions", json!(["read"]));
    assert_eq!(
        may["permissions"],
        json!([
            {"permission": "read", "direct": true, "roles": []},
            {"permission": "write", "direct": false, "roles": [{"role": "editor", "group": "staff"}]},
        ])
    );
    let may = set(&ada, "permissions", json!([]));
    assert_eq!(may["permissions"][0]["permission"], "write", "what a role permits stays");
    let roles = server.get(&of(&ada, "roles")).says(200);
    assert_eq!((&roles["roles"][0]["direct"], roles.get("changed")), (&json!(false), None));
    assert_eq!(roles["roles"][0]["groups"], json!(["staff"]));

    let shown = server.get(&format!("/admin/doorward/identities/{ada}")).says(200);
    assert_eq!(shown["roles"][0]["role"], "editor");
    assert_eq!(
        shown["groups"][0],
        json!({"id": staff["id"], "group": "staff", "name": "The staff"})
    );
    let plain = server.get(&format!("/admin/identities/{ada}")).says(200);
    assert_eq!((plain.get("roles"), plain.get("groups")), (None, None), "Kratos has neither");

    let found = server.get("/admin/doorward/identities/search?role=editor&total=true").says(200);
    assert_eq!(ids(&found), [ada.as_str(), eve.as_str()]);
    assert_eq!(found["total"], json!({"count": 2, "exact": true}));
    let found = server.get("/admin/doorward/identities/search?group=staff&q=example").says(200);
    assert_eq!(ids(&found), [ada.as_str()]);
    let members = server.get("/admin/doorward/roles/editor/members?page_size=1").says(200);
    let next = members["next_page_token"].as_str().unwrap();
    let path = format!("/admin/doorward/roles/editor/members?page_size=1&page_token={next}");
    assert_eq!(ids(&server.get(&path).says(200)), [eve.as_str()]);
    let members = server.get("/admin/doorward/groups/staff/members").says(200);
    assert_eq!(ids(&members), [ada.as_str()]);

    let gone = server.ask("DELETE", "/admin/doorward/roles/editor", None).says(200);
    assert_eq!((&gone["members"], &gone["holders"]), (&json!(1), &json!(2)));
    assert_eq!(gone["groups"], json!(["staff"]));
    let none = server.get(&of(&ada, "permissions")).says(200);
    assert_eq!(none["permissions"], json!([]));
    let events = server.get("/admin/doorward/audit/events?type=role.*&limit=20").says(200);
    let types: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["role.deleted", "role.granted", "role.granted", "role.created"]);
    for (path, body) in [
        (of(&ada, "roles"), json!({"roles": ["nothing"]})),
        (of(&ada, "roles"), json!({"roles": "staff"})),
        (of(&ada, "groups"), json!({})),
        (of(&ada, "permissions"), json!({"permissions": [""]})),
    ] {
        assert!(!server.send("PUT", &path, &body).refused(400).is_empty(), "{path} {body}");
    }
    let nobody = of("0198c1d2-0000-7000-8000-000000000000", "roles");
    assert_eq!(server.get(&nobody).code, 404);
    assert_eq!(server.send("PUT", &nobody, &json!({"roles": []})).code, 404);
    assert_eq!(server.get("/admin/doorward/identities/search?role=gone").code, 400);
}

#[test]
fn several_people_come_to_a_role_or_group_at_once_and_each_is_recorded() {
    let server = Admin::start();
    let people =
        ["a@example.com", "b@example.com", "c@example.com"].map(|who| create(&server, who));
    let nobody = uuid::Uuid::nil().to_string();
    for (kind, name, event) in
        [("role", "editor", "role.granted"), ("group", "staff", "group.joined")]
    {
        server.send("POST", &format!("/admin/doorward/{kind}s"), &json!({kind: name})).says(201);
        let path = format!("/admin/doorward/{kind}s/{name}/members");
        let one = json!({"ids": [people[0]]});
        assert_eq!(server.send("POST", &path, &one).says(200)["changed"], 1);
        // Twice is once, and whoever is not there keeps nobody else back.
        let ids = json!({"ids": [people[0], people[1], nobody, people[2], people[1]]});
        let told = server.send("POST", &path, &ids).says(200);
        let expected = json!({
            "changed": 2, "unchanged": 1, "refused": 1,
            "refusals": [{"id": nobody, "reason": "not_found"}],
        });
        assert_eq!(told, expected);
        let page = server.get(&path).says(200);
        assert_eq!(self::ids(&page), people.each_ref().map(String::as_str));
        let ledger = crate::support::ledger::documents(&server.library());
        let joined = ledger.iter().filter(|entry| entry["type"] == event);
        assert_eq!(joined.count(), 3);
        let sum = &ledger.last().unwrap()["data"];
        assert_eq!(sum["action"], format!("add-{kind}-members"));
        assert_eq!(sum["parameters"], json!({kind: name}));
        assert_eq!(sum["result"], json!({"changed": 2, "refused": 1, "unchanged": 1}));
        for wrong in [
            json!({"ids": []}),
            json!({"ids": ["nobody"]}),
            json!({}),
            json!({"ids": vec![nobody.clone(); 1], "more": 1}),
            json!({"ids": (0..501).map(|n| uuid::Uuid::from_u128(n).to_string()).collect::<Vec<_>>()}),
        ] {
            server.send("POST", &path, &wrong).refused(400);
        }
        let gone = format!("/admin/doorward/{kind}s/nothing/members");
        server.send("POST", &gone, &one).refused(404);
    }
}

#[test]
fn whoever_is_in_as_many_as_one_can_be_is_left_out_and_named() {
    let server = Admin::start();
    let [full, free] = ["a@example.com", "b@example.com"].map(|who| create(&server, who));
    let words: Vec<String> = (0..200).map(|n| format!("r{n}")).collect();
    for word in words.iter().map(String::as_str).chain(["last"]) {
        server.send("POST", "/admin/doorward/roles", &json!({"role": word})).says(201);
    }
    let path = format!("/admin/doorward/identities/{full}/roles");
    server.send("PUT", &path, &json!({"roles": words})).says(200);
    let ids = json!({"ids": [full, free]});
    let told = server.send("POST", "/admin/doorward/roles/last/members", &ids).says(200);
    assert_eq!(told["refusals"], json!([{"id": full, "reason": "too_many"}]));
    assert_eq!(told["changed"], 1);
}
