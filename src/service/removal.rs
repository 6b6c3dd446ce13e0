//! Taking a credential away, in the order of checks that clients of the Kratos API know.

use uuid::Uuid;

use super::Caller;
use super::unchanged::find_to_change;
use super::{links, mfa};
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::sql::credentials;
use crate::store::sql::identities::Stored;
use crate::store::{Change, WriteTx};

/// What became of a credential that was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Done,
    /// There was none of its kind.
    NotSetUp,
    /// There was none with that identifier.
    NoSuchAccount,
}

/// Removes a credential of an identity: second factors as a whole, a password, or one account at
/// another provider, which `identifier` names as `provider:subject`. Sessions go on.
///
/// # Errors
/// `NotFound`, `LastCredential` for the last way to sign in, `Invalid` for a kind that cannot be
/// removed or an account that is not named.
pub fn remove(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    kind: &str,
    identifier: Option<&str>,
) -> Result<Removal, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        let kind = CredentialType::parse(kind);
        let Some(kind) = kind.filter(|kind| stored.identity.credential(*kind).is_some()) else {
            return Ok(Change::none(Removal::NotSetUp));
        };
        let event = match kind {
            CredentialType::Totp | CredentialType::LookupSecret | CredentialType::Webauthn => {
                let Some(event) = mfa::take_away(tx, &stored, kind, now)? else {
                    return Ok(Change::none(Removal::NotSetUp));
                };
                event
            }
            CredentialType::Password => {
                must_have_another(&stored)?;
                forget_password(tx, &stored, now)?
            }
            CredentialType::Oidc => {
                must_have_another(&stored)?;
                let account =
                    identifier.filter(|account| !account.is_empty()).ok_or_else(|| {
                        let message = "Say which account to remove: identifier=PROVIDER:SUBJECT.";
                        Error::new(ErrorCode::Invalid, message)
                    })?;
                let Some(event) = links::take_away(tx, by, &stored, account, now)? else {
                    return Ok(Change::none(Removal::NoSuchAccount));
                };
                event
            }
            CredentialType::Passkey | CredentialType::Code => {
                let message = format!("Credentials type {} cannot be deleted.", kind.as_str());
                return Err(Error::new(ErrorCode::Invalid, message));
            }
        };
        Ok(by.change(Removal::Done, event, []))
    })
}

fn must_have_another(stored: &Stored) -> Result<(), Error> {
    if stored.identity.first_factors() >= 2 {
        return Ok(());
    }
    let message = "You cannot remove the last first factor credential.";
    Err(Error::new(ErrorCode::LastCredential, message))
}

/// The identifiers stay: the person is still found by them.
fn forget_password(
    tx: &WriteTx<'_>,
    stored: &Stored,
    now: jiff::Timestamp,
) -> Result<Event, Error> {
    let nothing = serde_json::json!({});
    credentials::update_config(tx, stored.n, CredentialType::Password, &nothing, now)?;
    Ok(Event::new(EventType::CredentialRemoved)
        .principal(stored.identity.id)
        .data("credential", CredentialType::Password.as_str())
        .data("reason", "operator"))
}
