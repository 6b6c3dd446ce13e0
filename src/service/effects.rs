//! What a change would end, counted before it is made: nobody decides about what they do not know.

use jiff::Timestamp;
use uuid::Uuid;

use super::identities::{Selector, find_stored};
use super::recovery;
use crate::app::Deps;
use crate::error::Error;
use crate::store::sql::identities::Stored;
use crate::store::sql::sessions::Which;
use crate::store::sql::{codes, flows, sessions};
use crate::store::{StoreError, Tx};

/// What somebody has that a block ends and a deletion removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Sessions that are live.
    pub sessions: u64,
    /// Recovery codes that still work.
    pub codes: u64,
    /// Forms they have begun, such as a recovery.
    pub flows: u64,
    /// Ways to sign in and second factors.
    pub credentials: u64,
}

/// What there is to end.
///
/// # Errors
/// `NotFound`.
pub fn of(d: &Deps, id: Uuid) -> Result<Effect, Error> {
    let now = d.clock.now();
    d.store.read(|tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        let all = stored.identity.credentials.iter();
        let set_up = all.filter(|one| one.first_factors() > 0 || one.is_second_factor());
        Ok(Effect {
            sessions: live_sessions(tx, &stored, now)?,
            codes: codes::count(tx, stored.n, recovery::PURPOSE, now)?,
            flows: flows::count(tx, id, now)?,
            credentials: set_up.count() as u64,
        })
    })
}

/// How many live sessions somebody has.
pub(super) fn live_sessions(
    tx: &Tx<'_>,
    stored: &Stored,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let which = Which { live: Some(true), except: Uuid::nil(), now };
    let keeps = stored.identity.effective_status(now).keeps_sessions();
    if keeps { sessions::count_of(tx, stored.n, which) } else { Ok(0) }
}
