//! P23 and P24: memory of a service that has nothing to do, and of one that has had everything to
//! do for a while.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use doorward::app::{Settings, prepare};
use doorward::config;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::store::Author;

use super::sessions::{anybody, fill, mixed};
use super::writes::{create, numbers};
use crate::harness::Outcome;
use crate::harness::load::Client;
use crate::harness::numbers::spread;
use crate::harness::options::Options;
use crate::harness::report::{Better, Line, size};
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// Connections of each kind under mixed load.
const LOOKING: usize = 24;
const SEARCHING: usize = 4;
const CREATING: usize = 4;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Measures.
pub fn measure(options: &Options, home: &std::path::Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let empty = home.join("empty");
    if !empty.join(doorward::app::DATABASE).exists() {
        let author = Author { actor: Actor::new(ActorKind::System, "bench"), tx: None };
        prepare(&Settings::embedded(&empty, config::Options::default()), &author)?;
    }
    let (mut idle, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.min(5) {
        let limit = Server::bare(options, &unit.database())?;
        let ours = Server::product(options, &empty)?;
        std::thread::sleep(Duration::from_millis(500));
        bare.push(limit.memory()?);
        idle.push(ours.memory()?);
        ours.stop()?;
        limit.stop()?;
    }
    fill(unit, options.size)?;
    let loaded = under_load(options, unit)?;
    let line = |id, what: String, limit: String, kib: Vec<f64>, must, goal| {
        let mebi = spread(kib.iter().map(|value| value / 1024.0));
        let product = size(mebi.median * 1024.0);
        let (must, goal) = (Some(must), Some(goal));
        Line { id, what, limit, product, ratio: mebi, better: Better::Less, must, goal }
    };
    let limit = format!("{} (L16)", size(spread(bare).median));
    let seconds = options.mixed;
    let what = format!("RssAnon in MiB, the most in {seconds} s of mixed load");
    Ok(vec![
        line("P23", "RssAnon in MiB, idle, empty store".to_owned(), limit, idle, 24.0, 12.0),
        line("P24", what, "-".to_owned(), vec![loaded], 96.0, 48.0),
    ])
}

/// The greatest memory while many look, some search and some create.
fn under_load(options: &Options, unit: &Unit) -> Outcome<f64> {
    let server = Server::product(options, &unit.state_dir())?;
    let whoami = mixed(unit)?;
    let search = |client: &mut Client, number: u64| {
        let person = anybody(options, number);
        let word = person.email.split('@').next().unwrap_or_default();
        match client.get(&format!("/admin/doorward/identities/search?q={word}"))? {
            200 if client.text().contains(&person.id) => Ok(()),
            status => Err(format!("search {word}: {status} {}", client.text()).into()),
        }
    };
    let (stop, next, first) = (AtomicBool::new(false), AtomicU64::new(0), numbers());
    let keep_on = |address: &str, ask: &(dyn Fn(&mut Client, u64) -> Outcome<()> + Sync)| {
        let work = || -> Outcome<()> {
            let mut client = Client::connect(address)?;
            while !stop.load(Ordering::Relaxed) {
                ask(&mut client, next.fetch_add(1, Ordering::Relaxed))?;
            }
            Ok(())
        };
        work().map_err(|error| error.to_string())
    };
    let creating = |client: &mut Client, number: u64| create(client, first + number);
    let most = std::thread::scope(|scope| -> Outcome<f64> {
        let mut threads = Vec::new();
        for _ in 0..LOOKING {
            threads.push(scope.spawn(|| keep_on(&server.public, &whoami)));
        }
        for _ in 0..SEARCHING {
            threads.push(scope.spawn(|| keep_on(&server.admin, &search)));
        }
        for _ in 0..CREATING {
            threads.push(scope.spawn(|| keep_on(&server.admin, &creating)));
        }
        let (begun, mut most) = (Instant::now(), 0.0_f64);
        while begun.elapsed() < Duration::from_secs(options.mixed) {
            std::thread::sleep(LOOK);
            most = most.max(server.memory()?);
        }
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().map_err(|_| "a client broke down")??;
        }
        Ok(most)
    })?;
    server.stop()?;
    Ok(most)
}
