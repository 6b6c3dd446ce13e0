//! Locking and blocking.

use doorward::domain::status::{EffectiveStatus, Reason, Status};
use doorward::error::ErrorCode;
use doorward::service::status::{StatusChange, block, lock, unblock, unlock};
use doorward::service::{recovery, sessions};
use serde_json::json;
use uuid::Uuid;

use super::passwords::sign_in;
use crate::support::{Realm, ledger, noon, with_password};

crate::on_both_engines! {
    locking_keeps_sessions_and_blocking_ends_them,
    a_second_time_changes_nothing,
    what_the_table_does_not_allow_is_refused,
    a_lock_with_an_end_ends_by_itself,
    an_expired_account_is_expired_whatever_is_done_to_it,
    reason_note_and_end_are_kept_and_the_note_is_personal,
    bad_input_and_unknown_ids_change_nothing,
}

fn why() -> StatusChange {
    StatusChange::default()
}

fn until(time: &str) -> StatusChange {
    StatusChange { until: Some(time.parse().unwrap()), ..StatusChange::default() }
}

fn active(realm: &Realm) -> Uuid {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap().id
}

fn locking_keeps_sessions_and_blocking_ends_them(realm: &Realm) {
    let id = active(realm);
    sign_in(realm, id, &[1, 1, -1]);
    recovery::issue_code(&realm.d, &realm.by, id).unwrap();
    let receipt = lock(&realm.d, &realm.by, id, &why()).unwrap();
    assert_eq!((receipt.status, receipt.changed), (EffectiveStatus::Locked, true));
    assert_eq!(sessions::list(&realm.d, id).unwrap().len(), 3);
    let receipt = block(&realm.d, &realm.by, id, &why()).unwrap();
    assert_eq!((receipt.status, receipt.sessions_revoked), (EffectiveStatus::Blocked, 2));
    assert!(sessions::list(&realm.d, id).unwrap().is_empty());
    assert_eq!(realm.number("SELECT count(*) FROM codes"), 0);
    let receipt = unblock(&realm.d, &realm.by, id, &why()).unwrap();
    assert_eq!((receipt.status, receipt.sessions_revoked), (EffectiveStatus::Active, 0));
    lock(&realm.d, &realm.by, id, &why()).unwrap();
    unlock(&realm.d, &realm.by, id, &why()).unwrap();
    assert_eq!(realm.get(id).status, Status::Active);
    let types = realm.history();
    assert_eq!(
        types[types.len() - 5..],
        ["user.locked", "user.blocked", "user.unblocked", "user.locked", "user.unlocked"]
    );
    ledger::must_be_whole(&realm.d);
}

fn a_second_time_changes_nothing(realm: &Realm) {
    let id = active(realm);
    let pairs = [(lock as fn(&_, &_, _, &_) -> _, Status::Locked), (block, Status::Blocked)];
    for (change, status) in pairs {
        assert!(change(&realm.d, &realm.by, id, &why()).unwrap().changed);
        let before = realm.dump();
        realm.at("2026-07-02T12:00:00Z");
        let receipt = change(&realm.d, &realm.by, id, &why()).unwrap();
        assert!(!receipt.changed);
        assert_eq!(realm.dump(), before);
        assert_eq!(realm.get(id).status, status);
    }
}

fn what_the_table_does_not_allow_is_refused(realm: &Realm) {
    let invited = realm.person("eve@example.com").id;
    let id = active(realm);
    for change in [lock, unlock, block, unblock] {
        let error = change(&realm.d, &realm.by, invited, &why()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::StatusTransition);
    }
    block(&realm.d, &realm.by, id, &why()).unwrap();
    let before = realm.dump();
    for change in [lock, unlock] {
        let error = change(&realm.d, &realm.by, id, &why()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::StatusTransition);
    }
    assert_eq!(realm.dump(), before);
}

fn a_lock_with_an_end_ends_by_itself(realm: &Realm) {
    let id = active(realm);
    lock(&realm.d, &realm.by, id, &until("2026-07-01T13:00:00Z")).unwrap();
    let seen = |time: &str| realm.get(id).effective_status(time.parse().unwrap());
    assert_eq!(seen("2026-07-01T12:59:59Z"), EffectiveStatus::Locked);
    assert_eq!(seen("2026-07-01T13:00:00Z"), EffectiveStatus::Active);
    realm.at("2026-07-01T14:00:00Z");
    let receipt = unlock(&realm.d, &realm.by, id, &why()).unwrap();
    assert!(!receipt.changed, "it was active already");
    let receipt = lock(&realm.d, &realm.by, id, &why()).unwrap();
    assert!(receipt.changed);
    assert_eq!(realm.get(id).status_detail.until, None);
}

fn an_expired_account_is_expired_whatever_is_done_to_it(realm: &Realm) {
    let id = active(realm);
    realm
        .meddle(&format!("UPDATE identities SET expires_at = {}", noon().as_microsecond()))
        .unwrap();
    assert_eq!(realm.get(id).effective_status(noon()), EffectiveStatus::Expired);
    let receipt = lock(&realm.d, &realm.by, id, &why()).unwrap();
    assert_eq!((receipt.status, receipt.changed), (EffectiveStatus::Expired, true));
    assert_eq!(realm.get(id).status, Status::Locked);
}

fn reason_note_and_end_are_kept_and_the_note_is_personal(realm: &Realm) {
    let id = active(realm);
    let change = StatusChange {
        reason: Reason::Compromise,
        note: Some("seen on a forum".into()),
        ..until("2027-01-01T00:00:00Z")
    };
    block(&realm.d, &realm.by, id, &change).unwrap();
    let detail = realm.get(id).status_detail;
    assert_eq!(
        (detail.reason, detail.note, detail.until),
        (change.reason, change.note, change.until)
    );
    assert_eq!(detail.by.as_deref(), Some("action:test"));
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(
        entry["data"],
        json!({"from": "active", "reason": "compromise", "sessions_revoked": 0,
            "until": "2027-01-01T00:00:00Z"})
    );
    assert!(!entry.to_string().contains("forum"));
    assert!(entry["sd"]["note"].is_string());
}

fn bad_input_and_unknown_ids_change_nothing(realm: &Realm) {
    let id = active(realm);
    let before = realm.dump();
    let long = StatusChange { note: Some("x".repeat(513)), ..why() };
    for bad in [long, until("2026-07-01T12:00:00Z")] {
        let error = lock(&realm.d, &realm.by, id, &bad).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Invalid);
    }
    let error = lock(&realm.d, &realm.by, Uuid::nil(), &why()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    assert_eq!(realm.dump(), before);
}
