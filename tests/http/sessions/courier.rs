//! The outbox as administrators see it.

use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::Event;
use doorward::domain::message::{MessageKind, Template};
use doorward::error::Error;
use doorward::service::courier::{Draft, queue};
use doorward::store::Change;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Place;
use crate::support;

fn send(place: &Place, recipient: &str) -> String {
    let content = json!({"code": "marker-482911"});
    let id = place.d.store.write(&support::operator().author(), |tx| {
        let template = Template::RecoveryCodeValid;
        let draft = Draft { kind: MessageKind::Email, recipient, template, content: &content };
        let id = queue(&place.d, tx, &draft)?;
        let event = Event::new(EventType::RecoveryRequested).data("by", "test");
        Ok::<_, Error>(Change::of(id, event, []))
    });
    id.unwrap().to_string()
}

fn ids(all: &Value) -> Vec<&str> {
    all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn courier_list_filters_status_and_recipient_and_pages_newest_first() {
    let place = Place::new();
    let mut sent: Vec<String> =
        (0..12).map(|number| send(&place, &format!("p{}@example.com", number % 2))).collect();
    sent.reverse();
    place.meddle(&format!("UPDATE messages SET status = 'sent' WHERE id = '{}'", sent[0]));
    let list = |query: &str| place.server.admin("GET", &format!("/admin/courier/messages{query}"));
    let first = list("").must(200);
    assert_eq!(ids(&first.json()), sent[..10], "ten when nothing is said");
    assert!(first.json()[0].get("dispatches").is_none());
    assert_eq!(ids(&list("?status=sent").json()), [sent[0].as_str()]);
    assert_eq!(ids(&list("?recipient=p0@example.com").json()).len(), 6);
    assert_eq!(ids(&list("?recipient=p1@example.com&status=queued").json()).len(), 5);
    assert_eq!(list("?recipient=p").must(200).json(), json!([]));
    for bad in ["?status=lost", "?page_token=forged"] {
        list(bad).must(400);
    }
    let mut seen = Vec::new();
    let mut path = "/courier/messages?page_size=5".to_owned();
    loop {
        let page = place.server.admin("GET", &path).must(200);
        seen.extend(ids(&page.json()).into_iter().map(str::to_owned));
        let links = page.header("link").to_owned();
        let Some(next) = links.split(',').find(|link| link.ends_with("rel=\"next\"")) else {
            break;
        };
        path = next[1..next.find('>').unwrap()].to_owned();
    }
    assert_eq!(seen, sent);
}

#[test]
fn courier_get_shows_attempts_and_never_what_the_message_says() {
    let place = Place::new();
    let id = send(&place, "ada@example.com");
    place.meddle(&format!(
        "INSERT INTO message_dispatches (message, id, succeeded, error, created_at)
         SELECT n, '{}', 0, 'unreachable', 1 FROM messages;
         INSERT INTO message_dispatches (message, id, succeeded, error, created_at)
         SELECT n, '{}', 1, NULL, 2 FROM messages;
         UPDATE messages SET send_count = 2",
        Uuid::from_u128(1),
        Uuid::from_u128(2),
    ));
    let answer = place.server.admin("GET", &format!("/admin/courier/messages/{id}")).must(200);
    let shown = answer.json();
    for (key, value) in [
        ("status", "queued"),
        ("type", "email"),
        ("channel", "email"),
        ("recipient", "ada@example.com"),
        ("template_type", "recovery_code_valid"),
        ("body", "<redacted-unless-dev-mode>"),
        ("subject", "<redacted-unless-dev-mode>"),
    ] {
        assert_eq!(shown[key], value);
    }
    assert_eq!(shown["send_count"], 2);
    let attempts = &shown["dispatches"];
    let why = "There is no way to the mail server over the network. Check its host name, and the \
        firewalls and routes between.";
    assert_eq!(
        (&attempts[0]["status"], &attempts[0]["error"]["message"]),
        (&"failed".into(), &why.into())
    );
    assert_eq!((&attempts[1]["status"], &attempts[1]["error"]), (&"success".into(), &json!({})));
    assert_eq!(attempts[0]["message_id"], id.as_str());
    let file = place.server.laptop.home().join("state").join(doorward::app::DATABASE);
    assert!(!support::dump_file(&file).contains("marker-482911"), "codes are sealed");
    place.server.admin("GET", "/admin/courier/messages/x").must(400);
    place.server.admin("GET", &format!("/admin/courier/messages/{}", Uuid::nil())).must(404);
}
