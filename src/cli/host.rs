//! The laptop as a place for actions: parameters from the command line, secrets from files, log
//! lines on stderr.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::place::Place;
use super::{envelope, open, output, secret};
use crate::actions::host::{Host, HostError, SecretFault};
use crate::app::{Deps, Migrated};
use crate::domain::ledger::event::Actor;
use crate::error::Error;
use crate::service::Caller;

/// One local run.
#[derive(Debug)]
pub struct LocalHost<'a> {
    place: &'a Place,
    parameters: Map<String, Value>,
    by: Caller,
    /// Read at the start: later this process may be somebody who cannot read them.
    secrets: BTreeMap<String, Secret>,
    log: Vec<(Timestamp, String)>,
}

type Secret = Result<BTreeMap<String, SecretString>, SecretFault>;

impl<'a> LocalHost<'a> {
    /// A run with `parameters` at `place`.
    #[must_use]
    pub fn new(place: &'a Place, parameters: Map<String, Value>) -> Self {
        let ids = parameters.iter().filter(|(key, _)| key.ends_with("-secret-id"));
        let secrets = ids
            .filter_map(|(_, id)| id.as_str())
            .map(|id| (id.to_owned(), secret::read(id)))
            .collect();
        Self { place, parameters, by: open::caller(), secrets, log: Vec::new() }
    }

    /// The log lines so far.
    #[must_use]
    pub fn into_log(self) -> Vec<(Timestamp, String)> {
        self.log
    }
}

impl Host for LocalHost<'_> {
    fn parameters(&mut self) -> Result<Map<String, Value>, HostError> {
        Ok(self.parameters.clone())
    }

    fn secret(&mut self, id: &str) -> Secret {
        self.secrets.remove(id).unwrap_or_else(|| secret::read(id))
    }

    fn log(&mut self, line: &str) {
        let now = self.place.now();
        output::note(&format!("{} {line}", envelope::clock_time(now)));
        self.log.push((now, line.to_owned()));
    }

    fn warn(&mut self, line: &str) {
        output::note(&format!("WARNING {line}"));
    }

    fn is_leader(&mut self) -> bool {
        true
    }

    /// A laptop has no install hook: what is missing is made here.
    fn open(&mut self) -> Result<Deps, Error> {
        Ok(open::prepared(self.place, &self.by)?.0)
    }

    fn migrate(&mut self) -> Result<(Deps, Migrated), Error> {
        open::prepared(self.place, &self.by)
    }

    fn actor(&self) -> Actor {
        self.by.actor.clone()
    }

    fn task(&self) -> Option<String> {
        None
    }
}
