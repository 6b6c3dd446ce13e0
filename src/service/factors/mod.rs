//! Second factors: enrolled, used and given up by the person they belong to.
//!
//! Each step is a function on a transaction that reads what it needs inside of it, so that a code
//! that two requests bring at the same time is good for one of them, and hands back the events that
//! the caller's change records.

pub mod keys;
pub mod lookup;
mod picture;
pub mod totp;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::store::sql::credentials;
use crate::store::sql::identities::Stored;
use crate::store::{StoreError, WriteTx};

/// Puts a factor of which everybody has one at the most in place of the one there is, if any.
fn put(
    tx: &WriteTx<'_>,
    owner: &Stored,
    kind: CredentialType,
    config: Value,
    now: Timestamp,
) -> Result<Event, StoreError> {
    let id = owner.identity.id;
    let event = if owner.identity.credential(kind).is_some() {
        credentials::update_config(tx, owner.n, kind, &config, now)?;
        EventType::CredentialChanged
    } else {
        let identifiers = vec![id.to_string()];
        let credential = Credential { kind, identifiers, config, created_at: now, updated_at: now };
        credentials::insert(tx, owner.n, &credential)?;
        EventType::CredentialAdded
    };
    Ok(Event::new(event).principal(id).data("credential", kind.as_str()))
}

/// The second factors that somebody could use now, the handiest first. The identity must have been
/// read with its credentials.
#[must_use]
pub fn second_factors_of(identity: &Identity) -> Vec<CredentialType> {
    let kinds = [CredentialType::Webauthn, CredentialType::Totp, CredentialType::LookupSecret];
    let usable = |kind: &CredentialType| {
        identity.credential(*kind).is_some_and(Credential::is_second_factor)
    };
    kinds.into_iter().filter(usable).collect()
}
