//! Picks the face: Juju runs the binary as `dispatch`, a person runs it as a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::var_os("JUJU_DISPATCH_PATH") {
        Some(_) => doorward::charm::main(),
        None => doorward::cli::main(),
    }
}
