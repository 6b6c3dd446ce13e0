//! Setting a password on behalf of a person.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Caller;
use super::identities::{Selector, find, find_stored};
use super::recovery;
use super::shape::set_password_hash;
use crate::app::Deps;
use crate::crypto::password;
use crate::domain::credential::CredentialType;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::policy::within_limit;
use crate::domain::status::Status;
use crate::error::Error;
use crate::store::sql::{codes, credentials, identities, sessions};

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
    let hash = password::hash(password, &d.argon2())?;
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let before = find_stored(tx, &Selector::Id(id))?;
        let mut after = before.identity.clone();
        set_password_hash(&mut after, &hash, now);
        after.updated_at = now;
        if after.status == Status::Invited {
            after.status = Status::Active;
            after.status_changed_at = Some(now);
        }
        if let Some(credential) = after.credential(CredentialType::Password) {
            match before.identity.credential(CredentialType::Password) {
                Some(_) => credentials::update_config(
                    tx,
                    before.n,
                    CredentialType::Password,
                    &credential.config,
                    now,
                )?,
                None => credentials::insert(tx, before.n, credential)?,
            }
        }
        let ended = sessions::delete_all(tx, before.n, now)?;
        codes::withdraw(tx, before.n, recovery::PURPOSE)?;
        identities::update(tx, &before, &after)?;
        let event = Event::new(EventType::CredentialReset)
            .principal(id)
            .data("credential", CredentialType::Password.as_str())
            .data("sessions_revoked", ended.live.len());
        let activated = (before.identity.status == Status::Invited).then(|| {
            Event::new(EventType::UserActivated)
                .principal(id)
                .data("from", before.identity.status.as_str())
                .data("method", "password")
        });
        Ok::<_, Error>(by.change(after, event, activated))
    })
}
