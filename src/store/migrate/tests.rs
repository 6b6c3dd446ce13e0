//! Steps that do not exist yet, taken on the path of those that do.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::clock::Clock;
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::rng::Rng;
use crate::store::Ledger;

const NEXT: (&str, &str) = ("next", "CREATE TABLE next (a {INT} NOT NULL){STRICT};");
const BROKEN: (&str, &str) = ("broken", "CREATE TABLE more (a {INT}){STRICT}; INSERT INTO gone;");

fn open(path: &Path) -> (Store, Location) {
    let location = Location::File(path.to_owned());
    let ledger = Ledger {
        clock: Clock::fixed(jiff::Timestamp::UNIX_EPOCH),
        rng: Rng::default(),
        realm: "default".to_owned(),
        signer: None,
    };
    (Store::on(&location, true, ledger).unwrap(), location)
}

fn author() -> Author {
    Author { actor: Actor::new(ActorKind::System, "test"), tx: None }
}

fn tables(store: &Store) -> Vec<String> {
    let text = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let rows = store.read(|tx| tx.all(text, &[])).unwrap();
    rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

fn entries(store: &Store) -> u64 {
    store.read(crate::store::sql::ledger::size_and_root).unwrap().0
}

#[test]
fn dur_06_a_private_copy_is_made_before_an_upgrade_and_none_before_the_first_step() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let (store, location) = open(&path);
    assert_eq!(take(&store, &location, &author(), &STEPS).unwrap(), (0, 1));
    let copy = snapshot_path(&path, 1);
    assert!(!copy.exists());
    assert_eq!(take(&store, &location, &author(), &[STEPS[0], NEXT]).unwrap(), (1, 2));
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(tables(&store).contains(&"next".to_owned()));
    assert_eq!(entries(&store), 2, "each step is in the ledger");
    let (before, _) = open(&copy);
    assert_eq!((before.read(version).unwrap(), entries(&before)), (1, 1));
    assert!(!tables(&before).contains(&"next".to_owned()));
    assert_eq!(take(&store, &location, &author(), &[STEPS[0], NEXT]).unwrap(), (2, 2));
    assert_eq!(entries(&store), 2, "a second time changes nothing");
}

#[test]
fn dur_06_a_step_that_fails_leaves_the_version_before_it_and_can_be_taken_again() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let (store, location) = open(&path);
    let steps = [STEPS[0], NEXT, BROKEN];
    take(&store, &location, &author(), &steps).unwrap_err();
    assert_eq!(store.read(version).unwrap(), 2, "the steps before it stay");
    assert!(!tables(&store).contains(&"more".to_owned()));
    let mended = [STEPS[0], NEXT, ("mended", "CREATE TABLE more (a {INT}){STRICT};")];
    assert_eq!(take(&store, &location, &author(), &mended).unwrap(), (2, 3));
    assert_eq!(entries(&store), 3);
}

#[test]
fn dur_06_a_newer_database_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let (store, location) = open(&path);
    take(&store, &location, &author(), &[STEPS[0], NEXT]).unwrap();
    let refused = take(&store, &location, &author(), &STEPS).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 2, known: 1 }), "{refused}");
    assert!(matches!(must_be_current(&store), Err(StoreError::Newer { .. })));
}

#[test]
fn the_newest_version_is_that_of_the_last_step() {
    assert_eq!(usize::try_from(SCHEMA_VERSION), Ok(STEPS.len()));
}
