//! What an administrator sees of sessions and does with them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use uuid::Uuid;

use super::issue::end;
use super::{Slice, revoked};
use crate::app::Deps;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{LastLogin, Session};
use crate::error::{Error, ErrorCode};
use crate::service::failure::no_identity;
use crate::service::listing::{before, token};
use crate::service::{Caller, Page};
use crate::store::sql::sessions::{self, Stored, Which};
use crate::store::sql::{identities, last_logins};
use crate::store::{Change, StoreError, Tx};

/// A session, and its owner where that was asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub identity: Option<Identity>,
}

/// Which sessions to list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Only those that work, or only the others.
    pub active: Option<bool>,
    /// Whether to show whose they are.
    pub with_identity: bool,
    /// At most so many on a page.
    pub page_size: u32,
    /// What the page before gave.
    pub page_token: Option<String>,
}

/// A page of all sessions, newest first.
///
/// # Errors
/// `Invalid` for a token that no page gave.
pub fn all(d: &Deps, request: &Listed) -> Result<Page<Shown>, Error> {
    let from = before(request.page_token.as_deref())?;
    let limit = i64::from(request.page_size);
    d.store.read(|tx| {
        let mut found = sessions::page(tx, from, limit + 1, request.active, d.clock.now())?;
        let more = found.len() > request.page_size as usize;
        found.truncate(request.page_size as usize);
        let next_page_token = found.last().filter(|_| more).map(|last| token(last.n));
        let items: Result<_, StoreError> =
            found.into_iter().map(|stored| shown(tx, stored, request.with_identity)).collect();
        Ok(Page { items: items?, next_page_token })
    })
}

/// One session.
///
/// # Errors
/// `NotFound`.
pub fn find(d: &Deps, id: Uuid, with_identity: bool) -> Result<Shown, Error> {
    d.store.read(|tx| {
        let stored = sessions::find(tx, id)?.ok_or_else(no_session)?;
        Ok(shown(tx, stored, with_identity)?)
    })
}

/// A part of the sessions of an identity, newest first, with how many there are. An unknown
/// identity has none.
///
/// # Errors
/// A failure of the store.
pub fn of_identity(
    d: &Deps,
    id: Uuid,
    active: Option<bool>,
    slice: Slice,
) -> Result<(Vec<Shown>, u64), Error> {
    let now = d.clock.now();
    d.store.read(|tx| {
        let Some(stored) = identities::find(tx, id)? else { return Ok((Vec::new(), 0)) };
        let keeps = stored.identity.effective_status(now).keeps_sessions();
        // Whoever may have no session has none that works.
        let live = match (active, keeps) {
            (Some(true), false) => return Ok((Vec::new(), 0)),
            (Some(false), false) => None,
            (active, _) => active,
        };
        let which = Which { live, except: Uuid::nil(), now };
        let found = sessions::of(tx, stored.n, which, slice.limit(), slice.offset())?;
        let count = sessions::count_of(tx, stored.n, which)?;
        let with = |session| Shown { session, identity: Some(stored.identity.clone()) };
        Ok((found.into_iter().map(with).collect(), count))
    })
}

/// When and how somebody last signed in; kept for as long as the account lasts.
///
/// # Errors
/// `NotFound`.
pub fn last_login(d: &Deps, id: Uuid) -> Result<Option<LastLogin>, Error> {
    d.store.read(|tx| {
        let n = identities::row_of(tx, id)?.ok_or_else(no_identity)?;
        Ok(last_logins::of(tx, n)?)
    })
}

/// When and how these people last signed in; those who never did are left out.
///
/// # Errors
/// A failure of the store.
pub fn last_logins(d: &Deps, ids: &[Uuid]) -> Result<BTreeMap<Uuid, LastLogin>, Error> {
    d.store.read(|tx| Ok(last_logins::of_ids(tx, ids)?.into_iter().collect()))
}

/// Revokes a session; it stays on record. Once more changes nothing.
///
/// # Errors
/// `NotFound`.
pub fn disable(d: &Deps, by: &Caller, id: Uuid) -> Result<(), Error> {
    d.store.write(&by.author(), |tx| {
        let found = sessions::find(tx, id)?.ok_or_else(no_session)?;
        if !sessions::disable(tx, id)? {
            return Ok(Change::none(()));
        }
        Ok(by.change((), revoked(found.session.identity_id, "operator", &[id]), []))
    })
}

/// Puts the end of a session off to a whole lifespan from now, once it is near enough for the
/// options. A session that is over stays over, and none is ever shortened.
///
/// # Errors
/// `NotFound`; `StatusTransition` when the owner's account is not active.
pub fn extend(d: &Deps, by: &Caller, id: Uuid) -> Result<Shown, Error> {
    let now = d.clock.now();
    let until = end(now, d.session_lifespan())?;
    d.store.write(&by.author(), |tx| {
        let stored = sessions::find(tx, id)?.ok_or_else(no_session)?;
        let (owner, status) = (stored.session.identity_id, stored.session.owner.effective(now));
        if !status.grants_sessions() {
            let status = status.as_str();
            let message = format!("The account is {status}; its sessions cannot be extended.");
            return Err(Error::new(ErrorCode::StatusTransition, message));
        }
        let mut found = shown(tx, stored, true)?;
        let session = &mut found.session;
        let due = is_due(session.expires_at.duration_since(now), d.session_extend_window());
        if !session.is_active(now) || !due || until <= session.expires_at {
            return Ok(Change::none(found));
        }
        sessions::extend(tx, id, until)?;
        session.expires_at = until;
        let event = Event::new(EventType::SessionExtended)
            .principal(owner)
            .session(id.to_string())
            .data("expires_at", until.to_string());
        Ok(by.change(found, event, []))
    })
}

/// Whether what is left of a session is within the window; without one it always is.
fn is_due(left: SignedDuration, window: Option<SignedDuration>) -> bool {
    window.is_none_or(|window| left <= window)
}

fn shown(tx: &Tx<'_>, stored: Stored, with_identity: bool) -> Result<Shown, StoreError> {
    let identity = if with_identity { identities::find_row(tx, stored.identity)? } else { None };
    Ok(Shown { session: stored.session, identity: identity.map(|found| found.identity) })
}

fn no_session() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such session.")
}
