//! `run-migration`: bring the database to the version of this release.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::context::{self, Context};
use super::failure::Failure;
use super::host::Host;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::app::{Deps, Migrated};
use crate::error::ErrorCode;

/// Its name in `actions.yaml`.
pub(super) const NAME: &str = "run-migration";
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct RunMigration;

impl Action for RunMigration {
    const NAME: &'static str = NAME;

    fn parse(params: &Params) -> Result<Self, Failure> {
        timeout(params).map(|_| Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let version = cx.migrated_to.map(|version| Value::String(version.to_string()));
        cx.host.log("Successfully updated migration version");
        Ok(version.map(|version| ("schema-version".to_owned(), version)).into_iter().collect())
    }
}

fn timeout(params: &Params) -> Result<Duration, Failure> {
    let seconds = params.number("timeout").unwrap_or(120.0);
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Failure::new("Parameter 'timeout' is not a number of seconds"))
}

/// Migrates the database and opens it, and waits while another process holds it.
///
/// # Errors
/// On a unit that does not lead, and when the migration fails.
pub(super) fn open(params: &Params, host: &mut dyn Host) -> Result<(Deps, Migrated), Failure> {
    if !host.is_leader() {
        return Err(Failure::new("Only the leader unit can run the database migration"));
    }
    let deadline = Instant::now() + timeout(params)?;
    host.log("Started migrating the database");
    loop {
        match host.migrate() {
            Ok(migrated) => {
                host.log("Successfully migrated the database");
                return Ok(migrated);
            }
            Err(error) if error.code() == ErrorCode::Busy && Instant::now() < deadline => {
                thread::sleep(PAUSE);
            }
            Err(error) => {
                host.warn(&context::causes(&error));
                return Err(Failure::because("Database migration failed", &error));
            }
        }
    }
}
