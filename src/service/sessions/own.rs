//! What a person does with their own sessions.

use uuid::Uuid;

use super::check::check_at_any_level;
use super::{Checked, Denied, Presented, Slice, as_person, check, revoked};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::Session;
use crate::service::Caller;
use crate::store::Change;
use crate::store::sql::sessions::{self, Which};

/// The other sessions of the person that work, newest first, with how many there are and whose
/// they are.
///
/// # Errors
/// As [`check()`].
pub fn others(
    d: &Deps,
    presented: Option<&Presented>,
    slice: Slice,
) -> Result<(Checked, Vec<Session>, u64), Denied> {
    let current = check(d, presented)?;
    let which = Which { live: Some(true), except: current.session.id, now: d.clock.now() };
    d.store.read(|tx| {
        let found = sessions::of(tx, current.n, which, slice.limit(), slice.offset())?;
        let count = sessions::count_of(tx, current.n, which)?;
        Ok((current, found, count))
    })
}

/// Revokes all other sessions of the person; says how many worked.
///
/// # Errors
/// As [`check()`].
pub fn revoke_others(d: &Deps, by: &Caller, presented: Option<&Presented>) -> Result<u64, Denied> {
    let current = check(d, presented)?;
    let (owner, now) = (current.identity.id, d.clock.now());
    let by = as_person(by, owner);
    d.store.write(&by.author(), |tx| {
        let ended = sessions::disable_others(tx, current.n, current.session.id, now)?;
        if ended.is_empty() {
            return Ok(Change::none(0));
        }
        Ok(by.change(ended.len() as u64, revoked(owner, "owner", &ended), []))
    })
}

/// Revokes another session of the person. One that is not theirs, or not there, is left alone, and
/// looks the same.
///
/// # Errors
/// As [`check()`], and `Current` for the session that asks.
pub fn revoke_own(
    d: &Deps,
    by: &Caller,
    presented: Option<&Presented>,
    id: Uuid,
) -> Result<(), Denied> {
    let current = check(d, presented)?;
    if id == current.session.id {
        return Err(Denied::Current);
    }
    let owner = current.identity.id;
    let by = as_person(by, owner);
    d.store.write(&by.author(), |tx| {
        let own = sessions::find(tx, id)?.is_some_and(|found| found.identity == current.n);
        if !own || !sessions::disable(tx, id)? {
            return Ok(Change::none(()));
        }
        Ok(by.change((), revoked(owner, "owner", &[id]), []))
    })
}

/// The token with which a page can sign the browser out.
///
/// # Errors
/// `NoSession`. A missing second factor does not matter.
pub fn logout_token(d: &Deps, presented: Option<&Presented>) -> Result<String, Denied> {
    check_at_any_level(d, presented)?;
    presented.map(Presented::logout_token).ok_or(Denied::NoSession)
}

/// Signs a browser out that has the logout token of its session.
///
/// # Errors
/// `NoSession` when there is none to sign out of; `Mismatch` for the token of another session.
pub fn logout(
    d: &Deps,
    by: &Caller,
    presented: Option<&Presented>,
    token: &str,
) -> Result<(), Denied> {
    let (current, _) = check_at_any_level(d, presented)?;
    if !presented.is_some_and(|presented| presented.owns(token)) {
        return Err(Denied::Mismatch);
    }
    end(d, by, &current, "browser")
}

/// Signs a program out that hands its session token in.
///
/// # Errors
/// `NoSession` when it does not carry a session that works.
pub fn sign_out(d: &Deps, by: &Caller, presented: Option<&Presented>) -> Result<(), Denied> {
    let (current, _) = check_at_any_level(d, presented)?;
    end(d, by, &current, "api")
}

fn end(d: &Deps, by: &Caller, current: &Checked, method: &str) -> Result<(), Denied> {
    let by = as_person(by, current.identity.id);
    d.store.write(&by.author(), |tx| {
        if !sessions::disable(tx, current.session.id)? {
            return Ok(Change::none(()));
        }
        let event = Event::new(EventType::AuthLogout)
            .principal(current.identity.id)
            .session(current.session.id.to_string())
            .data("method", method);
        Ok(by.change((), event, []))
    })
}
