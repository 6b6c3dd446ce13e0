//! P21: what the ledger adds to a durable write. The product cannot write without its ledger, so
//! the bare side runs the product's own statements on a connection of its own, without the entry.

use std::collections::BTreeSet;
use std::time::Instant;

use doorward::app::{self, Deps, Settings};
use doorward::config;
use doorward::domain::credential::{Credential, CredentialType};
use doorward::domain::identity::{Identity, RecoveryAddress, VerifiableAddress, Via};
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::{Actor, ActorKind, Event};
use doorward::domain::status::{Status, StatusDetail};
use doorward::store::sql::{self, insert, search};
use doorward::store::{Author, Change, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::unit::Unit;
use crate::data::Person;
use crate::harness::Outcome;
use crate::harness::numbers::{Cost, ratios, spread};
use crate::harness::options::Options;
use crate::harness::process::Stopwatch;
use crate::harness::report::{Better, Line, time};

/// Identities created in a round, on either side.
const WRITES: u64 = 200;

/// Measures.
pub fn measure(options: &Options, unit: &Unit) -> Outcome<Vec<Line>> {
    let deps = app::open(&Settings::embedded(unit.state_dir(), config::Options::default()))?;
    let bare = Bare::open(unit)?;
    let mut number = unused(&bare.0)?;
    let mut next = || {
        let from = number;
        number += WRITES;
        (from..number).map(|number| identity(&Person::new(number))).collect::<Result<Vec<_>, _>>()
    };
    let mut rounds = Vec::new();
    for _ in 0..options.rounds {
        let without = each(&next()?, |one| bare.insert(one))?;
        let with = each(&next()?, |one| recorded(&deps, one))?;
        rounds.push((with, without));
    }
    let line = |what: &str, pick: fn(&Cost) -> f64, must: f64, goal: f64| {
        let pairs: Vec<_> = rounds.iter().map(|(on, off)| (pick(on), pick(off))).collect();
        Line {
            id: "P21",
            what: what.to_owned(),
            limit: time(spread(pairs.iter().map(|(_, off)| *off)).median) + " (no ledger)",
            product: time(spread(pairs.iter().map(|(on, _)| *on)).median),
            ratio: ratios(&pairs),
            better: Better::Less,
            must: Some(must),
            goal: Some(goal),
        }
    };
    Ok(vec![
        line("durable write, p50", |cost| cost.wall, 1.3, 1.2),
        line("durable write, CPU", |cost| cost.cpu, 1.45, 1.3),
    ])
}

/// A number of a person who is not in the store.
fn unused(connection: &Connection) -> Outcome<u64> {
    let last: i64 = connection.query_row("SELECT max(n) FROM identities", [], |row| row.get(0))?;
    Ok(u64::try_from(last)?)
}

/// Does a write for each identity: the median of their times, and the CPU time of one.
fn each(all: &[Identity], mut write: impl FnMut(&Identity) -> Outcome<()>) -> Outcome<Cost> {
    let stopwatch = Stopwatch::start()?;
    let mut times = Vec::with_capacity(all.len());
    for one in all {
        let begun = Instant::now();
        write(one)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(Cost { wall: spread(times).median, ..stopwatch.per(all.len() as f64)? })
}

/// The product's way: the change and its entry, in one transaction.
fn recorded(deps: &Deps, identity: &Identity) -> Outcome<()> {
    let author = Author { actor: Actor::new(ActorKind::Action, "doorward/0"), tx: None };
    let event = Event::new(EventType::UserRegistered)
        .principal(identity.id)
        .data("schema", identity.schema_id.as_str())
        .data("status", identity.status.as_str())
        .data("credentials", json!(["password"]))
        .personal("email", identity.recovery_addresses.first().map(|one| one.value.clone()));
    let written = deps.store.write(&author, |tx| {
        insert::insert(tx, identity)?;
        Ok::<_, StoreError>(Change::of((), event, []))
    });
    Ok(written?)
}

/// The same statements on the same database, and no entry.
struct Bare(Connection);

impl Bare {
    fn open(unit: &Unit) -> Outcome<Self> {
        let connection = Connection::open(unit.database())?;
        connection.execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self(connection))
    }

    fn insert(&self, one: &Identity) -> Outcome<()> {
        let words = search::text(one);
        let micros = |time: Timestamp| time.as_microsecond();
        let run = |file, name, values: &[&dyn rusqlite::ToSql]| -> Outcome<()> {
            let text = statement(file, name)?;
            self.0.prepare_cached(&text)?.query(values)?.next()?;
            Ok(())
        };
        self.0.execute_batch("BEGIN IMMEDIATE")?;
        let detail = serde_json::to_string(&one.status_detail)?;
        let (id, now) = (one.id.to_string(), micros(one.created_at));
        let status = one.status.as_str();
        let none = None::<String>;
        let traits = one.traits.to_string();
        let addresses: Vec<Value> = one
            .verifiable_addresses
            .iter()
            .map(|one| json!([one.value, "email", one.id, true, true, null, null, null]))
            .collect();
        run(
            "insert",
            "INSERT",
            params![
                id,
                none,
                one.schema_id,
                traits,
                none,
                none,
                status,
                now,
                detail,
                none,
                now,
                now,
                words,
                none,
                Value::from(addresses).to_string()
            ],
        )?;
        let n = self.0.last_insert_rowid();
        for credential in &one.credentials {
            let (kind, config) = (credential.kind.as_str(), credential.config.to_string());
            run("credentials", "INSERT", params![n, kind, config, 0, now, now])?;
            for value in &credential.identifiers {
                run("credentials", "INSERT_IDENTIFIER", params![value, kind, n])?;
            }
        }
        for address in &one.verifiable_addresses {
            run("addresses", "INSERT", params![address.value, "email", n, 1, 1])?;
        }
        let text = "INSERT INTO identity_search (rowid, words) VALUES (?1, ?2)";
        self.0.prepare_cached(text)?.execute(params![n, words])?;
        Ok(self.0.execute_batch("COMMIT")?)
    }
}

/// The text of one of the product's statements.
fn statement(file: &str, name: &str) -> Outcome<String> {
    let found = sql::all_statements().find(|(of, called, _)| *of == file && *called == name);
    let (_, _, text) = found.ok_or_else(|| format!("there is no statement {file}/{name}"))?;
    Ok(text.replace('$', "?"))
}

/// The identity of a person.
fn identity(person: &Person) -> Outcome<Identity> {
    let id = person.id.parse()?;
    let now = Timestamp::from_microsecond(1_740_000_000_000_000)?;
    let credential = |kind, config| Credential {
        kind,
        identifiers: vec![person.email.clone()],
        config,
        created_at: now,
        updated_at: now,
    };
    let (value, via) = (person.email.clone(), Via::Email);
    let (created_at, updated_at) = (now, now);
    Ok(Identity {
        id,
        external_id: None,
        schema_id: "social_user_v0".to_owned(),
        traits: serde_json::from_str(&person.traits())?,
        metadata_public: Value::Null,
        metadata_admin: Value::Null,
        status: Status::Active,
        status_changed_at: Some(now),
        status_detail: StatusDetail { by: Some("action:x".to_owned()), ..StatusDetail::default() },
        expires_at: None,
        authorities: BTreeSet::new(),
        created_at,
        updated_at,
        verifiable_addresses: vec![VerifiableAddress {
            id,
            value: value.clone(),
            via,
            verified: false,
            verified_at: None,
            created_at,
            updated_at,
        }],
        recovery_addresses: vec![RecoveryAddress { id, value, via, created_at, updated_at }],
        credentials: vec![
            credential(CredentialType::Password, json!({"hashed_password": person.hash})),
            credential(CredentialType::Webauthn, json!({})),
        ],
    })
}
