//! The actions: what they take, what they answer, and that files and code agree about both.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod agreement;
mod factors;
mod faults;
mod ledger;
mod night;
mod ours;
mod parameters;
mod peer;
mod place;
mod properties;
mod selecting;
mod tokens;
