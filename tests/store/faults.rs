//! Disks that are full, read-only or wrong.

use std::path::Path;

use doorward::app::{self, DATABASE, Settings};
use doorward::clock::Clock;
use doorward::error::ErrorCode;
use doorward::service::identities::{self, Selector};
use doorward::service::listing::{ListIdentities, list};
use doorward::service::{backup, health, transfer};
use doorward::store::{Change, StoreError};

use crate::support::mount::Small;
use crate::support::{Engine, Realm, ledger, noon, operator, options, person, raw_dump};

fn settings(dir: &Path) -> Settings {
    Settings {
        state_dir: dir.join("state"),
        options: options(),
        database_url: None,
        clock: Clock::fixed(noon()),
        smtp: None,
        verification_template: None,
    }
}

#[test]
fn f_03_a_full_disk_refuses_changes_and_keeps_reading_and_recovers_by_itself() {
    let Some(disk) = Small::mount("3m") else { return };
    let (settings, by) = (settings(disk.path()), operator());
    let (d, _) = app::prepare(&settings, &by.author()).unwrap();
    let ada = identities::create(&d, &by, person("ada@example.com")).unwrap().identity;
    disk.fill();
    let mut refused = 0;
    for index in 0..30 {
        let made = identities::create(&d, &by, person(&format!("p{index}@example.com")));
        let Err(error) = made else { continue };
        assert_eq!(error.code(), ErrorCode::AuditUnavailable, "{error}");
        assert!(error.message().contains("Nothing was changed"), "{error}");
        refused += 1;
        assert_eq!(identities::find(&d, &Selector::Id(ada.id)).unwrap(), ada);
    }
    assert!(refused > 0, "the disk is full");
    assert_eq!(health::ready(&d).unwrap_err().code(), ErrorCode::AuditUnavailable);
    let people = list(&d, &ListIdentities::default()).unwrap().items.len();
    assert_eq!(people, 1 + 30 - refused, "what was answered is there, and nothing else");
    let target = disk.path().join("copy.db");
    backup::create(&d, &by, &target).unwrap_err();
    transfer::export(&d, &by, &disk.path().join("all.jsonl"), true).unwrap_err();
    let left: Vec<_> = std::fs::read_dir(disk.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "neither half a backup nor half an export stays: {left:?}");
    disk.make_room();
    identities::create(&d, &by, person("after@example.com")).unwrap();
    health::ready(&d).unwrap();
    assert_eq!(d.store.integrity_problem().unwrap(), None);
    ledger::must_be_whole(&d);
    drop(d);
    ledger::must_be_whole(&app::open(&settings).unwrap());
}

#[test]
fn f_03_no_disk_for_a_first_database_leaves_nothing_that_is_in_the_way_later() {
    let Some(disk) = Small::mount("1m") else { return };
    let (settings, by) = (settings(disk.path()), operator());
    disk.fill();
    let refused = app::prepare(&settings, &by.author()).map(drop).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AuditUnavailable, "{refused}");
    disk.make_room();
    let (d, _) = app::prepare(&settings, &by.author()).unwrap();
    identities::create(&d, &by, person("ada@example.com")).unwrap();
    ledger::must_be_whole(&d);
}

#[test]
fn f_04_a_read_only_file_system_refuses_changes_and_keeps_reading() {
    let Some(disk) = Small::mount("8m") else { return };
    let (settings, by) = (settings(disk.path()), operator());
    let (d, _) = app::prepare(&settings, &by.author()).unwrap();
    let ada = identities::create(&d, &by, person("ada@example.com")).unwrap().identity;
    drop(d);
    disk.read_only(true);
    let by_identifier = Selector::Identifier("ada@example.com".into());
    match app::open(&settings) {
        Ok(d) => {
            assert_eq!(identities::find(&d, &by_identifier).unwrap(), ada);
            let error = identities::create(&d, &by, person("eve@example.com")).unwrap_err();
            assert_eq!(error.code(), ErrorCode::AuditUnavailable, "{error}");
            assert_eq!(health::ready(&d).unwrap_err().code(), ErrorCode::AuditUnavailable);
        }
        Err(error) => panic!("what only reads still works: {error} {error:?}"),
    }
    disk.read_only(false);
    let d = app::open(&settings).unwrap();
    identities::create(&d, &by, person("eve@example.com")).unwrap();
    ledger::must_be_whole(&d);
}

#[test]
fn f_07_an_overwritten_page_is_never_read_as_if_it_were_right() {
    let realm = Realm::sqlite();
    for index in 0..60 {
        realm.person(&format!("somebody-{index}@example.com"));
    }
    let copy = realm.beside("copy.db");
    backup::create(&realm.d, &realm.by, &copy).unwrap();
    let page = 4096;
    let mut good = std::fs::read(&copy).unwrap();
    good.truncate(good.len() - good.len() % page);
    let expected = raw_dump(&copy).unwrap();
    let (mut detected, mut unused) = (0, 0);
    for place in 0..good.len() / page {
        let mut bad = good.clone();
        // Bytes without a pattern: a linear congruential generator.
        let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ place as u64;
        for byte in &mut bad[place * page..(place + 1) * page] {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (state >> 56) as u8;
        }
        let there = Realm::bare(Engine::Sqlite, Clock::fixed(noon())).unwrap();
        std::fs::create_dir_all(&there.settings.state_dir).unwrap();
        let database = there.settings.state_dir.join(DATABASE);
        std::fs::write(&database, &bad).unwrap();
        let seen = app::open(&there.settings).and_then(|d| Ok(d.store.integrity_problem()?));
        match seen {
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::Corrupt, "page {place}: {error}");
                detected += 1;
            }
            Ok(Some(_)) => detected += 1,
            Ok(None) => {
                let read = raw_dump(&database);
                assert_eq!(read.as_ref(), Ok(&expected), "page {place} reads as something else");
                unused += 1;
            }
        }
    }
    assert!(detected > 20 && unused < detected / 4, "{detected} detected, {unused} not in use");
}

/// The state directory of a realm that was killed: database and log as they lie there.
fn killed(realm: &Realm) -> crate::support::Bare {
    let there = Realm::bare(Engine::Sqlite, Clock::fixed(noon())).unwrap();
    let (from, to) = (&realm.settings.state_dir, &there.settings.state_dir);
    std::fs::create_dir_all(to.join("keys")).unwrap();
    for name in [DATABASE, "doorward.db-wal", "keys/data", "keys/cookie", "keys/ledger"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    there
}

#[test]
fn f_08_a_log_that_is_missing_cut_or_foreign_leaves_the_last_consistent_state() {
    let realm = Realm::sqlite();
    for index in 0..10 {
        realm.person(&format!("p{index}@example.com"));
    }
    let other = Realm::sqlite();
    other.person("foreign@example.com");
    let whole = std::fs::read(realm.file().with_extension("db-wal")).unwrap();
    let foreign = std::fs::read(other.file().with_extension("db-wal")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let cases = [
        ("whole", Some(whole.clone())),
        ("cut within a frame", Some(whole[..whole.len() - 100].to_vec())),
        ("cut in the middle", Some(whole[..whole.len() / 2].to_vec())),
        ("a flipped bit", Some(flipped)),
        ("nothing in it", Some(Vec::new())),
        ("no log at all", None),
    ];
    for (what, log) in cases {
        let there = killed(&realm);
        let path = there.settings.state_dir.join("doorward.db-wal");
        match &log {
            Some(content) => std::fs::write(&path, content).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        match app::open(&there.settings) {
            Ok(d) => {
                assert_eq!(d.store.integrity_problem().unwrap(), None, "{what}");
                ledger::must_be_whole(&d);
                let people = list(&d, &ListIdentities::default()).unwrap().items.len();
                let entries = ledger::entries(&d).len();
                assert_eq!(entries, people + 1, "{what}: each with its entry");
                assert!(what != "whole" || people == 10);
            }
            // The very first commits were in the log: nothing to go back to.
            Err(error) => assert_eq!(error.code(), ErrorCode::NotReady, "{what}: {error}"),
        }
    }
    // A log of another database: either it is refused, or what is read is that database, whole.
    let there = killed(&realm);
    std::fs::write(there.settings.state_dir.join("doorward.db-wal"), foreign).unwrap();
    if let Ok(d) = app::open(&there.settings)
        && d.store.integrity_problem().is_ok_and(|problem| problem.is_none())
    {
        ledger::must_be_whole(&d);
    }
}

#[test]
fn f_25_a_lost_connection_to_postgresql_loses_nothing_and_heals() {
    let Some(realm) = Realm::new(Engine::Postgres) else { return };
    let ada = realm.person("ada@example.com");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    realm.meddle(end).unwrap();
    realm.person("eve@example.com");
    realm.meddle(end).unwrap();
    assert_eq!(realm.get(ada.id), ada);
    assert_eq!(realm.history(), ["ledger.created", "user.invited", "user.invited"]);
    // Within a transaction.
    let outcome: Result<(), StoreError> = realm.d.store.write(&realm.by.author(), |tx| {
        tx.exec("UPDATE settings SET value = value", &[])?;
        realm.meddle(end).unwrap();
        tx.exec("DELETE FROM identities", &[])?;
        Ok(Change::none(()))
    });
    assert!(matches!(outcome, Err(StoreError::Unwritable(_))), "{outcome:?}");
    assert_eq!(realm.get(ada.id), ada);
    ledger::must_be_whole(&realm.d);
}
