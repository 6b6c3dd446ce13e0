//! Answers to the terms of service, on both engines.

use doorward::app::Deps;
use doorward::domain::session::{Aal, Method, MethodKind, Session};
use doorward::domain::terms::{Answer, Answered};
use doorward::error::ErrorCode;
use doorward::service::sessions::{self, Carrier, Denied, Presented, SignIn, check};
use doorward::service::{identities, terms, transfer};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, with_password};

crate::on_both_engines! {
    a_session_lacks_the_terms_until_its_owner_has_accepted_the_version_in_force,
    whoever_does_not_accept_loses_the_session_and_no_other,
    an_answer_is_taken_back_once_and_goes_with_the_person,
    an_answer_in_a_file_is_recorded_and_a_wrong_one_named_by_its_line,
}

/// The same realm with terms in force.
fn asking(realm: &Realm, version: &str) -> Deps {
    let mut d = realm.open();
    d.options.terms.url = "/terms".to_owned();
    d.options.terms.version = version.to_owned();
    d
}

fn ada(realm: &Realm) -> Uuid {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap().id
}

fn sign_in(realm: &Realm, who: Uuid) -> (Session, Presented) {
    let methods = vec![Method::new(MethodKind::Password, Aal::One, realm.d.clock.now())];
    let sign_in = SignIn { identity_id: who, methods, carrier: Carrier::Cookie, lifespan: None };
    let issued = sessions::issue(&realm.d, &realm.by, &sign_in).unwrap();
    let presented = Presented::cookie(issued.secret.expose_secret()).unwrap();
    (issued.session, presented)
}

/// What the session is good for.
fn standing(d: &Deps, presented: &Presented) -> &'static str {
    match check(d, Some(presented)) {
        Ok(_) => "good",
        Err(Denied::Terms) => "terms",
        Err(Denied::NoSession) => "over",
        Err(other) => panic!("{other:?}"),
    }
}

fn answer(realm: &Realm, session: &Session, version: &str, answer: Answer) {
    terms::answer(&realm.d, &realm.by, session, version, answer).unwrap();
}

fn a_session_lacks_the_terms_until_its_owner_has_accepted_the_version_in_force(realm: &Realm) {
    let ada = ada(realm);
    let (session, presented) = sign_in(realm, ada);
    assert_eq!(standing(&realm.d, &presented), "good", "nobody is asked");
    let first = asking(realm, "1");
    assert_eq!(standing(&first, &presented), "terms");
    answer(realm, &session, "1", Answer::Accepted);
    assert_eq!(standing(&first, &presented), "good");
    let second = asking(realm, "2");
    assert_eq!(standing(&second, &presented), "terms");
    let known = terms::of(&second, ada).unwrap();
    assert_eq!((known.as_str(), known.asked.as_deref()), ("unset", Some("2")));
    let last = Answered { answer: Answer::Accepted, version: "1".to_owned(), at: noon() };
    assert_eq!(known.last, Some(last));
    answer(realm, &session, "2", Answer::Accepted);
    assert_eq!(standing(&second, &presented), "good");
    assert_eq!(realm.number("SELECT count(*) FROM terms"), 1);
    ledger::must_be_whole(&realm.d);
}

fn whoever_does_not_accept_loses_the_session_and_no_other(realm: &Realm) {
    let ada = ada(realm);
    let (session, presented) = sign_in(realm, ada);
    let (_, other) = sign_in(realm, ada);
    answer(realm, &session, "1", Answer::Rejected);
    let standings = [&presented, &other].map(|one| standing(&realm.d, one));
    assert_eq!(standings, ["over", "good"]);
    assert_eq!(terms::of(&realm.d, ada).unwrap().as_str(), "rejected");
    let history = realm.history();
    assert_eq!(history[history.len() - 2..], ["terms.rejected", "session.revoked"]);
    assert_eq!(standing(&asking(realm, "1"), &other), "terms");
}

fn an_answer_is_taken_back_once_and_goes_with_the_person(realm: &Realm) {
    let ada = ada(realm);
    let (session, _) = sign_in(realm, ada);
    assert!(!terms::reset(&realm.d, &realm.by, ada).unwrap());
    answer(realm, &session, "1", Answer::Accepted);
    assert!(terms::reset(&realm.d, &realm.by, ada).unwrap());
    assert_eq!(terms::of(&realm.d, ada).unwrap().last, None);
    assert_eq!(realm.history().last().unwrap(), "terms.reset");
    let before = realm.dump();
    assert!(!terms::reset(&realm.d, &realm.by, ada).unwrap());
    assert_eq!(realm.dump(), before);
    answer(realm, &session, "1", Answer::Accepted);
    identities::delete(&realm.d, &realm.by, ada).unwrap();
    assert_eq!(realm.number("SELECT count(*) FROM terms"), 0);
    let gone = |error: doorward::error::Error| error.code();
    assert_eq!(terms::of(&realm.d, ada).map_err(gone), Err(ErrorCode::NotFound));
    assert_eq!(terms::reset(&realm.d, &realm.by, ada).map_err(gone), Err(ErrorCode::NotFound));
}

fn an_answer_in_a_file_is_recorded_and_a_wrong_one_named_by_its_line(realm: &Realm) {
    let path = realm.beside("terms.jsonl");
    let line = |n: u128, terms: Value| {
        let email = format!("p{n}@example.com");
        json!({"id": Uuid::from_u128(n), "traits": {"email": email}, "terms": terms}).to_string()
    };
    let given = |answer: &str, version: &str| json!({"answer": answer, "version": version, "answered_at": "2025-03-01T08:00:00Z"});
    for wrong in [given("perhaps", "1"), given("accepted", ""), json!({"answer": "accepted"})] {
        let text = format!("{}\n{}\n", line(1, given("accepted", "1")), line(2, wrong));
        std::fs::write(&path, text).unwrap();
        let error = transfer::import(&realm.d, &realm.by, &path, false).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Invalid);
        assert!(error.message().starts_with("Line 2"), "{error}");
    }
    let text = format!(
        "{}\n{}\n{}\n",
        line(1, given("accepted", "1")),
        line(2, given("rejected", "1")),
        line(3, Value::Null)
    );
    std::fs::write(&path, text).unwrap();
    assert_eq!(transfer::import(&realm.d, &realm.by, &path, false).unwrap().created, 3);
    let states = [1, 2, 3].map(|n| terms::of(&realm.d, Uuid::from_u128(n)).unwrap().as_str());
    assert_eq!(states, ["accepted", "rejected", "unset"]);
    let entries = ledger::documents(&realm.d);
    let about: Vec<_> = entries
        .iter()
        .filter(|entry| entry["type"].as_str().unwrap().starts_with("terms."))
        .map(|entry| (entry["type"].as_str().unwrap(), entry["data"].clone()))
        .collect();
    let data = json!({"imported": true, "version": "1"});
    assert_eq!(about, [("terms.accepted", data.clone()), ("terms.rejected", data)]);
    // Who is there already keeps what they answered.
    std::fs::write(&path, line(3, given("accepted", "1"))).unwrap();
    assert_eq!(transfer::import(&realm.d, &realm.by, &path, false).unwrap().skipped, 1);
    assert_eq!(terms::of(&realm.d, Uuid::from_u128(3)).unwrap().last, None);
}
