//! Whether a password is right, in a time that does not tell who exists.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use crate::app::Deps;
use crate::crypto::password::{self, PasswordError, Verdict};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::policy::within_limit;
use crate::error::Error;
use crate::service::identities::{Selector, find_stored};
use crate::store::WriteTx;
use crate::store::sql::credentials;

/// What a comparison found.
#[derive(Debug)]
pub enum Checked {
    /// The password is right.
    Right {
        /// A hash to put in place of the stored one, which is foreign or was cheaper; see [`renew`].
        renewal: Option<Renewal>,
    },
    /// It is wrong, or there is none to compare with.
    Wrong,
}

/// A better hash of the same password.
#[derive(PartialEq, Eq)]
pub struct Renewal {
    old: String,
    new: String,
}

/// Without the hashes.
impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewal(..)")
    }
}

/// Compares a password with the hash that is stored. Takes as long when there is nobody, when they
/// have no password, and when nothing can be compared with what is stored; call it in all of these
/// cases, outside of a transaction, and look at the account's status only afterwards.
///
/// # Errors
/// When a hash cannot be computed. Never because of what was typed or is stored.
pub fn check(d: &Deps, stored: Option<&str>, typed: &SecretString) -> Result<Checked, Error> {
    if within_limit(typed.expose_secret()).is_err() {
        // Nobody has such a password, so this tells nothing.
        return Ok(Checked::Wrong);
    }
    let Some(stored) = stored else { return pretend(d, typed) };
    match d.hashers.verify(typed, stored) {
        Ok(Verdict::Match { rehash: false }) => Ok(Checked::Right { renewal: None }),
        Ok(Verdict::Match { rehash: true }) => {
            let new = d.hashers.hash(typed)?;
            Ok(Checked::Right { renewal: Some(Renewal { old: stored.to_owned(), new }) })
        }
        Ok(Verdict::Mismatch) => Ok(Checked::Wrong),
        Err(PasswordError::Failed) => Err(PasswordError::Failed.into()),
        Err(_) => pretend(d, typed),
    }
}

fn pretend(d: &Deps, typed: &SecretString) -> Result<Checked, Error> {
    d.hashers.pretend(typed)?;
    Ok(Checked::Wrong)
}

/// Puts the better hash in place, unless the password was changed meanwhile.
///
/// # Errors
/// `NotFound`.
pub fn renew(
    tx: &WriteTx<'_>,
    id: Uuid,
    renewal: &Renewal,
    now: Timestamp,
) -> Result<Option<Event>, Error> {
    let kind = CredentialType::Password;
    let stored = find_stored(tx, &Selector::Id(id))?;
    let hash = stored.identity.credential(kind).and_then(Credential::password_hash);
    if hash != Some(renewal.old.as_str()) {
        return Ok(None);
    }
    credentials::update_config(tx, stored.n, kind, &json!({"hashed_password": renewal.new}), now)?;
    let event = Event::new(EventType::CredentialChanged)
        .principal(id)
        .data("credential", kind.as_str())
        .data("algorithm", password::algorithm(&renewal.new))
        .data("reason", "renewed_hash");
    Ok(Some(event))
}
