//! Sessions as administrators see them.

use std::collections::BTreeSet;

use doorward::domain::session::{Aal, MethodKind};
use doorward::service::sessions::Carrier;
use serde_json::Value;
use uuid::Uuid;

use super::{Held, Place, person};

fn ids(all: &Value) -> Vec<&str> {
    all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[test]
fn admin_list_filters_active_expands_and_pages_newest_first() {
    let place = Place::new();
    let mut held: Vec<Held> = (0..7).map(|_| place.token()).collect();
    held.reverse();
    let gone = [&held[1].id, &held[4].id];
    for id in gone {
        place.server.admin("DELETE", &format!("/admin/sessions/{id}")).must(204);
    }
    let list = |path: &str| place.server.admin("GET", path).must(200);
    let all: Vec<&str> = held.iter().map(|one| one.id.as_str()).collect();
    for path in ["/admin/sessions", "/sessions", "/admin/sessions?page_token="] {
        assert_eq!(ids(&list(path).json()), all);
    }
    let filtered = list("/admin/sessions?active=false").json();
    assert_eq!(ids(&filtered), gone);
    assert!(filtered.as_array().unwrap().iter().all(|one| one["active"] == false));
    assert_eq!(ids(&list("/admin/sessions?active=true").json()).len(), 5);
    let plain = list("/admin/sessions").json();
    assert_eq!((&plain[0]["identity"], &plain[0]["devices"]), (&Value::Null, &Value::Null));
    let expanded = list("/admin/sessions?expand=identity&expand=devices").json();
    assert_eq!(expanded[0]["identity"]["id"], place.ada.to_string());
    assert_eq!(expanded[0]["devices"][0]["ip_address"], "192.0.2.7");
    for bad in ["expand=everything", "active=maybe", "page_token=forged"] {
        place.server.admin("GET", &format!("/admin/sessions?{bad}")).must(400);
    }
    let mut path = "/admin/sessions?page_size=3&active=true".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = list(&path);
        seen.extend(ids(&page.json()).into_iter().map(str::to_owned));
        let links = page.header("link").to_owned();
        let Some(next) = links.split(',').find(|link| link.ends_with("rel=\"next\"")) else {
            break;
        };
        assert!(next.starts_with("</admin/sessions?active=true&page_size=3&page_token="), "{next}");
        path = next[1..next.find('>').unwrap()].to_owned();
    }
    let expected: Vec<&str> =
        all.into_iter().filter(|id| !gone.iter().any(|gone| gone == id)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn admin_active_is_what_whoami_says_for_every_status() {
    let place = Place::new();
    let mut active = BTreeSet::new();
    let past = r#"status_until = 0, status_detail = '{"until":"1970-01-01T00:00:00Z"}'"#;
    let future =
        r#"status_until = 4102444800000000, status_detail = '{"until":"2100-01-01T00:00:00Z"}'"#;
    for (number, (change, works)) in [
        ("status = 'active'", true),
        ("status = 'locked'", true),
        (&format!("status = 'locked', {past}"), true),
        ("status = 'blocked'", false),
        (&format!("status = 'blocked', {past}"), true),
        (&format!("status = 'blocked', {future}"), false),
        ("status = 'invited'", false),
        ("status = 'active', expires_at = 1", false),
        (&format!("status = 'blocked', {past}, expires_at = 1"), false),
    ]
    .into_iter()
    .enumerate()
    {
        let who = person(&place.d, &format!("p{number}@example.com"));
        let held = place.sign_in(who, Carrier::Token, &[(MethodKind::Password, Aal::One)]);
        place.meddle(&format!("UPDATE identities SET {change} WHERE id = '{who}'"));
        assert_eq!(place.whoami(&held) == 200, works, "{change}");
        let one = place.server.admin("GET", &format!("/admin/sessions/{}", held.id)).json();
        assert_eq!(one["active"], works, "{change}");
        let path = format!("/admin/identities/{who}/sessions?active={works}");
        assert_eq!(ids(&place.server.admin("GET", &path).json()), [held.id.as_str()], "{change}");
        let path = format!("/admin/identities/{who}/sessions?active={}", !works);
        assert_eq!(place.server.admin("GET", &path).json(), serde_json::json!([]), "{change}");
        if works {
            active.insert(held.id);
        }
    }
    let listed = place.server.admin("GET", "/admin/sessions?active=true").json();
    assert_eq!(ids(&listed).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), active);
}

#[test]
fn admin_get_and_disable_keep_the_row_and_bad_ids_are_400() {
    let place = Place::new();
    let held = place.token();
    let path = format!("/admin/sessions/{}", held.id);
    let one = place.server.admin("GET", &path).must(200).json();
    assert_eq!((&one["active"], &one["identity"]), (&true.into(), &Value::Null));
    place.server.admin("GET", &format!("{path}?expand=identity")).must(200);
    place.server.admin("GET", &format!("{path}?expand=x")).must(400);
    for _ in 0..2 {
        assert_eq!(place.server.admin("DELETE", &path).must(204).text, "");
    }
    assert_eq!(place.server.admin("GET", &path).must(200).json()["active"], false);
    assert_eq!(place.whoami(&held), 401);
    let unknown = Uuid::nil();
    for (method, path) in [
        ("GET", format!("/admin/sessions/{unknown}")),
        ("DELETE", format!("/admin/sessions/{unknown}")),
        ("PATCH", format!("/admin/sessions/{unknown}/extend")),
    ] {
        place.server.admin(method, &path).must(404);
        place.server.admin(method, &path.replace(&unknown.to_string(), "x")).must(400);
    }
    for method in ["GET", "DELETE"] {
        place.server.admin(method, "/admin/identities/x/sessions").must(400);
    }
}

#[test]
fn admin_delete_all_is_204_then_404_and_removes_rows() {
    let place = Place::new();
    let [one, other] = [place.token(), place.cookie()];
    let path = format!("/admin/identities/{}/sessions", place.ada);
    place.server.admin("DELETE", &format!("/admin/sessions/{}", one.id)).must(204);
    place.server.admin("DELETE", &path).must(204);
    place.server.admin("DELETE", &path).must(404);
    place.server.admin("GET", &format!("/admin/sessions/{}", one.id)).must(404);
    assert_eq!(place.whoami(&other), 401);
    place.server.admin("DELETE", &format!("/identities/{}/sessions", Uuid::nil())).must(404);
    let held = place.token();
    place.server.admin("DELETE", &format!("/admin/sessions/{}", held.id)).must(204);
    place.server.admin("DELETE", &path).must(204);
}

#[test]
fn admin_identity_list_is_expanded_counted_and_paged() {
    let place = Place::new();
    let held: Vec<Held> = (0..5).map(|_| place.token()).collect();
    let path = format!("/admin/identities/{}/sessions", place.ada);
    let page = place.server.admin("GET", &format!("{path}?per_page=2&page=2")).must(200);
    assert_eq!(ids(&page.json()), [held[0].id.as_str()]);
    assert_eq!(page.header("x-total-count"), "5");
    assert!(page.header("link").contains(&format!("<{path}?page=1&page_size=2&page_token=")));
    assert_eq!(page.json()[0]["identity"]["id"], place.ada.to_string());
    assert_eq!(page.json()[0]["devices"][0]["user_agent"], "Browser/1");
    assert!(page.json()[0]["identity"].get("credentials").is_none());
    let nobody = place.server.admin("GET", &format!("/admin/identities/{}/sessions", Uuid::nil()));
    assert_eq!((nobody.must(200).json(), 0), (serde_json::json!([]), 0));
}

#[test]
fn admin_extend_inside_and_outside_the_window() {
    let mut place =
        Place::with("{session_lifespan_minutes: 2880, session_extend_window_minutes: 60}");
    let held = place.token();
    let path = format!("/admin/sessions/{}", held.id);
    let end = |place: &Place| -> jiff::Timestamp {
        let text = place.server.admin("GET", &path).json()["expires_at"].clone();
        text.as_str().unwrap().parse().unwrap()
    };
    let extend =
        |place: &Place| place.server.admin("PATCH", &format!("{path}/extend")).must(200).json();
    let before = end(&place);
    assert_eq!(extend(&place)["expires_at"], before.to_string());
    assert_eq!(end(&place), before, "more than an hour is left");
    place.server.reconfigure("{session_lifespan_minutes: 2880}");
    let shown = extend(&place);
    let after = end(&place);
    assert_eq!(shown["expires_at"], after.to_string());
    assert_eq!(shown["identity"]["id"], place.ada.to_string());
    let gained = after.duration_since(before).as_hours();
    assert_eq!(gained, 24, "two days from now in place of one");
    place.server.reconfigure("{session_lifespan_minutes: 60}");
    extend(&place);
    assert_eq!(end(&place), after, "an extension never shortens");
    place.server.admin("DELETE", &path).must(204);
    place.server.reconfigure("{session_lifespan_minutes: 43200}");
    assert_eq!(extend(&place)["active"], false);
    assert_eq!((end(&place), place.whoami(&held)), (after, 401), "what is over stays over");
}

#[test]
fn the_last_sign_in_is_part_of_a_person_and_of_a_list_that_asks_for_it() {
    let place = Place::new();
    let one = format!("/admin/doorward/identities/{}", place.ada);
    let never = place.server.admin("GET", &one).must(200).json();
    assert_eq!(never.get("last_login"), Some(&serde_json::Value::Null));
    let held = place.token();
    let session = place.server.admin("GET", &format!("/admin/sessions/{}", held.id)).json();
    let shown = place.server.admin("GET", &one).must(200).json();
    let login = serde_json::json!({
        "at": session["authenticated_at"], "method": "password", "provider": null, "ip": "192.0.2.7"
    });
    assert_eq!(shown["last_login"], login);
    let list = "/admin/doorward/identities/search";
    let asked = place.server.admin("GET", &format!("{list}?last_login=true")).must(200).json();
    assert_eq!(asked["identities"][0]["last_login"], login);
    let plain = place.server.admin("GET", list).must(200).json();
    assert!(plain["identities"][0].get("last_login").is_none());
    assert_eq!(place.server.admin("GET", &format!("{list}?last_login=maybe")).code, 400);
    let kratos = place.server.admin("GET", &format!("/admin/identities/{}", place.ada)).json();
    assert!(kratos.get("last_login").is_none(), "the shape of Kratos stays as it is");
    let told = place.action(&["get-identity", "email=ada@example.com"]);
    assert_eq!(told["last-login"]["method"], "password");
    assert_eq!(told["last-login"]["ip"], "192.0.2.7");
    let told = place.action(&["list-identities"]);
    assert_eq!(told["identities"][place.ada.to_string()]["last-login"]["at"], login["at"]);
}
