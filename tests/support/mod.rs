//! What tests arrange again and again: a realm on either engine, people in it, and a look at what
//! is really stored.
#![allow(dead_code, reason = "each folder of tests uses some of it")]

pub mod authenticator;
pub mod cluster;
pub mod ledger;
pub mod mount;
pub mod process;
mod raw;
pub mod smtp;

use std::path::PathBuf;

use doorward::app::{self, DATABASE, Deps, Settings};
use doorward::clock::Clock;
use doorward::config::{Options, SignIn};
use doorward::domain::identity::Identity;
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::{Actor, ActorKind, Event};
use doorward::error::Error;
use doorward::service::Caller;
use doorward::service::identities::{self, CreateIdentity, Selector};
use doorward::store::{Change, Row, Value, WriteTx};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use cluster::Database;

/// Which engine a realm is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A realm of its own: a state directory, keys and an empty database on one of the engines.
pub struct Realm {
    pub d: Deps,
    pub settings: Settings,
    pub by: Caller,
    // Dropped last, in this order.
    database: Option<Database>,
    home: tempfile::TempDir,
}

/// Noon of a summer's day: where the clock of a realm stands until it is set.
pub fn noon() -> Timestamp {
    "2026-07-01T12:00:00Z".parse().unwrap()
}

/// Options with the cheapest hashing there is, and one factor enough for everybody.
pub fn options() -> Options {
    Options {
        signin: SignIn { enforce_mfa: false, ..SignIn::default() },
        argon2_memory_kib: 8192,
        argon2_iterations: 1,
        argon2_parallelism: 1,
        ..Options::default()
    }
}

/// Says, past what catches the output of tests, that something was not tested and why.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// An operator.
pub fn operator() -> Caller {
    Caller::local(Actor::new(ActorKind::Action, "test"))
}

impl Realm {
    /// A realm whose clock stands at [`noon`]; nothing when the engine is to be skipped.
    pub fn new(engine: Engine) -> Option<Self> {
        Self::with_clock(engine, Clock::fixed(noon()))
    }

    /// A realm with the machine's clock.
    pub fn with_clock(engine: Engine, clock: Clock) -> Option<Self> {
        let settings = Self::bare(engine, clock)?;
        Some(settings.prepare())
    }

    /// Everything but the database's content.
    pub fn bare(engine: Engine, clock: Clock) -> Option<Bare> {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Database::create()?),
        };
        let home = tempfile::tempdir().unwrap();
        let settings = Settings {
            state_dir: home.path().join("state"),
            options: options(),
            database_url: database.as_ref().map(Database::url),
            clock,
            smtp: None,
            verification_template: None,
        };
        Some(Bare { settings, database, home })
    }

    /// A realm on SQLite.
    pub fn sqlite() -> Self {
        Self::new(Engine::Sqlite).unwrap()
    }

    /// Closes every connection, as when the service stops; the files stay.
    pub fn close(self) -> (Settings, Caller, Bare) {
        let Self { d, settings, by, database, home } = self;
        drop(d);
        (settings.clone(), by, Bare { settings, database, home })
    }

    /// Another connection to the same realm.
    pub fn open(&self) -> Deps {
        app::open(&self.settings).unwrap()
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        self.settings.state_dir.join(DATABASE)
    }

    /// The database on the server, when it is one.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// A path outside the state directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Moves the clock.
    pub fn at(&self, time: &str) {
        self.d.clock.set(time.parse().unwrap());
    }

    /// Creates somebody.
    pub fn create(&self, request: CreateIdentity) -> Result<Identity, Error> {
        identities::create(&self.d, &self.by, request).map(|created| created.identity)
    }

    /// Creates somebody with this address.
    pub fn person(&self, email: &str) -> Identity {
        self.create(person(email)).unwrap()
    }

    /// Reads somebody.
    pub fn get(&self, id: Uuid) -> Identity {
        identities::find(&self.d, &Selector::Id(id)).unwrap()
    }

    /// Puts something into the store that no use case makes yet, with an entry, as everything.
    pub fn plant(&self, job: impl FnOnce(&WriteTx<'_>)) {
        let event = Event::new(EventType::AdminConfigChanged).data("source", "test");
        self.d
            .store
            .write(&self.by.author(), |tx| {
                job(tx);
                Ok::<_, Error>(Change::of((), event, []))
            })
            .unwrap();
    }

    /// The row number of an identity.
    pub fn row_of(&self, id: Uuid) -> i64 {
        use doorward::store::sql::identities::row_of;
        self.d.store.read(|tx| row_of(tx, id)).unwrap().unwrap()
    }

    /// Rows of a query of the test's own.
    pub fn rows(&self, text: &str, args: &[Value]) -> Vec<Row> {
        self.d.store.read(|tx| tx.all(text, args)).unwrap()
    }

    /// A number that a query of the test's own gives.
    pub fn number(&self, text: &str) -> i64 {
        self.rows(text, &[])[0].int(0).unwrap()
    }

    /// The event types of the ledger, oldest first.
    pub fn history(&self) -> Vec<String> {
        ledger::types(&self.d)
    }

    /// Every row of every table, by a connection that is not the product's.
    pub fn dump(&self) -> String {
        match &self.database {
            None => raw::dump_sqlite(&self.file()),
            Some(database) => raw::dump_postgres(&mut database.connect()),
        }
    }

    /// Runs SQL behind the product's back.
    pub fn meddle(&self, text: &str) -> Result<(), String> {
        match &self.database {
            None => raw::batch_sqlite(&self.file(), text),
            Some(database) => raw::batch_postgres(&mut database.connect(), text),
        }
    }
}

/// SQL by which every address that nobody has proven yet was proven at `at`.
pub fn addresses_proven(at: jiff::Timestamp) -> String {
    let at = at.as_microsecond();
    format!("UPDATE identities SET addresses = replace(addresses, ',null]', ',{at}]')")
}

/// Every row of every table of a database file.
pub fn dump_file(path: &std::path::Path) -> String {
    raw::dump_sqlite(path)
}

/// The same of a file that may be damaged: what the engine says when it cannot be read.
pub fn raw_dump(path: &std::path::Path) -> Result<String, String> {
    raw::try_dump_sqlite(path).map_err(|error| error.to_string())
}

/// Runs SQL on a database file behind the product's back.
pub fn batch_file(path: &std::path::Path, text: &str) -> Result<(), String> {
    raw::batch_sqlite(path, text)
}

/// A place for a realm that was not prepared yet.
pub struct Bare {
    pub settings: Settings,
    pub database: Option<Database>,
    pub home: tempfile::TempDir,
}

impl Bare {
    /// Makes the realm.
    pub fn prepare(self) -> Realm {
        let Self { settings, database, home } = self;
        let by = operator();
        let (d, _) = app::prepare(&settings, &by.author()).unwrap();
        Realm { d, settings, by, database, home }
    }
}

/// A request for somebody with this address.
pub fn person(email: &str) -> CreateIdentity {
    CreateIdentity { traits: json!({"email": email}), ..CreateIdentity::default() }
}

/// A request for somebody with this address and password.
pub fn with_password(email: &str, password: &str) -> CreateIdentity {
    CreateIdentity { password: Some(SecretString::from(password)), ..person(email) }
}

/// Declares tests that run the same body on both engines.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::support::Realm::sqlite());
            })*
        }
        mod postgres {
            $(#[test]
            fn $name() {
                let realm = $crate::support::Realm::new($crate::support::Engine::Postgres);
                if let Some(realm) = realm {
                    super::$name(&realm);
                }
            })*
        }
    };
}
