//! Sessions: their beginning, the check that every request of a signed-in person passes, and their
//! end by the person, by an administrator, or by a charm action.

mod admin;
mod check;
mod desk;
mod issue;
mod own;
mod presented;
mod seen;
mod tokens;

use serde_json::json;
use uuid::Uuid;

use super::Caller;
use super::failure::no_identity;
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{Actor, ActorKind, Event};
use crate::domain::session::Session;
use crate::error::Error;
use crate::store::sql::sessions::{self as rows, Which};
use crate::store::sql::{identities, sessions};
use crate::store::{Change, StoreError};

pub use admin::{Listed, Shown, all, disable, extend, find, last_login, last_logins, of_identity};
pub(super) use check::lack_of;
pub use check::{Checked, CheckedRaw, Lack, check, check_at_any_level, check_raw};
pub use desk::{Desk, Ending, Happened, activity, desk, desk_at_any_level, end_from_page};
pub use issue::{Issued, SignIn, issue};
pub(super) use issue::{created, device, open, remember};
pub use own::{logout, logout_token, others, revoke_others, revoke_own, sign_out};
pub use presented::{Carrier, Presented};
pub use seen::write_down;
pub use tokens::{key_set, tokenize};

/// Why somebody who presents a session, or none, is not let on.
#[derive(Debug)]
pub enum Denied {
    /// There is no session that works.
    NoSession,
    /// The session needs a second factor.
    SecondFactor,
    /// The person must set a second factor up first.
    Enrolment,
    /// The person must accept the terms of service first.
    Terms,
    /// The session is meant that is used to ask.
    Current,
    /// What was handed in does not belong to the session.
    Mismatch,
    /// The question could not be answered.
    Failed(Error),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// A part of a list: how many entries, after how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// At most so many.
    pub limit: u32,
    /// After so many.
    pub offset: u64,
}

impl Slice {
    fn limit(self) -> i64 {
        self.limit.into()
    }

    fn offset(self) -> i64 {
        i64::try_from(self.offset).unwrap_or(i64::MAX)
    }
}

/// What ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// How many sessions were removed, those that were over already included.
    pub removed: u64,
    /// How many of them still worked.
    pub live: u64,
}

/// The sessions of an identity, newest first.
///
/// # Errors
/// `NotFound`.
pub fn list(d: &Deps, id: Uuid) -> Result<Vec<Session>, Error> {
    let which = Which { live: None, except: Uuid::nil(), now: d.clock.now() };
    d.store.read(|tx| {
        let n = identities::row_of(tx, id)?.ok_or_else(no_identity)?;
        Ok(rows::of(tx, n, which, i64::MAX, 0)?)
    })
}

/// Ends and removes every session of an identity.
///
/// # Errors
/// `NotFound`.
pub fn revoke_all(d: &Deps, by: &Caller, id: Uuid) -> Result<Ended, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let n = identities::row_of(tx, id)?.ok_or_else(no_identity)?;
        let removed = sessions::delete_all(tx, n, now)?;
        let ended = Ended { removed: removed.rows, live: removed.live.len() as u64 };
        if ended.removed == 0 {
            return Ok(Change::none(ended));
        }
        Ok(by.change(ended, revoked(id, "operator", &removed.live), []))
    })
}

/// The event of sessions that were revoked.
pub(super) fn revoked(owner: Uuid, reason: &str, ids: &[Uuid]) -> Event {
    // The ids of very many sessions would make an entry of unbounded size.
    let named: Vec<String> = ids.iter().take(100).map(Uuid::to_string).collect();
    let event = Event::new(EventType::SessionRevoked)
        .principal(owner)
        .data("count", ids.len())
        .data("reason", reason)
        .data("sessions", json!(named));
    match ids {
        [one] => event.session(one.to_string()),
        _ => event,
    }
}

/// The caller, now that it is known who asks.
pub(super) fn as_person(by: &Caller, id: Uuid) -> Caller {
    Caller { actor: Actor::new(ActorKind::User, id.to_string()), ..by.clone() }
}
