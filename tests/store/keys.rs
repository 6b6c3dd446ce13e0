//! Security keys and passkeys with an authenticator in software, on both engines.

use doorward::domain::credential::CredentialType;
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::Event;
use doorward::error::{Error, ErrorCode};
use doorward::service::factors::keys::{
    self, Ceremony, Use, Verdict, ask, enrol, list, offer, owner,
};
use doorward::service::factors::second_factors_of;
use doorward::service::identities::{CreateIdentity, GivenCredential};
use doorward::store::{Change, WriteTx};
use serde_json::json;
use uuid::Uuid;

use crate::support::authenticator::Authenticator;
use crate::support::{Realm, ledger, noon, person, with_password};

crate::on_both_engines! {
    auth_13_a_security_key_is_a_second_factor,
    auth_13_what_was_not_asked_is_no_answer,
    auth_13_a_copied_key_is_refused_and_marked,
    auth_13_a_passkey_signs_in_without_a_name_and_must_be_unlocked,
    a_passkey_of_somebody_else_opens_nothing,
    keys_from_kratos_work,
    the_last_way_to_sign_in_stays,
    a_new_account_can_begin_with_a_passkey,
}

const ORIGIN: &str = "http://localhost:4433";

fn authenticator() -> Authenticator {
    Authenticator::at(ORIGIN, "localhost")
}

fn ada(realm: &Realm) -> Uuid {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap().id
}

fn step<T>(
    realm: &Realm,
    job: impl FnOnce(&WriteTx<'_>) -> Result<(T, Option<Event>), Error>,
) -> Result<T, Error> {
    realm.d.store.write(&realm.by.author(), |tx| {
        let (value, event) = job(tx)?;
        Ok(match event {
            None => Change::none(value),
            Some(event) => Change::of(value, event, []),
        })
    })
}

/// As flows do it: the ceremony waits, sealed, for the answer.
fn kept(realm: &Realm, ceremony: &Ceremony) -> Ceremony {
    let flow = Uuid::from_u128(9);
    let sealed = ceremony.seal(&realm.d, flow).unwrap();
    let challenge = ceremony.options["publicKey"]["challenge"].as_str().unwrap();
    assert!(!sealed.contains(challenge));
    assert!(Ceremony::open(&realm.d, Uuid::from_u128(8), &sealed).is_err(), "bound to its flow");
    let opened = Ceremony::open(&realm.d, flow, &sealed).unwrap();
    assert_eq!(opened.options, ceremony.options);
    opened
}

fn register(realm: &Realm, id: Uuid, what: Use, key: &mut Authenticator) -> Result<bool, Error> {
    let ceremony = offer(&realm.d, &realm.get(id), what).unwrap().unwrap();
    let answer = key.create(&ceremony.options);
    let ceremony = kept(realm, &ceremony);
    step(realm, |tx| {
        let event = enrol(&realm.d, tx, id, what, &ceremony, &answer, " Blue one ")?;
        Ok((event.is_some(), event))
    })
}

fn verify(realm: &Realm, id: Uuid, what: Use, ceremony: &Ceremony, answer: &str) -> Verdict {
    step(realm, |tx| {
        let verdict = keys::verify(&realm.d, tx, id, what, ceremony, answer)?;
        let event = match &verdict {
            Verdict::Right { .. } => Some(Event::new(EventType::AuthMfaSuccess).principal(id)),
            Verdict::Cloned(event) => Some(event.clone()),
            Verdict::Wrong | Verdict::NotEnrolled => None,
        };
        Ok((verdict, event))
    })
    .unwrap()
}

fn asked(realm: &Realm, id: Uuid, what: Use) -> Ceremony {
    ask(&realm.d, Some(&realm.get(id)), what).unwrap().unwrap()
}

fn auth_13_a_security_key_is_a_second_factor(realm: &Realm) {
    let (id, what) = (ada(realm), Use::SecondFactor);
    assert!(ask(&realm.d, Some(&realm.get(id)), what).unwrap().is_none(), "no key yet");
    let mut key = authenticator();
    key.verifies = false;
    assert!(register(realm, id, what, &mut key).unwrap());
    let read = realm.get(id);
    assert_eq!(second_factors_of(&read), [CredentialType::Webauthn]);
    let config = &read.credential(CredentialType::Webauthn).unwrap().config;
    let entry = &config["credentials"][0];
    assert_eq!(
        (&entry["display_name"], &entry["is_passwordless"], &entry["authenticator"]["sign_count"]),
        (&json!("Blue one"), &json!(false), &json!(1))
    );
    assert_eq!(entry["authenticator"]["aaguid"], "BwcHBwcHBwcHBwcHBwcHBw==");
    let seen = list(&read, what);
    assert_eq!((seen[0].id.as_str(), seen[0].added_at), (key.name().as_str(), noon()));
    assert_eq!(ledger::documents(&realm.d).pop().unwrap()["type"], "credential.added");
    assert!(!register(realm, id, what, &mut key).unwrap(), "registered already");

    let ceremony = kept(realm, &asked(realm, id, what));
    let allowed = &ceremony.options["publicKey"]["allowCredentials"];
    assert_eq!(allowed.as_array().unwrap().len(), 1);
    let answer = key.get(&ceremony.options, false);
    let right = Verdict::Right { user_verified: false };
    assert_eq!(verify(realm, id, what, &ceremony, &answer), right);
    let count = |realm: &Realm| {
        let read = realm.get(id);
        let config = &read.credential(CredentialType::Webauthn).unwrap().config;
        config["credentials"][0]["authenticator"]["sign_count"].as_i64().unwrap()
    };
    assert_eq!(count(realm), 2);
    let removed = step(realm, |tx| {
        let event = keys::remove(&realm.d, tx, id, what, &key.name())?;
        Ok((event.is_some(), event))
    });
    assert!(removed.unwrap());
    assert!(second_factors_of(&realm.get(id)).is_empty());
    assert_eq!(verify(realm, id, what, &ceremony, &answer), Verdict::NotEnrolled);
    ledger::must_be_whole(&realm.d);
}

fn auth_13_what_was_not_asked_is_no_answer(realm: &Realm) {
    let (id, what) = (ada(realm), Use::SecondFactor);
    let mut key = authenticator();
    assert!(register(realm, id, what, &mut key).unwrap());
    let before = realm.dump();
    let (one, other) = (asked(realm, id, what), asked(realm, id, what));
    let wrong = |answer: &str| {
        assert_eq!(verify(realm, id, what, &one, answer), Verdict::Wrong, "{answer:.60}");
    };
    wrong(&key.get(&other.options, false));
    for (origin, rp_id) in [
        ("http://localhost:4433", "example.com"),
        ("https://evil.example", "localhost"),
        ("http://localhost.evil.example", "localhost"),
        ("http://sub.localhost:4433", "localhost"),
    ] {
        (key.origin, key.rp_id) = (origin.to_owned(), rp_id.to_owned());
        wrong(&key.get(&one.options, false));
    }
    (key.origin, key.rp_id) = (ORIGIN.to_owned(), "localhost".to_owned());
    key.spoils = true;
    wrong(&key.get(&one.options, false));
    key.spoils = false;
    key.verifies = false;
    wrong(&key.get(&one.options, false));
    key.verifies = true;
    wrong(&authenticator().get(&one.options, false));
    for garbage in ["", "{}", "null", &"x".repeat(100_000)] {
        wrong(garbage);
    }
    let mut creation = authenticator();
    wrong(&creation.create(&offer(&realm.d, &realm.get(id), what).unwrap().unwrap().options));
    assert_eq!(realm.dump(), before);
    let mut elsewhere = Authenticator::at("https://evil.example", "localhost");
    assert!(!register(realm, id, what, &mut elsewhere).unwrap(), "made on another page");
    let right = verify(realm, id, what, &one, &key.get(&one.options, false));
    assert_eq!(right, Verdict::Right { user_verified: true });
}

fn auth_13_a_copied_key_is_refused_and_marked(realm: &Realm) {
    let (id, what) = (ada(realm), Use::SecondFactor);
    let mut key = authenticator();
    key.count.set(10);
    assert!(register(realm, id, what, &mut key).unwrap());
    let ceremony = asked(realm, id, what);
    let answer = key.get(&ceremony.options, false);
    assert!(matches!(verify(realm, id, what, &ceremony, &answer), Verdict::Right { .. }));
    // The same answer once more, and one of a copy that counts from where it was copied.
    key.count.set(4);
    for answer in [answer, key.get(&ceremony.options, false)] {
        let verdict = verify(realm, id, what, &ceremony, &answer);
        assert!(matches!(verdict, Verdict::Cloned(_)), "{verdict:?}");
    }
    let read = realm.get(id);
    let config = &read.credential(CredentialType::Webauthn).unwrap().config;
    let maker = &config["credentials"][0]["authenticator"];
    assert_eq!((&maker["clone_warning"], &maker["sign_count"]), (&json!(true), &json!(11)));
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["data"]["reason"], "clone_warning");
    assert_eq!(entry["outcome"], "failure");
}

fn auth_13_a_passkey_signs_in_without_a_name_and_must_be_unlocked(realm: &Realm) {
    let (id, what) = (ada(realm), Use::Passkey);
    let mut key = authenticator();
    key.verifies = false;
    assert!(!register(realm, id, what, &mut key).unwrap(), "nobody unlocked it");
    key.verifies = true;
    assert!(register(realm, id, what, &mut key).unwrap());
    assert_eq!(realm.get(id).first_factors(), 2);
    assert!(second_factors_of(&realm.get(id)).is_empty());

    let ceremony = kept(realm, &ask(&realm.d, None, what).unwrap().unwrap());
    assert!(ceremony.options["publicKey"]["allowCredentials"].as_array().is_none_or(Vec::is_empty));
    let answer = key.get(&ceremony.options, true);
    assert_eq!(owner(&realm.d, &answer).unwrap().unwrap().id, id);
    let right = Verdict::Right { user_verified: true };
    assert_eq!(verify(realm, id, what, &ceremony, &answer), right);
    assert!(matches!(verify(realm, id, what, &ceremony, &answer), Verdict::Cloned(_)), "replayed");
    key.verifies = false;
    let answer = key.get(&ceremony.options, true);
    assert_eq!(verify(realm, id, what, &ceremony, &answer), Verdict::Wrong);
    key.verifies = true;
    for answer in [key.get(&ceremony.options, false), authenticator().get(&ceremony.options, true)]
    {
        assert!(owner(&realm.d, &answer).unwrap().is_none(), "it names nobody we know");
    }
    assert!(owner(&realm.d, "nonsense").unwrap().is_none());
}

fn a_passkey_of_somebody_else_opens_nothing(realm: &Realm) {
    let id = ada(realm);
    let eve = realm.create(with_password("eve@example.com", "correct horse")).unwrap().id;
    let (mut hers, mut other) = (authenticator(), authenticator());
    assert!(register(realm, id, Use::Passkey, &mut hers).unwrap());
    assert!(register(realm, eve, Use::Passkey, &mut other).unwrap());
    let ceremony = ask(&realm.d, None, Use::Passkey).unwrap().unwrap();
    for names_owner in [true, false] {
        let answer = other.get(&ceremony.options, names_owner);
        assert_eq!(verify(realm, id, Use::Passkey, &ceremony, &answer), Verdict::Wrong);
    }
    let answer = hers.get(&ceremony.options, true);
    assert_eq!(verify(realm, id, Use::SecondFactor, &ceremony, &answer), Verdict::NotEnrolled);
}

fn keys_from_kratos_work(realm: &Realm) {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let key = authenticator();
    let id = URL_SAFE_NO_PAD
        .decode(
            serde_json::from_str::<serde_json::Value>(
                &key.get(&json!({"publicKey": {"challenge": ""}}), false),
            )
            .unwrap()["rawId"]
                .as_str()
                .unwrap(),
        )
        .unwrap();
    let entry = |passwordless: bool| {
        json!({
            "id": STANDARD.encode(&id), "public_key": STANDARD.encode(key.public_key()),
            "attestation_type": "none", "authenticator": {"sign_count": 0, "clone_warning": false},
            "display_name": "Old", "added_at": "2025-01-02T03:04:05Z",
            "is_passwordless": passwordless,
        })
    };
    for (kind, what, passwordless) in [
        (CredentialType::Webauthn, Use::SecondFactor, false),
        (CredentialType::Webauthn, Use::Passwordless, true),
        (CredentialType::Passkey, Use::Passkey, false),
    ] {
        let mut request = person(&format!("{what:?}@example.com"));
        let config =
            json!({"credentials": [entry(passwordless), {"id": 7}], "user_handle": "aGFuZGxl"});
        request.credentials =
            vec![GivenCredential { kind, identifiers: vec!["aGFuZGxl".to_owned()], config }];
        let who = realm.create(request).unwrap().id;
        let ceremony = asked(realm, who, what);
        let answer = key.get(&ceremony.options, false);
        let right = Verdict::Right { user_verified: true };
        assert_eq!(verify(realm, who, what, &ceremony, &answer), right, "{what:?}");
        let read = realm.get(who);
        let kept = &read.credential(kind).unwrap().config;
        assert_eq!(kept["credentials"][1], json!({"id": 7}), "what is not understood stays");
        assert_eq!(kept["credentials"][0]["display_name"], "Old");
    }
}

fn the_last_way_to_sign_in_stays(realm: &Realm) {
    let id = realm.person("ada@example.com").id;
    let (mut one, mut two) = (authenticator(), authenticator());
    assert!(register(realm, id, Use::Passkey, &mut one).unwrap());
    assert!(register(realm, id, Use::Passkey, &mut two).unwrap());
    let remove = |name: String| {
        step(realm, |tx| {
            let event = keys::remove(&realm.d, tx, id, Use::Passkey, &name)?;
            Ok((event.is_some(), event))
        })
    };
    assert!(!remove("00".to_owned()).unwrap());
    assert!(remove(one.name()).unwrap());
    assert_eq!(remove(two.name()).unwrap_err().code(), ErrorCode::LastCredential);
    assert_eq!(list(&realm.get(id), Use::Passkey).len(), 1);
}

fn a_new_account_can_begin_with_a_passkey(realm: &Realm) {
    let id = Uuid::now_v7();
    let mut draft = realm.person("template@example.com");
    draft.id = id;
    draft.credentials.clear();
    let ceremony = offer(&realm.d, &draft, Use::Passkey).unwrap().unwrap();
    let mut key = authenticator();
    let answer = key.create(&ceremony.options);
    let given = keys::first(&realm.d, &draft, &ceremony, &answer, "Phone").unwrap().unwrap();
    let request =
        CreateIdentity { id: Some(id), credentials: vec![given], ..person("ada@example.com") };
    assert_eq!(realm.create(request).unwrap().first_factors(), 1);
    let ceremony = ask(&realm.d, None, Use::Passkey).unwrap().unwrap();
    let answer = key.get(&ceremony.options, true);
    assert_eq!(owner(&realm.d, &answer).unwrap().unwrap().id, id);
    let right = Verdict::Right { user_verified: true };
    assert_eq!(verify(realm, id, Use::Passkey, &ceremony, &answer), right);
}
