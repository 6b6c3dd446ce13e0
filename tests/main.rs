//! All integration tests: one target, because linking is the slow part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::pedantic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test that cannot go on should stop and say where"
)]

mod actions;
mod architecture;
mod bench_smoke;
mod browser;
mod charm;
mod cli;
mod clients;
mod crash;
mod docs;
mod http;
mod ledger;
mod package;
mod store;
mod support;
