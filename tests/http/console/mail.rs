//! Mail on its way, as administrators see it.

use doorward::domain::message::Template;
use doorward::service::courier;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Office;

const CODE: &str = "493027";

/// Queues a mail with a code in it.
fn queue(office: &Office, to: &str) -> Uuid {
    let content: Map<String, Value> =
        json!({"RecoveryCode": CODE, "ExpiresInMinutes": 60}).as_object().unwrap().clone();
    let d = &office.d;
    let template = Template::RecoveryCodeValid;
    d.store.scratch(|tx| courier::queue_mail(d, tx, to, template, "en", content)).unwrap().unwrap()
}

fn rows(page: &str) -> usize {
    page.matches(r#"<th scope="row">"#).count()
}

#[test]
fn the_outbox_is_listed_by_state_and_recipient_and_never_says_what_is_in_it() {
    let office = Office::new();
    let empty = office.page("/console/mail").must(200).text;
    assert!(empty.contains("There is no such message.") && !empty.contains("role=\"alert\""));
    for n in 0..30 {
        queue(&office, &format!("p{n}@example.com"));
    }
    let page = office.page("/console/mail").must(200).text;
    assert!(page.contains("Mail waits and no mail server is set up"), "{page}");
    assert_eq!(rows(&page), 25, "{page}");
    assert!(page.contains("p29@example.com") && !page.contains("p4@example.com"));
    let older = page.split("page_token=").nth(1).unwrap().split('"').next().unwrap();
    let rest = office.page(&format!("/console/mail?page_token={older}")).must(200).text;
    assert_eq!(rows(&rest), 5);
    assert!(rest.contains("p4@example.com") && !rest.contains("p5@example.com"));
    let one = office.page("/console/mail?recipient=p7%40example.com").must(200).text;
    assert_eq!(rows(&one), 1);
    assert_eq!(rows(&office.page("/console/mail?status=sent").text), 0);
    assert_eq!(rows(&office.page("/console/mail?status=queued").text), 25);
    office.page("/console/mail?page_token=nonsense").must(400);
    let id = queue(&office, "last@example.com");
    let shown = office.page(&format!("/console/mail/{id}")).must(200).text;
    assert!(shown.contains("It was not tried yet.") && shown.contains("last@example.com"));
    for text in [&page, &rest, &shown] {
        assert!(!text.contains(CODE), "{text}");
    }
    assert_eq!(office.page("/console/mail/no-id").code, 404);
    // The overview leads there.
    let overview = office.page("/console").text;
    assert!(overview.contains(r#"<a href="/console/mail">31<"#), "{overview}");
}

#[test]
fn a_message_that_waits_is_tried_at_once_or_given_up_and_that_is_recorded() {
    let office = Office::new();
    let id = queue(&office, "ada@example.com");
    let at = format!("/console/mail/{id}");
    let form = office.page(&format!("{at}/retry")).must(200).text;
    assert!(form.contains("Recovery code") && form.contains("ada@example.com"), "{form}");
    let page = office.done(&format!("{at}/retry"), &[]).text;
    assert!(page.contains("Message tried again"), "{page}");
    let page = office.done(&format!("{at}/give-up"), &[]).text;
    assert!(page.contains("Message given up") && page.contains("An administrator gave it up."));
    assert!(page.contains("mark abandoned") && !page.contains(&format!("{at}/retry")), "{page}");
    // What it said is gone for good.
    let file = office.server.laptop.home().join("state/doorward.db");
    let store = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT content IS NULL AND next_at IS NULL FROM messages";
    assert!(store.query_row(sql, [], |row| row.get::<_, bool>(0)).unwrap());
    for deed in ["retry", "give-up"] {
        assert_eq!(office.page(&format!("{at}/{deed}")).code, 409);
        let token = super::form_token(&office.page("/console/people/invite").text);
        let fields = [("csrf_token", token.as_str())];
        office.post(&office.cookie, &format!("{at}/{deed}"), &fields).must(409);
    }
    let ledger = office.ledger();
    let deeds = ledger.iter().filter(|entry| entry["type"] == "admin.action.run");
    let deeds: Vec<(&Value, &Value)> =
        deeds.map(|entry| (&entry["data"]["action"], &entry["data"]["parameters"])).collect();
    let message = json!({"message": id});
    let expected = ["retry-message", "give-up-message"].map(Value::from);
    assert_eq!(deeds, [(&expected[0], &message), (&expected[1], &message)]);
}

#[test]
fn the_admin_api_shows_and_does_the_same() {
    let office = Office::new();
    let id = queue(&office, "ada@example.com");
    let at = format!("/admin/doorward/messages/{id}");
    let one = office.server.admin("GET", &at).must(200).json();
    assert_eq!(one["status"], "queued");
    assert_eq!(one["template"], "recovery_code_valid");
    assert!(one["next_at"].is_string() && one["expires_at"].is_string(), "{one}");
    assert_eq!(one["tried"], json!([]));
    let list = office.server.admin("GET", "/admin/doorward/messages?status=queued").must(200);
    assert_eq!(list.json()[0]["id"], json!(id));
    assert!(!list.text.contains(CODE));
    office.server.admin("GET", "/admin/doorward/messages?status=lost").must(400);
    office.server.admin("POST", &format!("{at}/retry")).must(204);
    office.server.admin("POST", &format!("{at}/give-up")).must(204);
    let one = office.server.admin("GET", &at).must(200).json();
    assert_eq!(one["status"], "abandoned");
    assert_eq!(one["last_error"], "An administrator gave it up.");
    for deed in ["retry", "give-up"] {
        let refused = office.server.admin("POST", &format!("{at}/{deed}")).must(409).json();
        assert_eq!(refused["error"]["id"], "status_transition", "{refused}");
        let nobody = format!("/admin/doorward/messages/{}/{deed}", Uuid::nil());
        office.server.admin("POST", &nobody).must(404);
    }
}
