//! Actions: the same handlers as on a laptop, with the hook tools around them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::context::Context;
use super::hooktools::{HookTools, Level, Revision, ToolError};
use super::record::{Record, Role};
use super::users::{Acting, ServiceUser};
use super::workload;
use crate::actions::{self, Host, HostError, SecretFault, results};
use crate::app::{Deps, Migrated};
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::error::{Error, ErrorCode};
use crate::service::Caller;

/// Runs the action `name`. A failed action fails by its message and exits with 0, because another
/// exit code would replace the message.
pub fn run(context: &Context, tools: &HookTools, name: &str) -> ExitCode {
    let mut host = JujuHost { context, tools, acting: Acting::default() };
    let outcome = actions::run(name, &mut host);
    if let Err(error) = host.acting.regain() {
        // Nothing can be told to Juju as the service user, so the exit code has to say it.
        eprintln!("doorward: cannot become root again: {error}");
        return ExitCode::FAILURE;
    }
    finish(
        tools,
        &match outcome {
            Ok(results) => deliver(tools, &results::flatten(&results)),
            Err(failure) => tools.action_fail(&failure.0),
        },
    )
}

/// Gives the results; if they cannot be given, the operator learns that the work was done.
fn deliver(tools: &HookTools, results: &[(String, String)]) -> Result<(), ToolError> {
    let Err(error) = tools.action_set(results) else { return Ok(()) };
    tools.juju_log(Level::Error, &error.to_string());
    tools.action_fail("The action was carried out, but its results could not be given to Juju")
}

/// An outcome that cannot be told must not look like a success.
fn finish(tools: &HookTools, told: &Result<(), ToolError>) -> ExitCode {
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tools.juju_log(Level::Error, &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// The unit as a place for actions. From [`Host::open`] on the process acts as the service user,
/// so that every file it makes is one the service can use; hook tools are called as root.
struct JujuHost<'a> {
    context: &'a Context,
    tools: &'a HookTools,
    acting: Acting,
}

impl JujuHost<'_> {
    fn as_root<T>(&self, work: impl FnOnce(&HookTools) -> T) -> Result<T, std::io::Error> {
        self.acting.as_before(|| work(self.tools))
    }

    /// Acts as the service user from now on, and says where the data are and how they are used.
    fn enter(&self) -> Result<(PathBuf, Map<String, Value>), Error> {
        let paths = &self.context.paths;
        let not_ready = || Error::new(ErrorCode::NotReady, "This unit is not set up yet.");
        let record = Record::load(paths)
            .map_err(|error| not_ready().because(error))?
            .filter(|record| record.storage.as_ref().is_none_or(|storage| storage.attached))
            .ok_or_else(not_ready)?;
        if record.role == Some(Role::Spare) {
            let holder = record.store_unit.as_deref().unwrap_or("another unit");
            let sentence = format!("This unit does not hold the data; run the action on {holder}");
            return Err(Error::new(ErrorCode::Forbidden, sentence));
        }
        let state_dir = record.state_dir.ok_or_else(not_ready)?;
        let user = ServiceUser::find(paths)
            .map_err(|error| not_ready().because(error))?
            .ok_or_else(not_ready)?;
        self.acting.drop_to(user).map_err(|error| {
            Error::new(ErrorCode::Internal, "The service user cannot be used.").because(error)
        })?;
        Ok((paths.real(&state_dir), record.options))
    }

    /// A line the operator does not get to see is no reason to give up the action.
    fn tell(&self, line: &str) {
        let _ = self.as_root(|tools| {
            if let Err(error) = tools.action_log(line) {
                tools.juju_log(Level::Warning, &error.to_string());
            }
        });
    }
}

impl Host for JujuHost<'_> {
    fn parameters(&mut self) -> Result<Map<String, Value>, HostError> {
        let told = |error: &dyn std::error::Error| HostError(error.to_string());
        self.as_root(HookTools::action_get).map_err(|e| told(&e))?.map_err(|e| told(&e))
    }

    fn secret(&mut self, id: &str) -> Result<BTreeMap<String, SecretString>, SecretFault> {
        let other = |error: &dyn std::error::Error| SecretFault::Other(error.to_string());
        self.as_root(|tools| tools.secret_get(id, Revision::Newest))
            .map_err(|error| other(&error))?
            .map_err(|error| secret_fault(&error))
    }

    fn log(&mut self, line: &str) {
        self.tell(line);
    }

    fn warn(&mut self, line: &str) {
        self.tell(&format!("WARNING: {line}"));
    }

    fn is_leader(&mut self) -> bool {
        self.as_root(HookTools::is_leader).unwrap_or(false)
    }

    fn open(&mut self) -> Result<Deps, Error> {
        let (state_dir, options) = self.enter()?;
        let paths = &self.context.paths;
        workload::open(&state_dir, &options, &paths.real(&paths.unit_dir))
    }

    fn migrate(&mut self) -> Result<(Deps, Migrated), Error> {
        let (state_dir, options) = self.enter()?;
        let caller = Caller { tx: self.task(), ..Caller::local(self.actor()) };
        workload::migrate(&state_dir, &options, &caller)
    }

    fn actor(&self) -> Actor {
        Actor::new(ActorKind::Action, self.context.unit.to_string())
    }

    fn task(&self) -> Option<String> {
        self.context.task.clone()
    }
}

fn secret_fault(error: &ToolError) -> SecretFault {
    let said = error.stderr();
    if said.contains("permission denied") {
        return SecretFault::Denied(said.trim_start_matches("ERROR ").to_owned());
    }
    if said.contains("not found") {
        return SecretFault::NotFound;
    }
    SecretFault::Other(match said {
        "" => error.to_string(),
        said => said.trim_start_matches("ERROR ").to_owned(),
    })
}
