//! From the event to the function that serves it.

use std::process::ExitCode;

use super::application::PEERS;
use super::context::Context;
use super::events::{Event, Hook};
use super::hooktools::{HookTools, Level};
use super::reconcile::{CharmError, Unit, reconcile};
use super::{action, mail, pages, teardown};

/// Serves the event this process was started for.
pub fn dispatch(context: &Context) -> ExitCode {
    let tools = HookTools::new(context.tool_limit);
    match &context.event {
        Event::Action(name) => action::run(context, &tools, name),
        Event::Hook(hook) => match serve(context, &tools, hook) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tools.juju_log(Level::Error, &format!("the hook failed: {error}"));
                ExitCode::FAILURE
            }
        },
    }
}

fn serve(context: &Context, tools: &HookTools, hook: &Hook) -> Result<(), CharmError> {
    let foreign = |endpoint: &str| ![PEERS, mail::RELATION, pages::RELATION].contains(&endpoint);
    match hook {
        Hook::Other(_) => return Ok(()),
        Hook::Relation { endpoint, .. } if foreign(endpoint) => return Ok(()),
        _ => {}
    }
    let mut unit = Unit::load(context, hook, tools)?;
    match hook {
        Hook::Stop => teardown::stop(&mut unit),
        Hook::Remove => teardown::remove(&mut unit),
        Hook::StorageDetaching(name) => teardown::storage_detaching(&mut unit, name),
        _ => reconcile(&mut unit),
    }
}
