//! R5: who was deleted or erased is not brought back by a backup that is older than that.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use doorward::app::{self, Deps};
use doorward::domain::identity::Identity;
use doorward::error::ErrorCode;
use doorward::service::gone::{self, Again, Departed};
use doorward::service::identities::{self, Selector, delete_and_erase};
use doorward::service::verification::{Proof, Verdict};
use doorward::service::{backup, erasure, transfer, verification};
use serde_json::Value;

use crate::support::{Realm, ledger};

crate::on_both_engines! {
    r5_a_deletion_is_on_the_list_as_soon_as_it_is_done,
    r5_what_a_killed_process_did_not_write_down_is_taken_over_from_the_ledger,
    r5_none_of_many_who_delete_at_once_is_left_out,
}

fn lines(realm: &Realm) -> Vec<Value> {
    let text = std::fs::read_to_string(gone::place(&realm.settings.state_dir)).unwrap_or_default();
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn erase_now(realm: &Realm, one: &Identity) {
    delete_and_erase(&realm.d, &realm.by, one.id, erasure::Erase::Now).unwrap();
}

fn r5_a_deletion_is_on_the_list_as_soon_as_it_is_done(realm: &Realm) {
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| realm.person(email));
    identities::delete(&realm.d, &realm.by, ada.id).unwrap();
    erase_now(realm, &eve);
    let list = lines(realm);
    let said: Vec<_> = list
        .iter()
        .map(|line| (line["entry"]["type"].as_str().unwrap(), line["entry"]["principal"].clone()))
        .collect();
    let (ada, eve) = (Value::from(ada.id.to_string()), Value::from(eve.id.to_string()));
    assert_eq!(said, [("user.deleted", ada), ("user.deleted", eve.clone()), ("user.erased", eve)]);
    assert_eq!(gone::missing(&realm.d).unwrap(), []);
    assert_eq!(lines(realm), list, "what is there is not written twice");
    assert!(!realm.dump().contains(&gone::place(Path::new("")).display().to_string()));
}

fn r5_what_a_killed_process_did_not_write_down_is_taken_over_from_the_ledger(realm: &Realm) {
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| realm.person(email));
    identities::delete(&realm.d, &realm.by, ada.id).unwrap();
    gone::missing(&realm.d).unwrap();
    let path = gone::place(&realm.settings.state_dir);
    let before = std::fs::read(&path).unwrap();
    identities::delete(&realm.d, &realm.by, eve.id).unwrap();
    let after = std::fs::read(&path).unwrap();
    // Killed before the line, and in the middle of it.
    for kept in [before.len(), before.len() + 20] {
        std::fs::write(&path, &after[..kept]).unwrap();
        assert_eq!(gone::missing(&realm.d).unwrap(), []);
        assert_eq!(std::fs::read(&path).unwrap(), after, "{kept}");
        // As if nobody had looked yet.
        realm.meddle("DELETE FROM erasure_lists").unwrap();
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(gone::missing(&realm.d).unwrap(), []);
    assert_eq!(lines(realm).len(), 2, "a new list has everything that the ledger has");
}

fn r5_none_of_many_who_delete_at_once_is_left_out(realm: &Realm) {
    let people: Vec<Identity> =
        (0..24).map(|n| realm.person(&format!("p{n}@example.com"))).collect();
    std::thread::scope(|scope| {
        for some in people.chunks(6) {
            let (d, by) = (realm.open(), realm.by.clone());
            scope.spawn(move || {
                for one in some {
                    identities::delete(&d, &by, one.id).unwrap();
                    assert_eq!(gone::missing(&d).unwrap(), []);
                }
            });
        }
    });
    // Whoever looks just then may take a line over that its writer adds as well.
    let ids: BTreeSet<String> = lines(realm)
        .iter()
        .map(|line| line["entry"]["principal"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, people.iter().map(|one| one.id.to_string()).collect());
}

/// A realm with a backup of it, and a look at it once that is put back.
struct Older {
    realm: Realm,
    backup: PathBuf,
}

impl Older {
    fn new() -> Self {
        let realm = Realm::sqlite();
        for email in ["ada@example.com", "eve@example.com", "bob@example.com"] {
            realm.person(email);
        }
        let backup = realm.beside("copy.db");
        backup::create(&realm.d, &realm.by, &backup).unwrap();
        Self { realm, backup }
    }

    fn person(&self, email: &str) -> Identity {
        identities::find(&self.realm.d, &Selector::Identifier(email.to_owned())).unwrap()
    }

    fn restored(self) -> (Restored, usize) {
        let (settings, by, home) = self.realm.close();
        let done = backup::restore(&settings, &by, &self.backup).unwrap();
        let d = app::open(&settings).unwrap();
        (Restored { d, by, home }, done.back)
    }
}

struct Restored {
    d: Deps,
    by: doorward::service::Caller,
    home: crate::support::Bare,
}

impl Restored {
    fn values_of(&self, id: uuid::Uuid) -> usize {
        self.d.store.read(|tx| doorward::store::sql::personal::of(tx, id, 100)).unwrap().len()
    }
}

#[test]
fn r5_who_was_deleted_and_erased_after_the_backup_goes_again() {
    let older = Older::new();
    let [ada, eve, bob] =
        ["ada@example.com", "eve@example.com", "bob@example.com"].map(|email| older.person(email));
    identities::delete(&older.realm.d, &older.realm.by, ada.id).unwrap();
    older.realm.at("2026-07-03T12:00:00Z");
    erase_now(&older.realm, &eve);
    // Made and deleted since: the backup never knew them.
    let passing = older.realm.person("passing@example.com");
    identities::delete(&older.realm.d, &older.realm.by, passing.id).unwrap();
    let (back, said) = older.restored();
    let mut missing = gone::missing(&back.d).unwrap();
    missing.sort_by_key(|one| one.deleted);
    let at = |time: &str| Some(time.parse().unwrap());
    assert_eq!(
        missing,
        [
            Departed { id: ada.id, deleted: at("2026-07-01T12:00:00Z"), erased: false },
            Departed { id: eve.id, deleted: at("2026-07-03T12:00:00Z"), erased: true },
        ]
    );
    assert_eq!(said, 2);
    assert!(back.values_of(eve.id) > 0);
    let done = gone::again(&back.d, &back.by).unwrap();
    assert_eq!((done.deleted, done.erased), (2, 1));
    assert!(done.values > 0);
    assert_eq!(back.values_of(eve.id), 0);
    for (id, there) in [(ada.id, false), (eve.id, false), (bob.id, true)] {
        assert_eq!(identities::find(&back.d, &Selector::Id(id)).is_ok(), there);
    }
    // What was to be erased later is erased when it would have been.
    let waiting = erasure::state(&back.d, ada.id).unwrap().1;
    assert_eq!(waiting, at("2026-07-31T12:00:00Z"));
    assert_eq!(gone::missing(&back.d).unwrap(), []);
    assert_eq!(gone::again(&back.d, &back.by).unwrap(), Again::default());
    let entries = ledger::documents(&back.d);
    let reasons: Vec<_> = entries
        .iter()
        .filter(|entry| ["user.deleted", "user.erased"].contains(&entry["type"].as_str().unwrap()))
        .map(|entry| entry["data"]["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["restored"; 3]);
    let report = verification::verify(&back.d, &Proof::default(), &mut |_, _| {}).unwrap();
    assert_eq!(report.verdict(), Verdict::Intact, "{}", report.summary());
}

#[test]
fn r5_a_backup_in_which_nobody_is_missing_asks_for_nothing() {
    let older = Older::new();
    let (back, said) = older.restored();
    assert_eq!((said, gone::missing(&back.d).unwrap()), (0, vec![]));
}

#[test]
fn r5_an_older_and_a_newer_backup_can_be_restored_one_after_the_other() {
    let older = Older::new();
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| older.person(email));
    identities::delete(&older.realm.d, &older.realm.by, ada.id).unwrap();
    let newer = older.realm.beside("newer.db");
    backup::create(&older.realm.d, &older.realm.by, &newer).unwrap();
    identities::delete(&older.realm.d, &older.realm.by, eve.id).unwrap();
    let (oldest, (back, said)) = (older.backup.clone(), older.restored());
    assert_eq!(said, 2);
    gone::again(&back.d, &back.by).unwrap();
    let Restored { d, by, home } = back;
    drop(d);
    let put_back = |from: &Path, expected: &[uuid::Uuid]| {
        backup::restore(&home.settings, &by, from).unwrap();
        let d = app::open(&home.settings).unwrap();
        let missing: Vec<_> = gone::missing(&d).unwrap().iter().map(|one| one.id).collect();
        assert_eq!(missing, expected);
    };
    put_back(&newer, &[eve.id]);
    // Without anything done about that.
    let mut both = [ada.id, eve.id];
    both.sort();
    put_back(&oldest, &both);
    put_back(&newer, &[eve.id]);
}

#[test]
fn r5_who_is_held_stays_until_they_are_released_and_who_came_back_stays() {
    let older = Older::new();
    let [ada, eve] = ["ada@example.com", "eve@example.com"].map(|email| older.person(email));
    erasure::hold(&older.realm.d, &older.realm.by, ada.id, None).unwrap();
    let held = older.realm.beside("held.db");
    backup::create(&older.realm.d, &older.realm.by, &held).unwrap();
    let older = Older { backup: held, ..older };
    erasure::release(&older.realm.d, &older.realm.by, ada.id, None).unwrap();
    erase_now(&older.realm, &ada);
    let file = older.realm.beside("people.jsonl");
    transfer::export(&older.realm.d, &older.realm.by, &file, true).unwrap();
    identities::delete(&older.realm.d, &older.realm.by, eve.id).unwrap();
    older.realm.at("2026-07-02T12:00:00Z");
    transfer::import(&older.realm.d, &older.realm.by, &file, false).unwrap();
    let again = older.realm.beside("again.db");
    backup::create(&older.realm.d, &older.realm.by, &again).unwrap();
    let (back, said) = older.restored();
    assert_eq!(said, 2, "both, as far as this backup knows");
    let Restored { d, by, home } = back;
    let eves = gone::missing(&d).unwrap();
    assert!(eves.contains(&Departed { id: ada.id, deleted: eves[0].deleted, erased: false }));
    drop(d);
    backup::restore(&home.settings, &by, &again).unwrap();
    let d = app::open(&home.settings).unwrap();
    // Nothing of this database is known to the list but by its entries.
    assert_eq!(gone::missing(&d).unwrap(), []);
    assert!(identities::find(&d, &Selector::Id(eve.id)).is_ok());
}

#[test]
fn r5_what_was_lost_with_the_machine_is_learnt_from_an_export_of_the_ledger() {
    let older = Older::new();
    let eve = older.person("eve@example.com");
    erase_now(&older.realm, &eve);
    let export = older.realm.beside("ledger.jsonl");
    verification::export(&older.realm.d, &older.realm.by, &export, false, &mut |_, _| {}).unwrap();
    // Another machine, which has the backup and the keys.
    let there = Realm::sqlite();
    let (settings, by, _home) = there.close();
    std::fs::remove_file(settings.state_dir.join("doorward.db")).unwrap();
    let _ = std::fs::remove_file(gone::place(&settings.state_dir));
    let done = backup::restore(&settings, &by, &older.backup).unwrap();
    assert_eq!(done.back, 0, "nobody told it yet");
    let d = app::open(&settings).unwrap();
    assert_eq!(gone::learn(&settings.state_dir, &export).unwrap(), 2);
    assert_eq!(gone::learn(&settings.state_dir, &export).unwrap(), 0, "once");
    assert_eq!(gone::missing(&d).unwrap().len(), 1);
    assert_eq!(gone::again(&d, &by).unwrap().deleted, 1);
    assert!(identities::find(&d, &Selector::Id(eve.id)).is_err());
    let text = std::fs::read_to_string(gone::place(&settings.state_dir)).unwrap();
    let line = text.lines().find(|line| line.starts_with("{\"leaf\"")).unwrap();
    let altered = older.realm.beside("altered.jsonl");
    std::fs::write(&altered, line.replace("\"seq\":", "\"seq\":1")).unwrap();
    let error = gone::learn(&settings.state_dir, &altered).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Corrupt, "{error}");
    let error = gone::learn(&settings.state_dir, Path::new("/nonexistent/file")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
}
