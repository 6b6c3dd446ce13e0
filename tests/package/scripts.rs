//! The commands a newcomer is told to type exist, and the build server types the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The lines of the README that are commands of this tree.
fn commands() -> Vec<String> {
    read("README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("    scripts/"))
        .map(|line| format!("scripts/{}", line.split_whitespace().next().unwrap()))
        .collect()
}

#[test]
fn every_command_of_the_readme_can_be_run() {
    let commands = commands();
    assert_eq!(commands, ["scripts/setup-and-run", "scripts/test", "scripts/build-charm"]);
    for command in commands.iter().map(String::as_str).chain([".ci/run", "scripts/docs"]) {
        let path = Path::new(ROOT).join(command);
        assert_ne!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0, "{command}");
        let parsed = Command::new("sh").arg("-n").arg(&path).output().unwrap();
        assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    }
}

#[test]
fn the_build_server_runs_the_command_of_the_readme() {
    let run = read(".ci/run");
    assert!(run.starts_with("#!/bin/sh\n"));
    assert!(run.contains("\nset -eu\n"));
    assert!(run.ends_with("\nexec scripts/test\n"));
}
