//! A person's own sessions.

use doorward::domain::session::{Aal, MethodKind};
use doorward::service::sessions::Carrier;
use serde_json::Value;
use uuid::Uuid;

use super::{Held, Place, person};
use crate::http::server::Answer;

fn ask(place: &Place, held: &Held, method: &str, path: &str) -> Answer {
    place.server.public(method, path, &[("X-Session-Token", &held.secret)])
}

fn ids(answer: &Answer) -> Vec<String> {
    let all = answer.json();
    all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn own_list_excludes_current_and_inactive_ones_and_has_pagination_headers() {
    let place = Place::new();
    let current = place.token();
    let others: Vec<Held> = (0..5).map(|_| place.token()).collect();
    let eve = person(&place.d, "eve@example.com");
    place.sign_in(eve, Carrier::Token, &[(MethodKind::Password, Aal::One)]);
    place.server.admin("DELETE", &format!("/admin/sessions/{}", others[4].id)).must(204);
    let expected: Vec<&str> = others[..4].iter().rev().map(|held| held.id.as_str()).collect();
    let all = ask(&place, &current, "GET", "/sessions").must(200);
    assert_eq!(ids(&all), expected);
    assert_eq!(all.header("x-total-count"), "4");
    assert_eq!(all.json()[0]["identity"]["id"], place.ada.to_string());
    let mut path = "/sessions?per_page=3&page=0".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = ask(&place, &current, "GET", &path).must(200);
        seen.extend(ids(&page));
        let links = page.header("link");
        assert!(links.contains("rel=\"first\"") && links.contains("rel=\"last\""), "{links}");
        let next = links.split(',').find(|link| link.ends_with("rel=\"next\""));
        let Some(next) = next else { break };
        path = next[1..next.find('>').unwrap()].to_owned();
    }
    assert_eq!(seen, expected);
    let nobody = place.server.public("GET", "/sessions", &[]).must(401);
    assert_eq!(nobody.json()["error"]["id"], "session_inactive");
}

#[test]
fn own_revoking_others_counts_them_and_keeps_the_current_one() {
    let place = Place::new();
    let [current, one, two] = [place.token(), place.token(), place.cookie()];
    let answer = ask(&place, &current, "DELETE", "/sessions").must(200);
    assert_eq!(answer.json(), serde_json::json!({"count": 2}));
    assert_eq!([&current, &one, &two].map(|held| place.whoami(held)), [200, 401, 401]);
    let answer = ask(&place, &current, "DELETE", "/sessions").must(200);
    assert_eq!(answer.json()["count"], 0);
    assert_eq!(place.server.public("DELETE", "/sessions", &[]).code, 401);
}

#[test]
fn own_revoking_one_and_sess_07_nobody_elses() {
    let place = Place::new();
    let [current, other] = [place.token(), place.token()];
    let eve = person(&place.d, "eve@example.com");
    let hers = place.sign_in(eve, Carrier::Token, &[(MethodKind::Password, Aal::One)]);
    let revoke = |id: &str| ask(&place, &current, "DELETE", &format!("/sessions/{id}"));
    let current_one = revoke(&current.id).must(400);
    assert_eq!(current_one.json()["error"]["code"], 400);
    let [foreign, unknown] =
        [hers.id.clone(), Uuid::nil().to_string()].map(|id| revoke(&id).must(204));
    assert_eq!((foreign.text, unknown.text), (String::new(), String::new()));
    assert_eq!([&current, &other, &hers].map(|held| place.whoami(held)), [200, 200, 200]);
    revoke(&other.id).must(204);
    revoke(&other.id).must(204);
    assert_eq!(place.whoami(&other), 401);
    revoke("no-uuid").must(400);
    let nobody = place.server.public("DELETE", "/sessions/no-uuid", &[]).must(401);
    assert_ne!(nobody.json()["error"]["id"], Value::Null);
}
