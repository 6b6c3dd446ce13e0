//! What a status does to signing in: rows E1, E2, E12 and E14 of the status table.

use doorward::service::status::{self, StatusChange};
use serde_json::json;
use uuid::Uuid;

use super::{PASSWORD, Place, said, submit_path, token};
use crate::support;

#[test]
fn e1_e2_whoever_is_locked_signs_in_neither_anew_nor_further_and_is_not_told_why() {
    let place = Place::with("login_style: unified");
    let ada = Uuid::parse_str(&place.ada).unwrap();
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let settings = browser.begin("settings", "");
    let refresh = browser.begin("login", "?refresh=true");
    let mut fresh = place.browser();
    let begun = fresh.begin("login", "");
    status::lock(&place.d, &support::operator(), ada, &StatusChange::default()).unwrap();
    for (browser, flow) in [(&mut browser, &refresh), (&mut fresh, &begun)] {
        let body = json!({
            "method": "password", "identifier": "ada@example.com", "password": PASSWORD,
            "csrf_token": token(flow)
        });
        let answer = browser.send(&submit_path(flow), &body).must(400).json();
        assert_eq!(said(&answer), [4_000_006]);
    }
    // E3, E14: what is there stays, and protects itself.
    browser.whoami().must(200);
    let body = json!({
        "method": "password", "password": "a walk along the river", "csrf_token": token(&settings)
    });
    let refused = browser.send(&submit_path(&settings), &body).must(403).json();
    assert_eq!(refused["error"]["id"], "session_refresh_required");
    let last = place.server.admin("GET", "/admin/doorward/audit/events?type=auth.*").must(200);
    assert!(last.text.contains("\"locked\""), "the ledger knows why");
}

#[test]
fn e1_blocking_somebody_ends_what_they_have_begun() {
    let place = Place::with("login_style: unified");
    let ada = Uuid::parse_str(&place.ada).unwrap();
    let mut browser = place.browser();
    browser.sign_in("ada@example.com", PASSWORD).must(200);
    let settings = browser.begin("settings", "");
    status::block(&place.d, &support::operator(), ada, &StatusChange::default()).unwrap();
    browser.whoami().must(401);
    let id = settings["id"].as_str().unwrap();
    browser.json(&format!("/self-service/settings/flows?id={id}")).must(404);
    let answer = place.browser().sign_in("ada@example.com", PASSWORD).must(400).json();
    assert_eq!(said(&answer), [4_000_006]);
}
