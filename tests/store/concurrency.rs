//! Many writers at once: threads with a connection each, and processes.

use std::sync::Barrier;

use doorward::clock::Clock;
use doorward::error::ErrorCode;
use doorward::service::identities;

use crate::support::{Engine, Realm, ledger, person, process};

fn realms() -> impl Iterator<Item = Realm> {
    [Engine::Sqlite, Engine::Postgres]
        .into_iter()
        .filter_map(|engine| Realm::with_clock(engine, Clock::System))
}

#[test]
fn input_04_of_64_creations_of_one_address_in_many_spellings_exactly_one_succeeds() {
    for realm in realms() {
        let spelling = |index: usize| {
            let name = ["jos\u{e9}", "JOSE\u{301}", "Jos\u{c9}", "\u{ff4a}ose\u{301}"][index % 4];
            let host = ["example.com", "EXAMPLE.com", "Example.Com", "e\u{ff58}ample.com"];
            format!("{name}@{}", host[index / 4 % 4])
        };
        let start = Barrier::new(64);
        let (realm, start) = (&realm, &start);
        let outcomes: Vec<Result<(), ErrorCode>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|index| {
                    scope.spawn(move || {
                        let d = realm.open();
                        start.wait();
                        identities::create(&d, &realm.by, person(&spelling(index)))
                            .map(drop)
                            .map_err(|error| error.code())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let created = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(created, 1, "{outcomes:?}");
        let others = outcomes.iter().filter(|outcome| outcome.is_err());
        assert!(others.clone().all(|one| *one == Err(ErrorCode::Conflict)), "{outcomes:?}");
        assert_eq!(realm.number("SELECT count(*) FROM addresses"), 1);
        assert_eq!(realm.history().len(), 2, "what failed left no entry");
        ledger::must_be_whole(&realm.d);
    }
}

#[test]
fn al_04_sixteen_writers_leave_one_contiguous_ledger() {
    for realm in realms() {
        let realm = &realm;
        std::thread::scope(|scope| {
            for writer in 0..16 {
                scope.spawn(move || {
                    let d = realm.open();
                    for index in 0..12 {
                        let email = format!("w{writer}-{index}@example.com");
                        let made = identities::create(&d, &realm.by, person(&email)).unwrap();
                        if index % 3 == 0 {
                            identities::delete(&d, &realm.by, made.identity.id).unwrap();
                        }
                    }
                });
            }
        });
        assert_eq!(realm.number("SELECT count(*) FROM identities"), 16 * 8);
        assert_eq!(realm.history().len(), 1 + 16 * (12 + 4));
        ledger::must_be_whole(&realm.d);
    }
}

#[test]
fn dur_08_two_processes_and_this_one_write_into_one_ledger() {
    for realm in realms() {
        let start = |name| process::spawn(&realm.settings, name, 25);
        let children = ["a", "b"].map(start);
        for index in 0..25 {
            realm.person(&format!("here-{index}@example.com"));
        }
        children.into_iter().for_each(process::must_succeed);
        assert_eq!(realm.number("SELECT count(*) FROM identities"), 75);
        assert_eq!(realm.history().len(), 76);
        ledger::must_be_whole(&realm.d);
    }
}

#[test]
fn f_11_a_writer_that_waits_too_long_is_told_so_and_nothing_is_changed() {
    let realm = Realm::sqlite();
    let blocker = rusqlite::Connection::open(realm.file()).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = std::time::Instant::now();
    let error = realm.create(person("ada@example.com")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Busy);
    assert!(error.message().contains("try again"), "{error}");
    assert!(begun.elapsed().as_secs() < 15, "a writer waits up to a limit");
    assert_eq!(realm.history(), ["ledger.created"], "reading goes on meanwhile");
    blocker.execute_batch("ROLLBACK").unwrap();
    realm.person("ada@example.com");
}

#[test]
fn f_11_a_writer_that_waits_too_long_is_told_so_on_postgres_too() {
    let Some(realm) = Realm::new(Engine::Postgres) else { return };
    let mut blocker = realm.database().unwrap().connect();
    let mut held = blocker.transaction().unwrap();
    held.batch_execute("LOCK TABLE write_gate IN EXCLUSIVE MODE").unwrap();
    let error = realm.create(person("ada@example.com")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Busy);
    assert_eq!(realm.history(), ["ledger.created"], "reading goes on meanwhile");
    held.rollback().unwrap();
    realm.person("ada@example.com");
}

#[test]
fn readers_see_one_state_while_a_writer_goes_on() {
    use doorward::store::StoreError;
    use doorward::store::sql::identities::count;
    for realm in realms() {
        let other = realm.open();
        realm.person("a@example.com");
        realm
            .d
            .store
            .read(|tx| {
                let before = count(tx)?;
                identities::create(&other, &realm.by, person("b@example.com")).unwrap();
                assert_eq!(count(tx)?, before, "one view from first to last");
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert_eq!(realm.number("SELECT count(*) FROM identities"), 2);
    }
}
