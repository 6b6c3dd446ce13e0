//! P22: the whole ledger verified, against reading it in order, hashing and comparing.

use std::process::Command;

use super::unit::Unit;
use crate::harness::Outcome;
use crate::harness::numbers::{Cost, ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::{limit, run};
use crate::harness::report::{Better, Line, rate, size};

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    let service = unit.service()?;
    let database = unit.database().display().to_string();
    let mut rounds: Vec<(Cost, Cost)> = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..options.rounds {
        let entries: i64 =
            service.query_row("SELECT count(*) FROM ledger_entries", [], |row| row.get(0))?;
        let bare = limit(&options.bare, &["scan", &database])?;
        let mut command = Command::new(&options.doorward);
        command.args(["audit", "verify", "--json", "--state-dir"]).arg(unit.state_dir());
        let ran = run(&mut command)?;
        let report: serde_json::Value = serde_json::from_str(&ran.printed)?;
        let checked = report.get("checked").and_then(serde_json::Value::as_i64);
        if report.get("ok") != Some(&true.into()) || checked != Some(entries) {
            return Err(format!("of {entries} entries: {}", ran.printed).into());
        }
        let count = entries as f64;
        rounds.push((Cost::per(ran.cost.wall, ran.cost.cpu, count), bare));
        memory.push(ran.anonymous_kib);
    }
    let line = |what: &str, pick: fn(&Cost) -> f64| {
        let pairs: Vec<_> = rounds.iter().map(|(ours, bare)| (pick(bare), pick(ours))).collect();
        Line {
            id: "P22",
            what: what.to_owned(),
            limit: rate(spread(pairs.iter().map(|(bare, _)| *bare)).median) + " (L15)",
            product: rate(spread(pairs.iter().map(|(_, ours)| *ours)).median),
            ratio: ratios(&pairs),
            better: Better::More,
            must: Some(0.5),
            goal: Some(0.8),
        }
    };
    let memory = spread(memory);
    Ok(vec![
        line("ledger verification", |cost| cost.wall),
        Line { must: None, goal: None, ..line("the same, by CPU", |cost| cost.cpu) },
        Line {
            id: "P22",
            what: "its RssAnon in MiB".to_owned(),
            limit: "-".to_owned(),
            product: size(memory.high),
            ratio: spread([memory.high / 1024.0]),
            better: Better::Less,
            must: None,
            goal: None,
        },
    ])
}
