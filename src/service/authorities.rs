//! Rights: who holds which, and that somebody always administers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::Caller;
use super::unchanged::find_to_change;
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{ActorKind, Event};
use crate::domain::status::EffectiveStatus;
use crate::error::{Error, ErrorCode};
use crate::store::sql::authorities;
use crate::store::sql::identities::Stored;
use crate::store::{Change, StoreError, Tx};

/// Makes the rights of an identity exactly `wanted`; says whether they were others before.
///
/// # Errors
/// `NotFound`, `LastAdministrator`, `SelfAction`.
pub fn set(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    wanted: &BTreeSet<Authority>,
) -> Result<(Identity, bool), Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_to_change(tx, by, id)?;
        let held = stored.identity.authorities.clone();
        if held == *wanted {
            return Ok(Change::none((stored.identity, false)));
        }
        let (granted, withdrawn) = (wanted - &held, &held - wanted);
        if withdrawn.contains(&Authority::Administrator) {
            must_not_be_last(tx, &stored, by, now, "stripped of its authorities")?;
        }
        for authority in &granted {
            authorities::grant(tx, stored.n, *authority, now)?;
        }
        for authority in &withdrawn {
            authorities::withdraw(tx, stored.n, *authority)?;
        }
        let words =
            |set: &BTreeSet<Authority>| json!(set.iter().map(|a| a.as_str()).collect::<Vec<_>>());
        let event = |kind, moved: &BTreeSet<Authority>| {
            Event::new(kind)
                .principal(id)
                .data("authorities", words(moved))
                .data("before", words(&held))
                .data("after", words(wanted))
        };
        let mut events = Vec::new();
        if !granted.is_empty() {
            events.push(event(EventType::AuthorityGranted, &granted));
        }
        if !withdrawn.is_empty() {
            events.push(event(EventType::AuthorityWithdrawn, &withdrawn));
        }
        let first = events.remove(0);
        let identity = Identity { authorities: wanted.clone(), ..stored.identity };
        Ok(by.change((identity, true), first, events))
    })
}

/// Refuses what would leave the realm without an administrator, or what an administrator does to
/// themselves.
///
/// A charm action may remove even the last one: whoever runs it owns the machine, and
/// `create-admin-account` makes another; so the rule binds people, not operators.
pub(super) fn must_not_be_last(
    tx: &Tx<'_>,
    stored: &Stored,
    by: &Caller,
    now: Timestamp,
    done: &str,
) -> Result<(), Error> {
    let Some(code) = bar(tx, stored, by, now, 0)? else { return Ok(()) };
    Err(Error::new(
        code,
        if code == ErrorCode::SelfAction {
            format!("Nobody can be {done} by themselves; ask another administrator.")
        } else {
            format!("The last administrator cannot be {done}; make another one first.")
        },
    ))
}

/// What [`must_not_be_last`] would refuse it with, if `gone` other administrators had been shut out
/// by then.
pub(super) fn bar(
    tx: &Tx<'_>,
    stored: &Stored,
    by: &Caller,
    now: Timestamp,
    gone: u64,
) -> Result<Option<ErrorCode>, StoreError> {
    if by.actor.kind != ActorKind::User {
        return Ok(None);
    }
    if by.actor.id == stored.identity.id.to_string() {
        return Ok(Some(ErrorCode::SelfAction));
    }
    if !stored.identity.has(Authority::Administrator) {
        return Ok(None);
    }
    let others = authorities::other_holders(tx, Authority::Administrator, stored.n, now)?;
    Ok((others <= gone).then_some(ErrorCode::LastAdministrator))
}

/// Whether somebody counts as an administrator who is there.
pub(super) fn administers(identity: &Identity, now: Timestamp) -> bool {
    let there = matches!(
        identity.effective_status(now),
        EffectiveStatus::Active | EffectiveStatus::Invited
    );
    there && identity.has(Authority::Administrator)
}
