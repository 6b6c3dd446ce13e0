//! A place for actions to run in: a fresh deployment in a temporary directory, and a host that
//! keeps what it is told.

use std::collections::BTreeMap;

use doorward::actions::{self, Host, HostError, Results, SecretFault};
use doorward::app::{self, Deps, Migrated, Settings};
use doorward::clock::Clock;
use doorward::config::Options;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::error::Error;
use doorward::store::Author;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

/// The moment at which every deployment starts.
pub const START: &str = "2026-09-01T08:00:00Z";
/// An id that nobody has.
pub const NOBODY: &str = "9f425a8d-7efc-4768-8f23-7647a74fdf13";

/// A deployment with a host in front of it.
pub struct Place {
    pub settings: Settings,
    pub directory: tempfile::TempDir,
    pub secrets: BTreeMap<String, Secret>,
    pub leader: bool,
    given: Map<String, Value>,
    log: Vec<String>,
    warnings: Vec<String>,
}

/// What a secret holds, or why it cannot be read.
#[derive(Clone, Copy)]
pub enum Secret {
    Holds(&'static str, &'static str),
    Denied(&'static str),
    Broken(&'static str),
}

/// How an action went.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub outcome: Result<Results, String>,
    pub log: Vec<String>,
    pub warnings: Vec<String>,
}

impl Told {
    /// The results of an action that succeeded.
    #[track_caller]
    pub fn results(&self) -> &Results {
        self.outcome.as_ref().unwrap_or_else(|e| panic!("{e} {:?}", self.warnings))
    }

    /// The text at a dotted key.
    #[track_caller]
    pub fn at(&self, path: &str) -> &str {
        let mut value = &Value::Null;
        let mut map = self.results();
        for part in path.split('.') {
            value = map.get(part).unwrap_or_else(|| panic!("{path}: {map:?}"));
            if let Value::Object(inner) = value {
                map = inner;
            }
        }
        value.as_str().unwrap_or_else(|| panic!("{path}: {value}"))
    }

    /// The sentence of an action that failed.
    #[track_caller]
    pub fn failure(&self) -> &str {
        match &self.outcome {
            Ok(results) => panic!("it succeeded: {results:?}"),
            Err(sentence) => sentence,
        }
    }
}

impl Place {
    /// A deployment that is ready.
    pub fn new() -> Self {
        let mut place = Self::unprepared();
        place.migrate().unwrap();
        place
    }

    /// A state directory with nothing in it.
    pub fn unprepared() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            external_url: "https://id.example.com".to_owned(),
            argon2_memory_kib: 8192,
            argon2_iterations: 1,
            ..Options::default()
        };
        let mut settings = Settings::embedded(directory.path().join("state"), options);
        settings.clock = Clock::fixed(START.parse().unwrap());
        Self {
            settings,
            directory,
            secrets: BTreeMap::new(),
            leader: true,
            given: Map::new(),
            log: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Runs an action.
    pub fn run(&mut self, action: &str, given: Value) -> Told {
        let Value::Object(given) = given else { panic!("parameters are a map: {given}") };
        self.given = given;
        let outcome = actions::run(action, self).map_err(|failure| failure.0);
        Told {
            outcome,
            log: std::mem::take(&mut self.log),
            warnings: std::mem::take(&mut self.warnings),
        }
    }

    /// The database, opened beside the product.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.settings.state_dir.join("doorward.db")).unwrap()
    }

    /// Changes the database behind the product's back.
    pub fn sql(&self, text: &str) {
        self.database().execute_batch(text).unwrap();
    }

    /// Moves the clock.
    pub fn at(&self, time: &str) {
        self.settings.clock.set(time.parse::<Timestamp>().unwrap());
    }

    /// Adds a secret that holds a password.
    pub fn secret(&mut self, id: &str, secret: Secret) {
        self.secrets.insert(id.to_owned(), secret);
    }

    /// Creates an administrator and says its id.
    #[track_caller]
    pub fn admin(&mut self, name: &str) -> String {
        let email = format!("{name}@example.com");
        let told = self.run("create-admin-account", json!({"username": name, "email": email}));
        told.at("identity-id").to_owned()
    }

    /// Creates an active person with a password and says its id.
    #[track_caller]
    pub fn person(&mut self, email: &str) -> String {
        self.secret("secret:person", Secret::Holds("password", "correct horse battery"));
        let given = json!({"traits": {"email": email}, "password-secret-id": "secret:person"});
        self.run("create-identity", given).at("identity-id").to_owned()
    }

    /// Every entry of the ledger, the oldest first.
    pub fn entries(&mut self) -> Vec<Value> {
        let told = self.run("list-audit-events", json!({"page-size": 250}));
        let Some(Value::Object(events)) = told.results().get("events") else { return Vec::new() };
        let mut keys: Vec<&String> = events.keys().collect();
        keys.sort();
        keys.into_iter()
            .map(|key| serde_json::from_str(events[key]["entry-json"].as_str().unwrap()).unwrap())
            .collect()
    }
}

fn author() -> Author {
    Author { actor: Actor::new(ActorKind::Action, "doorward/0"), tx: None }
}

impl Host for Place {
    fn parameters(&mut self) -> Result<Map<String, Value>, HostError> {
        Ok(self.given.clone())
    }

    fn secret(&mut self, id: &str) -> Result<BTreeMap<String, SecretString>, SecretFault> {
        match self.secrets.get(id) {
            None => Err(SecretFault::NotFound),
            Some(Secret::Denied(why)) => Err(SecretFault::Denied((*why).to_owned())),
            Some(Secret::Broken(why)) => Err(SecretFault::Other((*why).to_owned())),
            Some(Secret::Holds(key, value)) => {
                Ok(BTreeMap::from([((*key).to_owned(), SecretString::from(*value))]))
            }
        }
    }

    fn log(&mut self, line: &str) {
        self.log.push(line.to_owned());
    }

    fn warn(&mut self, line: &str) {
        self.warnings.push(line.to_owned());
    }

    fn is_leader(&mut self) -> bool {
        self.leader
    }

    fn open(&mut self) -> Result<Deps, Error> {
        app::open(&self.settings)
    }

    fn migrate(&mut self) -> Result<(Deps, Migrated), Error> {
        app::prepare(&self.settings, &author())
    }

    fn actor(&self) -> Actor {
        author().actor
    }

    fn task(&self) -> Option<String> {
        Some("7".to_owned())
    }
}
