//! Copies of the whole database, and putting one back.

use std::path::{Path, PathBuf};

use doorward::app::{self, DATABASE};
use doorward::clock::Clock;
use doorward::error::ErrorCode;
use doorward::service::backup::{self, Restored};
use doorward::service::{identities, passwords};
use doorward::store::{Row, Value};
use secrecy::SecretString;

use crate::support::{Engine, Realm, ledger, person, process, with_password};

fn back_up(realm: &Realm, name: &str) -> PathBuf {
    let path = realm.beside(name);
    backup::create(&realm.d, &realm.by, &path).unwrap();
    path
}

fn restore(realm: &Realm, from: &Path) -> Result<Restored, doorward::error::Error> {
    backup::restore(&realm.settings, &realm.by, from)
}

/// A realm that nobody has open, as when the service is stopped.
struct Stopped {
    settings: doorward::app::Settings,
    by: doorward::service::Caller,
    _home: crate::support::Bare,
}

impl Stopped {
    fn new(realm: Realm) -> Self {
        let (settings, by, home) = realm.close();
        Self { settings, by, _home: home }
    }

    fn restore(&self, from: &Path) -> Result<Restored, doorward::error::Error> {
        backup::restore(&self.settings, &self.by, from)
    }

    /// Every file of the state directory with its content.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut all: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(&self.settings.state_dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    }

    fn rows(&self, text: &str) -> Vec<Row> {
        let none: &[Value] = &[];
        app::open(&self.settings).unwrap().store.read(|tx| tx.all(text, none)).unwrap()
    }
}

#[test]
fn dur_07_what_was_backed_up_comes_back_and_what_was_there_is_kept() {
    let realm = Realm::sqlite();
    let ada = realm.create(with_password("ada@example.com", "correct horse")).unwrap();
    let before = realm.history().len() as u64;
    let path = back_up(&realm, "copy.db");
    realm.person("eve@example.com");
    passwords::set(&realm.d, &realm.by, ada.id, &SecretString::from("another horse")).unwrap();
    let dump = realm.dump();
    let stopped = Stopped::new(realm);
    let restored = stopped.restore(&path).unwrap();
    assert_eq!(restored.ledger_size, before, "a backup is not yet its own history");
    let d = app::open(&stopped.settings).unwrap();
    let read = identities::find(&d, &identities::Selector::Id(ada.id)).unwrap();
    assert_eq!(read, ada);
    let types = ledger::types(&d);
    assert_eq!(types, ["ledger.created", "user.registered", "ledger.restored"]);
    ledger::must_be_whole(&d);
    identities::create(&d, &stopped.by, person("new@example.com")).unwrap();
    drop(d);
    assert_eq!(stopped.rows("PRAGMA journal_mode")[0].text(0).unwrap(), "wal");
    // The one that was there is whole, under its new name.
    let previous = restored.previous.unwrap();
    let aside = crate::support::dump_file(&previous);
    assert_eq!(aside, dump);
}

#[test]
fn a_backup_is_private_recorded_and_never_overwrites() {
    use std::os::unix::fs::PermissionsExt as _;
    let realm = Realm::sqlite();
    let path = back_up(&realm, "sub/dir/copy.db");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!path.with_extension("db-wal").exists());
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["data"]["what"]),
        (&"admin.export".into(), &"backup".into())
    );
    let content = std::fs::read(&path).unwrap();
    let again = backup::create(&realm.d, &realm.by, &path).unwrap_err();
    assert_eq!(again.code(), ErrorCode::Conflict);
    assert_eq!(std::fs::read(&path).unwrap(), content);
    let entries = realm.history().len();
    let nowhere = Path::new("/proc/doorward/copy.db");
    let refused = backup::create(&realm.d, &realm.by, nowhere).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AuditUnavailable);
    assert_eq!(realm.history().len(), entries);
}

#[test]
fn a_postgresql_database_is_not_backed_up_by_us_and_that_is_said() {
    let Some(realm) = Realm::new(Engine::Postgres) else { return };
    let path = realm.beside("copy.db");
    let error = backup::create(&realm.d, &realm.by, &path).unwrap_err();
    assert!(error.message().contains("its own tools"), "{error}");
    assert!(!path.exists());
    assert_eq!(realm.history(), ["ledger.created"]);
}

#[test]
fn dur_07_a_backup_under_load_is_complete_as_of_one_instant() {
    let realm = Realm::with_clock(Engine::Sqlite, Clock::System).unwrap();
    // Enough pages for several steps of the copy.
    realm.plant(|tx| {
        for index in 0..300 {
            let name = format!("filler-{index}");
            let text = "INSERT INTO settings (name, value) VALUES ($1, $2)";
            let values = [Value::Text(name), Value::Text("x".repeat(50_000))];
            tx.exec(text, &values).unwrap();
        }
    });
    let other = process::spawn(&realm.settings, "busy", 150);
    let mut copies = Vec::new();
    for round in 0..4 {
        let begun = std::time::Instant::now();
        copies.push(back_up(&realm, &format!("copy-{round}.db")));
        assert!(begun.elapsed().as_secs() < 60, "a copy ends while others write");
    }
    process::must_succeed(other);
    let mut counts = Vec::new();
    for copy in copies {
        let there = Realm::sqlite();
        let there = Stopped::new(there);
        there.restore(&copy).unwrap();
        let d = app::open(&there.settings).unwrap();
        assert_eq!(d.store.integrity_problem().unwrap(), None);
        ledger::must_be_whole(&d);
        let people = d.store.read(doorward::store::sql::identities::count).unwrap();
        let invited = ledger::types(&d).iter().filter(|kind| *kind == "user.invited").count();
        assert_eq!(
            people, invited as u64,
            "each person with the entry, each entry with the person"
        );
        counts.push(people);
    }
    assert!(counts.is_sorted(), "{counts:?}");
}

#[test]
fn f_32_damaged_cut_and_foreign_files_are_refused_before_anything_is_touched() {
    let realm = Realm::sqlite();
    for index in 0..20 {
        realm.person(&format!("p{index}@example.com"));
    }
    let good = std::fs::read(back_up(&realm, "good.db")).unwrap();
    // The last line is a digest; what follows is tried on the database alone, as a copy made by
    // other means would be.
    let sealed = good.clone();
    let good = good[..good.len() - good.len() % 4096].to_vec();
    let home = tempfile::tempdir().unwrap();
    let foreign = |name: &str, sql: &str| {
        let path = home.path().join(name);
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        std::fs::read(path).unwrap()
    };
    let altered = |name: &str, sql: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, &good).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        std::fs::read(path).unwrap()
    };
    let mut cases = vec![
        ("empty", Vec::new()),
        ("text", b"-- SQL dump\n".repeat(1000)),
        ("a foreign database", foreign("a", "CREATE TABLE t (a); INSERT INTO t VALUES (1);")),
        (
            "a foreign database of our version",
            foreign("b", "CREATE TABLE t (a); PRAGMA user_version=1;"),
        ),
        ("an older version", altered("c", "PRAGMA user_version=0;")),
        (
            "a removed entry",
            altered(
                "d",
                "DROP TRIGGER ledger_entries_no_delete; DELETE FROM ledger_entries WHERE seq = 3;",
            ),
        ),
        (
            "a changed entry",
            altered(
                "e",
                "DROP TRIGGER ledger_entries_no_update; UPDATE ledger_entries SET entry = replace(entry, 'success', 'failure') WHERE seq = 3;",
            ),
        ),
        ("orphans", altered("f", "PRAGMA foreign_keys=OFF; DELETE FROM identities WHERE n = 2;")),
        ("no head", altered("g", "DELETE FROM ledger_head;")),
    ];
    for cut in [1, 100, 512, 4096, good.len() / 2, good.len() - 4096, good.len() - 1] {
        cases.push(("cut", good[..cut].to_vec()));
        cases.push(("cut", sealed[..cut].to_vec()));
    }
    cases.push(("cut", sealed[..sealed.len() - 1].to_vec()));
    for place in (0..sealed.len()).step_by(sealed.len() / 40) {
        let mut flipped = sealed.clone();
        flipped[place] ^= 1;
        cases.push(("a flipped bit", flipped));
    }
    let stopped = Stopped::new(realm);
    let before = stopped.files();
    let from = home.path().join("candidate.db");
    for (what, content) in cases {
        std::fs::write(&from, &content).unwrap();
        let error = stopped.restore(&from).expect_err(what);
        assert_eq!(error.code(), ErrorCode::Corrupt, "{what}: {error}");
        assert!(error.message().contains("nothing was changed"), "{what}: {error}");
        assert_eq!(stopped.files(), before, "{what}");
    }
    std::fs::write(&from, altered("h", "PRAGMA user_version=99;")).unwrap();
    assert_eq!(stopped.restore(&from).unwrap_err().code(), ErrorCode::NewerDatabase);
    let missing = stopped.restore(&home.path().join("missing.db")).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::NotFound);
    assert!(stopped.restore(home.path()).is_err(), "a directory");
    assert_eq!(stopped.files(), before);
    for whole in [good, sealed] {
        std::fs::write(&from, whole).unwrap();
        stopped.restore(&from).unwrap();
    }
}

#[test]
fn what_an_interrupted_restore_left_is_not_read_into_the_next_one() {
    let realm = Realm::sqlite();
    realm.person("ada@example.com");
    let good = back_up(&realm, "good.db");
    let stopped = Stopped::new(realm);
    for name in ["restore.partial", "restore.partial-wal", "restore.partial-shm"] {
        std::fs::write(stopped.settings.state_dir.join(name), "left over ".repeat(999)).unwrap();
    }
    stopped.restore(&good).unwrap();
    assert!(!stopped.files().iter().any(|(path, _)| path.to_string_lossy().contains("partial")));
    assert_eq!(stopped.rows("SELECT count(*) FROM identities")[0].int(0).unwrap(), 1);
}

#[test]
fn f_10_a_database_in_use_is_not_replaced() {
    let realm = Realm::sqlite();
    let good = back_up(&realm, "good.db");
    realm.person("ada@example.com");
    let before = realm.dump();
    let error = restore(&realm, &good).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Busy);
    assert!(error.message().contains("stop the service"), "{error}");
    assert_eq!(realm.dump(), before);
}

#[test]
fn f_07_a_damaged_database_is_replaced_and_kept_with_its_log() {
    let realm = Realm::sqlite();
    realm.person("ada@example.com");
    let good = back_up(&realm, "good.db");
    let stopped = Stopped::new(realm);
    let database = stopped.settings.state_dir.join(DATABASE);
    std::fs::write(&database, "nothing that is a database".repeat(999)).unwrap();
    std::fs::write(database.with_extension("db-wal"), "nor a log").unwrap();
    let restored = stopped.restore(&good).unwrap();
    assert_eq!(stopped.rows("SELECT count(*) FROM identities")[0].int(0).unwrap(), 1);
    let previous = restored.previous.unwrap();
    assert!(std::fs::read_to_string(&previous).unwrap().starts_with("nothing that is"));
    // Twice in one second: the first copy is not lost.
    let second = stopped.restore(&good).unwrap().previous.unwrap();
    assert_ne!(second, previous);
    assert!(previous.exists());
}

#[test]
fn a_backup_is_restored_where_nothing_was() {
    let realm = Realm::sqlite();
    let ada = realm.person("ada@example.com");
    let good = back_up(&realm, "good.db");
    let bare = Realm::bare(Engine::Sqlite, Clock::System).unwrap();
    std::fs::create_dir_all(&bare.settings.state_dir).unwrap();
    let restored = backup::restore(&bare.settings, &realm.by, &good).unwrap();
    assert_eq!(restored.previous, None);
    let there = bare.prepare();
    assert_eq!(there.get(ada.id), ada);
    ledger::must_be_whole(&there.d);
}
