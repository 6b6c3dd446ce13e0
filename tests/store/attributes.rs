//! Attribute sets through the use cases.

use doorward::domain::attributes::{Attribute, AttributeKind};
use doorward::error::ErrorCode;
use doorward::service::attributes::sets::{self, Definition, Values};
use doorward::service::attributes::{values, views};
use doorward::service::identities::CreateIdentity;
use doorward::service::transfer;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::{Realm, person};

crate::on_both_engines! {
    values_must_fit_wherever_they_come_from,
    several_who_set_values_at_once_each_leave_a_whole_one,
    a_provider_and_the_account_speak_under_the_same_keys,
    a_set_goes_with_its_values_or_not_at_all,
}

fn define(realm: &Realm, identifier: &str) {
    let attribute = |key: &str, kind, multiple| Attribute {
        key: key.to_owned(),
        name: String::new(),
        description: String::new(),
        kind,
        multiple,
    };
    let attributes = vec![
        attribute("desk", AttributeKind::Number, false),
        attribute("langs", AttributeKind::String, true),
    ];
    let definition = Definition { attributes, ..Definition::default() };
    sets::create(&realm.d, &realm.by, identifier, definition).unwrap();
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn set(realm: &Realm, id: Uuid, value: Value) -> Result<bool, ErrorCode> {
    values::set(&realm.d, &realm.by, id, "staff", map(value))
        .map(|(_, changed)| changed)
        .map_err(|error| error.code())
}

fn values_must_fit_wherever_they_come_from(realm: &Realm) {
    define(realm, "staff");
    let ada = realm.person("ada@example.com").id;
    let before = realm.dump();
    assert_eq!(set(realm, ada, json!({"desk": "x"})), Err(ErrorCode::Invalid));
    assert_eq!(set(realm, Uuid::nil(), json!({})), Err(ErrorCode::NotFound));
    let unknown = values::set(&realm.d, &realm.by, ada, "other", Map::new()).unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::NotFound);
    let bad = json!({"attributes": {"staff": {"desk": "x"}}});
    let request = CreateIdentity { metadata_admin: bad.clone(), ..person("b@example.com") };
    assert_eq!(realm.create(request).unwrap_err().code(), ErrorCode::Invalid);
    let path = realm.beside("bad.jsonl");
    let line = json!({"traits": {"email": "c@example.com"}, "metadata_admin": bad});
    std::fs::write(&path, format!("{line}\n")).unwrap();
    let refused = transfer::import(&realm.d, &realm.by, &path, false).unwrap_err();
    assert!(refused.message().contains("Line 1") && refused.message().contains("desk"));
    assert_eq!(realm.dump(), before);

    assert_eq!(set(realm, ada, json!({"desk": 4})), Ok(true));
    assert_eq!(set(realm, ada, json!({"desk": 4, "langs": null})), Ok(false));
    let good = json!({"attributes": {"staff": {"langs": ["de"]}, "free": 1}, "more": true});
    let request = CreateIdentity { metadata_admin: good, ..person("d@example.com") };
    let dan = realm.create(request).unwrap();
    assert!(realm.history().ends_with(&["user.invited".into(), "attribute.set".into()]));
    assert!(values::remove(&realm.d, &realm.by, dan.id, "staff").unwrap());
    assert!(!values::remove(&realm.d, &realm.by, dan.id, "staff").unwrap());
    let left = realm.get(dan.id).metadata_admin;
    assert_eq!(left, json!({"attributes": {"free": 1}, "more": true}));
    let odd = CreateIdentity { metadata_admin: json!("text"), ..person("e@example.com") };
    let odd = realm.create(odd).unwrap().id;
    assert_eq!(set(realm, odd, json!({"desk": 1})), Err(ErrorCode::Invalid));
}

fn several_who_set_values_at_once_each_leave_a_whole_one(realm: &Realm) {
    define(realm, "staff");
    define(realm, "other");
    let ada = realm.person("ada@example.com").id;
    std::thread::scope(|threads| {
        for n in 0..6 {
            threads.spawn(move || {
                let d = realm.open();
                let name = if n % 2 == 0 { "staff" } else { "other" };
                let given = map(json!({"desk": n, "langs": [n.to_string()]}));
                values::set(&d, &realm.by, ada, name, given).unwrap();
            });
        }
    });
    let metadata = realm.get(ada).metadata_admin;
    for name in ["staff", "other"] {
        let kept = &metadata["attributes"][name];
        assert_eq!(kept["langs"], json!([kept["desk"].to_string()]), "{kept}");
    }
    let set = realm.history().iter().filter(|kind| *kind == "attribute.set").count();
    assert_eq!(set, 6);
}

fn a_provider_and_the_account_speak_under_the_same_keys(realm: &Realm) {
    let path = realm.beside("linked.jsonl");
    let id = Uuid::from_u128(7);
    let line = json!({"id": id, "traits": {"email": "ada@example.com", "given_name": "Ada"},
        "credentials": {"oidc": {"config": {"providers": [{"provider": "google", "subject": "7",
            "claims": {"given_name": "Augusta", "email": "a@example.org", "hd": "example.org"}}]}}}});
    std::fs::write(&path, format!("{line}\n")).unwrap();
    transfer::import(&realm.d, &realm.by, &path, false).unwrap();
    let all = views::of(&realm.d, id).unwrap();
    let of = |account: &str, identifier: &str| {
        let view = all.iter().find(|view| view.account == account && view.identifier == identifier);
        Value::Object(view.unwrap().values.clone().unwrap())
    };
    assert_eq!(of("internal", "aac.basic")["name"], "Ada");
    assert_eq!(of("internal", "aac.openid")["given_name"], "Ada");
    assert_eq!(of("google:7", "aac.openid")["given_name"], "Augusta");
    assert_eq!(of("google:7", "aac.account")["id"], "google:7");
    assert_eq!(of("google:7", "google")["hd"], "example.org");
    assert!(all.iter().all(|view| view.source != views::Source::Realm));
}

fn a_set_goes_with_its_values_or_not_at_all(realm: &Realm) {
    // A name in which a pattern would see more than itself.
    for name in ["st_ff", "stxff"] {
        define(realm, name);
    }
    let people: Vec<Uuid> = (0..5).map(|n| realm.person(&format!("p{n}@example.com")).id).collect();
    for id in &people {
        for name in ["st_ff", "stxff"] {
            let given = map(json!({"desk": 1}));
            values::set(&realm.d, &realm.by, *id, name, given).unwrap();
        }
    }
    assert_eq!(sets::holders(&realm.d, "st_ff").unwrap(), 5);
    let before = realm.dump();
    let refused = sets::delete(&realm.d, &realm.by, "st_ff", Values::Refuse).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert_eq!(realm.dump(), before);
    assert_eq!(sets::delete(&realm.d, &realm.by, "st_ff", Values::Remove).unwrap(), 5);
    assert_eq!(sets::holders(&realm.d, "stxff").unwrap(), 5);
    assert_eq!(realm.get(people[0]).metadata_admin, json!({"attributes": {"stxff": {"desk": 1}}}));
    assert!(realm.history().ends_with(&["schema.deleted".to_owned()]));
}
