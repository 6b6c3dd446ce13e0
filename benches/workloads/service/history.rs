//! H1: the first page of the history by each filter, alone and together, over HTTP.

use super::sessions::anybody;
use super::{requests, within};
use crate::harness::Outcome;
use crate::harness::load::{Client, load};
use crate::harness::options::Options;
use crate::harness::report::Line;
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// Requests of each kind in a round.
const READ: u64 = 40;
/// Most milliseconds of a page by one filter, and by several (AL-16; aac-users section 10.2).
const SINGLE: f64 = 10.0;
const COMBINED: f64 = 20.0;

/// A page with these parameters; somebody's id stands for `ID`.
const FILTERS: [(&str, &str, f64); 14] = [
    ("no filter", "", SINGLE),
    ("principal", "principal=ID", SINGLE),
    ("actor", "actor=ID", SINGLE),
    ("type", "type=user.registered", SINGLE),
    ("family", "type=user.*", SINGLE),
    ("a type nobody has", "type=user.blocked", SINGLE),
    ("realm", "realm=default", SINGLE),
    ("client", "client=c_grafana", SINGLE),
    ("session", "session=ID", SINGLE),
    ("tx", "tx=ID", SINGLE),
    ("outcome", "outcome=failure", SINGLE),
    ("since and until", "since=2001-01-01T00:00:00Z&until=2999-01-01T00:00:00Z", SINGLE),
    ("principal and type", "principal=ID&type=user.registered", COMBINED),
    ("all that fit together", "principal=ID&type=user.*&realm=default&outcome=success", COMBINED),
];

fn ask(client: &mut Client, path: &str) -> Outcome<()> {
    let status = client.get(path)?;
    if status == 200 && client.text().starts_with(r#"{"events":["#) {
        return Ok(());
    }
    Err(format!("{path}: {status}").into())
}

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    let server = Server::product(options, &unit.state_dir())?;
    let count = requests(options.size, READ);
    let mut taken = vec![(Vec::new(), Vec::new()); FILTERS.len()];
    for round in 0..options.rounds as u64 {
        for ((_, query, _), (middle, slow)) in FILTERS.iter().zip(&mut taken) {
            let spent = load(&server, &server.admin, 1, count, |client, turn| {
                let id = anybody(options, round << 20 | turn).id;
                let query = query.replace("ID", &id);
                ask(client, &format!("/admin/doorward/audit/events?{query}"))
            })?;
            middle.push(spent.p50);
            slow.push(spent.p99);
        }
    }
    server.stop()?;
    let lines = FILTERS.iter().zip(&taken).flat_map(|((name, _, most), (middle, slow))| {
        [
            within("H1", &format!("history by {name}, p50 in ms"), middle, (Some(*most), None)),
            within("H1", &format!("history by {name}, p99 in ms"), slow, (Some(*most), None)),
        ]
    });
    Ok(lines.collect())
}
