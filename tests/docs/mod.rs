//! Documentation: links lead somewhere, and pages made from the program are fresh.

mod actions;
mod examples;
mod http;
mod links;
mod options;
mod readme;

use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A file of the tree.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a page with what it should be; `scripts/docs` writes it instead.
fn check(path: &str, expected: &str) {
    if std::env::var_os("DOORWARD_WRITE_DOCS").is_some() {
        fs::write(Path::new(ROOT).join(path), expected).unwrap();
        return;
    }
    let found = fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default();
    let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(found == expected, "{path} is stale, run scripts/docs; first difference: {differs:?}");
}

/// Text inside a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
