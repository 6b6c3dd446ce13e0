//! Actions: the same handlers as on a laptop, with the hook tools around them.

use std::process::ExitCode;

use super::context::Context;
use super::hooktools::{HookTools, Level, ToolError};

const NOT_READY: &str = "Service is not ready. Please re-run the action when the charm is active";

/// Runs the action `name`. A failed action fails by its message and exits with 0, because another
/// exit code would replace the message.
pub fn run(_context: &Context, tools: &HookTools, _name: &str) -> ExitCode {
    finish(tools, tools.action_fail(NOT_READY))
}

/// An outcome that cannot be told must not look like a success.
fn finish(tools: &HookTools, told: Result<(), ToolError>) -> ExitCode {
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tools.juju_log(Level::Error, &error.to_string());
            ExitCode::FAILURE
        }
    }
}
