//! Accounts: the ways in which one person signs in, each of which can be closed by itself. One is
//! their own, with a password, passkeys and codes; the others are at other providers.

use jiff::Timestamp;
use uuid::Uuid;

use super::authorities::must_not_be_last;
use super::flows::verification_asked_for;
use super::given::{AddressProof, prove};
use super::identities::{Selector, find_stored};
use super::links::account_of;
use super::unchanged::{must_be, tag_of_accounts};
use super::{Caller, status};
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::identity::{Identity, VerifiableAddress, Via};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::Reason;
use crate::error::{Error, ErrorCode};
use crate::store::sql::identities::Stored;
use crate::store::sql::{account_locks, identities};
use crate::store::{Change, StoreError, Tx, WriteTx};

/// What a person's own account is called.
pub const INTERNAL: &str = "internal";

/// One account of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `internal`, or `provider:subject`.
    pub id: String,
    /// The provider; `internal` for their own account.
    pub provider: String,
    /// What they are called there.
    pub username: Option<String>,
    /// Kinds of credentials that belong to it.
    pub credentials: Vec<&'static str>,
    /// Addresses that can be confirmed.
    pub addresses: Vec<VerifiableAddress>,
    /// Since when nobody may sign in through it.
    pub locked_at: Option<Timestamp>,
    /// When it came to be.
    pub created_at: Timestamp,
}

impl Account {
    /// Whether it is the person's own.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.id == INTERNAL
    }

    /// Whether every address that can be confirmed is.
    #[must_use]
    pub fn confirmed(&self) -> bool {
        !self.addresses.is_empty() && self.addresses.iter().all(|address| address.verified)
    }
}

/// The accounts of somebody, their own first.
///
/// # Errors
/// `NotFound`.
pub fn of(d: &Deps, id: Uuid) -> Result<Vec<Account>, Error> {
    d.store.read(|tx| all(tx, &find_stored(tx, &Selector::Id(id))?))
}

/// The same, with how many ways to sign in there are.
pub(super) fn with_ways_in(d: &Deps, id: Uuid) -> Result<(Vec<Account>, usize), Error> {
    d.store.read(|tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        Ok((all(tx, &stored)?, stored.identity.first_factors()))
    })
}

fn all(tx: &Tx<'_>, stored: &Stored) -> Result<Vec<Account>, Error> {
    let locks = account_locks::of(tx, stored.n)?;
    let locked_at = |account: &str| locks.get(account).copied();
    let identity = &stored.identity;
    let local = identity.credentials.iter().filter(|one| one.kind != CredentialType::Oidc);
    let username = identity.traits.get("username").and_then(serde_json::Value::as_str);
    let identifier = local.clone().find(|one| one.kind == CredentialType::Password);
    let identifier = identifier.and_then(|one| one.identifiers.first().cloned());
    let mut accounts = vec![Account {
        id: INTERNAL.to_owned(),
        provider: INTERNAL.to_owned(),
        username: username.map(str::to_owned).or(identifier),
        // What is kept without being set up is no way in.
        credentials: local
            .filter(|one| one.first_factors() > 0 || one.is_second_factor())
            .map(|one| one.kind.as_str())
            .collect(),
        addresses: identity.verifiable_addresses.clone(),
        locked_at: locked_at(INTERNAL),
        created_at: identity.created_at,
    }];
    let Some(linked) = identity.credential(CredentialType::Oidc) else { return Ok(accounts) };
    for id in &linked.identifiers {
        let entries = linked.config.get("providers").and_then(serde_json::Value::as_array);
        let entry = entries.into_iter().flatten().find(|one| account_of(one).as_ref() == Some(id));
        let claim = |name: &str| entry?.get("claims")?.get(name)?.as_str().map(str::to_owned);
        accounts.push(Account {
            provider: id.split(':').next().unwrap_or_default().to_owned(),
            username: claim("preferred_username").or_else(|| claim("email")),
            credentials: vec![CredentialType::Oidc.as_str()],
            addresses: Vec::new(),
            locked_at: locked_at(id),
            created_at: linked.created_at,
            id: id.clone(),
        });
    }
    Ok(accounts)
}

/// Somebody whose accounts are to be changed, unless the caller wants them as they were, and they are not.
pub(super) fn find_to_change(tx: &Tx<'_>, by: &Caller, id: Uuid) -> Result<Stored, Error> {
    let stored = find_stored(tx, &Selector::Id(id))?;
    must_be(by, || Ok(tag_of_accounts(&all(tx, &stored)?)))?;
    Ok(stored)
}

fn exists(identity: &Identity, account: &str) -> Result<(), Error> {
    let linked = identity.credential(CredentialType::Oidc);
    let known = account == INTERNAL
        || linked.is_some_and(|one| one.identifiers.iter().any(|known| known == account));
    if known {
        return Ok(());
    }
    Err(Error::new(ErrorCode::NotFound, "There is no such account."))
}

/// Refuses signing in through one account; other accounts of the person still work, and sessions go
/// on. Says whether it was open.
///
/// # Errors
/// `NotFound`, `SelfAction`, `LastAdministrator`, `Changed`.
pub fn lock(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    account: &str,
    why: &status::StatusChange,
) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        exists(&stored.identity, account)?;
        if account_locks::is_locked(tx, stored.n, account)? {
            return Ok(Change::none(false));
        }
        must_not_be_last(tx, &stored, by, now, "locked out of an account")?;
        account_locks::lock(tx, stored.n, account, now)?;
        let event = about(EventType::AccountLocked, id, account, why.reason);
        let event = match &why.note {
            Some(note) => event.personal("note", note.as_str()),
            None => event,
        };
        Ok(by.change(true, event, []))
    })
}

/// Opens an account again; says whether it was locked.
///
/// # Errors
/// `NotFound`, `Changed`.
pub fn unlock(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    account: &str,
    why: &status::StatusChange,
) -> Result<bool, Error> {
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        exists(&stored.identity, account)?;
        if !account_locks::unlock(tx, stored.n, account)? {
            return Ok(Change::none(false));
        }
        let event = about(EventType::AccountUnlocked, id, account, why.reason);
        Ok(by.change(true, event, []))
    })
}

fn about(kind: EventType, id: Uuid, account: &str, reason: Reason) -> Event {
    let provider = account.split(':').next().unwrap_or_default();
    let event = Event::new(kind).principal(id).provider(provider).data("reason", reason.as_str());
    if account == INTERNAL { event } else { event.personal("identifier", account) }
}

/// Whether nobody may sign in through somebody's own account. Asked by every way in that belongs to
/// it: password, passkey, and codes.
pub(super) fn is_shut(tx: &Tx<'_>, n: i64) -> Result<bool, StoreError> {
    account_locks::is_locked(tx, n, INTERNAL)
}

/// As [`is_shut`], by the id of the identity.
pub(super) fn is_shut_of(tx: &Tx<'_>, id: Uuid) -> Result<bool, StoreError> {
    account_locks::is_locked_of(tx, id, INTERNAL)
}

/// Trusts an address without a proof; says whether it was unconfirmed. Without an address, the only
/// one is meant.
///
/// # Errors
/// `NotFound`, `Invalid` when there are several addresses and none is named, `Changed`.
pub fn confirm(d: &Deps, by: &Caller, id: Uuid, email: Option<&str>) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        let address = address(&stored.identity, email)?;
        if address.verified {
            return Ok(Change::none(false));
        }
        let event = Event::new(EventType::AccountConfirmed).data("method", "operator");
        let event = event.principal(id).personal("email", address.value.as_str());
        settle(tx, &stored, &address, true, now)?;
        Ok(by.change(true, event, []))
    })
}

/// Takes the proof of an address back; says whether there was one.
///
/// # Errors
/// As [`confirm`].
pub fn unconfirm(d: &Deps, by: &Caller, id: Uuid, email: Option<&str>) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        let address = address(&stored.identity, email)?;
        if !address.verified {
            return Ok(Change::none(false));
        }
        settle(tx, &stored, &address, false, now)?;
        Ok(by.change(true, unconfirmed(id, &address), []))
    })
}

/// Takes the proof of an address back, if there is one, and mails a code with which its owner can
/// prove it again; hands back the address.
///
/// # Errors
/// As [`confirm`], and `StatusTransition` for somebody who may not sign in, `Busy` when the address
/// has had too many mails.
pub fn verify(d: &Deps, by: &Caller, id: Uuid, email: Option<&str>) -> Result<String, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        let address = address(&stored.identity, email)?;
        let standing = stored.identity.effective_status(now);
        if !matches!(standing.as_str(), "active" | "invited") {
            let message =
                format!("Somebody who is {} cannot verify an address.", standing.as_str());
            return Err(Error::new(ErrorCode::StatusTransition, message));
        }
        let mut events = Vec::new();
        if address.verified {
            settle(tx, &stored, &address, false, now)?;
            events.push(unconfirmed(id, &address));
        }
        let sent = verification_asked_for(d, by, tx, &stored, &address.value)?;
        let Some(sent) = sent else {
            let message = "This address has had too many mails; try again in an hour.";
            return Err(Error::new(ErrorCode::Busy, message));
        };
        events.push(sent);
        let first = events.remove(0);
        Ok(by.change(address.value, first, events))
    })
}

fn unconfirmed(id: Uuid, address: &VerifiableAddress) -> Event {
    Event::new(EventType::AccountUnconfirmed)
        .principal(id)
        .data("reason", "operator")
        .personal("email", address.value.as_str())
}

fn address(identity: &Identity, email: Option<&str>) -> Result<VerifiableAddress, Error> {
    let all = || identity.verifiable_addresses.iter().filter(|one| one.via == Via::Email);
    match email.map(crate::domain::identifier::canonical) {
        Some(email) => all()
            .find(|one| one.value == email)
            .cloned()
            .ok_or_else(|| Error::new(ErrorCode::NotFound, "This account has no such address.")),
        None if all().count() > 1 => {
            Err(Error::new(ErrorCode::Invalid, "There are several addresses; say which: email."))
        }
        None => all().next().cloned().ok_or_else(|| {
            Error::new(ErrorCode::Invalid, "There is no address that could be confirmed.")
        }),
    }
}

fn settle(
    tx: &WriteTx<'_>,
    stored: &Stored,
    address: &VerifiableAddress,
    verified: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let mut new = stored.identity.clone();
    let proof = AddressProof {
        via: address.via,
        value: address.value.clone(),
        verified,
        verified_at: None,
    };
    prove(&mut new, &[proof], now);
    new.updated_at = now;
    Ok(identities::update(tx, stored, &new)?)
}
