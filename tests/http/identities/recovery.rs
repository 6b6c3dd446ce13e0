//! Recovery codes that an administrator hands over.

use doorward::domain::identity::Identity;
use doorward::service::identities::{Selector, find};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{Place, reason, text};

#[test]
fn a_code_is_201_with_link_code_and_expiry_with_and_without_an_address() {
    let place = Place::new();
    let nobody = place.post(&json!({"schema_id": "admin_v0", "traits": {"username": "root"}}));
    for id in [place.person("ada@example.org"), text(&nobody["id"])] {
        let made =
            place.send("POST", "/admin/recovery/code", &json!({"identity_id": id})).must(201);
        let made = made.json();
        let keys: Vec<&String> = made.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["recovery_link", "recovery_code", "expires_at"]);
        let code = text(&made["recovery_code"]);
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        assert!(text(&made["recovery_link"]).contains("flow="), "{made}");
        let expires: Timestamp = text(&made["expires_at"]).parse().unwrap();
        let left = expires.duration_since(place.d.clock.now());
        assert!(left > SignedDuration::from_mins(55) && left <= SignedDuration::from_mins(60));
        let identity: Identity = find(&place.d, &Selector::Id(id.parse().unwrap())).unwrap();
        assert!(identity.verifiable_addresses.iter().all(|address| !address.verified));
    }
}

#[test]
fn the_expiry_is_respected_and_has_no_upper_bound() {
    let place = Place::new();
    let id = place.person("ada@example.org");
    for (text_of, seconds) in [("15m", 900), ("1h30m", 5400), ("720h", 2_592_000), ("1.5s", 1)] {
        let body = json!({"identity_id": id, "expires_in": text_of, "flow_type": "api"});
        let made = place.send("POST", "/admin/recovery/code", &body).must(201).json();
        let expires: Timestamp = text(&made["expires_at"]).parse().unwrap();
        let left = expires.duration_since(place.d.clock.now()).as_secs();
        assert!((left - seconds).abs() <= 5, "{text_of}: {left}");
    }
}

#[test]
fn bad_input_is_400_and_an_unknown_identity_404() {
    let place = Place::new();
    let id = place.person("ada@example.org");
    let bad = [
        json!({"identity_id": id, "expires_in": "soon"}),
        json!({"identity_id": id, "expires_in": "-1h"}),
        json!({"identity_id": id, "expires_in": "0s"}),
        json!({"identity_id": id, "expires_in": "9999999h"}),
        json!({"identity_id": id, "flow_type": "carrier pigeon"}),
        json!({"identity_id": "nonsense"}),
        json!({}),
        json!([]),
    ];
    for body in bad {
        let refused = place.send("POST", "/admin/recovery/code", &body).must(400);
        assert!(!reason(&refused).is_empty(), "{body}");
    }
    let body = json!({"identity_id": Uuid::nil()});
    let unknown = place.send("POST", "/admin/recovery/code", &body).must(404);
    assert_eq!(reason(&unknown), "could not find identity");
    let url = format!("{}/admin/recovery/code", place.server.admin);
    place.server.ask("POST", &url, &[("content-type", "application/json")], "").must(400);
    place.server.ask("POST", &url, &[], "").must(400);
}

#[test]
fn the_link_method_is_off_and_404() {
    let place = Place::new();
    let id = place.person("ada@example.org");
    place.send("POST", "/admin/recovery/link", &json!({"identity_id": id})).must(404);
    place.raw("POST", "/admin/recovery/link", "").must(404);
}
