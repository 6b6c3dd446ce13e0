//! Use cases: one function each, and nobody else owns a rule.
//!
//! Each takes what it works with ([`Deps`](crate::app::Deps)), who is asking ([`Caller`]) and what
//! is asked; it either does all of it, with its ledger entries, or nothing.

pub mod access;
pub mod accounts;
pub mod admission;
pub mod attributes;
pub mod authorities;
pub mod backup;
pub mod brand;
pub mod bulk;
mod caller;
pub mod cleaning;
pub mod console;
pub mod courier;
mod creating;
pub mod directory;
pub mod editing;
pub mod effects;
pub mod erasure;
pub mod events;
pub mod factors;
mod failure;
pub mod flood;
pub mod flow_errors;
pub mod flows;
mod given;
pub mod gone;
pub mod health;
pub mod history;
pub mod identities;
pub mod invitations;
mod jsonnet;
pub mod ledger;
pub mod links;
pub mod listing;
pub mod lookup;
pub mod mfa;
pub mod outbox;
pub mod overview;
pub mod own_accounts;
pub mod passwords;
pub mod people;
mod places;
pub mod proofs;
pub mod pruning;
pub mod recovery;
pub mod reindex;
pub mod removal;
pub mod retention;
pub mod schemas;
pub mod sending;
pub mod sessions;
mod shape;
pub mod status;
pub mod streaming;
pub mod terms;
pub mod throttle;
pub mod tokens;
mod trailer;
pub mod transfer;
pub mod typed;
pub mod unchanged;
mod updating;
pub mod verification;
pub mod verifying;
pub mod vitals;

pub use crate::store::Places;
pub use caller::{Caller, Origin};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Opaque; asks for the next page. Nothing on the last page.
    pub next_page_token: Option<String>,
}
