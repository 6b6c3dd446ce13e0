//! Making and upgrading databases: whole, once, and never backwards.

use std::path::Path;

use doorward::app::{self, DATABASE};
use doorward::clock::Clock;
use doorward::error::ErrorCode;
use doorward::store::{Dialect, SCHEMA_VERSION};

use crate::support::cluster::Database;
use crate::support::{Engine, Realm, ledger, noon, operator, process};

const FOUNDATION: &str = include_str!("../../migrations/0001_foundation.sql");

/// The statements of the first step, one by one, as an engine gets them.
fn statements(dialect: Dialect) -> Vec<String> {
    let text = dialect.expand(FOUNDATION);
    let mut all: Vec<String> = Vec::new();
    for piece in text.split_inclusive(";\n") {
        match all.last_mut().filter(|last| last.matches("$$").count() % 2 == 1) {
            // Still within the text of a function.
            Some(last) => last.push_str(piece),
            None => all.push(piece.to_owned()),
        }
    }
    assert!(all.len() > 20, "the step is split");
    all
}

fn bare(engine: Engine) -> Option<crate::support::Bare> {
    Realm::bare(engine, Clock::fixed(noon()))
}

#[test]
fn a_second_preparation_changes_nothing_on_either_engine() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(realm) = Realm::new(engine) else { continue };
        let before = realm.dump();
        let (_, migrated) = app::prepare(&realm.settings, &realm.by.author()).unwrap();
        assert_eq!((migrated.from, migrated.to), (SCHEMA_VERSION, SCHEMA_VERSION));
        assert_eq!(realm.dump(), before);
    }
}

#[test]
fn a_new_database_is_private_durable_and_has_its_first_entry() {
    use std::os::unix::fs::PermissionsExt as _;
    let realm = Realm::sqlite();
    assert_eq!(realm.history(), ["ledger.created"]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    realm.person("ada@example.com");
    for name in [DATABASE, "doorward.db-wal", "doorward.db-shm", "keys/data", "keys/ledger"] {
        assert_eq!(mode(&realm.settings.state_dir.join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&realm.settings.state_dir), 0o700);
    let pragma = |name: &str| realm.rows(&format!("PRAGMA {name}"), &[])[0].clone();
    assert_eq!(pragma("journal_mode").text(0).unwrap(), "wal");
    assert_eq!(pragma("synchronous").int(0).unwrap(), 2, "FULL");
    assert_eq!(pragma("foreign_keys").int(0).unwrap(), 1);
    assert_eq!(pragma("secure_delete").int(0).unwrap(), 1);
    assert_eq!(pragma("trusted_schema").int(0).unwrap(), 0);
}

#[test]
fn dur_06_a_newer_database_is_refused_with_a_sentence_and_left_alone() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(realm) = Realm::new(engine) else { continue };
        let newer = match engine {
            Engine::Sqlite => "PRAGMA user_version = 99",
            Engine::Postgres => "UPDATE settings SET value = '99' WHERE name = 'version'",
        };
        realm.meddle(newer).unwrap();
        let before = realm.dump();
        for outcome in [
            app::open(&realm.settings).map(drop),
            app::prepare(&realm.settings, &realm.by.author()).map(drop),
        ] {
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), ErrorCode::NewerDatabase);
            assert!(error.message().contains("99"), "{error}");
            assert!(error.message().contains("Upgrade Doorward"), "{error}");
        }
        assert_eq!(realm.dump(), before);
    }
}

#[test]
fn dur_06_a_first_migration_killed_after_any_statement_starts_over_on_sqlite() {
    let all = statements(Dialect::Sqlite);
    for done in 0..=all.len() {
        let bare = bare(Engine::Sqlite).unwrap();
        let scene = tempfile::tempdir().unwrap();
        let database = scene.path().join(DATABASE);
        let connection = rusqlite::Connection::open(&database).unwrap();
        // With next to no cache, pages of the unfinished transaction reach the log.
        connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA cache_size=1; BEGIN;").unwrap();
        for text in &all[..done] {
            connection.execute_batch(text).unwrap();
        }
        // What a kill leaves: the files as they are now, without a commit and without goodbye.
        std::fs::create_dir_all(&bare.settings.state_dir).unwrap();
        for name in [DATABASE, "doorward.db-wal"] {
            let from = scene.path().join(name);
            if from.exists() {
                std::fs::copy(from, bare.settings.state_dir.join(name)).unwrap();
            }
        }
        let realm = bare.prepare();
        assert_eq!(realm.d.store.integrity_problem().unwrap(), None, "after {done}");
        realm.person("ada@example.com");
        assert_eq!(realm.history(), ["ledger.created", "user.invited"], "after {done}");
        ledger::must_be_whole(&realm.d);
    }
}

#[test]
fn dur_06_a_first_migration_cut_after_any_statement_starts_over_on_postgres() {
    let Some(bare) = bare(Engine::Postgres) else { return };
    let all = statements(Dialect::Postgres);
    for done in 0..=all.len() {
        let mut client = bare.database.as_ref().map(Database::connect).unwrap();
        let mut transaction = client.transaction().unwrap();
        for text in &all[..done] {
            transaction.batch_execute(text).unwrap();
        }
        // Dropped without a commit, as by a process that dies.
    }
    let realm = bare.prepare();
    realm.person("ada@example.com");
    ledger::must_be_whole(&realm.d);
}

#[test]
fn an_empty_or_missing_database_is_not_ready_and_not_made_by_opening() {
    let bare = bare(Engine::Sqlite).unwrap();
    assert_eq!(app::open(&bare.settings).map(drop).unwrap_err().code(), ErrorCode::NotReady);
    assert!(!bare.settings.state_dir.exists());
    std::fs::create_dir_all(&bare.settings.state_dir).unwrap();
    std::fs::write(bare.settings.state_dir.join(DATABASE), "").unwrap();
    assert_eq!(app::open(&bare.settings).map(drop).unwrap_err().code(), ErrorCode::NotReady);
    let Some(server) = self::bare(Engine::Postgres) else { return };
    assert_eq!(app::open(&server.settings).map(drop).unwrap_err().code(), ErrorCode::NotReady);
}

#[test]
fn a_file_that_is_no_database_is_named_as_damaged_and_left_alone() {
    let bare = bare(Engine::Sqlite).unwrap();
    std::fs::create_dir_all(&bare.settings.state_dir).unwrap();
    let path = bare.settings.state_dir.join(DATABASE);
    let content = "this is no database ".repeat(1000);
    std::fs::write(&path, &content).unwrap();
    for outcome in [
        app::open(&bare.settings).map(drop),
        app::prepare(&bare.settings, &operator().author()).map(drop),
    ] {
        assert_eq!(outcome.unwrap_err().code(), ErrorCode::Corrupt);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
}

#[test]
fn dur_08_processes_that_migrate_at_once_make_one_database() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for _ in 0..4 {
            let Some(bare) = Realm::bare(engine, Clock::System) else { continue };
            let start = |name| process::spawn(&bare.settings, name, 3);
            let children = ["a", "b", "c"].map(start);
            children.into_iter().for_each(process::must_succeed);
            let realm = bare.prepare();
            assert_eq!(realm.number("SELECT count(*) FROM identities"), 9);
            assert_eq!(realm.history().iter().filter(|kind| *kind == "ledger.created").count(), 1);
            ledger::must_be_whole(&realm.d);
        }
    }
}
