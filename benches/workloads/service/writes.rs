//! P11 and P12: creating identities over HTTP, each one durable before it is answered.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::{costs, requests, warm};
use crate::data::Dice;
use crate::harness::Outcome;
use crate::harness::load::{Client, load};
use crate::harness::numbers::{ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::limit;
use crate::harness::report::{Better, Line, rate, time};
use crate::harness::server::Server;
use crate::workloads::import::put_in_order;
use crate::workloads::unit::Unit;

/// Identities created in a round by one client, and by many.
const ALONE: u64 = 200;
const MANY: u64 = 4_000;
/// How many clients that is.
const CLIENTS: usize = 64;
/// What an HTTP request may add to two durable commits, or to one and a half.
const HTTP_US: (f64, f64) = (300.0, 150.0);

/// Creates somebody new and checks that the answer is about them.
pub fn create(client: &mut Client, number: u64) -> Outcome<()> {
    let mut dice = Dice::of(number ^ 0x00c4_ea7e);
    let email = format!("new{:08x}{:016x}@example.com", std::process::id(), dice.roll());
    let body = format!(
        r#"{{"schema_id":"social_user_v0","traits":{{"email":"{email}","name":"Somebody New"}}}}"#
    );
    match client.post("/admin/identities", &body)? {
        201 if client.text().contains(&email) => Ok(()),
        status => Err(format!("{email}: {status} {}", client.text()).into()),
    }
}

/// Numbers nobody else of this run creates with.
pub fn numbers() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1 << 32, Ordering::Relaxed)
}

/// Measures.
pub fn measure(options: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let commits = home.join("commits.db").display().to_string();
    // Merging what other workloads have left takes a tenth of the writer's time for minutes.
    put_in_order(&unit.state_dir())?;
    warm(&unit.state_dir())?;
    let server = Server::product(options, &unit.state_dir())?;
    let (one, all) = (requests(options.size, ALONE), requests(options.size, MANY));
    let connection = unit.service()?;
    let (mut alone, mut many) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let bare = limit(&options.bare, &["commit", &commits, &one.to_string()])?;
        let first = numbers();
        let ours = load(&server, &server.admin, 1, one, |c, n| create(c, first + n))?;
        alone.push((ours.p50, bare.wall));

        let clients = CLIENTS.to_string();
        let bare = limit(&options.bare, &["group", &commits, &(all * 4).to_string(), &clients])?;
        let (first, before) = (numbers(), ends(&connection)?);
        let ours = load(&server, &server.admin, CLIENTS, all, |c, n| create(c, first + n))?;
        let each = rows_since(&connection, before)? as f64 / all as f64;
        many.push((ours, bare, each));
    }
    server.stop()?;
    let bound = |factor: f64, http: f64| -> Vec<(f64, f64)> {
        alone.iter().map(|(ours, bare)| (*ours, factor * bare + http)).collect()
    };
    let share: Vec<(f64, f64)> =
        many.iter().map(|(ours, bare, each)| (bare.wall, ours.cost.wall / each)).collect();
    let each = spread(many.iter().map(|(_, _, each)| *each)).median;
    Ok(vec![
        costs(
            "P11",
            "create, one client, p50",
            "2 x L6 + 0.3 ms",
            &bound(2.0, HTTP_US.0),
            (Some(1.0), None),
        ),
        costs("P11", "the same", "1.5 x L6 + 0.15 ms", &bound(1.5, HTTP_US.1), (None, Some(1.0))),
        Line {
            id: "P12",
            what: format!("create, 64 clients: share of the limit's rows, {each:.1} rows each"),
            limit: format!("{} (L7)", rate(spread(share.iter().map(|pair| pair.0)).median)),
            product: rate(spread(share.iter().map(|pair| pair.1)).median),
            ratio: ratios(&share),
            better: Better::More,
            must: Some(0.4),
            goal: Some(0.6),
        },
        Line {
            id: "P12",
            what: "identities created by 64 clients, CPU of one".to_owned(),
            limit: format!("{} (L7, a row)", time(spread(many.iter().map(|m| m.1.cpu)).median)),
            product: time(spread(many.iter().map(|m| m.0.cost.cpu)).median),
            ratio: spread(many.iter().map(|(ours, bare, _)| ours.cost.cpu / bare.cpu)),
            better: Better::Less,
            must: None,
            goal: None,
        },
    ])
}

/// The last identity and the last entry of the ledger.
fn ends(connection: &Connection) -> Outcome<(i64, i64)> {
    let text = "SELECT (SELECT max(n) FROM identities), (SELECT max(seq) FROM ledger_entries)";
    Ok(connection.query_row(text, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// How many rows were added since; an identity has one in the search index too.
fn rows_since(connection: &Connection, (n, seq): (i64, i64)) -> Outcome<i64> {
    let text = "SELECT 2 * (SELECT count(*) FROM identities WHERE n > ?1)
        + (SELECT count(*) FROM addresses WHERE identity > ?1)
        + (SELECT count(*) FROM credentials WHERE identity > ?1)
        + (SELECT count(*) FROM credential_identifiers WHERE identity > ?1)
        + (SELECT count(*) FROM ledger_entries WHERE seq > ?2)
        + (SELECT count(*) FROM ledger_disclosures WHERE seq > ?2)";
    Ok(connection.query_row(text, [n, seq], |row| row.get(0))?)
}
