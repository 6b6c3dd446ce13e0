//! What an action needs from the place it runs in: under Juju the hook tools, on a laptop the
//! command line.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::app::{Deps, Migrated};
use crate::domain::ledger::event::Actor;
use crate::error::Error;

/// The place an action runs in.
pub trait Host {
    /// The parameters as they were given, defaults not yet filled in.
    ///
    /// # Errors
    /// When they cannot be read.
    fn parameters(&mut self) -> Result<Map<String, Value>, HostError>;

    /// The content of a secret, by the id the operator gave.
    ///
    /// # Errors
    /// When it does not exist, was not granted, or cannot be read.
    fn secret(&mut self, id: &str) -> Result<BTreeMap<String, SecretString>, SecretFault>;

    /// Tells the operator how the action went; shown live by `juju run`.
    fn log(&mut self, line: &str);

    /// Tells the operator about something that deserves attention but did not stop the action.
    fn warn(&mut self, line: &str);

    /// Whether this unit leads its application; a local run always does.
    fn is_leader(&mut self) -> bool;

    /// Opens the store and what belongs to it.
    ///
    /// # Errors
    /// When the unit is not set up yet, or the database cannot be used.
    fn open(&mut self) -> Result<Deps, Error>;

    /// Brings the database up to date, creating it where there is none, and opens it; says
    /// from which version of its schema it came to which.
    ///
    /// # Errors
    /// When the unit is not set up yet, or the migration fails; the database is as it was then.
    fn migrate(&mut self) -> Result<(Deps, Migrated), Error>;

    /// Who runs the action, for the ledger.
    fn actor(&self) -> Actor;

    /// The id of the task, which joins the ledger's entries with Juju's record of the operation.
    fn task(&self) -> Option<String>;
}

/// Why the parameters could not be read, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// There is no such secret.
    #[error("not found")]
    NotFound,
    /// The application may not read it; the text is the tool's.
    #[error("{0}")]
    Denied(String),
    /// Anything else; the text is the tool's.
    #[error("{0}")]
    Other(String),
}
