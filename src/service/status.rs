//! Locking, blocking and their way back. Every change of status goes through `change`.

use jiff::Timestamp;
use uuid::Uuid;

use super::Caller;
use super::authorities::must_not_be_last;
use super::recovery;
use super::unchanged::find_to_change;
use crate::app::Deps;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::{
    EffectiveStatus, NOTE_MAX_CHARS, Reason, Status, StatusDetail, Transition,
};
use crate::error::{Error, ErrorCode};
use crate::store::sql::identities::Stored;
use crate::store::sql::{codes, flows, identities, sessions};
use crate::store::{Change, WriteTx};

/// Why, and for how long.
#[derive(Clone, Debug, Default)]
pub struct StatusChange {
    /// Why.
    pub reason: Reason,
    /// Free text; personal data.
    pub note: Option<String>,
    /// When the status returns to active by itself.
    pub until: Option<Timestamp>,
}

/// What a change of status did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The status now.
    pub status: EffectiveStatus,
    /// Whether it is another one than before.
    pub changed: bool,
    /// Since when it is what it is.
    pub changed_at: Option<Timestamp>,
    /// How many live sessions were ended.
    pub sessions_revoked: u64,
}

/// Refuses sign-in; sessions stay.
///
/// # Errors
/// `NotFound`, `StatusTransition`, `LastAdministrator`, `SelfAction`, `Invalid`.
pub fn lock(d: &Deps, by: &Caller, id: Uuid, why: &StatusChange) -> Result<Receipt, Error> {
    change(d, by, id, Transition::Lock, why)
}

/// Allows sign-in again.
///
/// # Errors
/// As [`lock`].
pub fn unlock(d: &Deps, by: &Caller, id: Uuid, why: &StatusChange) -> Result<Receipt, Error> {
    change(d, by, id, Transition::Unlock, why)
}

/// Ends all access: sessions and codes die in the same transaction.
///
/// # Errors
/// As [`lock`].
pub fn block(d: &Deps, by: &Caller, id: Uuid, why: &StatusChange) -> Result<Receipt, Error> {
    change(d, by, id, Transition::Block, why)
}

/// Allows access again; nothing that was ended comes back.
///
/// # Errors
/// As [`lock`].
pub fn unblock(d: &Deps, by: &Caller, id: Uuid, why: &StatusChange) -> Result<Receipt, Error> {
    change(d, by, id, Transition::Unblock, why)
}

fn change(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    transition: Transition,
    why: &StatusChange,
) -> Result<Receipt, Error> {
    let now = d.clock.now();
    check(why, now)?;
    d.store.write(&by.author(), |tx| {
        let before = find_to_change(tx, by, id)?;
        let from = before.identity.settled_status(now);
        let to = transition.apply(from).ok_or_else(|| not_from(transition, from))?;
        let receipt = |status: Status, changed, sessions_revoked| Receipt {
            status: status.effective(before.identity.expires_at, now),
            changed,
            changed_at: if changed { Some(now) } else { before.identity.status_changed_at },
            sessions_revoked,
        };
        if to == from {
            return Ok(Change::none(receipt(to, false, 0)));
        }
        let mut after = before.identity.clone();
        let step = Step { by, transition, from, to, why, now };
        let (ended, event) = step.take(tx, &before, &mut after)?;
        identities::update(tx, &before, &after)?;
        Ok(by.change(receipt(to, true, ended), event, Vec::new()))
    })
}

/// Says when an account ends, or that it does not.
///
/// # Errors
/// `NotFound`, `Invalid` for a time that has passed, `LastAdministrator`, `SelfAction`.
pub fn set_expiry(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    expires_at: Option<Timestamp>,
) -> Result<Identity, Error> {
    let now = d.clock.now();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Error::new(ErrorCode::Invalid, "The time at which it is to end has passed."));
    }
    d.store.write(&by.author(), |tx| {
        let before = find_to_change(tx, by, id)?;
        if before.identity.expires_at == expires_at {
            return Ok(Change::none(before.identity));
        }
        if expires_at.is_some() {
            must_not_be_last(tx, &before, by, now, "made to expire")?;
        }
        let mut after = before.identity.clone();
        after.expires_at = expires_at;
        after.updated_at = now;
        identities::update(tx, &before, &after)?;
        let event = Event::new(EventType::UserUpdated)
            .principal(id)
            .data("changed", vec!["expires_at"])
            .data("expires_at", expires_at.map(|end| end.to_string()));
        Ok(by.change(after, event, []))
    })
}

/// What the two-valued `state` of the Kratos API asks for, as part of a larger change: `inactive`
/// blocks, `active` unblocks, and a lock stays what it is. Whoever has only these two words may
/// shut out even a person who was only invited. Nothing is said when nothing has to change; the
/// caller writes `after`.
pub(super) fn set_active(
    tx: &WriteTx<'_>,
    before: &Stored,
    after: &mut Identity,
    active: bool,
    by: &Caller,
    now: Timestamp,
) -> Result<Option<Event>, Error> {
    let from = before.identity.settled_status(now);
    let (transition, to) = match (active, from) {
        (true, Status::Blocked) => (Transition::Unblock, Status::Active),
        (false, Status::Invited | Status::Active | Status::Locked) => {
            (Transition::Block, Status::Blocked)
        }
        _ => return Ok(None),
    };
    let step = Step { by, transition, from, to, why: &StatusChange::default(), now };
    Ok(Some(step.take(tx, before, after)?.1))
}

/// The way from one status to another.
struct Step<'a> {
    by: &'a Caller,
    transition: Transition,
    from: Status,
    to: Status,
    why: &'a StatusChange,
    now: Timestamp,
}

impl Step<'_> {
    /// Takes it: ends what must end and sets the status of `after`. Says how many live sessions
    /// were ended, and what the ledger is to hold.
    fn take(
        &self,
        tx: &WriteTx<'_>,
        before: &Stored,
        after: &mut Identity,
    ) -> Result<(u64, Event), Error> {
        let Self { by, transition, from, to, why, now } = *self;
        if matches!(transition, Transition::Lock | Transition::Block) {
            let done = if transition == Transition::Lock { "locked" } else { "blocked" };
            must_not_be_last(tx, before, by, now, done)?;
        }
        let mut ended = 0;
        if transition == Transition::Block {
            ended = sessions::delete_all(tx, before.n, now)?.live.len() as u64;
            codes::withdraw(tx, before.n, recovery::PURPOSE)?;
            flows::delete_of(tx, before.identity.id)?;
        }
        after.status = to;
        after.status_changed_at = Some(now);
        after.updated_at = now;
        after.status_detail = StatusDetail {
            by: Some(by.label()),
            reason: why.reason,
            note: why.note.clone(),
            until: why.until,
        };
        Ok((ended, event(before.identity.id, transition, from, why, ended)))
    }
}

/// Refuses a note that is too long, and a time that has passed.
pub(super) fn check(why: &StatusChange, now: Timestamp) -> Result<(), Error> {
    if why.note.as_ref().is_some_and(|note| note.chars().count() > NOTE_MAX_CHARS) {
        let message = format!("The note is longer than {NOTE_MAX_CHARS} characters.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    if why.until.is_some_and(|until| until <= now) {
        return Err(Error::new(ErrorCode::Invalid, "The time given as until has passed already."));
    }
    Ok(())
}

fn not_from(transition: Transition, from: Status) -> Error {
    let hint = match from {
        Status::Invited => "; an invitation is withdrawn by deleting the identity",
        Status::Blocked => "; unblock it first",
        Status::Locked => "; unlock it first",
        Status::Active => "",
    };
    let (verb, status) = (transition.verb(), from.as_str());
    Error::new(
        ErrorCode::StatusTransition,
        format!("An identity that is {status} cannot be {verb}ed{hint}."),
    )
}

fn event(id: Uuid, transition: Transition, from: Status, why: &StatusChange, ended: u64) -> Event {
    let kind = match transition {
        Transition::Lock => EventType::UserLocked,
        Transition::Unlock => EventType::UserUnlocked,
        Transition::Block => EventType::UserBlocked,
        Transition::Unblock => EventType::UserUnblocked,
    };
    let mut event = Event::new(kind)
        .principal(id)
        .data("from", from.as_str())
        .data("reason", why.reason.as_str());
    if matches!(transition, Transition::Lock | Transition::Block) {
        event = event.data("sessions_revoked", ended);
        if let Some(until) = why.until {
            event = event.data("until", until.to_string());
        }
    }
    match &why.note {
        Some(note) => event.personal("note", note.as_str()),
        None => event,
    }
}
