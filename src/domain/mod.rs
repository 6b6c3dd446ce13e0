//! What identities, sessions, credentials and ledger entries are: pure types and rules, no I/O.

pub mod access;
pub mod api_token;
pub mod attributes;
pub mod authority;
pub mod credential;
pub mod document;
pub mod flow;
pub mod flow_error;
pub mod identifier;
pub mod identity;
pub mod invitation;
pub mod ledger;
pub mod lookup_codes;
pub mod mail_fault;
pub mod message;
pub mod policy;
pub mod schema;
pub mod security_key;
pub mod session;
pub mod sightings;
pub mod status;
pub mod terms;
pub mod throttle;
