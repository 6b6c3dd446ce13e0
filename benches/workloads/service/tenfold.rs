//! P20: looking people up and searching for them, against the same among a tenth of them.

use std::path::Path;

use doorward::app::{Settings, prepare};
use doorward::config;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::store::Author;

use super::reads::{READ, SEARCH, ask, p50};
use super::sessions::anybody;
use super::{costs, requests, warm};
use crate::harness::Outcome;
use crate::harness::awake::Awake;
use crate::harness::options::Options;
use crate::harness::report::Line;
use crate::harness::server::Server;
use crate::workloads::import;
use crate::workloads::unit::Unit;

/// What is asked, and what each round of it took among all and among a tenth.
type Asked = (&'static str, fn(&Options, u64) -> (String, String), Vec<(f64, f64)>);

/// Measures.
pub fn measure(options: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let few = Options { size: (options.size / 10).max(1), ..options.clone() };
    let tenth = home.join("tenth");
    if !tenth.join(doorward::app::DATABASE).exists() {
        let author = Author { actor: Actor::new(ActorKind::System, "bench"), tx: None };
        prepare(&Settings::embedded(&tenth, config::Options::default()), &author)?;
        import::bring_in(&few, home, &tenth)?;
    }
    warm(&unit.state_dir())?;
    warm(&tenth)?;
    let small = (&few, Server::product(&few, &tenth)?);
    let large = (options, Server::product(options, &unit.state_dir())?);
    let mut all: [Asked; 4] = [
        ("get an identity by its id", by_id, Vec::new()),
        ("find one by its address", by_address, Vec::new()),
        ("search, a rare word", rare, Vec::new()),
        ("search, a common word", common, Vec::new()),
    ];
    let _awake = Awake::keep(options)?;
    let count = requests(few.size, READ);
    for round in 0..options.rounds as u64 {
        for (_, question, rounds) in &mut all {
            let taken = |(options, server): &(&Options, Server)| {
                p50(server, count, |client, turn| {
                    let (path, names) = question(options, round << 20 | turn);
                    ask(client, &path, &names, 1)
                })
            };
            rounds.push((taken(&large)?, taken(&small)?));
        }
    }
    small.1.stop()?;
    large.1.stop()?;
    let bounds = (Some(3.0), Some(2.0));
    let lines = all.iter().map(|(what, _, rounds)| costs("P20", what, "a tenth", rounds, bounds));
    Ok(lines.collect())
}

fn by_id(options: &Options, turn: u64) -> (String, String) {
    let id = anybody(options, turn).id;
    (format!("/admin/identities/{id}"), id)
}

fn by_address(options: &Options, turn: u64) -> (String, String) {
    let person = anybody(options, turn);
    (format!("/admin/identities?credentials_identifier={}", person.email), person.id)
}

fn rare(options: &Options, turn: u64) -> (String, String) {
    let person = anybody(options, turn);
    let word = person.email.split('@').next().unwrap_or_default();
    (format!("{SEARCH}?q={word}&page_size=100"), person.id)
}

fn common(options: &Options, turn: u64) -> (String, String) {
    let word = anybody(options, turn).family.to_lowercase();
    (format!("{SEARCH}?q={word}&page_size=100"), String::new())
}
