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
