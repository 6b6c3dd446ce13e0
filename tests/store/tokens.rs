//! Tokens for the admin port, and what the ledger says of their use.

use doorward::domain::api_token::{Need, Scope};
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::error::ErrorCode;
use doorward::service::admission::{Verdict, Visit, decide, settle};
use doorward::service::flood::Flood;
use doorward::service::tokens::{self, CreateToken, Created};
use doorward::service::{Caller, Origin};
use secrecy::{ExposeSecret, SecretString};

use crate::support::{Realm, ledger};

crate::on_both_engines! {
    a_token_opens_until_its_time_is_over_or_it_is_revoked,
    a_use_is_noted_once_an_hour_with_an_entry,
    al_28_refusals_are_counted_once_there_are_many,
    the_store_keeps_no_token,
}

fn make(realm: &Realm, scope: Scope, expires_at: Option<&str>) -> Created {
    let request = CreateToken {
        name: "test".to_owned(),
        scope,
        expires_at: expires_at.map(|at| at.parse().unwrap()),
        token: None,
    };
    tokens::create(&realm.d, &realm.by, request).unwrap()
}

fn visit(token: Option<&Created>, need: Need) -> Visit {
    let by = Caller {
        origin: Origin { ip: Some("192.0.2.7".to_owned()), user_agent: None },
        ..Caller::local(Actor::new(ActorKind::Anonymous, "-"))
    };
    Visit {
        need,
        method: "GET".to_owned(),
        resource: "/identities".to_owned(),
        token: token.map(|created| created.token.clone().unwrap()),
        by,
    }
}

fn asked(realm: &Realm, flood: &Flood, visit: &Visit) -> Verdict {
    let answer = decide(&realm.d, flood, visit).unwrap();
    assert!(answer.unrecorded.is_none(), "{answer:?}");
    answer.verdict
}

fn a_token_opens_until_its_time_is_over_or_it_is_revoked(realm: &Realm) {
    let flood = Flood::default();
    let read = make(realm, Scope::Read, Some("2026-07-02T00:00:00Z"));
    let write = make(realm, Scope::Write, None);
    let ask = |token, need| asked(realm, &flood, &visit(token, need));
    assert_eq!(ask(Some(&read), Need::Read), Verdict::Admitted(read.kept.id));
    assert_eq!(ask(Some(&read), Need::Write), Verdict::TooLittle);
    assert_eq!(ask(Some(&write), Need::Write), Verdict::Admitted(write.kept.id));
    assert_eq!(ask(None, Need::Read), Verdict::Refused);
    realm.at("2026-07-02T00:00:00Z");
    assert_eq!(ask(Some(&read), Need::Read), Verdict::Refused);
    assert_eq!(ask(Some(&read), Need::Write), Verdict::Refused, "not even its scope is told");
    assert!(tokens::revoke(&realm.d, &realm.by, write.kept.id).unwrap());
    assert!(!tokens::revoke(&realm.d, &realm.by, write.kept.id).unwrap());
    assert_eq!(ask(Some(&write), Need::Write), Verdict::Refused);
    let missing = tokens::revoke(&realm.d, &realm.by, uuid::Uuid::nil()).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::NotFound);
    let listed = tokens::list(&realm.d).unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|token| token.last_used_at.is_some()));
    ledger::must_be_whole(&realm.d);
}

fn a_use_is_noted_once_an_hour_with_an_entry(realm: &Realm) {
    let flood = Flood::default();
    let token = make(realm, Scope::Read, None);
    let uses = || realm.history().iter().filter(|kind| *kind == "client.auth.success").count();
    for _ in 0..3 {
        asked(realm, &flood, &visit(Some(&token), Need::Read));
    }
    assert_eq!(uses(), 1);
    realm.at("2026-07-01T12:59:59Z");
    asked(realm, &flood, &visit(Some(&token), Need::Read));
    assert_eq!(uses(), 1);
    realm.at("2026-07-01T13:00:00Z");
    asked(realm, &flood, &visit(Some(&token), Need::Read));
    assert_eq!(uses(), 2);
    let last = ledger::documents(&realm.d).pop().unwrap();
    let id = token.kept.id.to_string();
    assert_eq!(
        (&last["actor"]["kind"], &last["actor"]["id"]),
        (&"admin_api".into(), &id.clone().into())
    );
    assert_eq!(last["client"], id.as_str());
}

fn al_28_refusals_are_counted_once_there_are_many(realm: &Realm) {
    let flood = Flood::default();
    for _ in 0..500 {
        asked(realm, &flood, &visit(None, Need::Read));
    }
    let count = |kind: &str| realm.history().iter().filter(|found| *found == kind).count();
    assert_eq!((count("client.auth.failure"), count("ledger.coalesced")), (10, 0));
    settle(&realm.d, &flood, false).unwrap();
    assert_eq!(count("ledger.coalesced"), 0, "the minute is not over");
    realm.at("2026-07-01T12:01:00Z");
    settle(&realm.d, &flood, false).unwrap();
    let last = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(last["type"], "ledger.coalesced");
    assert_eq!(last["data"]["count"], 490);
    settle(&realm.d, &flood, true).unwrap();
    assert_eq!(count("ledger.coalesced"), 1);
    ledger::must_be_whole(&realm.d);
}

fn the_store_keeps_no_token(realm: &Realm) {
    let flood = Flood::default();
    let token = make(realm, Scope::Write, None);
    asked(realm, &flood, &visit(Some(&token), Need::Write));
    let mut wrong = visit(None, Need::Write);
    wrong.token = Some(SecretString::from("dw_admin_marker-of-a-lost-token"));
    asked(realm, &flood, &wrong);
    let dump = realm.dump();
    let token = token.token.unwrap();
    assert!(dump.contains("test"), "the dump has the table");
    assert!(!dump.contains(&token.expose_secret()[9..]));
    assert!(!dump.contains("marker-of-a-lost-token"));
}
