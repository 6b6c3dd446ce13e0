//! Finding and deleting identities; creating and changing them is next door.

use jiff::Timestamp;
use uuid::Uuid;

use super::Caller;
use super::erasure::{self, Erase, Erased};
use super::failure::no_identity;
use super::{gone, recovery};
use crate::app::Deps;
use crate::domain::identifier::canonical;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::identities::Stored;
use crate::store::sql::{codes, credentials, flows, identities, sessions};

pub use super::creating::{CreateIdentity, Created, create, create_many};
pub use super::given::{AddressProof, GivenCredential};
pub use super::listing::{ListIdentities, list};
pub use super::updating::{Patch, UpdateIdentity, update, update_with};

/// Which identity is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// By its id.
    Id(Uuid),
    /// By anything it signs in with.
    Identifier(String),
    /// By the key of some other system.
    External(String),
}

/// The identity that is meant.
///
/// # Errors
/// `NotFound`, or `Ambiguous` when an identifier belongs to several.
pub fn find(d: &Deps, who: &Selector) -> Result<Identity, Error> {
    d.store.read(|tx| Ok(find_stored(tx, who)?.identity))
}

/// The identity that is meant, with its row.
pub(super) fn find_stored(tx: &Tx<'_>, who: &Selector) -> Result<Stored, Error> {
    match who {
        Selector::Id(id) => identities::find(tx, *id)?.ok_or_else(no_identity),
        // Nobody has one with a NUL, and PostgreSQL cannot even be asked.
        Selector::Identifier(text) | Selector::External(text) if text.contains('\0') => {
            Err(no_identity())
        }
        Selector::External(id) => {
            let n = identities::row_of_external_id(tx, id)?.ok_or_else(no_identity)?;
            identities::find_row(tx, n)?.ok_or_else(no_identity)
        }
        Selector::Identifier(typed) => {
            // Subjects at other providers keep their case; everything else is canonical.
            let mut owners = credentials::owners(tx, &canonical(typed))?;
            if owners.is_empty() {
                owners = credentials::owners(tx, typed.trim())?;
            }
            match owners.as_slice() {
                [] => Err(no_identity()),
                [n] => identities::find_row(tx, *n)?.ok_or_else(no_identity),
                _ => Err(Error::new(
                    ErrorCode::Ambiguous,
                    "Several identities sign in with this identifier.",
                )),
            }
        }
    }
}

/// Removes an identity with everything that hangs on it; its id stays in the ledger.
///
/// # Errors
/// `NotFound`, `LastAdministrator`, `SelfAction`.
pub fn delete(d: &Deps, by: &Caller, id: Uuid) -> Result<(), Error> {
    delete_and_erase(d, by, id, Erase::Later).map(drop)
}

/// The same, and says when personal values in the ledger go (with `Now` they are gone): how many are,
/// or when they will be.
///
/// # Errors
/// As [`delete`].
pub fn delete_and_erase(d: &Deps, by: &Caller, id: Uuid, erase: Erase) -> Result<Deleted, Error> {
    let erase_at = delete_one(d, by, id, erasure::due(d, erase), None)?;
    let erased = match erase {
        Erase::Later => None,
        // The deletion holds whatever becomes of this; what is held, or fails, is tried again.
        Erase::Now => {
            // The receipt is that of the deletion.
            let by = Caller { action: None, places: None, ..by.clone() };
            erasure::erase(d, &by, id).ok()
        }
    };
    Ok(Deleted { erase_at, erased })
}

/// What is left of somebody who was deleted.
#[derive(Clone, Copy, Debug)]
pub struct Deleted {
    /// When their personal values in the ledger are to be erased.
    pub erase_at: Timestamp,
    /// What was erased already.
    pub erased: Option<Erased>,
}

/// Whether there is such an identity.
pub(super) fn exists(tx: &Tx<'_>, id: Uuid) -> Result<bool, Error> {
    Ok(identities::row_of(tx, id)?.is_some())
}

/// Deletes somebody again whom an older database brought back.
pub(super) fn delete_again(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    erase_at: Timestamp,
) -> Result<(), Error> {
    delete_one(d, by, id, erase_at, Some("restored")).map(drop)
}

fn delete_one(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    erase_at: Timestamp,
    reason: Option<&str>,
) -> Result<Timestamp, Error> {
    let now = d.clock.now();
    let by = by.noting();
    let erase_at = d.store.write(&by.author(), |tx| {
        let stored = super::unchanged::find_to_change(tx, &by, id)?;
        super::authorities::must_not_be_last(tx, &stored, &by, now, "deleted")?;
        let ended = sessions::delete_all(tx, stored.n, now)?;
        codes::withdraw(tx, stored.n, recovery::PURPOSE)?;
        flows::delete_of(tx, id)?;
        identities::delete(tx, stored.n)?;
        let erase_at = erasure::plan(tx, id, erase_at)?;
        let event = Event::new(EventType::UserDeleted)
            .principal(id)
            .data("erase_at", erase_at.to_string())
            .data("from", stored.identity.effective_status(now).as_str())
            .data("reason", reason)
            .data("schema", stored.identity.schema_id.as_str())
            .data("sessions_revoked", ended.live.len());
        Ok::<_, Error>(by.change(erase_at, event, Vec::new()))
    })?;
    gone::note(d, by.places.as_ref());
    Ok(erase_at)
}
