//! A password that a person chooses for themselves.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::{activated, listed, write_hash};
use crate::app::Deps;
use crate::crypto::password::{self, Verdict};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::policy::PasswordProblem;
use crate::domain::status::Status;
use crate::error::Error;
use crate::service::identities::{Selector, find_stored};
use crate::service::invitations::keep_promise;
use crate::service::recovery;
use crate::service::sessions::revoked;
use crate::service::shape::set_password_hash;
use crate::store::WriteTx;
use crate::store::sql::{codes, identities, sessions};

/// A password that may be used, as it will be stored.
pub struct Chosen(String);

impl Chosen {
    /// One that was judged and hashed before, and waited for something else.
    pub(in crate::service) fn hashed(hash: &str) -> Self {
        Self(hash.to_owned())
    }
}

/// Without the hash.
impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chosen(..)")
    }
}

/// What becomes of the person's sessions when the password changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They go on.
    Keep,
    /// All end but this one.
    EndBut(Uuid),
    /// All end.
    End,
}

/// Judges a password for an account with these identifiers and traits; for a new account, before it
/// is created.
///
/// # Errors
/// When the operator's list cannot be read. What is wrong with the password is the inner error.
pub fn judge(
    d: &Deps,
    identifiers: &[String],
    traits: &Value,
    typed: &SecretString,
) -> Result<Result<(), PasswordProblem>, Error> {
    let typed = typed.expose_secret();
    if let Err(problem) = d.password_policy().check(typed, identifiers, traits) {
        return Ok(Err(problem));
    }
    let known = listed::contains(&d.options.password_blocklist, typed)?;
    Ok(if known { Err(PasswordProblem::Common) } else { Ok(()) })
}

/// Judges a new password of `identity`, who may not choose the one there is, and hashes it. Hashing
/// is slow, so this comes before the transaction.
///
/// # Errors
/// As [`judge`], and when it cannot be hashed.
pub fn prepare(
    d: &Deps,
    identity: &Identity,
    typed: &SecretString,
) -> Result<Result<Chosen, PasswordProblem>, Error> {
    let all = identity.credentials.iter().filter(|one| one.kind != CredentialType::Oidc);
    let identifiers: Vec<String> = all.flat_map(|one| one.identifiers.clone()).collect();
    if let Err(problem) = judge(d, &identifiers, &identity.traits, typed)? {
        return Ok(Err(problem));
    }
    let old = identity.credential(CredentialType::Password).and_then(Credential::password_hash);
    // A hash with which nothing can be compared is no reason to keep it.
    let same = old.map(|old| d.hashers.verify(typed, old));
    if matches!(same, Some(Ok(Verdict::Match { .. }))) {
        return Ok(Err(PasswordProblem::SameAsOld));
    }
    Ok(Ok(Chosen(d.hashers.hash(typed)?)))
}

/// Puts a password in place within a transaction: open recovery codes die, somebody who was only
/// invited becomes active. Hands back what the ledger is to say.
///
/// # Errors
/// `NotFound`.
pub fn choose(
    tx: &WriteTx<'_>,
    id: Uuid,
    chosen: &Chosen,
    others: Others,
    now: Timestamp,
) -> Result<Vec<Event>, Error> {
    let before = find_stored(tx, &Selector::Id(id))?;
    let had = before.identity.credential(CredentialType::Password);
    let had = had.and_then(Credential::password_hash).is_some();
    let mut after = before.identity.clone();
    set_password_hash(&mut after, &chosen.0, now);
    after.updated_at = now;
    if after.status == Status::Invited {
        after.activate(now);
    }
    write_hash(tx, &before, &after, now)?;
    codes::withdraw(tx, before.n, recovery::PURPOSE)?;
    identities::update(tx, &before, &after)?;
    let ended = match others {
        Others::Keep => Vec::new(),
        Others::EndBut(one) => sessions::disable_others(tx, before.n, one, now)?,
        Others::End => sessions::disable_others(tx, before.n, Uuid::nil(), now)?,
    };
    let kind = if had { EventType::CredentialChanged } else { EventType::CredentialAdded };
    let mut event = Event::new(kind)
        .principal(id)
        .data("credential", CredentialType::Password.as_str())
        .data("algorithm", password::algorithm(&chosen.0));
    if had && others != Others::Keep {
        event = event.data("sessions_revoked", ended.len());
    }
    let mut events = vec![event];
    events.extend(activated(&before.identity));
    events.extend(keep_promise(tx, before.n, &mut after, now)?);
    if !ended.is_empty() {
        events.push(revoked(id, "password_changed", &ended));
    }
    Ok(events)
}
