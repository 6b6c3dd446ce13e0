//! The benchmark program runs and prints its table. Nothing is said about time here.

use std::process::Command;

#[test]
fn the_benchmarks_run_on_a_tiny_store_and_give_a_verdict_for_every_target() {
    // Tests alone build neither benchmarks nor all examples, so this asks for them as
    // `scripts/bench` does, in the profile that the tests were built in.
    cargo(&["build", "--locked", "--example", "bare", "--example", "hook-tool"]);
    let bench = ["bench", "--locked", "--profile", "dev", "--bench", "targets", "--"];
    let printed = cargo(&[&bench[..], &["--size", "60", "--rounds", "2"]].concat());
    for start in ["Machine: ", "Data: 60 identities, seed ", "| id ", "| --"] {
        assert!(printed.lines().any(|line| line.starts_with(start)), "{start}: {printed}");
    }
    for id in ["P1", "P2", "P3", "P4", "P13", "P14", "P21", "P22", "P28"] {
        let row = printed.lines().find(|line| line.split('|').nth(1).map(str::trim) == Some(id));
        let row = row.unwrap_or_else(|| panic!("no {id} in {printed}"));
        assert!(["goal met", "must met", "MISSED"].iter().any(|verdict| row.contains(verdict)));
    }
}

/// What cargo and what it starts print.
fn cargo(arguments: &[&str]) -> String {
    let ran = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}
