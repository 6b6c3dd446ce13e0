//! A fault of ours becomes one line in the log and one for the operator, never a trace in a
//! terminal.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use nix::unistd::{getgid, getuid, setegid, seteuid};

use super::context::Context;
use super::events::Event;
use super::hooktools::{HookTools, Level};

static PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Runs `body`; if it panics, tells Juju and returns the exit code that fits the event: an action
/// fails by its message, a hook by its exit code.
pub fn guarded(context: &Context, body: impl FnOnce() -> ExitCode) -> ExitCode {
    panic::set_hook(Box::new(remember));
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| report(context))
}

/// Keeps the place only: a formatted message may hold a value that nobody should read.
fn remember(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(
        || "an unknown place".to_owned(),
        |location| format!("{}:{}", location.file(), location.line()),
    );
    *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
}

fn report(context: &Context) -> ExitCode {
    // It may have happened while acting as the service user, whom hook tools do not answer.
    let _ = seteuid(getuid());
    let _ = setegid(getgid());
    let tools = HookTools::new(context.tool_limit);
    let place = PLACE.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    tools.juju_log(Level::Error, &format!("doorward stopped at {place}; this is a bug of ours"));
    match context.event {
        Event::Hook(_) => ExitCode::FAILURE,
        Event::Action(_) => {
            let sentence = "Doorward stopped because of a bug; the place is in 'juju debug-log'";
            match tools.action_fail(sentence) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_in_an_exit_code_and_its_message_is_dropped() {
        let vars = |name: &str| match name {
            "JUJU_DISPATCH_PATH" => Some("hooks/install".to_owned()),
            "JUJU_UNIT_NAME" => Some("doorward/0".to_owned()),
            "JUJU_CHARM_DIR" => Some("/charm".to_owned()),
            _ => None,
        };
        let context = Context::from_variables(vars).expect("a context");
        let before = panic::take_hook();
        let code = guarded(&context, || panic!("the password is {}", "hunter2"));
        panic::set_hook(before);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::FAILURE));
        // Told to the log and taken from here; there is nothing else it could be told from.
        assert_eq!(*PLACE.lock().expect("a place"), None);
    }
}
