//! The charm as Juju drives it.

pub mod agent;
mod agent_contract;
mod agent_faces;
mod agent_stub;
mod faults;
mod hooks;
mod idempotency;
mod mail;
mod pages;
mod status;
mod units;
