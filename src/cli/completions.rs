//! `doorward completions`: scripts with which a shell completes commands and action names.

use clap::CommandFactory;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use super::args::{Cli, Completions};
use super::exit::Stop;
use super::output;
use crate::actions;

/// Prints the script.
///
/// # Errors
/// When it cannot be printed.
pub fn run(args: &Completions) -> Result<(), Stop> {
    let names = actions::list().into_iter().map(|(name, _)| name);
    let parser = PossibleValuesParser::new(names);
    let mut command = Cli::command()
        .mut_subcommand("run", |run| run.mut_arg("action", |action| action.value_parser(parser)));
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "doorward", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if args.shell == Shell::Fish {
        // clap's script for fish knows the names of options only, not those of actions.
        let names: Vec<_> = actions::list().into_iter().map(|(name, _)| name).collect();
        script.push_str(&format!(
            "complete -c doorward -n \"__fish_doorward_using_subcommand run\" -f -a \"{}\"\n",
            names.join(" ")
        ));
    }
    output::print(&script)
}
