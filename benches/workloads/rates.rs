//! Rates that have no target here: creating, listing, searching; beside the bare statement.

use doorward::app::{self, Settings};
use doorward::config;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::service::Caller;
use doorward::service::identities::{self, CreateIdentity, ListIdentities, Selector};
use serde_json::json;

use super::unit::Unit;
use crate::data::{Dice, Person};
use crate::harness::Outcome;
use crate::harness::numbers::{Cost, ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::{Stopwatch, limit};
use crate::harness::report::{Better, Line, time};

/// Identities created in a round.
const CREATED: u64 = 100;
/// Pages, searches and look-ups in a round.
const READ: u64 = 20;

/// Measures.
pub fn measure(options: &Options, home: &std::path::Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let deps = app::open(&Settings::embedded(unit.state_dir(), config::Options::default()))?;
    let by = Caller::local(Actor::new(ActorKind::Action, "bench"));
    let database = unit.database().display().to_string();
    let commits = home.join("commits.db").display().to_string();
    let (mut create, mut page, mut search) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..options.rounds as u64 {
        let durable = limit(&options.bare, &["commit", &commits, "200"])?;
        let stopwatch = Stopwatch::start()?;
        for turn in 0..CREATED {
            let dice = Dice::of(round << 32 | turn).roll();
            let email = format!("new{dice:016x}@example.com");
            let traits = json!({"email": email, "name": "Somebody New"});
            identities::create(&deps, &by, CreateIdentity { traits, ..CreateIdentity::default() })?;
        }
        create.push((stopwatch.per(CREATED as f64)?, durable));

        let bare = limit(&options.bare, &["page", &database, &READ.to_string()])?;
        let mut request = ListIdentities { page_size: Some(250), ..ListIdentities::default() };
        let stopwatch = Stopwatch::start()?;
        for _ in 0..READ {
            request.page_token = identities::list(&deps, &request)?.next_page_token;
        }
        page.push((stopwatch.per(READ as f64)?, bare));

        let person = Person::new(Dice::of(round).roll() % options.size);
        let word = person.email.split('@').next().unwrap_or_default();
        let bare = limit(&options.bare, &["search", &database, word, &READ.to_string()])?;
        let request = ListIdentities {
            search: Some(word.to_owned()),
            page_size: Some(100),
            ..ListIdentities::default()
        };
        let stopwatch = Stopwatch::start()?;
        for _ in 0..READ {
            let found = identities::list(&deps, &request)?.items;
            if !found.iter().any(|identity| identity.id.to_string() == person.id) {
                return Err(format!("a search for {word} does not find {}", person.id).into());
            }
        }
        search.push((stopwatch.per(READ as f64)?, bare));
        let found = identities::find(&deps, &Selector::Identifier(person.email.clone()))?;
        if found.id.to_string() != person.id {
            return Err(format!("{} is not {}", found.id, person.id).into());
        }
    }
    Ok(vec![
        line("create, durable, no password", "L6", &create),
        line("list a page of 250", "L9", &page),
        line("search, first 100 hits", "L10", &search),
    ])
}

fn line(what: &str, name: &str, rounds: &[(Cost, Cost)]) -> Line {
    let pairs: Vec<_> = rounds.iter().map(|(ours, bare)| (ours.wall, bare.wall)).collect();
    Line {
        id: "-",
        what: what.to_owned(),
        limit: format!("{} ({name})", time(spread(pairs.iter().map(|pair| pair.1)).median)),
        product: time(spread(pairs.iter().map(|pair| pair.0)).median),
        ratio: ratios(&pairs),
        better: Better::Less,
        must: None,
        goal: None,
    }
}
