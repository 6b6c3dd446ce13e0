//! Passwords that people choose and sign in with, on both engines.

use doorward::domain::credential::{Credential, CredentialType};
use doorward::domain::identity::Identity;
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::Event;
use doorward::domain::policy::PasswordProblem;
use doorward::domain::status::Status;
use doorward::error::Error;
use doorward::service::identities::GivenCredential;
use doorward::service::passwords::{
    self, Checked, Chosen, Others, Renewal, check, judge, prepare, renew,
};
use doorward::service::recovery;
use doorward::store::Change;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::passwords::sign_in;
use crate::support::{Realm, ledger, noon, person, with_password};

crate::on_both_engines! {
    auth_08_a_foreign_hash_verifies_and_is_replaced_once,
    auth_09_nobody_and_somebody_without_a_password_are_answered_alike,
    auth_06_a_new_password_ends_the_old_one_and_what_the_person_says,
    an_invited_person_becomes_active_with_a_password,
    auth_05_the_policy_is_asked_with_everything_known,
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn hash_of(identity: &Identity) -> Option<&str> {
    identity.credential(CredentialType::Password).and_then(Credential::password_hash)
}

fn compare(realm: &Realm, identity: &Identity, typed: &str) -> Checked {
    check(&realm.d, hash_of(identity), &secret(typed)).unwrap()
}

fn is_right(realm: &Realm, id: Uuid, typed: &str) -> bool {
    matches!(compare(realm, &realm.get(id), typed), Checked::Right { .. })
}

fn renewed(realm: &Realm, id: Uuid, renewal: &Renewal) -> bool {
    realm
        .d
        .store
        .write(&realm.by.author(), |tx| {
            Ok::<_, Error>(match renew(tx, id, renewal, noon())? {
                None => Change::none(false),
                Some(event) => Change::of(true, event, []),
            })
        })
        .unwrap()
}

fn auth_08_a_foreign_hash_verifies_and_is_replaced_once(realm: &Realm) {
    let mut request = person("ada@example.com");
    request.credentials = vec![GivenCredential {
        kind: CredentialType::Password,
        identifiers: Vec::new(),
        config: json!({"hashed_password": "$md5$4QrcOUm6Wau+VuBX8g+IPg=="}),
    }];
    let id = realm.create(request).unwrap().id;
    let before = realm.get(id);
    assert!(!is_right(realm, id, "123457"));
    let Checked::Right { renewal: Some(renewal) } = compare(realm, &before, "123456") else {
        panic!("a hash of MD5 is to be replaced");
    };
    assert_eq!(format!("{renewal:?}"), "Renewal(..)");
    assert!(renewed(realm, id, &renewal));
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["type"], "credential.changed");
    assert_eq!(entry["data"]["algorithm"], "argon2id");
    let hash = |realm: &Realm| {
        let read = realm.get(id);
        read.credential(CredentialType::Password).unwrap().password_hash().unwrap().to_owned()
    };
    assert!(hash(realm).starts_with("$argon2id$"));
    let Checked::Right { renewal: None } = compare(realm, &realm.get(id), "123456") else {
        panic!("it was replaced");
    };
    let kept = hash(realm);
    assert!(!renewed(realm, id, &renewal), "the stored one is another by now");
    assert_eq!(hash(realm), kept);
}

fn auth_09_nobody_and_somebody_without_a_password_are_answered_alike(realm: &Realm) {
    let without = realm.person("eve@example.com");
    let with = realm.create(with_password("ada@example.com", "correct horse")).unwrap();
    let unusable = {
        let bob = realm.create(with_password("bob@example.com", "correct horse")).unwrap();
        realm
            .meddle(&format!(
                "UPDATE credentials SET config = '{{\"hashed_password\":\"$what$\"}}'
                 WHERE identity = {}",
                realm.row_of(bob.id)
            ))
            .unwrap();
        realm.get(bob.id)
    };
    for somebody in [None, Some(&without), Some(&with), Some(&unusable)] {
        for typed in ["wrong horse", "", &"x".repeat(5000), "e\u{301}"] {
            let checked = check(&realm.d, somebody.and_then(hash_of), &secret(typed)).unwrap();
            assert!(matches!(checked, Checked::Wrong), "{typed:.20}");
        }
    }
    assert!(is_right(realm, with.id, "correct horse"));
}

fn chosen(realm: &Realm, id: Uuid, typed: &str) -> Result<Chosen, PasswordProblem> {
    prepare(&realm.d, &realm.get(id), &secret(typed)).unwrap()
}

fn choose(realm: &Realm, id: Uuid, typed: &str, others: Others) {
    let chosen = chosen(realm, id, typed).unwrap();
    realm
        .d
        .store
        .write(&realm.by.author(), |tx| {
            let mut events = passwords::choose(tx, id, &chosen, others, noon())?.into_iter();
            let first = events.next().unwrap_or_else(|| Event::new(EventType::RecoveryFailed));
            Ok::<_, Error>(Change::of((), first, events))
        })
        .unwrap();
}

fn auth_06_a_new_password_ends_the_old_one_and_what_the_person_says(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    sign_in(realm, id, &[1, 2, 3]);
    recovery::issue_code(&realm.d, &realm.by, id).unwrap();
    assert_eq!(chosen(realm, id, "correct horse").unwrap_err(), PasswordProblem::SameAsOld);
    choose(realm, id, "a longer walk by night", Others::Keep);
    let live = || realm.number("SELECT count(*) FROM sessions WHERE active = 1");
    assert_eq!((live(), realm.number("SELECT count(*) FROM codes")), (3, 0));
    assert!(is_right(realm, id, "a longer walk by night"));
    assert!(!is_right(realm, id, "correct horse"));
    let kept = realm.rows("SELECT id FROM sessions ORDER BY n LIMIT 1", &[])[0].uuid(0).unwrap();
    choose(realm, id, "three sessions minus two", Others::EndBut(kept));
    assert_eq!(live(), 1);
    let entries = ledger::documents(&realm.d);
    let [.., change, ended] = entries.as_slice() else { panic!("two entries") };
    assert_eq!(change["type"], "credential.changed");
    assert_eq!(change["data"]["sessions_revoked"], 2);
    assert_eq!((&ended["type"], &ended["data"]["count"]), (&json!("session.revoked"), &json!(2)));
    choose(realm, id, "nobody stays signed in", Others::End);
    assert_eq!(live(), 0);
    ledger::must_be_whole(&realm.d);
}

fn an_invited_person_becomes_active_with_a_password(realm: &Realm) {
    let eve = realm.person("eve@example.com");
    assert_eq!(eve.status, Status::Invited);
    choose(realm, eve.id, "a quiet place to read", Others::Keep);
    assert_eq!(realm.get(eve.id).status, Status::Active);
    let history = realm.history();
    assert_eq!(history[history.len() - 2..], ["credential.added", "user.activated"]);
}

fn auth_05_the_policy_is_asked_with_everything_known(realm: &Realm) {
    let ada = realm.person("ada.lovelace@example.com");
    for (typed, problem) in [
        ("short", PasswordProblem::TooShort { min: 8, actual: 5 }),
        ("adalovelace", PasswordProblem::LikeIdentifier),
        ("sunshine", PasswordProblem::Common),
    ] {
        assert_eq!(chosen(realm, ada.id, typed).unwrap_err(), problem, "{typed}");
    }
    let list = realm.beside("leaked.txt");
    std::fs::write(&list, "quiet rivers run deep\n").unwrap();
    let mut d = realm.d.clone();
    d.options.password_blocklist = list.display().to_string();
    d.options.password_forbidden_words = "Acme Rockets".to_owned();
    let judged = |typed| judge(&d, &[], &json!({}), &secret(typed)).unwrap();
    assert_eq!(judged("Quiet Rivers Run Deep"), Err(PasswordProblem::Common));
    assert_eq!(judged("acme-rockets"), Err(PasswordProblem::LikeWord));
    assert_eq!(judged("still rivers run quick"), Ok(()));
    std::fs::remove_file(&list).unwrap();
    assert!(judge(&d, &[], &json!({}), &secret("still rivers run quick")).is_err());
}
