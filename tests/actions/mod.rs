//! The actions: what they take, what they answer, and that files and code agree about both.

mod agreement;
mod ledger;
mod ours;
mod parameters;
mod peer;
mod place;
mod selecting;
