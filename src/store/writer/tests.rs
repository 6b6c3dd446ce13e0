//! Groups put together on purpose: everybody stands in line before the first is done.

use std::sync::mpsc::{Receiver, Sender};

use super::*;
use crate::store::{Location, sqlite};

const BAD: &str = "bad";

fn writer() -> (Writer, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let location = Location::File(home.path().join("a.db"));
    let engine = Engine::open(&location, true).unwrap();
    let Engine::Sqlite(connection) = &engine else { panic!("a file is SQLite's") };
    sqlite::use_wal(connection).unwrap();
    let tables = "CREATE TABLE t (name TEXT PRIMARY KEY) STRICT;
        CREATE TABLE child (of TEXT REFERENCES t (name) DEFERRABLE INITIALLY DEFERRED) STRICT;";
    sqlite::batch(connection, tables).unwrap();
    let writer = Writer::new(engine, Turnstile::of(&location));
    // Time has no say in who shares a commit with whom.
    let mut desk = writer.0.take(PATIENCE).unwrap();
    desk.longest = Duration::from_hours(1);
    writer.0.give(desk);
    (writer, home)
}

/// Writes a row; `then` runs before it is kept, and says whether to keep it.
fn write(writer: &Writer, name: &str, then: impl FnOnce() -> bool) -> Result<(), StoreError> {
    let mut turn = writer.turn(Kind::Usual)?;
    turn.begin()?;
    let tx = turn.transaction()?;
    tx.exec("INSERT INTO t VALUES ($1)", &[name.into()])?;
    if name == BAD {
        // Found out when the whole is committed, and not before.
        tx.exec("INSERT INTO child VALUES ('nobody')", &[])?;
    }
    if then() { turn.keep(Vec::new()) } else { Ok(()) }
}

fn names(writer: &Writer) -> Vec<String> {
    let mut turn = writer.turn(Kind::Usual).unwrap();
    turn.alone().unwrap();
    turn.begin().unwrap();
    let rows = turn.transaction().unwrap().all("SELECT name FROM t ORDER BY name", &[]).unwrap();
    rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

/// Each of `names` writes, the first of them when all others stand in line, in this order.
fn together(writer: &Writer, names: &[&str]) -> Vec<Result<(), StoreError>> {
    let (ready, go): (Sender<()>, Receiver<()>) = channel();
    let (begun, is_begun) = channel();
    std::thread::scope(|scope| {
        let mut go = Some(go);
        let threads: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(place, name)| {
                let (go, begun) = (go.take(), begun.clone());
                let thread = scope.spawn(move || {
                    write(writer, name, || {
                        if let Some(go) = go {
                            begun.send(()).unwrap();
                            go.recv().unwrap();
                        }
                        assert!(!name.starts_with("panic"), "as the test wants it");
                        !name.starts_with("none")
                    })
                });
                if place == 0 {
                    is_begun.recv().unwrap();
                }
                while writer.0.waiting() < place {
                    std::thread::yield_now();
                }
                thread
            })
            .collect();
        ready.send(()).unwrap();
        threads.into_iter().map(|thread| thread.join().unwrap_or(Err(StoreError::Busy))).collect()
    })
}

#[test]
fn when_the_commit_fails_everybody_who_shared_it_is_told() {
    let (writer, _home) = writer();
    let outcomes = together(&writer, &["a", "b", BAD, "c"]);
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert!(names(&writer).is_empty(), "and nothing of it is there");
    together(&writer, &["a", "b"]).into_iter().for_each(Result::unwrap);
    assert_eq!(names(&writer), ["a", "b"], "afterwards all is as before");
}

#[test]
fn who_fails_or_panics_is_undone_alone_first_last_or_in_between() {
    for at in 0..4 {
        for wrong in ["none", "panic", "a"] {
            let (writer, _home) = writer();
            write(&writer, "a", || true).unwrap();
            let mut all = vec!["b", "c", "d"];
            // A name that is there is refused by the engine.
            let wrong = if wrong == "a" && at == 0 { "none" } else { wrong };
            all.insert(at, wrong);
            let outcomes = together(&writer, &all);
            let told: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
            let expected: Vec<bool> =
                all.iter().map(|name| *name != "panic" && *name != "a").collect();
            assert_eq!(told, expected, "{all:?}");
            assert_eq!(names(&writer), ["a", "b", "c", "d"], "{all:?}");
        }
    }
}

#[test]
fn a_transaction_that_the_engine_gave_up_is_told_to_all_who_were_in_it() {
    let (writer, _home) = writer();
    let outcomes = std::thread::scope(|scope| {
        let mut turn = writer.turn(Kind::Usual).unwrap();
        turn.begin().unwrap();
        turn.transaction().unwrap().exec("INSERT INTO t VALUES ('a')", &[]).unwrap();
        let second = scope.spawn(|| {
            let mut turn = writer.turn(Kind::Usual)?;
            turn.begin()?;
            let tx = turn.transaction()?;
            tx.exec("INSERT INTO t VALUES ('b')", &[])?;
            // As the engine does by itself when the disk is full.
            let again = tx.exec("INSERT OR ROLLBACK INTO t VALUES ('a')", &[]).unwrap_err();
            assert!(matches!(again, StoreError::Conflict { .. }));
            let alone = tx.exec("INSERT INTO t VALUES ('c')", &[]);
            assert!(alone.is_err(), "what came now would stay by itself");
            turn.keep(Vec::new())
        });
        while writer.0.waiting() < 1 {
            std::thread::yield_now();
        }
        [turn.keep(Vec::new()), second.join().unwrap()]
    });
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert!(names(&writer).is_empty());
}

#[test]
fn a_group_has_an_end() {
    let (writer, _home) = writer();
    let all: Vec<String> = (0..MOST + 9).map(|index| format!("n{index:03}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    // The last but a few share a commit that fails, and the first have one of their own.
    let mut wrong = all.clone();
    wrong.insert(MOST + 3, BAD);
    let outcomes = together(&writer, &wrong);
    let kept = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(kept, MOST);
    assert_eq!(names(&writer), all[..MOST]);
}

#[test]
fn what_must_last_waits_for_the_disk_whatever_came_before_it() {
    const NORMAL: i64 = 1;
    const FULL: i64 = 2;
    let (writer, _home) = writer();
    let add = |kind, name: &str, then: &dyn Fn()| {
        let mut turn = writer.turn(kind).unwrap();
        turn.begin().unwrap();
        let tx = turn.transaction().unwrap();
        tx.exec("INSERT INTO t VALUES ($1)", &[name.into()]).unwrap();
        let level = tx.one("PRAGMA synchronous", &[]).unwrap().int(0).unwrap();
        then();
        turn.keep(Vec::new()).unwrap();
        level
    };
    let levels = std::thread::scope(|scope| {
        let (add, writer) = (&add, &writer);
        let waits = |number| {
            while writer.0.waiting() < number {
                std::thread::yield_now();
            }
        };
        let others = std::cell::RefCell::new(Vec::new());
        let first = add(Kind::Fleeting, "a", &|| {
            for (place, kind) in [Kind::Fleeting, Kind::Usual, Kind::Fleeting].iter().enumerate() {
                let name = ["b", "c", "d"][place];
                others.borrow_mut().push(scope.spawn(move || add(*kind, name, &|| ())));
                waits(place + 1);
            }
        });
        let others = others.into_inner().into_iter().map(|other| other.join().unwrap());
        std::iter::once(first).chain(others).collect::<Vec<_>>()
    });
    assert_eq!(levels, [NORMAL, NORMAL, FULL, FULL], "the last shares the commit of the third");
    assert_eq!(names(&writer), ["a", "b", "c", "d"]);
}
