//! Sessions by the library, on both engines, with a clock that is moved.

use doorward::domain::session::{Aal, Method, MethodKind, Session};
use doorward::error::ErrorCode;
use doorward::service::sessions::{
    self, Carrier, Denied, Listed, Presented, SignIn, Slice, check, issue,
};
use doorward::service::status::{StatusChange, block, lock};
use doorward::service::{Caller, Origin};
use doorward::store::sql::flow_errors;
use jiff::{SignedDuration, ToSpan as _};
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, with_password};

crate::on_both_engines! {
    sess_04_a_session_ends_when_its_time_is_over_and_comes_back_with_no_clock,
    only_active_accounts_get_a_session_and_blocked_ones_lose_theirs,
    a_person_sees_and_ends_only_their_own_other_sessions,
    signing_out_needs_the_token_of_the_session,
    lists_of_all_sessions_are_filtered_and_paged,
    an_extension_counts_from_now_and_is_recorded,
    a_second_factor_is_asked_of_those_who_have_one,
    what_is_kept_for_an_error_page_ends_by_itself,
    when_a_session_was_last_used_is_written_down_where_it_is_news,
}

const ALL: Slice = Slice { limit: 100, offset: 0 };

fn ada(realm: &Realm) -> Uuid {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap().id
}

fn sign_in(realm: &Realm, who: Uuid, aals: &[Aal]) -> Result<(Session, Presented), ErrorCode> {
    let now = realm.d.clock.now();
    let methods = aals.iter().map(|aal| Method::new(MethodKind::Code, *aal, now)).collect();
    let request = SignIn { identity_id: who, methods, carrier: Carrier::Cookie, lifespan: None };
    let origin = Origin { ip: Some("192.0.2.7".into()), user_agent: Some("Browser/1".into()) };
    let by = Caller { origin, ..realm.by.clone() };
    let issued = issue(&realm.d, &by, &request).map_err(|error| error.code())?;
    let presented = Presented::cookie(issued.secret.expose_secret()).unwrap();
    Ok((issued.session, presented))
}

fn one(realm: &Realm, who: Uuid) -> (Session, Presented) {
    sign_in(realm, who, &[Aal::One]).unwrap()
}

fn works(realm: &Realm, presented: &Presented) -> bool {
    match check(&realm.d, Some(presented)) {
        Ok(_) => true,
        Err(Denied::NoSession) => false,
        Err(other) => panic!("{other:?}"),
    }
}

fn sess_04_a_session_ends_when_its_time_is_over_and_comes_back_with_no_clock(realm: &Realm) {
    let who = ada(realm);
    let (session, presented) = one(realm, who);
    assert_eq!(session.expires_at, noon() + 24.hours());
    let seen = check(&realm.d, Some(&presented)).unwrap();
    assert_eq!((&seen.session, seen.identity.id), (&session, who));
    let stored = realm.get(who);
    assert_eq!(seen.identity.verifiable_addresses, stored.verifiable_addresses);
    assert_eq!(seen.identity.recovery_addresses, stored.recovery_addresses);
    assert_eq!(seen.identity.traits, stored.traits);
    assert!(seen.identity.credentials.is_empty());
    realm.at("2026-07-02T11:59:59Z");
    assert!(works(realm, &presented));
    realm.at("2026-07-02T12:00:00Z");
    assert!(!works(realm, &presented));
    let found = sessions::extend(&realm.d, &realm.by, session.id).unwrap();
    assert_eq!(found.session.expires_at, session.expires_at, "what is over stays over");
    assert!(matches!(check(&realm.d, None), Err(Denied::NoSession)));
    let bare = SignIn {
        identity_id: Uuid::nil(),
        methods: Vec::new(),
        carrier: Carrier::Token,
        lifespan: Some(SignedDuration::from_secs(5)),
    };
    let error = issue(&realm.d, &realm.by, &bare).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

fn only_active_accounts_get_a_session_and_blocked_ones_lose_theirs(realm: &Realm) {
    let who = ada(realm);
    let (_, presented) = one(realm, who);
    lock(&realm.d, &realm.by, who, &StatusChange::default()).unwrap();
    assert!(works(realm, &presented));
    let before = realm.dump();
    assert_eq!(sign_in(realm, who, &[Aal::One]).unwrap_err(), ErrorCode::Forbidden);
    assert_eq!(realm.dump(), before);
    let receipt = block(&realm.d, &realm.by, who, &StatusChange::default()).unwrap();
    assert_eq!(receipt.sessions_revoked, 1);
    assert!(!works(realm, &presented));
    assert_eq!(sign_in(realm, who, &[Aal::One]).unwrap_err(), ErrorCode::Forbidden);
    ledger::must_be_whole(&realm.d);
}

fn a_person_sees_and_ends_only_their_own_other_sessions(realm: &Realm) {
    let who = ada(realm);
    let eve = realm.create(with_password("eve@example.com", "correct horse")).unwrap().id;
    let (d, by) = (&realm.d, &realm.by);
    let [(_, current), (a, a_held), (b, b_held)] = [(); 3].map(|()| one(realm, who));
    // Lists say when a session was last used; whoever has just signed in was there then.
    let [a, b] = [a, b].map(|one| Session { last_seen_at: Some(noon()), ..one });
    let (hers, hers_held) = one(realm, eve);
    let (_, found, count) = sessions::others(d, Some(&current), ALL).unwrap();
    assert_eq!((found.as_slice(), count), ([b.clone(), a.clone()].as_slice(), 2));
    let slice = Slice { limit: 1, offset: 1 };
    let (_, found, count) = sessions::others(d, Some(&current), slice).unwrap();
    assert_eq!((found.as_slice(), count), ([a.clone()].as_slice(), 2));
    sessions::revoke_own(d, by, Some(&current), hers.id).unwrap();
    sessions::revoke_own(d, by, Some(&current), Uuid::nil()).unwrap();
    assert!(works(realm, &hers_held));
    sessions::revoke_own(d, by, Some(&current), a.id).unwrap();
    assert!(!works(realm, &a_held));
    assert_eq!(sessions::revoke_others(d, by, Some(&current)).unwrap(), 1);
    assert_eq!(sessions::revoke_others(d, by, Some(&current)).unwrap(), 0);
    assert!(works(realm, &current) && !works(realm, &b_held) && works(realm, &hers_held));
    let types = realm.history();
    assert_eq!(types[types.len() - 3..], ["session.created", "session.revoked", "session.revoked"]);
    let (found, count) = sessions::of_identity(d, who, Some(false), ALL).unwrap();
    assert_eq!((found.len(), count), (2, 2));
    let ended = sessions::revoke_all(d, by, who).unwrap();
    assert_eq!((ended.removed, ended.live), (3, 1));
    assert!(!works(realm, &current));
}

fn signing_out_needs_the_token_of_the_session(realm: &Realm) {
    let who = ada(realm);
    let (d, by) = (&realm.d, &realm.by);
    let [(_, one_held), (_, other)] = [(); 2].map(|()| one(realm, who));
    let token = sessions::logout_token(d, Some(&one_held)).unwrap();
    let wrong = sessions::logout(d, by, Some(&other), &token);
    assert!(matches!(wrong, Err(Denied::Mismatch)), "{wrong:?}");
    sessions::logout(d, by, Some(&one_held), &token).unwrap();
    let again = sessions::logout(d, by, Some(&one_held), &token);
    assert!(matches!(again, Err(Denied::NoSession)), "{again:?}");
    sessions::sign_out(d, by, Some(&other)).unwrap();
    assert!(!works(realm, &one_held) && !works(realm, &other));
    let types = realm.history();
    assert_eq!(types[types.len() - 2..], ["auth.logout", "auth.logout"]);
}

fn lists_of_all_sessions_are_filtered_and_paged(realm: &Realm) {
    let who = ada(realm);
    let all: Vec<Uuid> = (0..5).map(|_| one(realm, who).0.id).collect();
    sessions::disable(&realm.d, &realm.by, all[2]).unwrap();
    let list = |active, page_token, page_size| {
        let request = Listed { active, with_identity: true, page_size, page_token };
        sessions::all(&realm.d, &request).unwrap()
    };
    let ids = |page: &doorward::service::Page<sessions::Shown>| -> Vec<Uuid> {
        page.items.iter().map(|shown| shown.session.id).collect()
    };
    let first = list(Some(true), None, 3);
    assert_eq!(ids(&first), [all[4], all[3], all[1]]);
    assert_eq!(first.items[0].identity.as_ref().unwrap().id, who);
    let second = list(Some(true), first.next_page_token, 3);
    assert_eq!((ids(&second), second.next_page_token), (vec![all[0]], None));
    assert_eq!(ids(&list(Some(false), None, 3)), [all[2]]);
    assert_eq!(ids(&list(None, None, 9)).len(), 5);
    realm.at("2026-07-02T12:00:00Z");
    assert_eq!(ids(&list(Some(false), None, 9)).len(), 5);
    assert!(ids(&list(Some(true), None, 9)).is_empty());
    let error = sessions::find(&realm.d, Uuid::nil(), true).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}

fn an_extension_counts_from_now_and_is_recorded(realm: &Realm) {
    let who = ada(realm);
    let (session, presented) = one(realm, who);
    realm.at("2026-07-02T11:00:00Z");
    let shown = sessions::extend(&realm.d, &realm.by, session.id).unwrap();
    assert_eq!(shown.session.expires_at, noon() + 47.hours());
    realm.at("2026-07-03T10:59:59Z");
    assert!(works(realm, &presented));
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["session"]),
        (&json!("session.extended"), &json!(session.id))
    );
    assert_eq!(entry["data"], json!({"expires_at": "2026-07-03T11:00:00Z"}));
    lock(&realm.d, &realm.by, who, &StatusChange::default()).unwrap();
    let error = sessions::extend(&realm.d, &realm.by, session.id).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatusTransition);
    ledger::must_be_whole(&realm.d);
}

fn a_second_factor_is_asked_of_those_who_have_one(realm: &Realm) {
    let who = ada(realm);
    realm
        .meddle(
            "INSERT INTO credentials (identity, kind, config, second, created_at, updated_at)
             SELECT n, 'totp', '{}', 1, 1, 1 FROM identities",
        )
        .unwrap();
    let (_, low) = sign_in(realm, who, &[Aal::One]).unwrap();
    let (_, high) = sign_in(realm, who, &[Aal::One, Aal::Two]).unwrap();
    let refused = check(&realm.d, Some(&low));
    assert!(matches!(refused, Err(Denied::SecondFactor)), "{refused:?}");
    assert_eq!(check(&realm.d, Some(&high)).unwrap().session.aal, Aal::Two);
}

fn what_is_kept_for_an_error_page_ends_by_itself(realm: &Realm) {
    let id = Uuid::from_u128(7);
    let error = json!({"code": 400});
    realm.plant(|tx| flow_errors::insert(tx, id, &error, noon(), noon() + 1.hour()).unwrap());
    let find = || doorward::service::flow_errors::find(&realm.d, id);
    assert_eq!(find().unwrap().error, error);
    realm.at("2026-07-01T13:00:00Z");
    assert_eq!(find().unwrap_err().code(), ErrorCode::NotFound);
}

fn when_a_session_was_last_used_is_written_down_where_it_is_news(realm: &Realm) {
    let who = ada(realm);
    let (session, presented) = one(realm, who);
    let (gone, _) = one(realm, who);
    let seen = || sessions::find(&realm.d, session.id, false).unwrap().session.last_seen_at;
    let rows = || realm.number("SELECT count(*) FROM sightings");
    let used_at = |time: &str| {
        realm.at(time);
        assert!(works(realm, &presented));
        sessions::write_down(&realm.d).unwrap()
    };
    let history = realm.history();
    assert_eq!((used_at("2026-07-01T12:09:59Z"), seen()), (0, Some(noon())));
    assert_eq!(used_at("2026-07-01T12:10:00Z"), 1);
    assert_eq!((used_at("2026-07-01T12:19:59Z"), rows()), (0, 1), "younger than ten minutes");
    assert_eq!(seen(), Some(noon() + 10.minutes()));
    assert_eq!((used_at("2026-07-01T12:30:00Z"), seen()), (1, Some(noon() + 30.minutes())));
    assert_eq!(sessions::write_down(&realm.d).unwrap(), 0, "nothing was used since");
    realm.d.sightings.note(gone.id, noon() + 40.minutes());
    realm.d.sightings.note(Uuid::nil(), noon() + 40.minutes());
    realm.meddle(&format!("DELETE FROM sessions WHERE id = '{}'", gone.id)).unwrap();
    assert_eq!((sessions::write_down(&realm.d).unwrap(), rows()), (0, 1), "what is gone is gone");
    assert_eq!(realm.history(), history, "it is nothing for the ledger");
    sessions::revoke_all(&realm.d, &realm.by, who).unwrap();
    assert_eq!(rows(), 0);
}
