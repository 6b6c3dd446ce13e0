//! Backup and restore, export and import.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Laptop;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("the file").permissions().mode() & 0o777
}

#[test]
fn a_backup_is_a_new_private_file_and_can_be_put_back() {
    let laptop = Laptop::new();
    laptop.administrator();
    let ran = laptop.doorward(&["backup"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let path = PathBuf::from(ran.out.trim());
    assert!(path.starts_with(laptop.home().join("state/backups")), "{ran:?}");
    assert_eq!(mode(&path), 0o600);
    laptop.action(&["create-admin-account", "username=bob", "email=bob@example.com"]);
    let file = path.to_str().unwrap();
    let refused = laptop.doorward(&["restore", file]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("--replace"), "{refused:?}");
    let ran = laptop.doorward(&["restore", "--replace", file]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.starts_with("The database that was there is now "), "{ran:?}");
    laptop.action(&["get-identity", "email=ada"]);
    let gone = laptop.doorward(&["run", "get-identity", "email=bob"]);
    assert_eq!(gone.out, "Action id 2 failed: Identity not found\n\n");
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing() {
    let laptop = Laptop::new();
    laptop.administrator();
    let file = laptop.file("x.db", "no database");
    for name in [file.as_str(), "missing.db"] {
        assert_eq!(laptop.doorward(&["restore", "--replace", name]).code, Some(1), "{name}");
    }
    laptop.action(&["get-identity", "email=ada"]);
}

#[test]
fn a_file_that_exists_is_never_written_over() {
    let laptop = Laptop::new();
    laptop.administrator();
    laptop.file("mine", "precious");
    for command in [&["backup", "mine"][..], &["export", "mine"], &["audit", "export", "mine"]] {
        assert_eq!(laptop.doorward(command).code, Some(1), "{command:?}");
    }
    assert_eq!(std::fs::read_to_string(laptop.home().join("mine")).unwrap(), "precious");
}

#[test]
fn an_export_can_be_imported_elsewhere() {
    let laptop = Laptop::new();
    let id = laptop.administrator();
    let ran = laptop.doorward(&["export", "--include-credentials", "people.jsonl"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "1 identities\n"), "{ran:?}");
    let file = laptop.home().join("people.jsonl");
    assert_eq!(mode(&file), 0o600);
    let there = Laptop::new();
    let path = file.to_str().unwrap();
    let dry = there.doorward(&["import", "--dry-run", path]);
    assert_eq!(dry.out, "1 would be created, 0 would be skipped because their id exists\n");
    let ran = there.doorward(&["import", path]);
    assert_eq!(ran.out, "1 created, 0 skipped because their id exists\n", "{ran:?}");
    assert_eq!(there.action(&["get-identity", "email=ada"])["id"], id.as_str());
    let again = there.doorward(&["import", path]);
    assert_eq!(again.out, "0 created, 1 skipped because their id exists\n", "{again:?}");
}

#[test]
fn an_export_to_stdout_leaves_no_file_behind() {
    let laptop = Laptop::new();
    let id = laptop.administrator();
    let ran = laptop.doorward(&["export"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let line: serde_json::Value = serde_json::from_str(ran.out.trim()).unwrap();
    assert_eq!(line["id"], id.as_str());
    assert!(ran.err.is_empty(), "quiet in a pipe: {ran:?}");
    let names: Vec<_> = std::fs::read_dir(laptop.home().join("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("export") || name.contains("partial"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn commands_that_read_need_a_database() {
    let laptop = Laptop::new();
    for command in [&["backup"][..], &["export"], &["audit", "list"], &["audit", "checkpoint"]] {
        let ran = laptop.doorward(command);
        assert_eq!(ran.code, Some(1), "{command:?}: {ran:?}");
        assert!(ran.err.starts_with("ERROR there is no database in "), "{ran:?}");
    }
    assert!(!laptop.home().join("state").exists());
}

#[test]
fn a_broken_import_names_the_line() {
    let laptop = Laptop::new();
    let file = laptop.file("people.jsonl", "{\"schema_id\": \"admin_v0\"\n");
    let ran = laptop.doorward(&["import", &file]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("ERROR ") && ran.err.contains('1'), "{ran:?}");
}
