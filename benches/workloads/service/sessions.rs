//! P5, P6 and P8: the session check, against a bare server that does the same look-up, and reading
//! one identity. There are as many sessions as identities.

use std::collections::BTreeSet;

use doorward::app::{self, Settings};
use doorward::config;
use doorward::crypto::token::digest_bytes;
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::{Actor, ActorKind, Event};
use doorward::domain::session::{Aal, Device, Method, MethodKind, Session};
use doorward::domain::status::{Standing, Status};
use doorward::store::sql::sessions::insert;
use doorward::store::{Author, Change, StoreError};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Rounds, costs, requests, warm};
use crate::data::{Dice, Person};
use crate::harness::Outcome;
use crate::harness::load::{Client, Taken, load};
use crate::harness::numbers::{ratios, spread};
use crate::harness::options::Options;
use crate::harness::report::{Better, Line, time};
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// Connections that ask at the same time.
const CONNECTIONS: usize = 32;
/// Requests in a round by all of them, and by one alone.
const MANY: u64 = 20_000;
const ALONE: u64 = 4_000;
/// Sessions in one transaction.
const BATCH: i64 = 50_000;
/// How many different people are asked for.
const DIFFERENT: u64 = 20_000;

/// Somebody who is signed in.
struct SignedIn {
    token: String,
    id: String,
}

/// The token of the session of row `n`.
fn token(n: i64) -> String {
    let mut dice = Dice::of(n.unsigned_abs() ^ 0x5e55_1045);
    let digits = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let letter = |roll: u64| {
        let index = usize::try_from(roll % digits.len() as u64).unwrap_or(0);
        digits.get(index).copied().map_or('0', char::from)
    };
    std::iter::once("ory_st_".to_owned())
        .chain((0..32).map(|_| letter(dice.roll()).to_string()))
        .collect()
}

/// Signs everybody in who is not yet.
pub fn fill(unit: &Unit, size: u64) -> Outcome<()> {
    let connection = unit.service()?;
    let number = |text: &str| connection.query_row(text, [], |row| row.get::<_, i64>(0));
    if number("SELECT count(*) FROM sessions")? >= i64::try_from(size)? {
        return Ok(());
    }
    eprintln!("sessions: signing everybody in");
    let deps = app::open(&Settings::embedded(unit.state_dir(), config::Options::default()))?;
    let author = Author { actor: Actor::new(ActorKind::System, "bench"), tx: None };
    let mut next = number("SELECT coalesce(max(identity), 0) FROM sessions")? + 1;
    let last = number("SELECT max(n) FROM identities")?;
    let now = Timestamp::from_microsecond(1_740_000_000_000_000)?;
    while next <= last {
        let text = "SELECT n FROM identities WHERE n >= ?1 ORDER BY n LIMIT ?2";
        let mut statement = connection.prepare_cached(text)?;
        let rows = statement.query_map([next, BATCH], |row| row.get::<_, i64>(0))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        deps.store.write_many(&author, |tx| {
            for n in &rows {
                insert(tx, *n, &session(*n, now), &digest_bytes(&token(*n)))?;
            }
            let event = Event::new(EventType::AdminConfigChanged).data("source", "bench");
            Ok::<_, StoreError>(Change::of((), event, []))
        })?;
        next = rows.last().map_or(last, |n| *n) + 1;
    }
    Ok(())
}

fn session(n: i64, now: Timestamp) -> Session {
    let mut dice = Dice::of(n.unsigned_abs() ^ 0x1d);
    let mut id = || Uuid::from_u64_pair(dice.roll(), dice.roll());
    let device = Device {
        id: id(),
        ip_address: Some("192.0.2.44".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0".to_owned()),
        location: None,
    };
    let ten_years = SignedDuration::from_hours(24 * 3650);
    Session {
        id: id(),
        identity_id: Uuid::nil(),
        owner: Standing { status: Status::Active, until: None, expires_at: None },
        active: true,
        aal: Aal::Two,
        methods: vec![
            Method::new(MethodKind::Password, Aal::One, now),
            Method::new(MethodKind::Totp, Aal::Two, now),
        ],
        authenticated_at: now,
        issued_at: now,
        expires_at: now.checked_add(ten_years).unwrap_or(now),
        devices: vec![device],
        last_seen_at: None,
        authorities: BTreeSet::new(),
    }
}

/// People from all over the table, with their tokens.
fn signed_in(unit: &Unit) -> Outcome<Vec<SignedIn>> {
    let connection = unit.service()?;
    // Sessions that began while something was measured are over much sooner.
    let text = "SELECT max(identity) FROM sessions WHERE expires_at > 2000000000000000";
    let last: i64 = connection.query_row(text, [], |row| row.get(0))?;
    let mut statement = connection.prepare("SELECT id FROM identities WHERE n = ?1")?;
    let mut all = Vec::new();
    for turn in 0..DIFFERENT.min(last.unsigned_abs()) {
        let n = i64::try_from(Dice::of(turn).roll() % last.unsigned_abs())? + 1;
        // Numbers of rows that were removed again are passed over.
        let found = statement.query_map([n], |row| row.get::<_, String>(0))?.next().transpose()?;
        all.extend(found.map(|id| SignedIn { token: token(n), id }));
    }
    Ok(all)
}

/// Asks who has a token; the answer must have this status, and name this identity.
fn whoami(client: &mut Client, token: &str, status: u16, id: &str) -> Outcome<()> {
    let request = format!(
        "GET /sessions/whoami HTTP/1.1\r\nHost: localhost\r\nX-Session-Token: {token}\r\n\r\n"
    );
    let got = client.ask(&request)?;
    if got == status && client.text().contains(id) {
        return Ok(());
    }
    Err(format!("whoami: {got} {}", client.text()).into())
}

fn one(all: &[SignedIn], number: u64) -> Outcome<&SignedIn> {
    let index = usize::try_from(number)? % all.len().max(1);
    Ok(all.get(index).ok_or("nobody is signed in")?)
}

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    fill(unit, options.size)?;
    let people = signed_in(unit)?;
    warm(&unit.state_dir())?;
    let bare = Server::bare(options, &unit.database())?;
    let ours = Server::product(options, &unit.state_dir())?;
    let (many, alone) = (requests(options.size, MANY), requests(options.size, ALONE));
    let valid = |client: &mut Client, number: u64| {
        let person = one(&people, number)?;
        whoami(client, &person.token, 200, &person.id)
    };
    let unknown = |client: &mut Client, number: u64| {
        whoami(client, &token(i64::MAX - i64::try_from(number)?), 401, "")
    };
    let malformed = |client: &mut Client, _| whoami(client, "not-a-token", 401, "");
    let hello = |client: &mut Client, _| match client.get("/hello")? {
        200 => Ok(()),
        status => Err(format!("hello: {status}").into()),
    };
    let identity = |client: &mut Client, number: u64| {
        let id = &one(&people, number)?.id;
        match client.get(&format!("/admin/identities/{id}"))? {
            200 if client.text().contains(id) => Ok(()),
            status => Err(format!("{id}: {status} {}", client.text()).into()),
        }
    };
    let mut rounds = Round::default();
    for round in 0..=options.rounds {
        let l12 = load(&bare, &bare.public, CONNECTIONS, many, hello)?;
        let l13 = load(&bare, &bare.public, CONNECTIONS, many, valid)?;
        let good = load(&ours, &ours.public, CONNECTIONS, many, valid)?;
        let stranger = load(&ours, &ours.public, CONNECTIONS, many, unknown)?;
        let garbage = load(&ours, &ours.public, CONNECTIONS, many, malformed)?;
        let read = load(&ours, &ours.admin, CONNECTIONS, many, identity)?;
        let bare_alone = load(&bare, &bare.public, 1, alone, valid)?;
        let alone = load(&ours, &ours.public, 1, alone, valid)?;
        if round == 0 {
            // Memory of both servers fills with pages.
            continue;
        }
        rounds.valid.push((good, l13));
        rounds.alone.push((alone, bare_alone));
        rounds.unknown.push((stranger, good));
        rounds.malformed.push((garbage, l12));
        rounds.identity.push((read, l13));
    }
    ours.stop()?;
    bare.stop()?;
    Ok(rounds.lines())
}

#[derive(Default)]
struct Round {
    valid: Rounds,
    alone: Rounds,
    unknown: Rounds,
    malformed: Rounds,
    identity: Rounds,
}

impl Round {
    fn lines(&self) -> Vec<Line> {
        type Pick = fn(&Taken) -> f64;
        let (cpu, wall): (Pick, Pick) = (|taken| taken.cost.cpu, |taken| taken.cost.wall);
        let p99: Pick = |taken| taken.p99;
        let pairs = |rounds: &Rounds, pick: Pick| -> Vec<(f64, f64)> {
            rounds.iter().map(|(ours, limit)| (pick(ours), pick(limit))).collect()
        };
        let share: Vec<_> =
            pairs(&self.valid, cpu).into_iter().map(|(ours, limit)| (limit, ours)).collect();
        let share = Line {
            id: "P5",
            what: "whoami, 32 connections: share of the limit, by CPU".to_owned(),
            limit: format!("{} (L13)", time(spread(share.iter().map(|pair| pair.0)).median)),
            product: time(spread(share.iter().map(|pair| pair.1)).median),
            ratio: ratios(&share),
            better: Better::More,
            must: Some(0.65),
            goal: Some(0.8),
        };
        let line = |id, what, limit, rounds, pick: Pick, must, goal| {
            costs(id, what, limit, &pairs(rounds, pick), (must, goal))
        };
        let (one, bound) = (Some(1.0), Some(3.0));
        vec![
            share,
            line("P5", "the same, by the clock", "L13", &self.valid, wall, None, None),
            line("P6", "whoami, one connection, p99", "L13", &self.alone, p99, bound, Some(1.5)),
            line("P6", "the same, p50", "L13", &self.alone, |it| it.p50, None, None),
            line("P8", "whoami, unknown token, CPU", "a valid one", &self.unknown, cpu, one, None),
            line("P8", "malformed token, CPU", "L12", &self.malformed, cpu, None, Some(1.5)),
            line("-", "get an identity, CPU", "L13", &self.identity, cpu, None, None),
            line("-", "the same, by the clock", "L13", &self.identity, wall, None, None),
            line("-", "the same, p99", "L13", &self.identity, p99, None, None),
        ]
    }
}

/// A request for a person who is signed in, for mixed load.
pub fn mixed(unit: &Unit) -> Outcome<impl Fn(&mut Client, u64) -> Outcome<()> + Sync> {
    let people = signed_in(unit)?;
    Ok(move |client: &mut Client, number: u64| {
        let person = one(&people, number)?;
        whoami(client, &person.token, 200, &person.id)
    })
}

/// Somebody of the data set, anywhere in it.
pub fn anybody(options: &Options, number: u64) -> Person {
    Person::new(Dice::of(number ^ 0xa11).roll() % options.size)
}
