//! No change without its entry, no entry without its change, and none taken back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use doorward::domain::authority::Authority;
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::Event;
use doorward::error::{Error, ErrorCode};
use doorward::service::identities::{self, Patch, UpdateIdentity};
use doorward::service::status::{self, StatusChange};
use doorward::service::{self, authorities, passwords, recovery, transfer};
use doorward::store::sql::settings;
use doorward::store::{Change, StoreError};
use secrecy::SecretString;
use serde_json::json;

use crate::support::{Realm, ledger, person, with_password};

crate::on_both_engines! {
    al_01_no_statement_changes_or_removes_an_entry,
    audit_02_a_change_that_fails_half_way_leaves_neither_change_nor_entry,
    audit_02_a_change_that_panics_half_way_leaves_neither_change_nor_entry,
    audit_02_what_is_handed_back_as_no_change_is_undone,
    audit_02_an_entry_that_cannot_be_sealed_undoes_the_change,
    audit_02_a_later_event_that_cannot_be_sealed_undoes_the_earlier_ones,
    audit_05_what_cannot_be_recorded_is_refused_and_nothing_changed,
    a_reading_transaction_cannot_write,
}

fn audit_05_what_cannot_be_recorded_is_refused_and_nothing_changed(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    let (stop, go) = if realm.database().is_some() {
        (
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$;
             CREATE TRIGGER stop BEFORE INSERT ON ledger_entries
             FOR EACH ROW EXECUTE FUNCTION stop();",
            "DROP TRIGGER stop ON ledger_entries",
        )
    } else {
        (
            "CREATE TRIGGER stop BEFORE INSERT ON ledger_entries
             BEGIN SELECT RAISE(ABORT, 'no'); END;",
            "DROP TRIGGER stop",
        )
    };
    realm.meddle(stop).unwrap();
    let before = realm.dump();
    let (d, by) = (&realm.d, &realm.by);
    let file = realm.beside("export.jsonl");
    let patch = UpdateIdentity {
        traits: Some(Patch::Merge(json!({"name": "x"}))),
        ..UpdateIdentity::default()
    };
    let attempts: [(&str, Result<(), Error>); 9] = [
        ("create", realm.create(person("eve@example.com")).map(drop)),
        ("update", identities::update(d, by, id, patch).map(drop)),
        ("delete", identities::delete(d, by, id)),
        ("password", passwords::set(d, by, id, &SecretString::from("another horse")).map(drop)),
        ("recovery", recovery::issue_code(d, by, id).map(drop)),
        ("lock", status::lock(d, by, id, &StatusChange::default()).map(drop)),
        ("authorities", authorities::set(d, by, id, &[Authority::Developer].into()).map(drop)),
        ("checkpoint", service::ledger::checkpoint(d, by).map(drop)),
        ("export", transfer::export(d, by, &file, true).map(drop)),
    ];
    for (what, outcome) in attempts {
        let error = outcome.expect_err(what);
        assert!(error.message().contains("Nothing was changed"), "{what}: {error}");
        if realm.database().is_some() {
            assert_eq!(error.code(), ErrorCode::AuditUnavailable, "{what}");
        }
    }
    assert_eq!(realm.dump(), before);
    assert!(!file.exists(), "what is not in the ledger did not happen");
    realm.meddle(go).unwrap();
    realm.person("eve@example.com");
    ledger::must_be_whole(d);
}

fn event() -> Event {
    Event::new(EventType::AdminConfigChanged).data("source", "test")
}

fn al_01_no_statement_changes_or_removes_an_entry(realm: &Realm) {
    realm.person("ada@example.com");
    let before = realm.dump();
    for text in [
        "UPDATE ledger_entries SET entry = entry",
        "UPDATE ledger_entries SET time = 0 WHERE seq = 1",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_entries WHERE seq = 1",
    ] {
        let error = realm.meddle(text).unwrap_err();
        assert!(error.contains("ledger entries are never"), "{text}: {error}");
    }
    if realm.database().is_some() {
        let error = realm.meddle("TRUNCATE ledger_entries").unwrap_err();
        assert!(error.contains("ledger entries are never"), "{error}");
    } else {
        // What replaces a row removes one first, and triggers see that only when told to.
        let text = "REPLACE INTO ledger_entries SELECT * FROM ledger_entries WHERE seq = 1";
        let error = realm
            .d
            .store
            .write(&realm.by.author(), |tx| {
                let replaced = tx.exec(text, &[])?;
                Ok::<_, StoreError>(Change::of(replaced, event(), []))
            })
            .unwrap_err();
        assert!(format!("{error:?}").contains("ledger entries are never"), "{error:?}");
    }
    assert_eq!(realm.dump(), before);
}

fn audit_02_a_change_that_fails_half_way_leaves_neither_change_nor_entry(realm: &Realm) {
    let before = realm.dump();
    let error = realm
        .d
        .store
        .write(&realm.by.author(), |tx| {
            settings::set(tx, "half", "way")?;
            Err::<Change<()>, _>(Error::new(ErrorCode::Internal, "stop"))
        })
        .unwrap_err();
    assert_eq!(error.message(), "stop");
    assert_eq!(realm.dump(), before);
    realm.person("ada@example.com");
    ledger::must_be_whole(&realm.d);
}

fn audit_02_a_change_that_panics_half_way_leaves_neither_change_nor_entry(realm: &Realm) {
    let before = realm.dump();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        realm.d.store.write(&realm.by.author(), |tx| {
            settings::set(tx, "half", "way")?;
            if settings::get(tx, "half")?.is_some() {
                std::panic::resume_unwind(Box::new("half way"));
            }
            Ok::<_, StoreError>(Change::of((), event(), []))
        })
    }));
    assert!(outcome.is_err());
    assert_eq!(realm.dump(), before);
    realm.person("ada@example.com");
    ledger::must_be_whole(&realm.d);
}

fn audit_02_what_is_handed_back_as_no_change_is_undone(realm: &Realm) {
    let before = realm.dump();
    let seen: Result<u8, StoreError> = realm.d.store.write(&realm.by.author(), |tx| {
        settings::set(tx, "half", "way")?;
        Ok(Change::none(7))
    });
    assert_eq!(seen.unwrap(), 7);
    assert_eq!(realm.dump(), before);
}

fn audit_02_an_entry_that_cannot_be_sealed_undoes_the_change(realm: &Realm) {
    let before = realm.dump();
    let refused: Result<(), StoreError> = realm.d.store.write(&realm.by.author(), |tx| {
        settings::set(tx, "half", "way")?;
        Ok(Change::of((), event().data("no such key", 1), []))
    });
    assert!(matches!(refused, Err(StoreError::Ledger(_))), "{refused:?}");
    assert_eq!(realm.dump(), before);
}

fn audit_02_a_later_event_that_cannot_be_sealed_undoes_the_earlier_ones(realm: &Realm) {
    let before = realm.dump();
    let refused: Result<(), StoreError> = realm.d.store.write(&realm.by.author(), |tx| {
        settings::set(tx, "half", "way")?;
        Ok(Change::of((), event(), [event(), event().data("no such key", 1)]))
    });
    assert!(refused.is_err());
    assert_eq!(realm.dump(), before);
    realm.person("ada@example.com");
    ledger::must_be_whole(&realm.d);
}

fn a_reading_transaction_cannot_write(realm: &Realm) {
    let before = realm.dump();
    let text = "UPDATE settings SET value = 'x' RETURNING name";
    let _ = realm.d.store.read(|tx| tx.all(text, &[]));
    assert_eq!(realm.dump(), before);
}
