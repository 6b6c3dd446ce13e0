//! P1 to P4: actions and hooks, from the start of the process to its end.

use std::path::Path;

use serde_json::json;

use super::unit::Unit;
use crate::data::{Dice, Person};
use crate::harness::Outcome;
use crate::harness::numbers::{Cost, Spread, ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::{Watched, limit, watch};
use crate::harness::report::{Better, Line, size, time};

/// Runs of one process in a round.
const RUNS: u64 = 10;
/// Commits of the limit in a round.
const COMMITS: &str = "200";
/// Programs of the machine that stand-ins are called for, which are not hook tools.
const PROGRAMS: [&str; 2] = ["systemctl", "useradd"];

/// The limits of one round.
struct Limits {
    lookup: Watched,
    tool: Cost,
    commit: Cost,
}

/// One round of something dispatched.
struct Round {
    limit: Cost,
    lookup: Cost,
    product: Cost,
    peak: (f64, f64),
    calls: f64,
}

/// Measures.
pub fn measure(options: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let _service = unit.service()?;
    let mut by_id = Vec::new();
    let mut by_address = Vec::new();
    let mut update_status = Vec::new();
    let mut config_changed = Vec::new();
    for round in 0..options.rounds as u64 {
        let person = Person::new(Dice::of(round).roll() % options.size);
        let limits = limits(options, home, unit, &person)?;
        by_id.push(action(options, unit, &limits, &person, &json!({"identity-id": person.id}))?);
        by_address.push(action(options, unit, &limits, &person, &json!({"email": person.email}))?);
        update_status.push(hook(options, unit, &limits, "update-status")?);
        config_changed.push(hook(options, unit, &limits, "config-changed")?);
    }
    let mut lines = Vec::new();
    for (name, rounds) in [("by id", &by_id), ("by address", &by_address)] {
        let what = format!("get-identity {name}");
        lines.push(cost("P1", &format!("{what}, CPU"), rounds, 2.0, 1.5, " (L3+n*L2+L6)"));
        lines.push(wall(&what, rounds));
    }
    lines.push(calls("get-identity", &by_id, 3.0, 2.0));
    lines.push(calls("update-status", &update_status, 8.0, 5.0));
    lines.push(calls("config-changed", &config_changed, 12.0, 8.0));
    for (name, rounds) in [("update-status", &update_status), ("config-changed", &config_changed)] {
        lines.push(cost("P3", &format!("{name}, CPU"), rounds, 2.5, 1.5, " (L3+n*L2)"));
    }
    let all = [
        ("get-identity", &by_id),
        ("update-status", &update_status),
        ("config-changed", &config_changed),
    ];
    lines.extend(all.map(|(name, rounds)| memory(name, rounds)));
    Ok(lines)
}

fn limits(options: &Options, home: &Path, unit: &Unit, person: &Person) -> Outcome<Limits> {
    let database = unit.database().display().to_string();
    let lookup =
        watch(&options.bare, RUNS, &options.bare, &["lookup", &database, &person.email], |_| {})?;
    if !lookup.printed.contains(&person.id) {
        return Err(format!("the limit found '{}' and not {}", lookup.printed, person.id).into());
    }
    let arguments = ["--format=json"];
    let tool = watch(&options.bare, RUNS, &unit.tool("action-get"), &arguments, |command| {
        unit.plain_environment(command);
    })?;
    let commits = home.join("commits.db").display().to_string();
    let commit = limit(&options.bare, &["commit", &commits, COMMITS])?;
    Ok(Limits { lookup, tool: tool.cost, commit })
}

fn action(
    options: &Options,
    unit: &Unit,
    limits: &Limits,
    person: &Person,
    parameters: &serde_json::Value,
) -> Outcome<Round> {
    unit.answer("action-get", parameters)?;
    let round = dispatch(options, unit, limits, "actions/get-identity", limits.commit)?;
    let answered = |call: &&String| call.starts_with("action-set") && call.contains(&person.id);
    let right = round.1.iter().filter(answered).count() as u64;
    if right != RUNS {
        return Err(format!("{right} of {RUNS} answers are right: {:#?}", round.1).into());
    }
    Ok(round.0)
}

fn hook(options: &Options, unit: &Unit, limits: &Limits, name: &str) -> Outcome<Round> {
    let none = Cost::default();
    let (round, calls) = dispatch(options, unit, limits, &format!("hooks/{name}"), none)?;
    let right = calls.iter().filter(|call| call.starts_with("status-set active")).count() as u64;
    if right != RUNS {
        return Err(format!("{name} found something to do: {calls:#?}").into());
    }
    Ok(round)
}

fn dispatch(
    options: &Options,
    unit: &Unit,
    limits: &Limits,
    path: &str,
    durable: Cost,
) -> Outcome<(Round, Vec<String>)> {
    unit.take_calls()?;
    let ran = watch(&options.bare, RUNS, &unit.program(), &[], |command| {
        unit.environment(path, command);
    })?;
    let made = unit.take_calls()?;
    let hook_tools = made.iter().filter(|call| !PROGRAMS.iter().any(|name| call.starts_with(name)));
    let calls = hook_tools.count() as f64 / RUNS as f64;
    let round = Round {
        limit: limits.lookup.cost + limits.tool.times(calls) + durable,
        lookup: limits.lookup.cost,
        product: ran.cost,
        peak: (ran.peak_kib, limits.lookup.peak_kib),
        calls,
    };
    Ok((round, made))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    spread(values).median
}

fn cost(id: &'static str, what: &str, rounds: &[Round], must: f64, goal: f64, sum: &str) -> Line {
    let pairs: Vec<_> = rounds.iter().map(|round| (round.product.cpu, round.limit.cpu)).collect();
    Line {
        id,
        what: what.to_owned(),
        limit: time(median(rounds.iter().map(|round| round.limit.cpu))) + sum,
        product: time(median(rounds.iter().map(|round| round.product.cpu))),
        ratio: ratios(&pairs),
        better: Better::Less,
        must: Some(must),
        goal: Some(goal),
    }
}

/// "At most 4 ms where L3 takes 1.5 ms."
fn wall(what: &str, rounds: &[Round]) -> Line {
    let pairs: Vec<_> =
        rounds.iter().map(|round| (round.product.wall, round.lookup.wall)).collect();
    Line {
        id: "P1",
        what: format!("{what}, wall"),
        limit: time(median(rounds.iter().map(|round| round.lookup.wall))) + " (L3)",
        product: time(median(rounds.iter().map(|round| round.product.wall))),
        ratio: ratios(&pairs),
        better: Better::Less,
        must: None,
        goal: Some(4.0 / 1.5),
    }
}

fn calls(what: &str, rounds: &[Round], must: f64, goal: f64) -> Line {
    let seen = spread(rounds.iter().map(|round| round.calls));
    Line {
        id: "P2",
        what: format!("{what}, hook-tool calls"),
        limit: "-".to_owned(),
        product: format!("{}", seen.median),
        ratio: seen,
        better: Better::Less,
        must: Some(must),
        goal: Some(goal),
    }
}

fn memory(what: &str, rounds: &[Round]) -> Line {
    let pairs: Vec<_> = rounds.iter().map(|round| round.peak).collect();
    let ratio: Spread = ratios(&pairs);
    Line {
        id: "P4",
        what: format!("{what}, peak memory"),
        limit: size(median(pairs.iter().map(|(_, limit)| *limit))) + " (L3)",
        product: size(median(pairs.iter().map(|(product, _)| *product))),
        ratio,
        better: Better::Less,
        must: Some(4.0),
        goal: Some(2.0),
    }
}
