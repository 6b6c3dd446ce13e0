//! P25 to P27: until the service answers, after a clean stop and after a kill; and a backup while
//! it works.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::writes::{create, numbers};
use super::{costs, within};
use crate::harness::Outcome;
use crate::harness::load::{Client, percentile};
use crate::harness::numbers::{ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::{limit, run};
use crate::harness::report::{Better, Line};
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// Connections that create while the service is killed or a backup is made.
const CREATING: usize = 8;

/// Measures.
pub fn measure(options: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let (mut clean, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let server = Server::product(options, &unit.state_dir())?;
        clean.push(server.ready_us);
        kill_under_load(server)?;
        let server = Server::product(options, &unit.state_dir())?;
        killed.push(server.ready_us);
        server.stop()?;
    }
    let mut lines = vec![
        within("P25", "start to ready, in ms", &clean, (Some(50.0), Some(15.0))),
        within("P26", "start to ready after a kill, in ms", &killed, (Some(1000.0), Some(200.0))),
    ];
    lines.extend(backup(options, home, unit)?);
    Ok(lines)
}

fn kill_under_load(server: Server) -> Outcome<()> {
    let first = numbers();
    let address = server.admin.clone();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for client in 0..CREATING as u64 {
            let (address, stop) = (&address, &stop);
            scope.spawn(move || {
                let Ok(mut connection) = Client::connect(address) else { return };
                // Until the server is gone.
                for turn in 0.. {
                    let number = first + (client << 24 | turn);
                    if stop.load(Ordering::Relaxed) || create(&mut connection, number).is_err() {
                        return;
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        let killed = server.kill();
        stop.store(true, Ordering::Relaxed);
        killed
    })
}

/// P27: a backup against the engine's own copy, and what creating takes meanwhile.
fn backup(options: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let (target, bare_target) = (home.join("backup.db"), home.join("copy.db"));
    let server = Server::product(options, &unit.state_dir())?;
    let (mut pairs, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.min(5) {
        let _ = (fs::remove_file(&bare_target), fs::remove_file(&target));
        let (from, to) = (unit.database().display().to_string(), bare_target.display().to_string());
        let begun = Instant::now();
        limit(&options.bare, &["copy", &from, &to])?;
        let bare = begun.elapsed().as_secs_f64() * 1e6;
        let stop = AtomicBool::new(false);
        let (ours, meanwhile) = std::thread::scope(|scope| -> Outcome<_> {
            let creating = scope.spawn(|| {
                create_until(&server, |_| stop.load(Ordering::Relaxed))
                    .map_err(|error| error.to_string())
            });
            let mut command = Command::new(&options.doorward);
            command.arg("backup").arg(&target).arg("--state-dir").arg(unit.state_dir());
            let ran = run(&mut command);
            stop.store(true, Ordering::Relaxed);
            let times = creating.join().map_err(|_| "a client broke down")??;
            Ok((ran?.cost.wall, times))
        })?;
        // As many of them, so that the log is written back as often.
        let quiet = create_until(&server, |created| created == meanwhile.len())?;
        pairs.push((bare, ours));
        slow.push((percentile(&meanwhile, 0.99), percentile(&quiet, 0.99)));
    }
    let _ = (fs::remove_file(&target), fs::remove_file(&bare_target));
    server.stop()?;
    Ok(vec![
        Line {
            id: "P27",
            what: "online backup: share of the engine's own speed".to_owned(),
            limit: crate::harness::report::time(spread(pairs.iter().map(|pair| pair.0)).median),
            product: crate::harness::report::time(spread(pairs.iter().map(|pair| pair.1)).median),
            ratio: ratios(&pairs),
            better: Better::More,
            must: Some(0.5),
            goal: Some(0.8),
        },
        costs("P27", "creating meanwhile, p99", "without a backup", &slow, (Some(3.0), None)),
    ])
}

/// One client creates people until `enough`, which is told how many there are; how long each took, in us.
fn create_until(server: &Server, enough: impl Fn(usize) -> bool) -> Outcome<Vec<f64>> {
    let (mut client, first) = (Client::connect(&server.admin)?, numbers());
    let mut times = Vec::new();
    while !enough(times.len()) {
        let begun = Instant::now();
        create(&mut client, first + times.len() as u64)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}
