//! Sessions as signed tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::domain::session::{Aal, MethodKind};
use doorward::service::sessions::Carrier;
use jiff::SignedDuration;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::{Held, Place};

const OPTIONS: &str = r#"
external_url: https://id.example.com
session_token_templates: |
  {
    "plain": {},
    "long": {"ttl": "10m"},
    "payroll": {"subject_source": "external_id"},
    "mapped": {"claims_mapper": "local s = std.extVar('session'); {claims: {iss: 'x', sub: 'y', exp: 1, sid: 'z', mail: s.identity.traits.email, aal: s.authenticator_assurance_level, own: std.extVar('claims').sub}}"},
    "broken": {"claims_mapper": "{claims: error 'marker-9'}"},
    "shapeless": {"claims_mapper": "{}"},
    "reads": {"claims_mapper": "{claims: {x: importstr '/etc/passwd'}}"}
  }
"#;

fn ask(place: &Place, held: &Held, template: &str) -> crate::http::server::Answer {
    let path = format!("/sessions/whoami?tokenize_as={template}");
    place.server.public("GET", &path, &[("X-Session-Token", &held.secret)])
}

fn claims(place: &Place, token: &Value) -> Value {
    let answer = place.server.public("GET", "/.well-known/jwks.json", &[]).must(200);
    assert!(!answer.text.contains("\"d\""), "only the public half: {}", answer.text);
    let keys: JwkSet = serde_json::from_str(&answer.text).unwrap();
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&["https://id.example.com"]);
    let read = decode::<Value>(token.as_str().unwrap(), &key, &validation).unwrap();
    assert_eq!(read.header.kid, keys.keys[0].common.key_id);
    read.claims
}

#[test]
fn tokenize_as_produces_a_verifiable_jwt_and_an_unknown_template_is_400() {
    let place = Place::with(OPTIONS);
    let held = place.token();
    let answer = ask(&place, &held, "long").must(200).json();
    assert_eq!(answer["id"], held.id.as_str());
    let long = claims(&place, &answer["tokenized"]);
    assert_eq!(long["sub"], place.ada.to_string());
    assert_eq!((&long["sid"], &long["nbf"]), (&json!(held.id), &long["iat"]));
    assert_eq!(long["exp"].as_i64().unwrap() - long["iat"].as_i64().unwrap(), 600);
    let plain = claims(&place, &ask(&place, &held, "plain").must(200).json()["tokenized"]);
    assert_eq!(plain["exp"].as_i64().unwrap() - plain["iat"].as_i64().unwrap(), 60);
    assert_ne!(plain["jti"], long["jti"]);
    ask(&place, &held, "unknown").must(400);
    let without =
        place.server.public("GET", "/sessions/whoami", &[("X-Session-Token", &held.secret)]);
    assert!(without.json().get("tokenized").is_none());
    place.server.public("GET", "/sessions/whoami?tokenize_as=plain", &[]).must(401);
}

#[test]
fn tokenize_as_maps_claims_and_keeps_those_that_say_whose_it_is() {
    let place = Place::with(OPTIONS);
    let held = place.token();
    let mapped = claims(&place, &ask(&place, &held, "mapped").must(200).json()["tokenized"]);
    assert_eq!((&mapped["mail"], &mapped["aal"]), (&"ada@example.com".into(), &"aal1".into()));
    let ada = json!(place.ada.to_string());
    assert_eq!((&mapped["sub"], &mapped["own"], &mapped["sid"]), (&ada, &ada, &json!(held.id)));
    for template in ["broken", "shapeless", "reads"] {
        let answer = ask(&place, &held, template).must(500);
        assert!(!answer.text.contains("marker-9") && !answer.text.contains("root:"), "{answer:?}");
    }
}

#[test]
fn tokenize_as_takes_the_subject_from_the_template_and_never_outlives_the_session() {
    let place = Place::with(OPTIONS);
    let steps = [(MethodKind::Password, Aal::One)];
    let short = Some(SignedDuration::from_secs(100));
    let held = place.sign_in_for(place.ada, Carrier::Token, &steps, short);
    ask(&place, &held, "payroll").must(400);
    place.meddle("UPDATE identities SET external_id = 'payroll-7'");
    let payroll = claims(&place, &ask(&place, &held, "payroll").must(200).json()["tokenized"]);
    assert_eq!(payroll["sub"], "payroll-7");
    let answer = ask(&place, &held, "long").must(200).json();
    let end: jiff::Timestamp = answer["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(claims(&place, &answer["tokenized"])["exp"], end.as_second());
    let parts: Vec<&str> = answer["tokenized"].as_str().unwrap().split('.').collect();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&"ES256".into(), &"JWT".into()));
}
