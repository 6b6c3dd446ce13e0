//! Inviting, several people at once, and taking people along as a file.

use serde_json::{Value, json};

use super::{Office, form_token};

#[test]
fn somebody_is_invited_with_a_link_that_is_shown_once() {
    let office = Office::new();
    let at = "/console/people/invite";
    office.send(at, &[("email", "nobody")]).must(400);
    let taken = office.send(at, &[("email", "root@example.com")]).must(400);
    assert!(taken.text.contains("already"), "{}", taken.text);
    let fields = [("email", "ada@example.com"), ("authority", "ROLE_DEVELOPER"), ("days", "3")];
    let made = office.send(at, &fields).must(200).text;
    assert!(made.contains("class=\"secret\">http"), "{made}");
    assert_eq!(office.ledger().last().unwrap()["type"], "user.invited");
    let list = office.page("/console/people?q=status%3Ainvited").must(200).text;
    assert!(list.contains("ada@example.com") && list.contains("mark invited"));
}

#[test]
fn several_are_done_after_a_preview_and_summed_up() {
    let office = Office::new();
    let people = ["a@example.com", "b@example.com"].map(|email| office.person(email));
    let root = office.root;
    let at = format!("/console/people/bulk?do=block&id={}&id={}&id={root}", people[0], people[1]);
    let page = office.page(&at).must(200).text;
    assert!(page.contains("<strong>2</strong> people are changed"), "{page}");
    assert!(page.contains("<strong>1</strong> is left out: it is you"), "{page}");
    let token = form_token(&page);
    let ids = [people[0], people[1], root].map(|id| id.to_string());
    let mut fields = vec![("csrf_token", token.as_str()), ("do", "block"), ("reason", "policy")];
    fields.extend(ids.iter().map(|id| ("id", id.as_str())));
    let done = office.post(&office.cookie, "/console/people/bulk", &fields).must(303);
    let page = office.page(done.header("location")).must(200).text;
    assert!(page.contains("Changed: 2") && page.contains("Refused: 1"), "{page}");
    assert!(page.contains("Policy") && !page.contains("sessions_revoked"), "{page}");
    let kinds: Vec<Value> =
        office.ledger().iter().rev().take(3).map(|entry| entry["type"].clone()).collect();
    assert_eq!(kinds, ["admin.action.run", "user.blocked", "user.blocked"]);
    // The same by the admin API, by a search.
    let url = format!("{}/doorward/identities/bulk", office.server.admin);
    let ask = |body: Value| office.server.ask("POST", &url, &[], &body.to_string());
    ask(json!({"action": "lock"})).must(400);
    ask(json!({"action": "dance", "q": ""})).must(400);
    let dry = json!({"action": "unblock", "q": "status:blocked", "dry_run": true});
    assert_eq!(ask(dry).must(200).json()["changed"], 2);
    // What would be refused of everybody is refused before anybody is changed, and of a preview too.
    let before = office.ledger().len();
    for dry_run in [true, false] {
        for (key, bad) in
            [("note", json!("x".repeat(513))), ("until", json!("2001-01-01T00:00:00Z"))]
        {
            let body =
                json!({"action": "unblock", "q": "status:blocked", "dry_run": dry_run, key: bad});
            ask(body).must(400);
        }
    }
    assert_eq!(office.ledger().len(), before);
    let gone = "00000000-0000-7000-8000-000000000000";
    let mixed = json!({"action": "lock", "ids": [people[0], gone, gone], "dry_run": true});
    let told = ask(mixed).must(200).json();
    let refusals = json!([
        {"id": people[0], "reason": "status_transition"}, {"id": gone, "reason": "not_found"}
    ]);
    assert_eq!((&told["refused"], &told["refusals"]), (&json!(2), &refusals));
    let wet = json!({"action": "unblock", "q": "status:blocked"});
    assert_eq!(ask(wet.clone()).must(200).json()["changed"], 2);
    assert_eq!(ask(wet).must(200).json()["changed"], 0);
}

#[test]
fn an_export_holds_those_who_are_found_and_is_recorded() {
    let office = Office::new();
    office.person("ada@example.com");
    let fields = [("q", "ada"), ("format", "csv")];
    let file = office.send("/console/people/export", &fields).must(200);
    assert!(file.header("content-type").starts_with("text/csv"));
    let lines: Vec<&str> = file.text.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("id,status,email") && lines[1].contains("ada@example.com"));
    let entry = office.ledger().pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["data"]["what"]),
        (&json!("admin.export"), &json!("identities"))
    );
    let path = "/doorward/identities/export?q=authority:administrator";
    let lines = office.server.admin("GET", path).must(200).text;
    let line: Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(line["email"], "root@example.com");
    assert!(line.get("credentials").is_none());
}
