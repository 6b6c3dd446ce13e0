//! Running one action from its name to its results, and its record in the ledger.

use serde_json::{Map, Value};

use super::context::Context;
use super::definitions::{self, Definition};
use super::failure::Failure;
use super::host::Host;
use super::params::Params;
use super::results::{self, Results};
use super::run_migration;
use super::table::{self, Entry};
use crate::app::Deps;
use crate::domain::ledger::event::Outcome;
use crate::error::ErrorCode;
use crate::service::{Caller, ledger};

const NOT_READY: &str = "Service is not ready. Please re-run the action when the charm is active";

/// Runs an action.
///
/// The first question is whether the service is set up, as upstream; then come the parameters,
/// and only then the action itself. Whatever it comes to is in the ledger afterwards.
///
/// # Errors
/// With the sentence the operator shall read; nothing was changed then.
pub fn run(name: &str, host: &mut dyn Host) -> Result<Results, Failure> {
    let unknown = || Failure::new(format!("There is no action called '{name}'"));
    let entry = table::find(name).ok_or_else(unknown)?;
    let definition = definitions::one(name).ok_or_else(unknown)?;
    let results = if name == run_migration::NAME {
        let params = parameters(&definition, host)?;
        let (deps, migrated) = run_migration::open(&params, host)?;
        with_deps(entry, host, (deps, Some(migrated.to)), Ok(params))
    } else {
        let deps = open(host)?;
        let params = parameters(&definition, host);
        with_deps(entry, host, (deps, None), params)
    }?;
    Ok(results::bounded(&results))
}

fn open(host: &mut dyn Host) -> Result<Deps, Failure> {
    host.open().map_err(|error| match error.code() {
        ErrorCode::NotReady => Failure::new(NOT_READY),
        ErrorCode::Internal => {
            host.warn(&super::context::causes(&error));
            Failure::new("The database could not be opened")
        }
        _ => Failure::new(error.message()),
    })
}

fn parameters(definition: &Definition, host: &mut dyn Host) -> Result<Params, Failure> {
    let given = host.parameters().map_err(|error| {
        Failure::new(format!("The parameters of the action could not be read: {error}"))
    })?;
    Params::check(definition, given)
}

fn with_deps(
    entry: &Entry,
    host: &mut dyn Host,
    (deps, migrated_to): (Deps, Option<i64>),
    params: Result<Params, Failure>,
) -> Result<Results, Failure> {
    let recorded = params.as_ref().map_or_else(|_| Map::<String, Value>::new(), Params::recorded);
    let by = Caller {
        tx: host.task(),
        action: Some((entry.name.to_owned(), recorded)),
        ..Caller::local(host.actor())
    };
    let mut cx = Context { host, deps, by, recorded: false, migrated_to };
    let outcome = params.and_then(|params| {
        for notice in params.notices() {
            cx.host.warn(notice);
        }
        (entry.run)(&params, &mut cx)
    });
    record(&mut cx, &outcome);
    outcome
}

/// Records what no use case has recorded together with its change: reads, and failures.
///
/// A read that cannot be recorded still answers, or nobody could look into a unit whose disk is
/// full; the operator is told.
fn record(cx: &mut Context<'_>, outcome: &Result<Results, Failure>) {
    let outcome = match outcome {
        Ok(_) if cx.recorded => return,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    if let Err(error) = ledger::record_action(&cx.deps, &cx.by, outcome) {
        cx.host.warn(&format!("This run is not in the audit ledger: {}", error.message()));
    }
}
