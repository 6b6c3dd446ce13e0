//! All integration tests: one target, because linking is the slow part.
mod actions;
mod architecture;
mod charm;
mod crash;
mod docs;
mod ledger;
mod package;
