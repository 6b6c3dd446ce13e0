//! P15 to P19: pages, searches and totals over HTTP, against the bare statements.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::sessions::anybody;
use super::{costs, requests, warm, within};
use crate::harness::Outcome;
use crate::harness::awake::Awake;
use crate::harness::load::{Client, load};
use crate::harness::numbers::spread;
use crate::harness::options::Options;
use crate::harness::process::{Asked, limit};
use crate::harness::report::Line;
use crate::harness::server::Server;
use crate::workloads::unit::Unit;

/// Requests of each kind in a round.
pub const READ: u64 = 40;
/// Identities on a page.
const PAGE: u64 = 250;
/// Where people are searched for.
pub const SEARCH: &str = "/admin/doorward/identities/search";

/// The median of the times of some requests.
pub fn p50(
    server: &Server,
    count: u64,
    ask: impl Fn(&mut Client, u64) -> Outcome<()> + Sync,
) -> Outcome<f64> {
    Ok(load(server, &server.admin, 1, count, ask)?.p50)
}

/// Asks for a path; the answer must name these identities, or so many.
pub fn ask(client: &mut Client, path: &str, names: &str, at_least: usize) -> Outcome<()> {
    let status = client.get(path)?;
    let found = client.text().matches(r#""schema_id""#).count();
    if status == 200 && client.text().contains(names) && found >= at_least {
        return Ok(());
    }
    Err(format!("{path}: {status}, {found} identities, no '{names}'").into())
}

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    let database = unit.database().display().to_string();
    warm(&unit.state_dir())?;
    let server = Server::product(options, &unit.state_dir())?;
    let bare_server = Server::bare(options, &unit.database())?;
    let connection = unit.service()?;
    let last: i64 = connection.query_row("SELECT max(n) FROM identities", [], |row| row.get(0))?;
    let _awake = Awake::keep(options)?;
    let count = requests(options.size, READ);
    let page = PAGE.min(options.size / 3);
    let after = |row: u64| {
        let token = URL_SAFE_NO_PAD.encode(format!("p{row}"));
        format!("{SEARCH}?page_size={page}&page_token={token}")
    };
    let rows = last.unsigned_abs();
    let mut taken = Taken::default();
    for round in 0..options.rounds as u64 {
        let bare = limit(&options.bare, &["page", &database, &count.to_string()])?.wall;
        let full = usize::try_from(page)?;
        let pages = p50(&server, count, |client, turn| {
            ask(client, &after((rows - page) / count * turn), "", full)
        })?;
        let listed = p50(&server, count, |client, turn| {
            // The list that other clients know, in the order of ids.
            let id = anybody(options, round << 20 | turn).id;
            let path = format!("/admin/identities?page_size={page}&page_token={id}");
            ask(client, &path, "", 0)
        })?;
        let first = p50(&server, count, |client, _| ask(client, &after(0), "", full))?;
        let end = p50(&server, count, |client, _| ask(client, &after(rows - page), "", full))?;
        taken.pages.push((pages, bare));
        taken.listed.push((listed, bare));
        taken.ends.push((end, first));
        taken.search(options, &server, &database, round)?;
        taken.found_barely(options, &bare_server, round)?;
    }
    server.stop()?;
    bare_server.stop()?;
    Ok(taken.lines())
}

/// The medians of the times of some searches for a word, which must find somebody, and of the query
/// that each is held against, one after the other: nobody searches without a break, and either finds
/// the caches of the machine as the other leaves them.
fn in_turn(
    options: &Options,
    server: &Server,
    database: &str,
    (word, names): (&str, &str),
    page: &str,
) -> Outcome<(f64, f64)> {
    let mut bare = Asked::start(&options.bare, &["searches", database])?;
    let mut client = Client::connect(&server.admin)?;
    let path = format!("{SEARCH}?q={word}{page}");
    let (mut ours, mut queries) = (Vec::new(), Vec::new());
    for _ in 0..requests(options.size, READ) {
        queries.push(bare.ask(word)?.wall);
        ask(&mut client, &path, names, 1)?;
        ours.push(client.waited());
    }
    Ok((spread(ours).median, spread(queries).median))
}

#[derive(Default)]
struct Taken {
    pages: Vec<(f64, f64)>,
    listed: Vec<(f64, f64)>,
    ends: Vec<(f64, f64)>,
    rare: Vec<(f64, f64)>,
    common: Vec<(f64, f64)>,
    /// The first page as it is when nobody says how long.
    first: Vec<(f64, f64)>,
    /// A bare server that answers the same search.
    barely: Vec<f64>,
    prefix: Vec<f64>,
    short: Vec<f64>,
    total: Vec<(f64, f64)>,
}

impl Taken {
    /// A round of searches.
    fn search(
        &mut self,
        options: &Options,
        server: &Server,
        database: &str,
        round: u64,
    ) -> Outcome<()> {
        let count = requests(options.size, READ);
        let person = anybody(options, round);
        let rare = person.email.split('@').next().unwrap_or_default();
        let family = person.family.to_lowercase();
        let hundred = "&page_size=100";
        self.rare.push(in_turn(options, server, database, (rare, &person.id), hundred)?);
        // Found in one of sixteen.
        self.common.push(in_turn(options, server, database, (&family, ""), hundred)?);
        self.first.push(in_turn(options, server, database, (&family, ""), "")?);
        let begins = rare.get(..6).unwrap_or(rare);
        let path = format!(
            "/admin/identities?preview_credentials_identifier_similar={begins}&page_size=100"
        );
        self.prefix.push(p50(server, count, |client, _| ask(client, &path, &person.id, 1))?);
        let path = format!("{SEARCH}?q={}&page_size=50", family.get(..2).unwrap_or_default());
        self.short.push(p50(server, count, |client, _| ask(client, &path, "", 1))?);
        let path = format!("{SEARCH}?q={family}&page_size=50");
        let without = p50(server, count, |client, _| ask(client, &path, "", 1))?;
        let path = format!("{path}&total=true");
        let with = p50(server, count, |client, _| ask(client, &path, r#""exact""#, 1))?;
        self.total.push((with, without));
        Ok(())
    }

    /// What a server takes that does L10 and no more, for a common word.
    fn found_barely(&mut self, options: &Options, bare: &Server, round: u64) -> Outcome<()> {
        let family = anybody(options, round).family.to_lowercase();
        let count = requests(options.size, READ);
        let ask = |client: &mut Client, _| ask(client, &format!("/search/{family}"), "", 1);
        self.barely.push(load(bare, &bare.public, 1, count, ask)?.p50);
        Ok(())
    }

    fn lines(&self) -> Vec<Line> {
        let both = self.barely.iter().zip(&self.common);
        let served: Vec<_> = both.clone().map(|(bare, (ours, _))| (*ours, *bare)).collect();
        let queried: Vec<_> = both.map(|(bare, (_, limit))| (*bare, *limit)).collect();
        let more: Vec<f64> =
            self.total.iter().map(|(with, without)| (with - without).max(0.0)).collect();
        let slowest =
            |rounds: &[(f64, f64)]| -> Vec<f64> { rounds.iter().map(|(ours, _)| *ours).collect() };
        let none = (None, None);
        vec![
            costs("P15", "a page of 250 over HTTP", "L9", &self.pages, (Some(4.0), Some(2.0))),
            costs("P15", "the same, in the order of ids", "L9", &self.listed, none),
            costs("P16", "the last page", "the first", &self.ends, (Some(1.5), Some(1.1))),
            costs("P17", "search, a rare word", "L10", &self.rare, (Some(3.0), Some(1.5))),
            costs("P17", "search, a common word", "L10", &self.common, (Some(3.0), Some(1.5))),
            costs("P17", "a common word, as many as without a size (50)", "L10", &self.first, none),
            costs("P17", "a common word, to a bare server's answer", "L10 served", &served, none),
            costs("P17", "that bare server to its own query", "L10", &queried, none),
            within("P17", "a rare word, in ms", &slowest(&self.rare), (Some(10.0), None)),
            within("P17", "a common word, in ms", &slowest(&self.common), (Some(10.0), None)),
            within("P18", "search by a beginning, in ms", &self.prefix, (Some(2.0), Some(0.5))),
            within("P18", "search, two characters, in ms", &self.short, (Some(2.0), Some(0.5))),
            within("P19", "a total, in ms more", &more, (Some(5.0), None)),
        ]
    }
}
