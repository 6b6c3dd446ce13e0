//! What the ledger says about sessions.

use serde_json::{Value, json};

use super::Place;

fn last(place: &Place) -> Value {
    place.ledger().pop().unwrap()
}

#[test]
fn audit_01_every_change_names_who_which_session_from_where_and_in_which_request() {
    let place = Place::new();
    let [held, other] = [place.token(), place.cookie()];
    let entry = last(&place);
    assert_eq!((&entry["type"], &entry["session"]), (&"session.created".into(), &json!(other.id)));
    assert_eq!(entry["principal"], place.ada.to_string());
    assert_eq!(entry["data"]["methods"], json!(["password"]));
    assert!(entry["sd"]["ip"].is_string() && entry["sd"]["user_agent"].is_string());
    let person = json!({"kind": "user", "id": place.ada.to_string()});
    let headers = [
        ("X-Session-Token", held.secret.as_str()),
        ("X-Request-Id", "request-4711"),
        ("User-Agent", "marker-agent"),
    ];
    place.server.public("DELETE", &format!("/sessions/{}", other.id), &headers).must(204);
    let entry = last(&place);
    assert_eq!(entry["type"], "session.revoked");
    assert_eq!(entry["actor"], person);
    assert_eq!(entry["session"], other.id.as_str());
    assert_eq!(entry["data"], json!({"count": 1, "reason": "owner", "sessions": [other.id]}));
    let count = place.ledger().len();
    place.server.public("DELETE", &format!("/sessions/{}", other.id), &headers).must(204);
    place.server.public("GET", "/sessions/whoami", &headers).must(200);
    assert_eq!(place.ledger().len(), count, "what changes nothing leaves no entry");
    place.server.admin("PATCH", &format!("/admin/sessions/{}/extend", held.id)).must(200);
    let entry = last(&place);
    assert_eq!(
        (&entry["type"], &entry["actor"]["kind"]),
        (&"session.extended".into(), &"admin_api".into())
    );
    let url = format!("{}/self-service/logout/api", place.server.public);
    let body = json!({"session_token": held.secret}).to_string();
    place.server.ask("DELETE", &url, &[], &body).must(204);
    let entry = last(&place);
    assert_eq!((&entry["type"], &entry["actor"]), (&"auth.logout".into(), &person));
    assert_eq!((&entry["session"], &entry["data"]["method"]), (&json!(held.id), &"api".into()));
    for entry in place.ledger() {
        let text = entry.to_string();
        assert!(!text.contains("ory_st_") && !text.contains("marker-agent"), "{text}");
    }
}
