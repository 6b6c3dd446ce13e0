//! Measures the product against its limits and prints a table with a verdict for each target.
//! `scripts/bench` builds what is needed and runs this; docs/reference/performance.md explains it.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts become the numerators and denominators of averages"
)]

mod data;
mod harness;
mod met;
mod workloads;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use harness::Outcome;
use harness::options::Options;
use harness::report::{Line, Verdict, table};
use workloads::service::{
    circles, history, life, logins, memory, reads, sessions, tenfold, writes,
};
use workloads::unit::Unit;
use workloads::{dispatch, import, package, rates, stalls, verify, write};

fn main() -> ExitCode {
    match Options::from_arguments().and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs what is asked for; false when a target is missed and that matters.
fn run(options: &Options) -> Outcome<bool> {
    println!("Machine: {}", harness::machine::describe());
    println!("Data: {} identities, seed {}, {} rounds", options.size, data::SEED, options.rounds);
    let lines = measure(options)?;
    println!("\n{}", table(&lines));
    Ok(judge(options, &lines))
}

/// All targets that are asked for, in the order in which they build on each other.
fn measure(options: &Options) -> Outcome<Vec<Line>> {
    let home = Home::of(options)?;
    let mut lines = Vec::new();
    let mut add = |name: &str, more: Vec<Line>| {
        eprintln!("{name}: done");
        lines.extend(more);
    };
    if options.wants(&["P28"]) {
        add("package", package::measure(options, &home.path)?);
    }
    let unit = Unit::at(&home.path, options)?;
    let filled = home.path.join("filled");
    if options.wants(&["P13", "P14"]) || !filled.exists() {
        add("import", import::measure(options, &home.path, &unit)?);
        fs::write(filled, "")?;
    }
    if options.wants(&["P1", "P2", "P3", "P4"]) {
        add("dispatch", dispatch::measure(options, &home.path, &unit)?);
    }
    if options.wants(&["P22"]) {
        add("verification", verify::measure(options, &unit)?);
    }
    if options.wants(&["P21"]) {
        add("ledger", write::measure(options, &unit)?);
    }
    if options.wants(&["P5", "P6", "P8"]) {
        add("sessions", sessions::measure(options, &unit)?);
    }
    if options.wants(&["P7", "P9", "P10"]) {
        add("sign-ins", logins::measure(options, &unit)?);
    }
    if options.wants(&["P15", "P16", "P17", "P18", "P19"]) {
        add("reads", reads::measure(options, &unit)?);
    }
    if options.wants(&["P20"]) {
        add("ten times as many", tenfold::measure(options, &home.path, &unit)?);
    }
    if options.wants(&["H1"]) {
        add("history", history::measure(options, &unit)?);
    }
    if options.wants(&["H2"]) {
        add("roles and groups", circles::measure(options, &unit)?);
    }
    if options.wants(&["H3"]) {
        add("standing still", stalls::measure(options, &home.path, &unit)?);
    }
    if options.wants(&["P11", "P12"]) {
        add("writes", writes::measure(options, &home.path, &unit)?);
    }
    if options.wants(&["P25", "P26", "P27"]) {
        add("life", life::measure(options, &home.path, &unit)?);
    }
    if options.wants(&["rates"]) {
        add("rates", rates::measure(options, &home.path, &unit)?);
    }
    // Last, because an hour of creations makes the store another one.
    if options.wants(&["P23", "P24"]) {
        add("memory", memory::measure(options, &home.path, &unit)?);
    }
    lines.sort_by_key(|line| line.id.trim_start_matches('P').parse().unwrap_or(u32::MAX));
    Ok(lines)
}

/// Says what is missed or worse than it was.
fn judge(options: &Options, lines: &[Line]) -> bool {
    let mut well = true;
    let mut say = |text: String| {
        println!("{text}");
        well = false;
    };
    for line in lines {
        if line.verdict() == Verdict::Missed {
            say(format!("{} misses its must: {}", line.id, line.what));
        }
        let known = met::RATIOS.iter().find(|(id, what, _)| *id == line.id && *what == line.what);
        if let Some((_, _, ratio)) = known.filter(|(_, _, ratio)| line.is_worse_than(*ratio)) {
            say(format!("{} is worse by more than 20 % than {ratio}: {}", line.id, line.what));
        }
    }
    well || !options.check
}

/// Where the data are: a directory that is removed again, unless one was named.
struct Home {
    path: PathBuf,
    kept: bool,
}

impl Home {
    fn of(options: &Options) -> Outcome<Self> {
        let kept = options.work.is_some();
        let path = options.work.clone().unwrap_or_else(|| {
            std::env::temp_dir().join(format!("doorward-bench-{}", std::process::id()))
        });
        fs::create_dir_all(&path)?;
        Ok(Self { path: fs::canonicalize(path)?, kept })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
