//! `doorward run`: the charm's actions without Juju.

use clap::CommandFactory;
use serde_json::Map;

use super::args::{Cli, Global, Run};
use super::envelope::{OPERATION, TASK, Task};
use super::exit::Stop;
use super::host::LocalHost;
use super::place::{self, Place};
use super::{output, values};
use crate::actions;

/// Runs an action, or tells about actions.
///
/// An action that fails ends with status 0, as with `juju run`: its sentence is the result.
///
/// # Errors
/// When the command line or a parameter cannot be read, or there is no such action.
pub fn run(global: &Global, args: &Run) -> Result<(), Stop> {
    if args.list {
        return output::print(&list());
    }
    let Some(name) = args.action.as_deref() else { return output::print(&help()) };
    let Some(about) = actions::definitions().get(name) else {
        return Err(Stop::Failed(format!(
            "action {name:?} not defined; `doorward run --list` names all actions"
        )));
    };
    if args.help {
        return output::print(&actions::help(name).unwrap_or_default());
    }
    let place = Place::of(global)?;
    let mut parameters = match &args.params {
        Some(path) => values::file(&place::read_text(path)?).map_err(|error| refused(&error))?,
        None => Map::new(),
    };
    let types = |key: &str| -> Vec<String> {
        let kinds = about.parameter(key).map(|parameter| parameter.types.as_slice());
        kinds.unwrap_or_default().iter().map(|kind| kind.as_str().to_owned()).collect()
    };
    values::arguments(&mut parameters, &args.pairs, args.string_args, &types)
        .map_err(|error| refused(&error))?;
    let task = execute(name, LocalHost::new(&place, parameters), &place);
    output::print(&task.print(args.format))
}

fn execute(name: &str, mut host: LocalHost<'_>, place: &Place) -> Task {
    output::note(&format!("Running operation {OPERATION} with 1 task"));
    output::note(&format!("  - task {TASK} on unit-{}", place.unit.replace('/', "-")));
    output::note("");
    output::note(&format!("Waiting for task {TASK}..."));
    let started = place.now();
    let outcome = actions::run(name, &mut host);
    let timing = (started, place.now());
    let log = host.into_log();
    if !log.is_empty() {
        output::note("");
    }
    let (results, failure) = match outcome {
        Ok(results) => (results, None),
        Err(failure) => (Map::new(), Some(failure.0)),
    };
    Task { unit: place.unit.clone(), results, failure, log, timing }
}

fn refused(error: &values::ValueError) -> Stop {
    if error.is_usage() { Stop::Usage(error.to_string()) } else { Stop::Failed(error.to_string()) }
}

fn list() -> String {
    let rows: Vec<_> = actions::list()
        .iter()
        .map(|(name, summary)| vec![(*name).to_owned(), (*summary).to_owned()])
        .collect();
    output::table(&["Action", "Description"], &rows)
}

/// clap's own help of this command, which it does not print because `--help` may be about an action.
fn help() -> String {
    let mut all = Cli::command();
    all.build();
    let help = all.find_subcommand_mut("run").map(|run| run.render_help().to_string());
    format!(
        "{}\nValues are YAML, as with `juju run`; a parameter that is text takes what is typed.\n\
         Secrets: password-secret-id=file:PATH, a file with a YAML or JSON map that has the key\n\
         password, or with nothing but the password.\n\
         `doorward run ACTION --help` tells about one action.\n",
        help.unwrap_or_default()
    )
}
