//! Second factors: enrolled, used and given up by the person they belong to.
//!
//! Each step is a function on a transaction that reads what it needs inside of it, so that a code
//! that two requests bring at the same time is good for one of them, and hands back the events that
//! the caller's change records.

pub mod keys;
pub mod lookup;
mod picture;
pub mod totp;

use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identity::Identity;

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
