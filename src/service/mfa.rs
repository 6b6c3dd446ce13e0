//! Taking second factors away, so that a person can enrol again.

use jiff::Timestamp;
use uuid::Uuid;

use super::Caller;
use super::identities::{Selector, find_stored};
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::sql::credentials;
use crate::store::sql::identities::Stored;
use crate::store::{Change, WriteTx};

/// Removes the second factors of one kind; `false` when there were none. Passwordless keys are a
/// first factor and stay.
///
/// # Errors
/// `NotFound`, `Invalid` for a kind that is no second factor.
pub fn reset(d: &Deps, by: &Caller, id: Uuid, kind: CredentialType) -> Result<bool, Error> {
    if !matches!(
        kind,
        CredentialType::Totp | CredentialType::LookupSecret | CredentialType::Webauthn
    ) {
        let message = format!("{} is not a second factor.", kind.as_str());
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        Ok(match take_away(tx, &stored, kind, now)? {
            None => Change::none(false),
            Some(event) => by.change(true, event, Vec::new()),
        })
    })
}

/// Removes them within a transaction and says so; nothing when there are none.
pub(super) fn take_away(
    tx: &WriteTx<'_>,
    stored: &Stored,
    kind: CredentialType,
    now: Timestamp,
) -> Result<Option<Event>, Error> {
    let Some(credential) = stored.identity.credential(kind) else { return Ok(None) };
    let count = if kind == CredentialType::Webauthn {
        let mut left = credential.clone();
        let removed = left.remove_second_factor_keys();
        if removed == 0 {
            return Ok(None);
        }
        // The identifiers of the schema stay even when no key is left.
        credentials::update_config(tx, stored.n, kind, &left.config, now)?;
        removed
    } else {
        credentials::delete(tx, stored.n, kind)?;
        1
    };
    let event = Event::new(EventType::CredentialReset)
        .principal(stored.identity.id)
        .data("credential", kind.as_str())
        .data("reason", format!("{count} removed"));
    Ok(Some(event))
}
