//! P13 and P14: importing identities with ready hashes, and making them searchable.
//!
//! The million is brought in as many pieces as there are rounds, so that limit and product take
//! turns while both stores grow.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use doorward::app::{self, Settings};
use doorward::config;
use doorward::service::cleaning;

use super::unit::Unit;
use crate::data::Person;
use crate::harness::Outcome;
use crate::harness::numbers::{Cost, ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::{Stopwatch, limit, run};
use crate::harness::report::{Better, Line, rate, size, time};

/// Most memory an import may take, in KiB: the must and the goal of P14.
const MEMORY: (f64, f64) = (64.0 * 1024.0, 32.0 * 1024.0);

/// Measures, and leaves the unit with all identities in it.
pub fn measure(options: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let bare = home.join("bare.db");
    remove(&bare)?;
    let lines = home.join("people.jsonl");
    let mut fills: Vec<(Cost, Cost)> = Vec::new();
    let mut memory = Vec::new();
    for (from, to) in pieces(options) {
        write_lines(&lines, from, to)?;
        let database = bare.display().to_string();
        let fill = limit(&options.bare, &["fill", &database, &from.to_string(), &to.to_string()])?;
        let ran = run(&mut import(options, &unit.state_dir(), &lines))?;
        let count = (to - from) as f64;
        if !ran.printed.starts_with(&format!("{} created", to - from)) {
            return Err(format!("the import said: {}", ran.printed).into());
        }
        fills.push((Cost::per(ran.cost.wall, ran.cost.cpu, count), fill));
        memory.push(ran.anonymous_kib);
    }
    let index = limit(&options.bare, &["index", &bare.display().to_string()])?;
    remove(&bare)?;
    fs::remove_file(&lines)?;
    check(options, unit)?;
    let mut lines = report(&fills, index, &memory);
    lines.push(put_in_order(&unit.state_dir())?);
    Ok(lines)
}

/// Brings everybody into another store, which is left as the service leaves it after some minutes.
pub fn bring_in(options: &Options, home: &Path, state_dir: &Path) -> Outcome<()> {
    let lines = home.join("people.jsonl");
    write_lines(&lines, 0, options.size)?;
    run(&mut import(options, state_dir, &lines))?;
    fs::remove_file(&lines)?;
    put_in_order(state_dir)?;
    Ok(())
}

/// What the service does in the minutes after many were created, so that nothing else is measured beside it.
pub fn put_in_order(state_dir: &Path) -> Outcome<Line> {
    let deps = app::open(&Settings::embedded(state_dir, config::Options::default()))?;
    let stopwatch = Stopwatch::start()?;
    cleaning::sweep(&deps)?;
    let Cost { wall, cpu, .. } = stopwatch.per(1.0)?;
    Ok(Line {
        id: "P13",
        what: "its index put in order by the service afterwards, CPU".to_owned(),
        limit: "-".to_owned(),
        product: time(cpu),
        ratio: spread([wall / 1e6]),
        better: Better::Less,
        must: None,
        goal: None,
    })
}

/// Numbers of the people in each piece.
fn pieces(options: &Options) -> impl Iterator<Item = (u64, u64)> {
    let rounds = options.rounds as u64;
    let at = move |round: u64, size: u64| size * round / rounds;
    let size = options.size;
    (0..rounds).map(move |round| (at(round, size), at(round + 1, size)))
}

fn import(options: &Options, state_dir: &Path, lines: &Path) -> Command {
    let mut command = Command::new(&options.doorward);
    command.arg("import").arg(lines).arg("--state-dir").arg(state_dir);
    command
}

fn write_lines(path: &PathBuf, from: u64, to: u64) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in from..to {
        let person = Person::new(number);
        let Person { id, email, hash, .. } = &person;
        writeln!(
            file,
            r#"{{"id":"{id}","schema_id":"social_user_v0","state":"active","traits":{},"credentials":{{"password":{{"config":{{"hashed_password":"{hash}"}}}}}},"verifiable_addresses":[{{"value":"{email}","via":"email","verified":true}}]}}"#,
            person.traits()
        )?;
    }
    Ok(file.flush()?)
}

/// The last person can be found, by a part of a word too.
fn check(options: &Options, unit: &Unit) -> Outcome<()> {
    let person = Person::new(options.size - 1);
    let connection = unit.service()?;
    let phrase = format!("\"{}\"", person.email.trim_end_matches(".com"));
    let found: String = connection.query_row(
        "SELECT i.id FROM identity_search s JOIN identities i ON i.n = s.rowid
         WHERE identity_search MATCH ?1",
        [phrase],
        |row| row.get(0),
    )?;
    let count: i64 =
        connection.query_row("SELECT count(*) FROM identities", [], |row| row.get(0))?;
    if found != person.id || count != i64::try_from(options.size)? {
        return Err(format!("{count} identities, and {found} instead of {}", person.id).into());
    }
    Ok(())
}

fn report(fills: &[(Cost, Cost)], index: Cost, memory: &[f64]) -> Vec<Line> {
    let middle = |pick: fn(&Cost) -> f64, product: bool| {
        spread(fills.iter().map(|(ours, bare)| pick(if product { ours } else { bare }))).median
    };
    let line = |what: &str, pick: fn(&Cost) -> f64| {
        let pairs: Vec<_> =
            fills.iter().map(|(ours, bare)| (pick(bare) + pick(&index), pick(ours))).collect();
        // 45 % of the one and 50 % of the other; 70 % of each.
        let (fill, index) = (middle(pick, false), pick(&index));
        let must = (fill + index) / (fill / 0.45 + index / 0.5);
        Line {
            id: "P13",
            what: what.to_owned(),
            limit: rate(fill + index) + " (L8 and L10b)",
            product: rate(middle(pick, true)),
            ratio: ratios(&pairs),
            better: Better::More,
            must: Some(must),
            goal: Some(0.7),
        }
    };
    let memory = spread(memory.iter().copied());
    vec![
        line("import with ledger and index", |cost| cost.wall),
        Line { must: None, goal: None, ..line("the same, by CPU", |cost| cost.cpu) },
        Line {
            id: "P14",
            what: "import, RssAnon in MiB".to_owned(),
            limit: "-".to_owned(),
            product: size(memory.high),
            ratio: spread([memory.high / 1024.0]),
            better: Better::Less,
            must: Some(MEMORY.0 / 1024.0),
            goal: Some(MEMORY.1 / 1024.0),
        },
    ]
}

fn remove(database: &Path) -> Outcome<()> {
    for end in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{end}", database.display()));
        if path.exists() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
