//! `ETag` and `If-Match`: changes that hold only while nobody else has made one.

use std::thread;

use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::sessions::person;
use crate::support;

/// A server, and how its administrators ask about one person.
struct Desk {
    server: Server,
    at: String,
    id: String,
}

impl Desk {
    fn new() -> Self {
        let server = Server::with("{}");
        let d = server.library();
        let id = person(&d, "ada@example.com").to_string();
        let at = format!("{}/admin/identities/{id}", server.admin);
        Self { server, at, id }
    }

    fn get(&self) -> Answer {
        self.server.ask("GET", &self.at, &[], "").must(200)
    }

    fn ask(&self, method: &str, url: &str, tag: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.server.ask(method, url, &[("if-match", tag)], &body)
    }

    fn doorward(&self, rest: &str) -> String {
        format!("{}/admin/doorward/identities/{}{rest}", self.server.admin, self.id)
    }
}

#[test]
fn what_was_changed_meanwhile_is_not_overwritten() {
    let desk = Desk::new();
    let url = format!("{}/admin/doorward/attribute-sets", desk.server.admin);
    let set = json!({"identifier": "staff", "name": "Staff", "attributes": [{"key": "desk", "type": "number"}]});
    desk.server.ask("POST", &url, &[], &set.to_string()).must(201);
    let first = desk.get();
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
    let same = desk.server.ask("GET", &desk.doorward(""), &[], "").must(200);
    assert_eq!(same.header("etag"), tag, "both forms of a person have one tag");
    let traits = json!({"email": "ada@example.com", "name": "Ada"});
    let put = json!({"schema_id": first.json()["schema_id"], "traits": traits, "state": "active"});
    let other = |path: &str, value: Value| json!([{"op": "add", "path": path, "value": value}]);
    // Each kind of change makes another tag, and each is refused to whoever has an older one.
    let mut known = tag.clone();
    let changes: [(&str, String, Value); 8] = [
        ("PUT", desk.at.clone(), put),
        ("PATCH", desk.at.clone(), other("/metadata_admin", json!({"n": 1}))),
        ("PUT", desk.doorward("/expiry"), json!({"expires_at": "2999-01-01T00:00:00Z"})),
        ("PUT", desk.doorward("/authorities"), json!({"authorities": ["ROLE_DEVELOPER"]})),
        ("PUT", desk.doorward("/attributes/staff"), json!({"desk": 4})),
        ("DELETE", desk.doorward("/attributes/staff"), Value::Null),
        ("POST", desk.doorward("/lock"), json!({"reason": "policy"})),
        ("DELETE", desk.at.clone(), Value::Null),
    ];
    for (method, url, body) in changes {
        let d = desk.server.library();
        let before = support::ledger::documents(&d).len();
        if known != tag {
            let refused = desk.ask(method, &url, &tag, &body).must(412).json();
            assert_eq!(refused["error"]["code"], 412, "{method} {url}");
            desk.ask(method, &url, &format!("W/{known}"), &body).must(412);
            desk.ask(method, &url, "Tuesday", &body).must(400);
            assert_eq!(support::ledger::documents(&d).len(), before, "{method} {url}");
        }
        let done = desk.ask(method, &url, &format!("\"0\", {known}"), &body);
        assert!(matches!(done.code, 200 | 204), "{method} {url}: {} {}", done.code, done.text);
        if url == desk.at && method == "DELETE" {
            break;
        }
        let now = desk.get().header("etag").to_owned();
        assert_ne!(now, known, "{method} {url}");
        if url == desk.at {
            assert_eq!(done.header("etag"), now, "the answer has the tag of what it shows");
        }
        known = now;
    }
    desk.ask("DELETE", &desk.at, "*", &Value::Null).must(404);
}

#[test]
fn without_the_header_the_last_change_wins_and_an_asterisk_means_anything() {
    let desk = Desk::new();
    let patch = |n: i64| json!([{"op": "add", "path": "/metadata_admin", "value": {"n": n}}]);
    desk.server.ask("PATCH", &desk.at, &[], &patch(1).to_string()).must(200);
    desk.ask("PATCH", &desk.at, "*", &patch(2)).must(200);
    assert_eq!(desk.get().json()["metadata_admin"]["n"], 2);
}

#[test]
fn of_two_who_change_at_once_one_wins_and_nothing_is_lost() {
    const EACH: i64 = 15;
    let desk = Desk::new();
    let start = json!([{"op": "add", "path": "/metadata_admin", "value": {"sum": 0}}]);
    desk.server.ask("PATCH", &desk.at, &[], &start.to_string()).must(200);
    let refused: i64 = thread::scope(|scope| {
        let clients = [(); 2].map(|()| {
            scope.spawn(|| {
                let (mut done, mut refused) = (0, 0);
                while done < EACH {
                    let read = desk.get();
                    let sum = read.json()["metadata_admin"]["sum"].as_i64().unwrap();
                    let path = "/metadata_admin/sum";
                    let more = json!([{"op": "replace", "path": path, "value": sum + 1}]);
                    let answer = desk.ask("PATCH", &desk.at, read.header("etag"), &more);
                    match answer.code {
                        200 => done += 1,
                        412 => refused += 1,
                        other => panic!("{other}: {}", answer.text),
                    }
                }
                refused
            })
        });
        clients.map(|client| client.join().unwrap()).into_iter().sum()
    });
    assert_eq!(desk.get().json()["metadata_admin"]["sum"], 2 * EACH, "{refused} were refused");
    let d = desk.server.library();
    let all = support::ledger::documents(&d);
    let updates = all.iter().filter(|entry| entry["type"] == "user.updated").count();
    assert_eq!(i64::try_from(updates).unwrap(), 2 * EACH + 1, "each change has its entry");
    support::ledger::must_be_whole(&d);
}

#[test]
fn a_role_and_a_group_have_tags_that_every_change_of_them_makes_anew() {
    let desk = Desk::new();
    let root = format!("{}/admin/doorward", desk.server.admin);
    let post = |path: &str, body: Value| {
        desk.server.ask("POST", &format!("{root}{path}"), &[], &body.to_string())
    };
    for (kind, name, carried) in [("role", "editor", ""), ("group", "staff", "writer")] {
        let mut new = json!({kind: name});
        if !carried.is_empty() {
            post("/roles", json!({"role": carried})).must(201);
            new["roles"] = json!([carried]);
        }
        let made = post(&format!("/{kind}s"), new).must(201);
        let url = format!("{root}/{kind}s/{name}");
        let get = || desk.server.ask("GET", &url, &[], "").must(200).header("etag").to_owned();
        let mut tag = made.header("etag").to_owned();
        assert!(tag.len() == 34 && tag == get(), "{tag}");
        // Who is in it is no part of it.
        post(&format!("/{kind}s/{name}/members"), json!({"ids": [desk.id]})).must(200);
        assert_eq!(get(), tag);
        let first = tag.clone();
        for n in 0..2 {
            let change = json!({"description": format!("{n}")});
            if n > 0 {
                let before = support::ledger::documents(&desk.server.library()).len();
                let refused = desk.ask("PUT", &url, &first, &change).must(412).json();
                assert_eq!(refused["error"]["code"], 412);
                desk.ask("DELETE", &url, &first, &Value::Null).must(412);
                desk.ask("PUT", &url, "Tuesday", &change).must(400);
                assert_eq!(support::ledger::documents(&desk.server.library()).len(), before);
            }
            let done = desk.ask("PUT", &url, &tag, &change).must(200);
            assert_ne!(done.header("etag"), tag);
            done.header("etag").clone_into(&mut tag);
            assert_eq!(get(), tag);
        }
        if !carried.is_empty() {
            // What it carries is part of it, also where that goes by itself.
            let gone = format!("{root}/roles/{carried}");
            desk.ask("DELETE", &gone, "*", &Value::Null).must(200);
            assert_ne!(get(), tag);
            desk.ask("PUT", &url, &tag, &json!({"name": "Late"})).must(412);
            tag = get();
        }
        desk.ask("DELETE", &url, &tag, &Value::Null).must(200);
    }
}

#[test]
fn accounts_have_a_tag_that_every_change_of_one_makes_anew() {
    let desk = Desk::new();
    let provider = |name: &str| json!({"provider": name, "subject": "1"});
    let body = json!({
        "schema_id": "social_user_v0", "traits": {"email": "eve@example.com"},
        "credentials": {
            "password": {"config": {"password": "a lantern on the stairs"}},
            "oidc": {"config": {"providers": [provider("google")]}},
        },
    });
    let url = format!("{}/admin/identities", desk.server.admin);
    let made = desk.server.ask("POST", &url, &[], &body.to_string()).must(201).json();
    let id = made["id"].as_str().unwrap();
    let at = format!("{}/admin/doorward/identities/{id}/accounts", desk.server.admin);
    let get = || desk.server.ask("GET", &at, &[], "").must(200).header("etag").to_owned();
    let first = get();
    assert_eq!(first.len(), 34, "{first}");
    let mut known = first.clone();
    for (method, path) in [
        ("PUT", "/google:1/lock"),
        ("PUT", "/internal/lock"),
        ("DELETE", "/internal/lock"),
        ("PUT", "/internal/confirm"),
        ("DELETE", "/internal/confirm"),
        ("DELETE", "/google:1"),
    ] {
        let url = format!("{at}{path}");
        if known != first {
            desk.ask(method, &url, &first, &Value::Null).must(412);
        }
        desk.ask(method, &url, &known, &Value::Null).must(200);
        let now = get();
        assert_ne!(now, known, "{method} {path}");
        known = now;
    }
}

#[test]
fn what_somebody_was_given_has_a_tag_that_only_what_is_given_makes_anew() {
    let desk = Desk::new();
    let new = |kind: &str, body: Value| {
        let url = format!("{}/admin/doorward/{kind}", desk.server.admin);
        desk.server.ask("POST", &url, &[], &body.to_string()).must(201);
    };
    new("roles", json!({"role": "editor", "permissions": ["documents.write"]}));
    new("roles", json!({"role": "reader"}));
    new("groups", json!({"group": "staff"}));
    let read = |what: &str| {
        let url = desk.doorward(&format!("/{what}"));
        desk.server.ask("GET", &url, &[], "").must(200).header("etag").to_owned()
    };
    let first = read("roles");
    assert_eq!(first.len(), 34, "{first}");
    let mut known = first.clone();
    for (what, words) in
        [("roles", ["editor"]), ("groups", ["staff"]), ("permissions", ["documents.read"])]
    {
        assert_eq!(read(what), known, "one tag for all three");
        let (url, body) = (desk.doorward(&format!("/{what}")), json!({what: words}));
        if known != first {
            let refused = desk.ask("PUT", &url, &first, &body).must(412).json();
            assert_eq!(refused["error"]["code"], 412);
            assert_eq!(read(what), known, "nothing was given");
        }
        let done = desk.ask("PUT", &url, &known, &body).must(200);
        assert_ne!(done.header("etag"), known, "{what}");
        assert_eq!(done.header("etag"), read(what), "the answer has the tag of what it shows");
        assert_eq!(desk.ask("PUT", &url, "*", &body).must(200).json()["changed"], false);
        known = read(what);
    }
    // What comes by a group is nobody's own.
    let url = format!("{}/admin/doorward/groups/staff", desk.server.admin);
    desk.ask("PUT", &url, "*", &json!({"roles": ["reader"]})).must(200);
    let roles = desk.server.ask("GET", &desk.doorward("/roles"), &[], "").must(200);
    assert_eq!(roles.json()["roles"].as_array().unwrap().len(), 2);
    assert_eq!(roles.header("etag"), known);
}
