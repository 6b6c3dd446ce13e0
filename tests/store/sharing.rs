//! A store that many threads share, as the service does: reads beside writes, and changes that share
//! a commit.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use doorward::app::Deps;
use doorward::clock::Clock;
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::Event;
use doorward::error::{Error, ErrorCode};
use doorward::service::identities::{self, Selector};
use doorward::store::{Change, StoreError, Tx};

use crate::support::{Engine, Realm, ledger, person, process};

fn realms() -> impl Iterator<Item = (Realm, Deps)> {
    [Engine::Sqlite, Engine::Postgres].into_iter().filter_map(|engine| {
        let realm = Realm::with_clock(engine, Clock::System)?;
        let shared = realm.open().shared();
        Some((realm, shared))
    })
}

fn event() -> Event {
    Event::new(EventType::AdminConfigChanged).data("source", "test")
}

/// Writes a setting, by a closure that then does what it is told.
fn set(
    d: &Deps,
    realm: &Realm,
    name: &str,
    then: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    d.store.write(&realm.by.author(), |tx| {
        let text = "INSERT INTO settings (name, value) VALUES ($1, 'x')";
        tx.exec_one(text, &[name.into()])?;
        then()?;
        Ok::<_, Error>(Change::of((), event(), []))
    })
}

fn settings(realm: &Realm) -> i64 {
    realm.number("SELECT count(*) FROM settings WHERE name LIKE 'test-%'")
}

/// Holds the desk until `waiting` others stand in line for it.
fn behind_a_gate(d: &Deps, realm: &Realm, others: Vec<Box<dyn FnOnce() + Send + '_>>) {
    let (begun, is_begun) = channel();
    let (open, opened) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            set(d, realm, "test-gate", || {
                begun.send(()).unwrap();
                opened.recv().unwrap();
                Ok(())
            })
            .unwrap();
        });
        is_begun.recv().unwrap();
        for other in others {
            scope.spawn(other);
        }
        // Until they stand in line; were one of them late, it would be tested less and not fail.
        std::thread::sleep(Duration::from_millis(200));
        open.send(()).unwrap();
    });
}

#[test]
fn twenty_four_writers_and_many_readers_never_see_an_error_and_lose_nothing() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        let (stop, read) = (&AtomicBool::new(false), &AtomicUsize::new(0));
        let mut acknowledged = Vec::new();
        std::thread::scope(|scope| {
            let create = move |writer: usize, index: usize| {
                let email = format!("w{writer}-{index}@example.com");
                let one = identities::create(d, &realm.by, person(&email)).unwrap().identity;
                let found = identities::find(d, &Selector::Id(one.id));
                assert_eq!(found.unwrap(), one, "read back after the answer");
                one.id
            };
            let write = move |writer| (0..40).map(|index| create(writer, index)).collect();
            let writers: Vec<_> =
                (0..24).map(|writer| scope.spawn(move || -> Vec<_> { write(writer) })).collect();
            for reader in 0..40 {
                // Some by the lane for look-ups, some by the other.
                let d = if reader % 2 == 0 { d.quick() } else { d.clone() };
                let look = |tx: &Tx<'_>| {
                    let people = tx.one("SELECT count(*) FROM identities", &[])?.int(0)?;
                    let entries = tx.one("SELECT size FROM ledger_head", &[])?.int(0)?;
                    Ok::<_, StoreError>((people, entries))
                };
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let (people, entries) = d.store.read(look).unwrap();
                        // One entry for each person, and the one that began the ledger.
                        assert_eq!(entries, people + 1, "the state before or after, never half");
                        read.fetch_add(1, Ordering::Relaxed);
                        // Forty who never rest would leave the writers no machine to write on.
                        std::thread::sleep(Duration::from_millis(20));
                    }
                });
            }
            let written: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            stop.store(true, Ordering::Relaxed);
            acknowledged.extend(written.into_iter().flat_map(Result::unwrap));
        });
        assert!(read.load(Ordering::Relaxed) > 0);
        assert_eq!(realm.number("SELECT count(*) FROM identities"), acknowledged.len() as i64);
        for id in acknowledged {
            realm.get(id);
        }
        ledger::must_be_whole(&realm.d);
    }
}

#[test]
fn a_change_that_fails_or_panics_hurts_nobody_with_whom_it_shares_a_commit() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        let mut others: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for index in 0..12 {
            let name = format!("test-{index}");
            others.push(Box::new(move || match index % 4 {
                0 => set(d, realm, &name, || Ok(())).unwrap(),
                1 => {
                    let refused = || Err(Error::new(ErrorCode::Forbidden, "As the test wants it."));
                    let error = set(d, realm, &name, refused).unwrap_err();
                    assert_eq!(error.code(), ErrorCode::Forbidden, "its own error");
                }
                2 => {
                    let panicking = || set(d, realm, &name, || panic!("as the test wants it"));
                    let caught = std::panic::AssertUnwindSafe(panicking);
                    std::panic::catch_unwind(caught).unwrap_err();
                }
                _ => {
                    // A statement that the engine refuses: the key is there.
                    let error = set(d, realm, "test-gate", || Ok(())).unwrap_err();
                    assert_eq!(error.code(), ErrorCode::Conflict);
                }
            }));
        }
        behind_a_gate(d, realm, others);
        assert_eq!(settings(realm), 1 + 3);
        assert_eq!(realm.history().len(), 1 + 1 + 3, "what failed left no entry");
        ledger::must_be_whole(&realm.d);
        set(d, realm, "test-after", || Ok(())).unwrap();
    }
}

#[test]
fn a_change_of_nothing_is_undone_alone() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        let mut others: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for index in 0..6 {
            others.push(Box::new(move || {
                let name = format!("test-{index}");
                let nothing = index % 2 == 0;
                d.store
                    .write(&realm.by.author(), |tx| {
                        let text = "INSERT INTO settings (name, value) VALUES ($1, 'x')";
                        tx.exec_one(text, &[name.as_str().into()])?;
                        Ok::<_, Error>(match nothing {
                            true => Change::none(()),
                            false => Change::of((), event(), [event()]),
                        })
                    })
                    .unwrap();
            }));
        }
        behind_a_gate(d, realm, others);
        assert_eq!(settings(realm), 1 + 3);
        assert_eq!(realm.history().len(), 1 + 1 + 3 * 2);
        ledger::must_be_whole(&realm.d);
    }
}

/// How many commits the log of a SQLite database holds: the header of a commit's last page says how
/// large the database is after it.
fn commits(realm: &Realm) -> usize {
    const HEADER: usize = 32;
    const FRAME: usize = 24 + 4096;
    let log = std::fs::read(realm.file().with_extension("db-wal")).unwrap();
    log[HEADER..].chunks(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn changes_that_wait_for_each_other_share_a_commit() {
    let realm = Realm::with_clock(Engine::Sqlite, Clock::System).unwrap();
    let (realm, d) = (&realm, &realm.open().shared());
    let before = commits(realm);
    set(d, realm, "test-alone", || Ok(())).unwrap();
    assert_eq!(commits(realm), before + 1);
    let mut others: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for index in 0..40 {
        others.push(Box::new(move || set(d, realm, &format!("test-{index}"), || Ok(())).unwrap()));
    }
    behind_a_gate(d, realm, others);
    assert_eq!(settings(realm), 42);
    let made = commits(realm) - before - 1;
    assert!(made < 20, "41 changes in {made} commits");
}

#[test]
fn when_a_commit_fails_nobody_is_told_that_it_succeeded() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        if realm.database().is_some() {
            // A check that the server makes when it commits, and not before.
            let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'as the test wants it'; END $$;
                 CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON settings
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
                 WHEN (NEW.name = 'test-bad') EXECUTE FUNCTION refuse();";
            realm.meddle(refuse).unwrap();
        }
        let kept = &AtomicUsize::new(0);
        let mut others: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for name in ["test-a", "test-b", "test-bad", "test-c", "test-d"] {
            others.push(Box::new(move || {
                let done = d.store.write(&realm.by.author(), |tx| {
                    if name == "test-bad" && realm.database().is_none() {
                        tx.all("PRAGMA defer_foreign_keys=ON", &[])?;
                        let text = "INSERT INTO authorities VALUES ($1, 'x', 0)";
                        tx.exec_one(text, &[999.into()])?;
                    }
                    let text = "INSERT INTO settings (name, value) VALUES ($1, 'x')";
                    tx.exec_one(text, &[name.into()])?;
                    Ok::<_, Error>(Change::of((), event(), []))
                });
                match done {
                    // Whoever did not share its commit is not concerned: that depends on who came
                    // when, which no test can say.
                    Ok(()) if name != "test-bad" => drop(kept.fetch_add(1, Ordering::Relaxed)),
                    Ok(()) => panic!("the one that the commit refuses is told"),
                    Err(error) => assert_eq!(error.code(), ErrorCode::Internal),
                }
            }));
        }
        behind_a_gate(d, realm, others);
        let kept = 1 + kept.load(Ordering::Relaxed);
        assert_eq!(settings(realm), kept as i64, "each was told the truth");
        assert_eq!(realm.history().len(), 1 + kept);
        ledger::must_be_whole(&realm.d);
        set(d, realm, "test-after", || Ok(())).unwrap();
    }
}

#[test]
fn reading_does_not_wait_for_a_writer_and_sees_nothing_of_it() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        set(d, realm, "test-now", || {
            std::thread::scope(|scope| {
                let looks = || {
                    assert_eq!(d.store.read(count).unwrap(), 0);
                    assert_eq!(d.quick().store.read(count).unwrap(), 0);
                    assert_eq!(d.store.read_long(count).unwrap(), 0);
                };
                scope.spawn(looks).join().unwrap();
            });
            Ok(())
        })
        .unwrap();
        assert_eq!(d.store.read(count).unwrap(), 1);
    }
}

fn count(tx: &Tx<'_>) -> Result<i64, StoreError> {
    tx.one("SELECT count(*) FROM settings WHERE name = 'test-now'", &[])?.int(0)
}

#[test]
fn the_log_grows_while_somebody_looks_and_begins_anew_afterwards() {
    const MIB: usize = 1 << 20;
    let realm = Realm::with_clock(Engine::Sqlite, Clock::System).unwrap();
    let (realm, d) = (&realm, &realm.open().shared());
    set(d, realm, "test-large", || Ok(())).unwrap();
    let log = || {
        let length = realm.file().with_extension("db-wal").metadata().unwrap().len();
        usize::try_from(length).unwrap() / MIB
    };
    let write = |times: usize| {
        for time in 0..times {
            let value = ["a", "b"][time % 2].repeat(MIB);
            let text = "UPDATE settings SET value = $1 WHERE name = 'test-large'";
            d.store
                .write(&realm.by.author(), |tx| {
                    tx.exec_one(text, &[value.as_str().into()])?;
                    Ok::<_, Error>(Change::of((), event(), []))
                })
                .unwrap();
        }
    };
    d.store
        .read_long(|tx| {
            count(tx)?;
            write(48);
            assert!(log() >= 48, "a view keeps all that came after it: {} MiB", log());
            Ok::<_, StoreError>(())
        })
        .unwrap();
    write(100);
    assert!(log() <= 72, "{} MiB, where 148 were written", log());
}

#[test]
fn what_reads_cannot_write() {
    for (realm, d) in realms() {
        for d in [&d, &d.quick()] {
            let tried = d.store.read(|tx| tx.all("DELETE FROM settings", &[]));
            assert!(tried.is_err(), "the engine itself refuses");
        }
        assert!(realm.number("SELECT count(*) FROM settings") > 0);
    }
}

#[test]
fn a_long_look_takes_no_connection_from_short_ones() {
    for (_realm, d) in realms() {
        let d = &d;
        let cores = std::thread::available_parallelism().unwrap().get();
        let (looking, release) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..cores * 2 + 1 {
                scope.spawn(|| {
                    d.store
                        .read_long(|tx| {
                            count(tx)?;
                            looking.fetch_add(1, Ordering::SeqCst);
                            while !release.load(Ordering::SeqCst) {
                                std::thread::sleep(Duration::from_millis(1));
                            }
                            Ok::<_, StoreError>(())
                        })
                        .unwrap();
                });
            }
            while looking.load(Ordering::SeqCst) < cores * 2 + 1 {
                std::thread::sleep(Duration::from_millis(1));
            }
            let short = d.store.read(count);
            release.store(true, Ordering::SeqCst);
            assert_eq!(short.unwrap(), 0);
        });
    }
}

#[test]
fn dur_08_other_processes_get_their_turn_while_this_one_never_stops_writing() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        let (stop, mine) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (stop, mine) = (&stop, &mine);
                scope.spawn(move || {
                    let mut index = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let email = format!("w{writer}-{index}@example.com");
                        identities::create(d, &realm.by, person(&email)).unwrap();
                        mine.fetch_add(1, Ordering::Relaxed);
                        index += 1;
                    }
                });
            }
            let start = |name| process::spawn(&realm.settings, name, 25);
            let children = ["a", "b"].map(start);
            let seen = children.map(std::process::Child::wait_with_output);
            stop.store(true, Ordering::Relaxed);
            for one in seen {
                let one = one.unwrap();
                assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stdout));
            }
        });
        let people = 50 + mine.load(Ordering::Relaxed) as i64;
        assert_eq!(realm.number("SELECT count(*) FROM identities"), people);
        ledger::must_be_whole(&realm.d);
    }
}

#[test]
fn checkpoints_are_made_in_time_in_the_middle_of_shared_commits() {
    for (realm, d) in realms() {
        let (realm, d) = (&realm, &d);
        std::thread::scope(|scope| {
            for writer in 0..20 {
                scope.spawn(move || {
                    for index in 0..30 {
                        set(d, realm, &format!("test-{writer}-{index}"), || Ok(())).unwrap();
                    }
                });
            }
        });
        let made = realm.rows("SELECT size FROM ledger_checkpoints ORDER BY size", &[]);
        let sizes: Vec<i64> = made.iter().map(|row| row.int(0).unwrap()).collect();
        assert!(sizes.len() >= 2, "one for each 256 entries of 601: {sizes:?}");
        assert!(sizes.windows(2).all(|pair| pair[1] - pair[0] <= 256), "{sizes:?}");
        ledger::must_be_whole(&realm.d);
    }
}
