//! Somebody comes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::Deps;
use crate::crypto::token;
use crate::domain::authority::Authority;
use crate::domain::identity::Identity;
use crate::domain::invitation::Invitation;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::Status;
use crate::error::Error;
use crate::store::sql::identities::Stored;
use crate::store::sql::{authorities, identities, invitations};
use crate::store::{StoreError, Tx, WriteTx};

/// An invitation whose link was opened, with whom it is for.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Who is invited.
    pub owner: Stored,
}

/// The invitation with this secret; nothing when its link works no more, whatever the reason.
///
/// # Errors
/// A failure of the store.
pub fn by_secret(d: &Deps, secret: &str) -> Result<Option<Invited>, Error> {
    let now = d.clock.now();
    Ok(d.store.read(|tx| find(tx, secret, now))?)
}

pub(super) fn find(
    tx: &Tx<'_>,
    secret: &str,
    now: Timestamp,
) -> Result<Option<Invited>, StoreError> {
    let Some((n, invitation)) = invitations::by_digest(tx, &token::digest(secret))? else {
        return Ok(None);
    };
    let owner = identities::find_row(tx, n)?;
    let waits = |owner: &Stored| {
        let identity = &owner.identity;
        identity.status == Status::Invited && identity.expires_at.is_none_or(|end| end > now)
    };
    let owner = owner.filter(|owner| waits(owner) && !invitation.is_over(now));
    Ok(owner.map(|owner| Invited { invitation, owner }))
}

/// Makes somebody who was only invited active, as part of a larger change. Says what the ledger is to
/// hold; nothing for somebody who was not invited.
///
/// # Errors
/// A failure of the store.
pub(in crate::service) fn complete(
    tx: &WriteTx<'_>,
    owner: &mut Stored,
    method: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Error> {
    let before = owner.clone();
    if before.identity.status != Status::Invited {
        return Ok(Vec::new());
    }
    owner.identity.activate(now);
    owner.identity.updated_at = now;
    identities::update(tx, &before, &owner.identity)?;
    let activated = Event::new(EventType::UserActivated)
        .principal(before.identity.id)
        .data("from", before.identity.status.as_str())
        .data("method", method);
    let kept = keep_promise(tx, owner.n, &mut owner.identity, now)?;
    Ok(std::iter::once(activated).chain(kept).collect())
}

/// Ends the invitation of somebody who becomes active, by whatever way: what they were promised to
/// administer takes effect, and the link works no more. Says what the ledger is to hold, if anything.
///
/// # Errors
/// A failure of the store.
pub(in crate::service) fn keep_promise(
    tx: &WriteTx<'_>,
    n: i64,
    owner: &mut Identity,
    now: Timestamp,
) -> Result<Option<Event>, StoreError> {
    let Some(invitation) = invitations::of(tx, n)? else { return Ok(None) };
    invitations::remove(tx, n)?;
    let held = owner.authorities.clone();
    let granted: BTreeSet<Authority> = &invitation.authorities - &held;
    if granted.is_empty() {
        return Ok(None);
    }
    for authority in &granted {
        authorities::grant(tx, n, *authority, now)?;
    }
    owner.authorities.extend(&granted);
    let words =
        |set: &BTreeSet<Authority>| set.iter().map(|one| one.as_str()).collect::<Vec<&str>>();
    let event = Event::new(EventType::AuthorityGranted)
        .principal(owner.id)
        .data("authorities", words(&granted))
        .data("before", words(&held))
        .data("after", words(&owner.authorities))
        .data("reason", "invitation");
    Ok(Some(event))
}
