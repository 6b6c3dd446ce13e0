//! Signing out.

use serde_json::json;

use super::{Held, Place};
use crate::http::server::Answer;

const BASE: &str = "https://id.example.com";

fn place() -> Place {
    Place::with(&format!("external_url: {BASE}"))
}

fn ask(place: &Place, held: &Held, path: &str, more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("Cookie", held.secret.as_str())];
    headers.extend(more);
    place.server.public("GET", path, &headers)
}

fn link(place: &Place, held: &Held, query: &str) -> String {
    let answer = ask(place, held, &format!("/self-service/logout/browser{query}"), &[]).must(200);
    let body = answer.json();
    let token = body["logout_token"].as_str().unwrap();
    assert!(token.starts_with("ory_lo_"), "{token}");
    let url = body["logout_url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{BASE}/self-service/logout?token={token}")), "{url}");
    url.strip_prefix(BASE).unwrap().to_owned()
}

#[test]
fn logout_by_the_browser_url_ends_the_session_and_the_cookie() {
    let place = place();
    let [held, other] = [place.cookie(), place.cookie()];
    let path = link(&place, &held, "");
    assert_eq!(link(&place, &held, ""), path, "the same session has the same");
    let answer = ask(&place, &held, &path, &[("Accept", "text/html")]).must(303);
    assert_eq!(answer.header("location"), BASE);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("ory_kratos_session=; Path=/; Max-Age=0; HttpOnly; Secure"),
        "{cookie}"
    );
    assert_eq!((place.whoami(&held), place.whoami(&other)), (401, 200));
    let again = ask(&place, &held, &path, &[("Accept", "text/html")]).must(303);
    assert_eq!(again.header("location"), BASE, "who is signed out already is sent on too");
    place.server.public("GET", &path, &[]).must(303);
}

#[test]
fn logout_for_json_clients_is_204() {
    let place = place();
    let held = place.cookie();
    let path = link(&place, &held, "");
    let answer = ask(&place, &held, &path, &[("Accept", "application/json")]).must(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0") && answer.text.is_empty());
    assert_eq!(place.whoami(&held), 401);
}

#[test]
fn logout_token_mismatch_403_without_token_400_without_session_401() {
    let place = place();
    let [held, other] = [place.cookie(), place.cookie()];
    let path = link(&place, &other, "");
    ask(&place, &held, &path, &[]).must(403);
    ask(&place, &held, "/self-service/logout?token=ory_lo_x", &[]).must(403);
    ask(&place, &held, "/self-service/logout", &[]).must(400);
    ask(&place, &held, "/self-service/logout?token=", &[]).must(400);
    assert_eq!((place.whoami(&held), place.whoami(&other)), (200, 200));
    let nobody = place.server.public("GET", "/self-service/logout/browser", &[]).must(401);
    assert_eq!(nobody.json()["error"]["id"], "session_inactive");
}

#[test]
fn logout_return_to_is_honoured_only_if_allowed() {
    let place = place();
    let held = place.cookie();
    for bad in ["https://evil.example/", "%2F%2Fevil.example", "javascript:alert(1)"] {
        for path in [
            format!("/self-service/logout/browser?return_to={bad}"),
            format!("{}&return_to={bad}", link(&place, &held, "")),
        ] {
            let error = ask(&place, &held, &path, &[]).must(400).json();
            assert_eq!(error["error"]["id"], "self_service_flow_return_to_forbidden");
        }
    }
    assert_eq!(place.whoami(&held), 200, "nobody is signed out by a link that is refused");
    let path = link(&place, &held, "?return_to=https%3A%2F%2Fid.example.com%2Fbye%3Fa%3D1");
    let answer = ask(&place, &held, &path, &[]).must(303);
    assert_eq!(answer.header("location"), "https://id.example.com/bye?a=1");
    assert_eq!(place.whoami(&held), 401);
}

#[test]
fn logout_by_api_is_204_then_403() {
    let place = place();
    let held = place.token();
    let url = format!("{}/self-service/logout/api", place.server.public);
    let out = |body: &str| place.server.ask("DELETE", &url, &[], body).code;
    let body = json!({"session_token": held.secret}).to_string();
    assert_eq!(out(&body), 204);
    assert_eq!(place.whoami(&held), 401);
    let unknown = json!({"session_token": "ory_st_0123456789abcdefABCDEFxyz0123456"}).to_string();
    for refused in [&body, &unknown, r#"{"session_token":""}"#, "{}", r#"{"session_token":7}"#] {
        assert_eq!(out(refused), 403, "{refused}");
    }
    assert_eq!(out("{"), 400);
    let cookie = place.cookie();
    let value = cookie.secret.split_once('=').unwrap().1;
    assert_eq!(out(&json!({"session_token": value}).to_string()), 403);
    assert_eq!(place.whoami(&cookie), 200);
}

#[test]
fn logout_needs_no_second_factor() {
    let place = place();
    place.meddle(
        "INSERT INTO credentials (identity, kind, config, second, created_at, updated_at)
         SELECT n, 'totp', '{}', 1, 1, 1 FROM identities",
    );
    let held = place.cookie();
    assert_eq!(place.whoami(&held), 403);
    let path = link(&place, &held, "");
    ask(&place, &held, &path, &[]).must(303);
    assert_eq!(place.whoami(&held), 401);
}
