//! The identity schemas.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::Place;

#[test]
fn the_list_has_paging_headers_on_both_listeners_without_credentials() {
    let place = Place::new();
    let answers = [
        place.server.public("GET", "/schemas", &[]),
        place.get("/schemas"),
        place.get("/admin/schemas"),
    ];
    for answer in answers {
        let answer = answer.must(200);
        assert_eq!(answer.header("x-total-count"), "2");
        assert!(answer.header("link").contains("rel=\"first\""), "{answer:?}");
        let list = answer.json();
        let ids: Vec<&str> =
            list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["admin_v0", "social_user_v0"]);
        assert!(list[0]["schema"]["properties"]["traits"].is_object());
    }
    let first = place.get("/schemas?page_size=1&page_token=").must(200);
    assert_eq!(first.json().as_array().unwrap().len(), 1);
    let links = first.header("link");
    let next = links.split(',').find(|link| link.ends_with("rel=\"next\"")).unwrap();
    let next = next.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(place.get(next).must(200).json()[0]["id"], "social_user_v0");
}

#[test]
fn one_is_found_by_its_id_plain_or_in_base64url_and_is_what_was_configured() {
    let place = Place::new();
    let configured: Value =
        serde_json::from_str(include_str!("../../../schemas/social_user_v0.json")).unwrap();
    let id = "social_user_v0";
    for name in [id.to_owned(), URL_SAFE_NO_PAD.encode(id), URL_SAFE.encode(id)] {
        for answer in [
            place.server.public("GET", &format!("/schemas/{name}"), &[]),
            place.get(&format!("/admin/schemas/{name}")),
        ] {
            assert_eq!(answer.must(200).json(), configured, "{name}");
        }
    }
    let made = place.post(&json!({"traits": {"email": "ada@example.org"}}));
    let url = made["schema_url"].as_str().unwrap().to_owned();
    let path = &url[url.find("/schemas/").unwrap()..];
    assert_eq!(place.server.public("GET", path, &[]).must(200).json(), configured);
}

#[test]
fn an_unknown_schema_is_404() {
    let place = Place::new();
    for name in ["none", "bm9uZQ", "%00", "..%2f"] {
        place.server.public("GET", &format!("/schemas/{name}"), &[]).must(404);
    }
}
