//! Finding an identity by id and by anything it signs in with.

use doorward::domain::credential::{Credential, CredentialType};
use doorward::error::ErrorCode;
use doorward::service::identities::{CreateIdentity, Selector, find};
use doorward::store::sql::credentials;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, noon};

crate::on_both_engines! {
    input_04_an_identifier_is_found_in_every_case_and_composition,
    an_identity_is_found_by_id_and_nothing_else_is,
    an_identifier_of_two_people_is_ambiguous,
    a_subject_at_a_provider_keeps_its_case,
    input_06_an_identifier_is_never_a_pattern,
}

fn by(realm: &Realm, identifier: &str) -> Result<Uuid, ErrorCode> {
    find(&realm.d, &Selector::Identifier(identifier.to_owned()))
        .map(|identity| identity.id)
        .map_err(|error| error.code())
}

fn input_04_an_identifier_is_found_in_every_case_and_composition(realm: &Realm) {
    let id = realm.person("Jos\u{e9}.\u{130}@Example.COM").id;
    for typed in [
        "jos\u{e9}.i\u{307}@example.com",
        "JOSE\u{301}.\u{130}@EXAMPLE.com",
        "  jos\u{e9}.\u{130}@example.com\t",
        "\u{ff4a}os\u{e9}.\u{130}@example.com",
    ] {
        assert_eq!(by(realm, typed), Ok(id), "{typed:?}");
    }
    let long = format!("{}@example.com", "l".repeat(64));
    let quoted = "\"a b\"@example.com";
    for address in [long.as_str(), quoted] {
        let id = realm.person(address).id;
        assert_eq!(by(realm, &address.to_uppercase()), Ok(id));
    }
}

fn an_identity_is_found_by_id_and_nothing_else_is(realm: &Realm) {
    let made = realm.person("ada@example.com");
    assert_eq!(realm.get(made.id).traits, made.traits);
    let other = find(&realm.d, &Selector::Id(Uuid::nil())).unwrap_err();
    assert_eq!(other.code(), ErrorCode::NotFound);
    assert_eq!(by(realm, &made.id.to_string()), Err(ErrorCode::NotFound));
    assert_eq!(by(realm, ""), Err(ErrorCode::NotFound));
}

fn an_identifier_of_two_people_is_ambiguous(realm: &Realm) {
    let (one, two) = (realm.person("one@example.com"), realm.person("two@example.com"));
    // Kinds of credential have name spaces of their own, so this can come about.
    let n = realm.row_of(two.id);
    realm.plant(|tx| {
        let totp = Credential {
            kind: CredentialType::Totp,
            identifiers: vec!["one@example.com".into()],
            config: json!({"totp_url": "otpauth://x"}),
            created_at: noon(),
            updated_at: noon(),
        };
        credentials::insert(tx, n, &totp).unwrap();
    });
    assert_eq!(by(realm, "one@example.com"), Err(ErrorCode::Ambiguous));
    assert_eq!(by(realm, "two@example.com"), Ok(two.id));
    assert_eq!(realm.get(one.id).id, one.id);
}

fn a_subject_at_a_provider_keeps_its_case(realm: &Realm) {
    let made = realm.person("ada@example.com");
    let n = realm.row_of(made.id);
    realm.plant(|tx| {
        let link = Credential {
            kind: CredentialType::Oidc,
            identifiers: vec!["google:AbC".into()],
            config: json!({"providers": [{"provider": "google", "subject": "AbC"}]}),
            created_at: noon(),
            updated_at: noon(),
        };
        credentials::insert(tx, n, &link).unwrap();
    });
    assert_eq!(by(realm, " google:AbC "), Ok(made.id));
    assert_eq!(by(realm, "google:abc"), Err(ErrorCode::NotFound));
}

fn input_06_an_identifier_is_never_a_pattern(realm: &Realm) {
    realm
        .create(CreateIdentity {
            schema_id: Some("admin_v0".into()),
            traits: json!({"username": "a_b"}),
            ..CreateIdentity::default()
        })
        .unwrap();
    for typed in ["axb", "a%", "%", "' OR 1=1 --", "a_b\u{0}", "\u{0}", "a*", "\"a_b\""] {
        assert_eq!(by(realm, typed), Err(ErrorCode::NotFound), "{typed:?}");
    }
    assert!(by(realm, "A_B").is_ok());
}
