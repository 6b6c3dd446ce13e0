//! P7, P9 and P10: signing in with a password, steadily and far more often than the machine can, and
//! what that leaves for those who are signed in already.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use doorward::app::{self, Settings};
use doorward::config;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::service::Caller;
use doorward::service::identities::{self, CreateIdentity};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::sessions::{fill, mixed};
use super::within;
use crate::data::Dice;
use crate::harness::Outcome;
use crate::harness::load::{Client, load, percentile};
use crate::harness::numbers::{ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::limit;
use crate::harness::report::{Better, Line, size, time};
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// What everybody types.
const PASSWORD: &str = "a long walk along the river";
/// How many people sign in.
const PEOPLE: u64 = 64;
/// Sign-ins in a round, and how many more connections than cores a storm has.
const STEADY: u64 = 60;
const STORM: usize = 40;
/// How long a storm lasts at least.
const STORMY: Duration = Duration::from_secs(5);
/// Session checks in a round.
const CHECKS: u64 = 2_000;

/// Somebody who can sign in: makes them where they are not there yet.
fn people(unit: &Unit) -> Outcome<Vec<String>> {
    let deps = app::open(&Settings::embedded(unit.state_dir(), config::Options::default()))?;
    let by = Caller::local(Actor::new(ActorKind::System, "bench"));
    let mut all = Vec::new();
    for number in 0..PEOPLE {
        let email = format!("walker{number}@example.com");
        let request = CreateIdentity {
            traits: json!({"email": email}),
            password: Some(SecretString::from(PASSWORD)),
            ..CreateIdentity::default()
        };
        // Those of an earlier run are still there.
        let _ = identities::create(&deps, &by, request);
        all.push(email);
    }
    Ok(all)
}

/// Begins to sign in: where the form is handed in.
fn begin(client: &mut Client) -> Outcome<String> {
    match client.get("/self-service/login/api")? {
        200 => {
            let flow: Value = serde_json::from_slice(&client.body)?;
            let id = flow.get("id").and_then(Value::as_str).ok_or("a flow without an id")?;
            Ok(format!("/self-service/login?flow={id}"))
        }
        status => Err(format!("begin: {status} {}", client.text()).into()),
    }
}

/// Hands the form in; the status.
fn hand_in(client: &mut Client, path: &str, email: &str) -> Outcome<u16> {
    let body = json!({"method": "password", "identifier": email, "password": PASSWORD}).to_string();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    client.ask(&request)
}

fn one(people: &[String], number: u64) -> Outcome<&str> {
    let index = usize::try_from(Dice::of(number).roll() % PEOPLE)?;
    Ok(people.get(index).ok_or("nobody can sign in")?)
}

fn sign_in(client: &mut Client, people: &[String], number: u64) -> Outcome<()> {
    let path = begin(client)?;
    match hand_in(client, &path, one(people, number)?)? {
        200 if client.text().contains("ory_st_") => Ok(()),
        status => Err(format!("sign in: {status} {}", client.text()).into()),
    }
}

/// What a storm came to.
#[derive(Default)]
struct Storm {
    accepted: Vec<f64>,
    refused: Vec<f64>,
    memory: f64,
}

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    fill(unit, options.size)?;
    let people = people(unit)?;
    let ours = Server::product(options, &unit.state_dir())?;
    let whoami = mixed(unit)?;
    let cores = std::thread::available_parallelism()?.get();
    let steady = super::requests(options.size, STEADY);
    let checks = super::requests(options.size, CHECKS);
    let (mut beside, mut rate, mut latency) = (Vec::new(), Vec::new(), Vec::new());
    let mut hashes = Vec::new();
    let (mut accepted, mut refused, mut memory) = (Vec::new(), Vec::new(), 0.0_f64);
    for round in 0..options.rounds.min(9) as u64 {
        let (count, threads) = (steady.to_string(), cores.to_string());
        let l11 = limit(&options.bare, &["hash", &count, &threads])?;
        let first = round << 32;
        let hashing = ours.cpu_of("hash")?;
        let taken = load(&ours, &ours.public, cores, steady, |client, number| {
            sign_in(client, &people, first + number)
        })?;
        // What the threads that hash take is the hash; all else is beside it.
        let hashing = (ours.cpu_of("hash")? - hashing) / steady as f64;
        beside.push((taken.cost.cpu - hashing, l11.cpu));
        hashes.push((hashing, l11.cpu));
        rate.push((l11.wall, taken.cost.wall));

        let idle = load(&ours, &ours.public, 1, checks, &whoami)?;
        let busy = under_storm(&ours, &people, first, cores, |server| {
            Ok(load(server, &server.public, 1, checks, &whoami)?.p99)
        })?;
        latency.push((busy.0, idle.p99));
        let storm = busy.1;
        // Of one hash while all cores hash.
        let alone = l11.wall * cores as f64;
        accepted.push((percentile(&storm.accepted, 0.99), alone));
        refused.push(percentile(&storm.refused, 0.99));
        memory = memory.max(storm.memory);
    }
    ours.stop()?;
    let mut lines = steady_lines(&beside, &hashes, &rate);
    lines.extend([
        ratio("P7", "whoami while all slots hash, p99", "idle", &latency, Some(10.0), Some(4.0)),
        ratio("P10", "a storm: those let in, p99", "L11", &accepted, Some(5.0), Some(3.0)),
        within("P10", "those refused, p99 in ms", &refused, (Some(50.0), None)),
        Line {
            id: "P10",
            what: "RssAnon in MiB, the most in a storm".to_owned(),
            limit: "-".to_owned(),
            product: size(memory),
            ratio: spread([memory / 1024.0]),
            better: Better::Less,
            must: None,
            goal: None,
        },
    ]);
    Ok(lines)
}

/// P9: what a sign-in takes beside its hash, the hash itself, and the rate.
fn steady_lines(beside: &[(f64, f64)], hashes: &[(f64, f64)], rate: &[(f64, f64)]) -> Vec<Line> {
    vec![
        share("P9", "a sign-in beside its hash: share of the hash, by CPU", beside),
        ratio("P9", "its hash, by CPU", "L11", hashes, None, None),
        Line {
            id: "P9",
            what: "sign-ins: share of the rate of bare hashes".to_owned(),
            limit: format!("{} (L11)", time(spread(rate.iter().map(|pair| pair.0)).median)),
            product: time(spread(rate.iter().map(|pair| pair.1)).median),
            ratio: ratios(rate),
            better: Better::More,
            must: None,
            goal: Some(0.95),
        },
    ]
}

/// Does something while many more people sign in than can.
fn under_storm<T>(
    server: &Server,
    people: &[String],
    first: u64,
    cores: usize,
    job: impl FnOnce(&Server) -> Outcome<T>,
) -> Outcome<(T, Storm)> {
    let (stop, next) = (AtomicBool::new(false), AtomicU64::new(first));
    let storm = Mutex::new(Storm::default());
    let rage = || -> Outcome<()> {
        let mut client = Client::connect(&server.public)?;
        while !stop.load(Ordering::Relaxed) {
            let path = begin(&mut client)?;
            let email = one(people, next.fetch_add(1, Ordering::Relaxed))?;
            let begun = Instant::now();
            let status = hand_in(&mut client, &path, email)?;
            let took = begun.elapsed().as_secs_f64() * 1e6;
            let mut storm = storm.lock().map_err(|_| "a client broke down")?;
            match status {
                200 => storm.accepted.push(took),
                429 | 503 => storm.refused.push(took),
                status => return Err(format!("storm: {status} {}", client.text()).into()),
            }
            drop(storm);
            if status != 200 {
                // As clients do that are told to come back in a second, only sooner.
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Ok(())
    };
    let done = std::thread::scope(|scope| -> Outcome<T> {
        let threads: Vec<_> = (0..cores * STORM)
            .map(|_| scope.spawn(|| rage().map_err(|error| error.to_string())))
            .collect();
        let begun = Instant::now();
        // All slots are taken, and all who may wait do.
        std::thread::sleep(Duration::from_millis(1_500));
        let done = job(server);
        let memory = server.memory();
        // Long enough that one of a hundred is not one of those who came first.
        std::thread::sleep(STORMY.saturating_sub(begun.elapsed()));
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().map_err(|_| "a client broke down")??;
        }
        let mut storm = storm.lock().map_err(|_| "a client broke down")?;
        storm.memory = memory?;
        done
    })?;
    Ok((done, storm.into_inner().map_err(|_| "a client broke down")?))
}

fn share(id: &'static str, what: &str, pairs: &[(f64, f64)]) -> Line {
    ratio(id, what, "L11", pairs, Some(0.1), Some(0.05))
}

fn ratio(
    id: &'static str,
    what: &str,
    limit: &str,
    pairs: &[(f64, f64)],
    must: Option<f64>,
    goal: Option<f64>,
) -> Line {
    super::costs(id, what, limit, pairs, (must, goal))
}
