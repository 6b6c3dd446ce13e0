//! Ways to sign in, and knowledge about addresses, that come from elsewhere: with a new identity, a
//! change of one, or a file.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::factors;
use super::links::account_of;
use super::shape::in_order;
use crate::app::Deps;
use crate::crypto::password;
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identifier::{canonical, has_control};
use crate::domain::identity::{Identity, Via};
use crate::error::{Error, ErrorCode};

/// Longest name of an account at another provider, in bytes; an index must hold it.
const ACCOUNT_MAX_BYTES: usize = 1024;

/// A credential made elsewhere, its content in the shape of the Kratos API.
#[derive(Clone)]
pub struct GivenCredential {
    /// Its kind.
    pub kind: CredentialType,
    /// What it answers to, for kinds where that does not follow from the traits or the content.
    pub identifiers: Vec<String>,
    /// What is to be kept for it.
    pub config: Value,
}

/// Without the content, which is secret.
impl fmt::Debug for GivenCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenCredential").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Whether an address was proven by its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressProof {
    /// How it is reached.
    pub via: Via,
    /// The address; its canonical form counts.
    pub value: String,
    /// Whether it was.
    pub verified: bool,
    /// When; now, if nothing is said.
    pub verified_at: Option<Timestamp>,
}

/// Refuses a password hash with which nothing could ever be compared.
pub(super) fn check(given: &GivenCredential) -> Result<(), Error> {
    let hash = given.config.get("hashed_password").and_then(Value::as_str);
    match (given.kind, hash) {
        (CredentialType::Password, Some(hash)) => Ok(password::check_format(hash)?),
        _ => Ok(()),
    }
}

/// Adds a credential, in place of what is kept for one of its kind. Accounts at other providers are
/// added to those that are there.
pub(super) fn add(
    d: &Deps,
    identity: &mut Identity,
    given: GivenCredential,
    now: Timestamp,
) -> Result<(), Error> {
    check(&given)?;
    let GivenCredential { kind, mut identifiers, mut config } = given;
    match kind {
        CredentialType::Oidc => {
            let known = identity.credential(kind).map(|known| &known.config);
            let entries = joined(known, &config)?;
            let accounts: Vec<String> = entries.iter().filter_map(account_of).collect();
            identifiers = in_order(&accounts);
            let mut whole = match config {
                Value::Object(whole) => whole,
                _ => Map::new(),
            };
            whole.insert("providers".to_owned(), Value::Array(entries));
            config = Value::Object(whole);
        }
        CredentialType::Totp => {
            identifiers = vec![identity.id.to_string()];
            config = factors::totp::taken_in(d, identity.id, &config)?;
        }
        CredentialType::LookupSecret => {
            identifiers = vec![identity.id.to_string()];
            let Some(kept) = factors::lookup::taken_in(d, identity.id, &config)? else {
                return Ok(());
            };
            config = kept;
        }
        CredentialType::Password
        | CredentialType::Webauthn
        | CredentialType::Passkey
        | CredentialType::Code => {}
    }
    if identifiers.iter().any(|one| one.len() > ACCOUNT_MAX_BYTES || has_control(one)) {
        return Err(unusable());
    }
    let from_traits =
        matches!(kind, CredentialType::Password | CredentialType::Webauthn | CredentialType::Code);
    match identity.credentials.iter_mut().find(|known| known.kind == kind) {
        Some(known) => {
            known.config = config;
            known.updated_at = now;
            if !from_traits {
                known.identifiers = identifiers;
            }
        }
        None => identity.credentials.push(Credential {
            kind,
            identifiers: if from_traits { Vec::new() } else { identifiers },
            config,
            created_at: now,
            updated_at: now,
        }),
    }
    Ok(())
}

/// The accounts that are known and those that are given; of two entries for one the later counts.
fn joined(known: Option<&Value>, given: &Value) -> Result<Vec<Value>, Error> {
    let entries = |config: &Value| config.get("providers").and_then(Value::as_array).cloned();
    let mut all = known.and_then(entries).unwrap_or_default();
    for entry in entries(given).unwrap_or_default() {
        let account = account_of(&entry).filter(|_| is_account(&entry)).ok_or_else(unusable)?;
        all.retain(|known| account_of(known).as_ref() != Some(&account));
        all.push(entry);
    }
    Ok(all)
}

/// Whether both parts are there. Where the provider ends must be beyond doubt, or an account at one
/// would be taken for one at another.
fn is_account(entry: &Value) -> bool {
    let part = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let (provider, subject) = (part("provider"), part("subject"));
    !provider.is_empty() && !provider.contains(':') && !subject.is_empty()
}

fn unusable() -> Error {
    let message = "An account at another provider needs a provider without a colon and a subject, \
                   neither with control characters, and not more than 1024 bytes together.";
    Error::new(ErrorCode::Invalid, message)
}

/// Marks addresses as proven or not; those that the traits do not hold are passed over.
pub(super) fn prove(identity: &mut Identity, proofs: &[AddressProof], now: Timestamp) {
    for proof in proofs {
        let value = canonical(&proof.value);
        let known = identity.verifiable_addresses.iter_mut();
        for address in known.filter(|known| known.via == proof.via && known.value == value) {
            if proof.verified != address.verified {
                address.updated_at = now;
            }
            let at = proof.verified_at.or(address.verified_at).unwrap_or(now);
            address.verified = proof.verified;
            address.verified_at = proof.verified.then_some(at);
        }
    }
}
