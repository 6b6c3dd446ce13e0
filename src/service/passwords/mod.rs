//! Passwords: set on behalf of a person, chosen by the person, and checked at a sign-in.

mod check;
mod choose;
mod listed;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Caller;
use super::identities::{Selector, find, find_stored};
use super::invitations::keep_promise;
use super::recovery;
use super::shape::set_password_hash;
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::policy::within_limit;
use crate::domain::status::Status;
use crate::error::Error;
use crate::store::sql::identities::Stored;
use crate::store::sql::{codes, credentials, identities, sessions};
use crate::store::{StoreError, WriteTx};
pub use check::{Checked, Renewal, check, renew};
pub use choose::{Chosen, Others, choose, judge, prepare};

/// Replaces the password, ends every session and withdraws open recovery codes. Everything else
/// about the identity stays; a person who was only invited becomes active, any other status stays.
///
/// The password is the operator's choice and not held to the policy for people.
///
/// # Errors
/// `NotFound`, `WeakPassword` for a password beyond the limit.
pub fn set(d: &Deps, by: &Caller, id: Uuid, password: &SecretString) -> Result<Identity, Error> {
    within_limit(password.expose_secret())?;
    find(d, &Selector::Id(id))?;
    // Hashing is slow, so it happens before the transaction.
    let hash = d.hashers.hash(password)?;
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let before = find_stored(tx, &Selector::Id(id))?;
        let mut after = before.identity.clone();
        set_password_hash(&mut after, &hash, now);
        after.updated_at = now;
        if after.status == Status::Invited {
            after.activate(now);
        }
        write_hash(tx, &before, &after, now)?;
        let ended = sessions::delete_all(tx, before.n, now)?;
        codes::withdraw(tx, before.n, recovery::PURPOSE)?;
        identities::update(tx, &before, &after)?;
        let event = Event::new(EventType::CredentialReset)
            .principal(id)
            .data("credential", CredentialType::Password.as_str())
            .data("sessions_revoked", ended.live.len());
        let promised = keep_promise(tx, before.n, &mut after, now)?;
        let activated = activated(&before.identity).into_iter().chain(promised);
        Ok::<_, Error>(by.change(after, event, activated))
    })
}

/// Writes the password credential of `after` in place of that of `before`.
fn write_hash(
    tx: &WriteTx<'_>,
    before: &Stored,
    after: &Identity,
    now: Timestamp,
) -> Result<(), StoreError> {
    let kind = CredentialType::Password;
    let Some(credential) = after.credential(kind) else { return Ok(()) };
    match before.identity.credential(kind) {
        Some(_) => credentials::update_config(tx, before.n, kind, &credential.config, now),
        None => credentials::insert(tx, before.n, credential),
    }
}

/// That somebody who was only invited has a password now.
fn activated(before: &Identity) -> Option<Event> {
    (before.status == Status::Invited).then(|| {
        Event::new(EventType::UserActivated)
            .principal(before.id)
            .data("from", before.status.as_str())
            .data("method", "password")
    })
}
