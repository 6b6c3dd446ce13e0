//! Keeps the plan of the house: reads `src/` and fails on a forbidden arrow, on a crate named in
//! the wrong file, on SQL outside the store and on files nobody would read to the end.

mod rules;
mod tokens;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rules::{ARROWS, CRATES, MOST_LINES, SCRATCH, SQL};
use tokens::{Token, closing_brace, test_modules, tokens};

/// A file of `src/`, by its path below it.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The first folder, or the file's own name at the top.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many `super` lead from this file to the crate's root.
    fn depth(&self) -> usize {
        let folders = self.path.matches('/').count();
        if self.path.ends_with("mod.rs") { folders } else { folders + 1 }
    }

    fn within(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            self.path == *place || (place.ends_with('/') && self.path.starts_with(place))
        })
    }
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn files_of(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
        })
        .collect()
}

/// The files of `src/` that the product is made of: without those only tests compile.
fn product() -> Vec<Source> {
    let all = files_of("src");
    let mut tests_only = BTreeSet::new();
    for file in &all {
        let stem = file.path.strip_suffix(".rs").unwrap();
        let home = stem
            .strip_suffix("mod")
            .or(stem.strip_suffix("lib"))
            .map_or_else(|| format!("{stem}/"), ToOwned::to_owned);
        for name in test_modules(&file.text) {
            tests_only.insert(format!("{home}{name}.rs"));
            tests_only.insert(format!("{home}{name}/"));
        }
    }
    let places: Vec<&str> = tests_only.iter().map(String::as_str).collect();
    all.into_iter().filter(|file| !file.within(&places)).collect()
}

/// The rooms that `file` imports or names by a full path.
fn rooms_named(file: &Source) -> BTreeSet<String> {
    let all = tokens(&file.text);
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at < all.len() {
        let mut supers = 0;
        let starts = all[at].is("crate") || all[at].is("doorward") || all[at].is("super");
        if starts {
            while all.get(at).is_some_and(|token| token.is("super")) {
                supers += 1;
                at += 2;
            }
            let at_root = supers == 0 || supers >= file.depth();
            let next = if supers == 0 { at + 2 } else { at };
            let joined = supers > 0 || all.get(at + 1) == Some(&Token::Mark(':'));
            if at_root && joined {
                found.extend(heads(&all, next));
            }
            at = at.max(next.saturating_sub(1));
        }
        at += 1;
    }
    found.remove(file.room());
    found.retain(|name| ARROWS.iter().any(|(room, _)| room == name));
    found
}

/// The first names of the path, or of each path of the group, that starts at `at`.
fn heads(all: &[Token], at: usize) -> Vec<String> {
    match all.get(at) {
        Some(Token::Word(name)) => vec![name.clone()],
        Some(Token::Mark('{')) => {
            let end = closing_brace(all, at);
            let mut depth = 0usize;
            let mut names = Vec::new();
            for pair in all[at..end].windows(2) {
                match &pair[0] {
                    Token::Mark('{') => depth += 1,
                    Token::Mark('}') => depth -= 1,
                    _ => {}
                }
                let opens = matches!(&pair[0], Token::Mark('{' | ','));
                if let (1, true, Token::Word(name)) = (depth, opens, &pair[1]) {
                    names.push(name.clone());
                }
            }
            names
        }
        _ => Vec::new(),
    }
}

/// Whether a path in these tokens starts at the outside crate `name`, not at a module so called.
fn names_crate(all: &[Token], name: &str) -> bool {
    let own = all.windows(2).any(|pair| pair[0].is("mod") && pair[1].is(name));
    let path = |at: usize| {
        let after_path = at > 0 && all[at - 1] == Token::Mark(':');
        let from_use = at > 0 && all[at - 1].is("use");
        let leads = all.get(at + 1) == Some(&Token::Mark(':'));
        (leads || from_use) && !after_path
    };
    !own && (0..all.len()).any(|at| all[at].is(name) && path(at))
}

#[test]
fn every_room_imports_only_what_its_row_allows() {
    let mut wrong = Vec::new();
    for file in product() {
        if file.path == "lib.rs" {
            continue;
        }
        let Some((room, allowed)) = ARROWS.iter().find(|(room, _)| *room == file.room()) else {
            wrong.push(format!("{}: the room has no row in the table", file.path));
            continue;
        };
        for name in rooms_named(&file) {
            if !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: {room} -> {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden arrows:\n{}", wrong.join("\n"));
}

#[test]
fn arrows_make_no_circle() {
    for (room, allowed) in ARROWS {
        for other in *allowed {
            let (_, back) = ARROWS.iter().find(|(name, _)| name == other).unwrap();
            assert!(!back.contains(room), "{room} and {other} import each other");
        }
    }
}

#[test]
fn outside_crates_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for file in product() {
        let all = tokens(&file.text);
        for (name, places) in CRATES {
            let named = names_crate(&all, name);
            if named && !file.within(places) {
                wrong.push(format!("{}: {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "crates outside their files:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_store_speaks_sql() {
    let speaks = |text: &str| {
        ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "PRAGMA "]
            .iter()
            .any(|word| text.contains(word))
            || (text.contains("UPDATE ") && text.contains(" SET "))
    };
    let mut wrong = Vec::new();
    for file in product() {
        let sql = tokens(&file.text)
            .into_iter()
            .any(|token| matches!(token, Token::Text(text) if speaks(&text)));
        if sql && !file.within(SQL) {
            wrong.push(file.path);
        }
    }
    assert!(wrong.is_empty(), "SQL outside the store: {wrong:?}");
}

#[test]
fn only_what_is_nobodys_account_is_written_without_a_ledger_entry() {
    let named: Vec<String> = product()
        .into_iter()
        .filter(|file| file.within(&["store/sql/"]) && !file.within(SCRATCH))
        .filter(|file| tokens(&file.text).iter().any(|token| token.is("ScratchTx")))
        .map(|file| file.path)
        .collect();
    assert!(named.is_empty(), "a change without a ledger entry:\n{}", named.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in files_of(folder) {
            let lines = file.text.lines().count();
            if lines > MOST_LINES {
                wrong.push(format!("{folder}/{}: {lines} lines", file.path));
            }
            // A file of a line or two is an empty room, not something to explain.
            if lines > 2 && !file.text.starts_with("//!") {
                wrong.push(format!("{folder}/{}: no `//!` sentence", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_finds_every_form() {
    let file = Source {
        path: "domain/ledger/x.rs".to_owned(),
        text: "use crate::{error::{Error, clock}, store::Tx, audit}; use super::super::super::cli;
               use super::super::http; fn f() { crate::crypto::seal(); doorward::app::x() }"
            .to_owned(),
    };
    let found = rooms_named(&file);
    let expected = ["app", "audit", "cli", "crypto", "error", "store"];
    assert!(found.iter().map(String::as_str).eq(expected), "{found:?}");
}
