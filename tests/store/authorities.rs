//! Rights, and that somebody always administers.

use std::collections::BTreeSet;

use doorward::domain::authority::Authority;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::error::ErrorCode;
use doorward::service::identities::delete;
use doorward::service::status::{StatusChange, block};
use doorward::service::{Caller, authorities};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, ledger, with_password};

crate::on_both_engines! {
    a_set_is_made_exact_and_each_move_recorded,
    the_last_administrator_cannot_be_shut_out_by_a_person,
    nobody_shuts_themselves_out,
    an_operator_may_do_either,
    a_lapsed_lock_counts_as_an_administrator_and_an_expired_one_does_not,
}

fn set(realm: &Realm, by: &Caller, id: Uuid, to: &[Authority]) -> Result<(), ErrorCode> {
    let wanted = to.iter().copied().collect::<BTreeSet<_>>();
    authorities::set(&realm.d, by, id, &wanted)
        .map(|(identity, _)| assert_eq!(identity.authorities, wanted))
        .map_err(|error| error.code())
}

fn administrators(realm: &Realm, count: usize) -> Vec<Uuid> {
    (0..count)
        .map(|index| {
            let request = with_password(&format!("{index}@example.com"), "correct horse");
            let id = realm.create(request).unwrap().id;
            set(realm, &realm.by, id, &[Authority::Administrator]).unwrap();
            id
        })
        .collect()
}

fn user(id: Uuid) -> Caller {
    Caller::local(Actor::new(ActorKind::User, id.to_string()))
}

fn a_set_is_made_exact_and_each_move_recorded(realm: &Realm) {
    let id = realm.person("ada@example.com").id;
    set(realm, &realm.by, id, &[Authority::Developer]).unwrap();
    set(realm, &realm.by, id, &[Authority::Administrator]).unwrap();
    assert_eq!(realm.get(id).authorities, [Authority::Administrator].into());
    let documents = ledger::documents(&realm.d);
    let [granted, withdrawn] = &documents[documents.len() - 2..] else { unreachable!() };
    assert_eq!(granted["type"], "authority.granted");
    assert_eq!(granted["data"]["authorities"], json!(["ROLE_ADMINISTRATOR"]));
    assert_eq!(withdrawn["data"]["before"], json!(["ROLE_DEVELOPER"]));
    assert_eq!(withdrawn["data"]["after"], json!(["ROLE_ADMINISTRATOR"]));
    let before = realm.dump();
    set(realm, &realm.by, id, &[Authority::Administrator]).unwrap();
    assert_eq!(realm.dump(), before);
    assert_eq!(set(realm, &realm.by, Uuid::nil(), &[]), Err(ErrorCode::NotFound));
}

fn the_last_administrator_cannot_be_shut_out_by_a_person(realm: &Realm) {
    let all = administrators(realm, 1);
    let somebody = user(realm.person("eve@example.com").id);
    let before = realm.dump();
    assert_eq!(set(realm, &somebody, all[0], &[]), Err(ErrorCode::LastAdministrator));
    let blocked = block(&realm.d, &somebody, all[0], &StatusChange::default()).unwrap_err();
    assert_eq!(blocked.code(), ErrorCode::LastAdministrator);
    let deleted = delete(&realm.d, &somebody, all[0]).unwrap_err();
    assert_eq!(deleted.code(), ErrorCode::LastAdministrator);
    assert_eq!(realm.dump(), before);
}

fn nobody_shuts_themselves_out(realm: &Realm) {
    let all = administrators(realm, 2);
    assert_eq!(set(realm, &user(all[0]), all[0], &[]), Err(ErrorCode::SelfAction));
    let deleted = delete(&realm.d, &user(all[0]), all[0]).unwrap_err();
    assert_eq!(deleted.code(), ErrorCode::SelfAction);
    set(realm, &user(all[1]), all[0], &[]).unwrap();
}

fn an_operator_may_do_either(realm: &Realm) {
    let all = administrators(realm, 1);
    set(realm, &realm.by, all[0], &[]).unwrap();
    delete(&realm.d, &realm.by, all[0]).unwrap();
}

fn a_lapsed_lock_counts_as_an_administrator_and_an_expired_one_does_not(realm: &Realm) {
    let all = administrators(realm, 2);
    let until = Some("2026-07-01T13:00:00Z".parse().unwrap());
    block(&realm.d, &realm.by, all[1], &StatusChange { until, ..StatusChange::default() }).unwrap();
    let somebody = user(realm.person("eve@example.com").id);
    assert_eq!(set(realm, &somebody, all[0], &[]), Err(ErrorCode::LastAdministrator));
    realm.at("2026-07-01T13:00:00Z");
    set(realm, &somebody, all[0], &[]).unwrap();
}
