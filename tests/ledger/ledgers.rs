//! Real ledgers in real files, and the means to damage them behind the store's back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward::audit::Report;
use doorward::audit::verify::{Evidence, verify};
use doorward::clock::Clock;
use doorward::crypto::sign::{SigningKey, VerifierKey};
use doorward::domain::ledger::merkle::{Frontier, Hash, leaf_hash};
use doorward::domain::ledger::{Actor, ActorKind, Event, EventType};
use doorward::rng::Rng;
use doorward::store::sql::ledger;
use doorward::store::{Author, Change, Ledger, Location, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

/// A ledger with its key.
pub struct Bed {
    pub folder: TempDir,
    pub key: Arc<SigningKey>,
    pub store: Store,
    clock: Clock,
}

pub fn author() -> Author {
    Author { actor: Actor::new(ActorKind::Action, "doorward/0"), tx: Some("7".to_owned()) }
}

fn location(folder: &Path) -> Location {
    Location::File(folder.join("doorward.db"))
}

fn settings(key: &Arc<SigningKey>, clock: &Clock) -> Ledger {
    let key = Arc::clone(key);
    Ledger {
        clock: clock.clone(),
        rng: Rng::default(),
        realm: "default".to_owned(),
        signer: Some(Box::new(move |origin: &str, size: u64, root: &Hash| {
            Ok(key.sign_checkpoint(origin, size, root).unwrap())
        })),
    }
}

impl Bed {
    /// A new ledger; it holds what the store records about its own making.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = Arc::new(SigningKey::generate().unwrap());
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
        let (store, _, _) =
            Store::migrate(&location(folder.path()), settings(&key, &clock), &author()).unwrap();
        Self { folder, key, store, clock }
    }

    /// A ledger of exactly `size` entries with checkpoints at exactly `signed`.
    pub fn with(size: u64, signed: &[u64]) -> Self {
        let bed = Self::new();
        for at in bed.size()..size {
            bed.append(at, signed.contains(&(at + 1)));
        }
        assert_eq!((bed.size(), bed.signed()), (size, signed.to_vec()));
        bed
    }

    /// Appends one entry with a personal value; lets the minute pass after which the store makes a
    /// checkpoint, if one is wanted.
    pub fn append(&self, number: u64, sign: bool) {
        let step = if sign { 61 } else { 0 };
        self.clock.set(self.clock.now() + SignedDuration::from_secs(step));
        let event = Event::new(EventType::UserLocked)
            .principal(Uuid::from_u128(u128::from(number)))
            .data("reason", "policy")
            .personal("note", format!("note {number}"));
        self.write(event);
    }

    pub fn write(&self, event: Event) {
        self.store.write(&author(), |_| Ok::<_, StoreError>(Change::of((), event, []))).unwrap();
    }

    pub fn size(&self) -> u64 {
        self.store.read(ledger::size_and_root).unwrap().0
    }

    pub fn signed(&self) -> Vec<u64> {
        let all = self.store.read(ledger::checkpoints).unwrap();
        all.iter().map(|one| one.size).collect()
    }

    pub fn origin(&self) -> String {
        self.store.read(ledger::origin).unwrap()
    }

    pub fn newest_note(&self) -> String {
        self.store.read(ledger::last_checkpoint).unwrap().unwrap().note
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("doorward.db")
    }

    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::parse(&self.key.verifier_key(&self.origin()).unwrap()).unwrap()
    }

    pub fn evidence(&self) -> Evidence {
        Evidence { keys: vec![self.verifier_key()], since: None }
    }

    pub fn verify(&self) -> Report {
        self.verify_with(&self.evidence())
    }

    pub fn verify_since(&self, note: &str) -> Report {
        self.verify_with(&Evidence { since: Some(note.to_owned()), ..self.evidence() })
    }

    pub fn verify_with(&self, evidence: &Evidence) -> Report {
        verify(&self.store, evidence, &mut |_, _| {}).unwrap()
    }

    /// Opens the file as an intruder does, past the product and its triggers.
    pub fn intrude(&self) -> Intruder {
        let connection = Connection::open(self.database()).unwrap();
        let triggers: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for trigger in triggers.iter().filter(|name| name.contains("ledger")) {
            connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
        }
        Intruder(connection)
    }
}

/// Somebody with write access to the database file.
pub struct Intruder(pub Connection);

impl Intruder {
    pub fn entry(&self, seq: u64) -> String {
        let query = "SELECT entry FROM ledger_entries WHERE seq = ?1";
        self.0.query_row(query, [seq as i64], |row| row.get(0)).unwrap()
    }

    pub fn run(&self, statement: &str) {
        assert!(self.0.execute(statement, []).unwrap() > 0, "{statement}");
    }

    pub fn set_entry(&self, seq: u64, json: &str) {
        let statement = "UPDATE ledger_entries SET entry = ?2 WHERE seq = ?1";
        assert_eq!(self.0.execute(statement, (seq as i64, json)).unwrap(), 1);
    }

    pub fn set_leaf(&self, seq: u64, leaf: &Hash) {
        let statement = "UPDATE ledger_entries SET leaf = ?2 WHERE seq = ?1";
        assert_eq!(self.0.execute(statement, (seq as i64, &leaf[..])).unwrap(), 1);
    }

    pub fn set_both(&self, seq: u64, json: &str) {
        self.set_entry(seq, json);
        self.set_leaf(seq, &leaf_hash(json.as_bytes()));
    }

    /// Changes entry `seq`, keeping it well-formed.
    pub fn forged(&self, seq: u64) -> String {
        let json = self.entry(seq);
        let forged = json.replace("\"outcome\":\"success\"", "\"outcome\":\"failure\"");
        assert_ne!(json, forged);
        forged
    }

    /// Recomputes `prev` and leaf hash of every entry after `seq`, as a careful intruder would.
    pub fn mend_after(&self, seq: u64, size: u64) {
        for at in seq + 1..size {
            let prev = hex::encode(leaf_hash(self.entry(at - 1).as_bytes()));
            let mut entry: Value = serde_json::from_str(&self.entry(at)).unwrap();
            entry["prev"] = prev.into();
            // Members are already in order, so they are written back in order.
            self.set_both(at, &entry.to_string());
        }
    }

    /// Makes the note of where the ledger ends fit the entries.
    pub fn mend_head(&self, size: u64) {
        let mut tree = Frontier::new();
        (0..size).for_each(|at| tree.push(leaf_hash(self.entry(at).as_bytes())));
        let newest = leaf_hash(self.entry(size - 1).as_bytes());
        let statement = "UPDATE ledger_head SET size = ?1, leaf = ?2, frontier = ?3,
            signed_size = min(signed_size, ?1)";
        self.0.execute(statement, (size as i64, &newest[..], tree.to_bytes())).unwrap();
    }

    /// Signs the present entries with a stolen key, past the product.
    pub fn sign(&self, size: u64, origin: &str, key: &SigningKey) {
        let mut tree = Frontier::new();
        (0..size).for_each(|at| tree.push(leaf_hash(self.entry(at).as_bytes())));
        let note = key.sign_checkpoint(origin, size, &tree.root()).unwrap();
        let statement = "INSERT INTO ledger_checkpoints (size, root, frontier, note, time)
            VALUES (?1, ?2, ?3, ?4, 0)";
        let row = (size as i64, &tree.root()[..], tree.to_bytes(), note);
        self.0.execute(statement, row).unwrap();
    }

    pub fn root(&self, size: u64) -> Hash {
        let mut tree = Frontier::new();
        (0..size).for_each(|at| tree.push(leaf_hash(self.entry(at).as_bytes())));
        tree.root()
    }
}
