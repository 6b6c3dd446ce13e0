//! Every statement of the product is one that both engines accept.

use doorward::store::sql::all_statements;

use crate::support::cluster::Database;
use crate::support::{Engine, Realm};

#[test]
fn every_statement_is_listed() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/sql");
    let mut files: Vec<String> = std::fs::read_dir(here)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("statements! {"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "mod")
        .collect();
    files.sort();
    let mut listed: Vec<&str> = all_statements().map(|(file, _, _)| file).collect();
    listed.dedup();
    assert_eq!(listed, files);
    assert!(all_statements().count() > 40);
}

#[test]
fn sqlite_prepares_every_statement() {
    let realm = Realm::sqlite();
    let connection = rusqlite::Connection::open(realm.file()).unwrap();
    for (file, name, text) in all_statements() {
        let prepared = connection.prepare(text);
        assert!(prepared.is_ok(), "{file}::{name}: {:?}", prepared.err());
    }
}

#[test]
fn postgres_prepares_every_statement() {
    let Some(realm) = Realm::new(Engine::Postgres) else { return };
    let mut client = realm.database().map(Database::connect).unwrap();
    for (file, name, text) in all_statements() {
        let prepared = client.prepare(text);
        assert!(prepared.is_ok(), "{file}::{name}: {:?}", prepared.err());
    }
}

#[test]
fn no_statement_asks_the_engine_for_what_engines_do_differently() {
    for (file, name, text) in all_statements() {
        let upper = text.to_uppercase();
        for word in ["NOW(", "LOWER(", "UPPER(", "ILIKE", "ANY(", "->", "CURRENT_", "RANDOM("] {
            assert!(!upper.contains(word), "{file}::{name} says {word}");
        }
    }
}
