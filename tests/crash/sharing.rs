//! A process in which many threads share a store, killed while their changes share commits.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};

use doorward::clock::Clock;
use uuid::Uuid;

use crate::support::{Engine, Realm, ledger, process};

/// How often the process is killed.
const KILLS: usize = 25;

#[test]
fn dur_01_a_kill_under_concurrent_load_loses_nothing_that_was_acknowledged() {
    let realm = Realm::with_clock(Engine::Sqlite, Clock::System).unwrap();
    let (settings, _, _bare) = realm.close();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let mut child = process::spawn_sharing(&settings, &format!("k{kill}"), 24);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = 0;
        while let Some(Ok(line)) = lines.next() {
            let Some((_, id)) = line.split_once(process::PRINTED) else { continue };
            // A line that the kill cut short acknowledged nothing.
            acknowledged.extend(id.parse::<Uuid>());
            told += 1;
            // At another moment each time; what was told before is read to the end.
            if told == 1 + kill * 7 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(told > kill * 7, "it was killed in the middle of its work");
        let d = doorward::app::open(&settings).expect("it opens by itself");
        assert_eq!(d.store.integrity_problem().unwrap(), None);
        let rows = d.store.read(|tx| tx.all("SELECT id FROM identities", &[])).unwrap();
        let present: BTreeSet<Uuid> =
            rows.iter().map(|row| row.text(0).unwrap().parse().unwrap()).collect();
        assert!(acknowledged.is_subset(&present), "everything acknowledged is there");
        let entries = ledger::types(&d).len();
        assert_eq!(entries, 1 + present.len(), "changes and entries are the same");
        ledger::must_be_whole(&d);
    }
    assert!(acknowledged.len() > KILLS);
}
