//! What identities, sessions, credentials and ledger entries are: pure types and rules, no I/O.

pub mod ledger;
