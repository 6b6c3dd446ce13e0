//! H2: a role and a group that everybody is in: lists, counts, one more member, and their deletion.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::sessions::anybody;
use super::writes::{create, numbers};
use super::{requests, within};
use crate::harness::Outcome;
use crate::harness::load::{Client, load};
use crate::harness::options::Options;
use crate::harness::report::Line;
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// Requests of each kind in a round.
const READ: u64 = 40;
/// Most milliseconds of a page (performance-targets, P17 and P19).
const PAGE: f64 = 10.0;
/// Most milliseconds for which a writer may stand still (AL-25).
const STILL: f64 = 100.0;
/// How long others write while members go.
const WRITING: Duration = Duration::from_secs(5);
const API: &str = "/admin/doorward";

/// What is asked for; a word that one of sixteen has stands for `WORD`.
const PAGES: [(&str, &str); 8] = [
    ("the roles with their counts", "/roles"),
    ("one role", "/roles/bench-all"),
    ("the members of a role", "/roles/bench-all/members?page_size=50"),
    ("people by role", "/identities/search?q=role:bench-all&page_size=50"),
    ("people by role, with a total", "/identities/search?q=role:bench-all&page_size=50&total=true"),
    ("people by group", "/identities/search?q=group:bench-many&page_size=50"),
    ("people by role and word", "/identities/search?q=role:bench-all+WORD&page_size=50"),
    (
        "people by role and group",
        "/identities/search?q=role:bench-all+group:bench-many&page_size=50",
    ),
];

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    let server = Server::product(options, &unit.state_dir())?;
    let connection = unit.service()?;
    gather(&server, &connection)?;
    let count = requests(options.size, READ);
    let mut pages = vec![Vec::new(); PAGES.len()];
    let mut moves = Vec::new();
    for round in 0..options.rounds as u64 {
        let word = anybody(options, round).family.to_lowercase();
        for ((_, path), taken) in PAGES.iter().zip(&mut pages) {
            let path = format!("{API}{}", path.replace("WORD", &word));
            taken.push(
                load(&server, &server.admin, 1, count, |client, _| {
                    must(client.get(&path)?, 200, client)
                })?
                .p50,
            );
        }
        let taken = load(&server, &server.admin, 1, count, |client, turn| {
            let id = anybody(options, (round << 20) | (turn / 2)).id;
            // Out, and in again.
            let groups = if turn % 2 == 0 { "[]" } else { r#"["bench-many"]"# };
            let body = format!(r#"{{"groups":{groups}}}"#);
            put(client, &format!("{API}/identities/{id}/groups"), &body)
        })?;
        moves.push(taken.p50);
    }
    let (gone, slowest) = deleted(options, unit, server)?;
    tidy(&connection)?;
    let mut lines: Vec<Line> = PAGES
        .iter()
        .zip(&pages)
        .map(|((name, _), taken)| {
            within("H2", &format!("{name}, in ms"), taken, (Some(PAGE), None))
        })
        .collect();
    lines.push(within("H2", "one member more or less, in ms", &moves, (Some(PAGE), None)));
    lines.push(within("H2", "deleting a group and a role, in ms", &gone, (Some(STILL), None)));
    let what = "the slowest change while their members go, in ms";
    lines.push(within("H2", what, &slowest, (Some(STILL), None)));
    Ok(lines)
}

/// Makes the role and the group and puts everybody into both.
fn gather(server: &Server, connection: &Connection) -> Outcome<()> {
    let mut client = Client::connect(&server.admin)?;
    for (path, body) in [
        ("roles", r#"{"role":"bench-all","permissions":["bench.read"]}"#),
        ("groups", r#"{"group":"bench-many"}"#),
    ] {
        let status = client.post(&format!("{API}/{path}"), body)?;
        must(status, 201, &client)?;
    }
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.execute_batch(
        "INSERT INTO circle_members (identity, circle, granted_at)
             SELECT i.n, c.n, 0 FROM circles c CROSS JOIN identities i
             WHERE c.word IN ('bench-all', 'bench-many') ORDER BY c.n, i.n;
         ANALYZE circle_members;",
    )?;
    Ok(())
}

/// Deletes both and writes on while their members go. The service begins with that when it starts.
fn deleted(options: &Options, unit: &Unit, server: Server) -> Outcome<(Vec<f64>, Vec<f64>)> {
    let mut client = Client::connect(&server.admin)?;
    let mut gone = Vec::new();
    for path in ["groups/bench-many", "roles/bench-all"] {
        let begun = Instant::now();
        let request = format!("DELETE {API}/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let status = client.ask(&request)?;
        must(status, 200, &client)?;
        gone.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    server.stop()?;
    let server = Server::product(options, &unit.state_dir())?;
    let mut client = Client::connect(&server.admin)?;
    let (begun, first) = (Instant::now(), numbers());
    let (mut slowest, mut written) = (0.0_f64, 0);
    while begun.elapsed() < WRITING {
        let begun = Instant::now();
        create(&mut client, first + written)?;
        written += 1;
        slowest = slowest.max(begun.elapsed().as_secs_f64() * 1e6);
    }
    server.stop()?;
    Ok((gone, vec![slowest]))
}

/// What the service has not removed yet goes, for those who measure next.
fn tidy(connection: &Connection) -> Outcome<()> {
    connection
        .execute_batch("DELETE FROM circle_members; DELETE FROM circles WHERE kind = 'gone'")?;
    Ok(())
}

fn put(client: &mut Client, path: &str, body: &str) -> Outcome<()> {
    let length = body.len();
    let status = client.ask(&format!(
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    ))?;
    must(status, 200, client)
}

fn must(status: u16, expected: u16, client: &Client) -> Outcome<()> {
    if status == expected {
        return Ok(());
    }
    Err(format!("{status}: {}", client.text()).into())
}
