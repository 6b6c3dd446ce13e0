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

#[test]
fn when_a_session_was_last_used_is_kept_and_shown() {
    let mut place = Place::new();
    let [used, idle] = [place.token(), place.token()];
    let hour = 3_600_000_000_i64;
    place.meddle(&format!(
        "UPDATE sessions SET authenticated_at = authenticated_at - {hour}, issued_at = issued_at - {hour}"
    ));
    let shown = |place: &Place, id: &str| {
        let path = format!("/admin/sessions/{id}");
        let session = place.server.admin("GET", &path).must(200).json();
        let time = |name: &str| session[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        (time("authenticated_at"), time("last_seen_at"))
    };
    let (begun, seen) = shown(&place, &used.id);
    assert_eq!(begun, seen, "whoever signs in is there");
    let own = ask(&place, &used, "GET", "/sessions/whoami").must(200).json();
    assert!(own.get("last_seen_at").is_none(), "a check has no more to look up than before");
    // What was noted is written down every minute, and before the service ends.
    place.server.stop();
    place.server.start_again();
    let (begun, seen) = shown(&place, &used.id);
    assert!(seen.duration_since(begun) >= jiff::SignedDuration::from_mins(60), "{begun} {seen}");
    let (begun, unseen) = shown(&place, &idle.id);
    assert_eq!(begun, unseen);
    let listed = place.action(&["list-identity-sessions", "email=ada@example.com"]);
    assert_eq!(listed["sessions"][&used.id]["last-seen-at"], seen.to_string(), "{listed}");
    let others = ask(&place, &idle, "GET", "/sessions").must(200).json();
    assert_eq!(others[0]["last_seen_at"], seen.to_string());
    place.server.admin("DELETE", &format!("/admin/identities/{}/sessions", place.ada)).must(204);
    let left: i64 = {
        let file = place.server.laptop.home().join("state").join(doorward::app::DATABASE);
        let store = rusqlite::Connection::open(file).unwrap();
        store.query_row("SELECT count(*) FROM sightings", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(left, 0, "it goes with the session");
}
