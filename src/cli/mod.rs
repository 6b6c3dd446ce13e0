//! The command line for people.

use std::process::ExitCode;

/// Runs the command on the command line.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
