//! Accounts of a person at other identity providers.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::Caller;
use super::accounts::find_to_change;
use super::identities::{Selector, find};
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{ActorKind, Event};
use crate::error::{Error, ErrorCode};
use crate::store::sql::identities::Stored;
use crate::store::sql::{account_locks, credentials, identities};
use crate::store::{Change, WriteTx};

/// The linked accounts, each as `provider:subject`.
///
/// # Errors
/// `NotFound`.
pub fn list(d: &Deps, id: Uuid) -> Result<Vec<String>, Error> {
    let identity = find(d, &Selector::Id(id))?;
    Ok(identity
        .credential(CredentialType::Oidc)
        .map(|credential| credential.identifiers.clone())
        .unwrap_or_default())
}

/// Unlinks one account; `false` when it is not linked.
///
/// # Errors
/// `NotFound`, `LastCredential` when it is the only way to sign in, `Changed`.
pub fn unlink(d: &Deps, by: &Caller, id: Uuid, account: &str) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        if !is_linked(&stored, account) {
            return Ok(Change::none(false));
        }
        if stored.identity.first_factors() < 2 {
            return Err(Error::new(
                ErrorCode::LastCredential,
                "It is the only way this person can sign in; set a password first.",
            ));
        }
        Ok(match take_away(tx, by, &stored, account, now)? {
            None => Change::none(false),
            Some(event) => by.change(true, event, Vec::new()),
        })
    })
}

fn is_linked(stored: &Stored, account: &str) -> bool {
    let credential = stored.identity.credential(CredentialType::Oidc);
    credential.is_some_and(|one| one.identifiers.iter().any(|known| known == account))
}

/// Removes one account within a transaction and says so; nothing when it is not linked.
pub(super) fn take_away(
    tx: &WriteTx<'_>,
    by: &Caller,
    stored: &Stored,
    account: &str,
    now: Timestamp,
) -> Result<Option<Event>, Error> {
    let credential = stored.identity.credential(CredentialType::Oidc);
    let Some(credential) = credential.filter(|_| is_linked(stored, account)) else {
        return Ok(None);
    };
    let mut config = credential.config.clone();
    if let Some(Value::Array(providers)) = config.get_mut("providers") {
        providers.retain(|entry| account_of(entry).as_deref() != Some(account));
    }
    let left: Vec<String> =
        credential.identifiers.iter().filter(|known| *known != account).cloned().collect();
    account_locks::unlock(tx, stored.n, account)?;
    if left.is_empty() {
        credentials::delete(tx, stored.n, CredentialType::Oidc)?;
    } else {
        credentials::replace_identifiers(tx, stored.n, CredentialType::Oidc, &left)?;
        credentials::update_config(tx, stored.n, CredentialType::Oidc, &config, now)?;
    }
    // The account is no longer among the words by which the person is found.
    let mut after = stored.identity.clone();
    for credential in after.credentials.iter_mut().filter(|one| one.kind == CredentialType::Oidc) {
        credential.identifiers.clone_from(&left);
    }
    after.updated_at = now;
    identities::update(tx, stored, &after)?;
    let provider = account.split(':').next().unwrap_or_default();
    let own = by.actor.kind == ActorKind::User && by.actor.id == stored.identity.id.to_string();
    let event = Event::new(EventType::AccountUnlinked)
        .principal(stored.identity.id)
        .provider(provider)
        .data("reason", if own { "owner" } else { "operator" })
        .personal("identifier", account);
    Ok(Some(event))
}

/// `provider:subject` of one entry of an `oidc` configuration.
pub(super) fn account_of(entry: &Value) -> Option<String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    Some(format!("{}:{}", text("provider")?, text("subject")?))
}
