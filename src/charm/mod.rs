//! The Juju face: hooks and actions, run as `dispatch`.
//!
//! Nothing is printed: what hooks print ends in the log, what actions print in the operator's
//! terminal. A hook fails only when a hook tool gave no usable answer, so that Juju repeats it;
//! what the operator has to do is said by the status.

mod action;
mod application;
pub mod context;
mod dispatch;
pub mod events;
mod files;
mod health;
pub mod hooktools;
mod keys;
mod machine;
mod mail;
mod pages;
mod panic;
mod paths;
pub mod process;
mod reconcile;
mod record;
mod service;
pub mod status;
mod systemd;
mod teardown;
mod users;
mod workload;

use std::process::ExitCode;

use context::Context;

/// Handles the one event Juju started this process for.
pub fn main() -> ExitCode {
    match Context::from_environment() {
        Ok(context) => panic::guarded(&context, || dispatch::dispatch(&context)),
        Err(error) => {
            eprintln!("doorward: {error}");
            ExitCode::FAILURE
        }
    }
}
