//! The benchmark program runs and prints its table. Nothing is said about time here.

use std::process::Command;

#[test]
fn the_benchmarks_run_on_a_tiny_store_and_give_a_verdict_for_every_target() {
    // Tests alone build neither benchmarks nor all examples, so this asks for them as
    // `scripts/bench` does, in the profile that the tests were built in.
    cargo(&["build", "--locked", "--example", "bare", "--example", "hook-tool"]);
    let bench = ["bench", "--locked", "--profile", "dev", "--bench", "targets", "--"];
    let printed =
        cargo(&[&bench[..], &["--size", "600", "--rounds", "2", "--mixed", "1"]].concat());
    for start in ["Machine: ", "Data: 600 identities, seed ", "| id ", "| --"] {
        assert!(printed.lines().any(|line| line.starts_with(start)), "{start}: {printed}");
    }
    let of_commands = ["P1", "P2", "P3", "P4", "P13", "P14", "P21", "P22", "P28"];
    let of_the_service = [
        "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P15", "P16", "P17", "P18", "P19",
        "P20", "P23", "P24", "P25", "P26", "P27", "H1", "H2", "H3",
    ];
    for id in of_commands.into_iter().chain(of_the_service) {
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
