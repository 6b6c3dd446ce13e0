//! A Juju agent for tests: it runs the real `dispatch` as Juju would and answers its hook tools.
//!
//! One executable, three faces chosen by the name it was started under: a hook tool (`action-get`,
//! ...), a program of the machine (`systemctl`, `useradd`, ...), or the command line that plays
//! controller and agent. `tests/README.md` says how to use it.

#![expect(
    clippy::indexing_slicing,
    clippy::pedantic,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::assigning_clones,
    clippy::large_stack_arrays,
    clippy::match_same_arms,
    clippy::maybe_infinite_iter,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "a program of the tests, with its own clock and no harm in ending early"
)]

mod action;
mod charm;
mod cli;
mod client;
mod context;
mod driver;
mod environment;
mod event;
mod faults;
mod machine;
mod model;
mod op;
mod process;
mod schema;
mod server;
mod store;
mod task;
mod text;
mod tools;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().map(|a| a.to_string_lossy().into_owned());
    let started_as = args.next().unwrap_or_default();
    let name = Path::new(&started_as).file_name().map(|n| n.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let args: Vec<String> = args.collect();
    if args.first().is_some_and(|word| word == machine::stand_in::COMMAND) {
        return machine::stand_in::main(&args[1..]);
    }
    if tools::NAMES.contains(&name.as_str()) {
        return client::hook_tool(&name, args);
    }
    if machine::NAMES.contains(&name.as_str()) {
        return client::machine_program(&name, args);
    }
    cli::main(args)
}
