//! The command line for people.

mod args;
mod audit;
mod backup;
mod completions;
mod envelope;
mod exit;
mod export;
mod host;
mod import;
mod open;
mod output;
mod place;
mod privilege;
mod restore;
mod run;
mod running;
mod scalar;
mod secret;
mod serve;
mod values;
mod yaml_text;

use std::panic;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Stop;

/// Runs the command on the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout and may meet a closed pipe, which is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit::status::USAGE));
        }
    };
    panic::set_hook(Box::new(|about| {
        let place = about.location().map(ToString::to_string).unwrap_or_default();
        output::note(&format!("ERROR internal error at {place}; nothing was changed by it"));
    }));
    match panic::catch_unwind(|| run(&cli)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(stop)) => stop.report(),
        Err(_) => ExitCode::from(exit::status::FAILED),
    }
}

fn run(cli: &Cli) -> Result<(), Stop> {
    let global = &cli.global();
    match &cli.command {
        Command::Run(args) => run::run(global, args),
        Command::Serve(args) => serve::run(global, args),
        Command::Completions(args) => completions::run(args),
        Command::Audit(command) => audit::run(global, command),
        Command::Backup(args) => backup::run(global, args),
        Command::Restore(args) => restore::run(global, args),
        Command::Import(args) => import::run(global, args),
        Command::Export(args) => export::run(global, args),
    }
}
