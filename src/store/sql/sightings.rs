//! When sessions were last used.

use jiff::Timestamp;
use uuid::Uuid;

use super::{many, statements};
use crate::args;
use crate::store::{ScratchTx, StoreError, Tx};

statements! {
    KEEP = "INSERT INTO sightings (session, at)
        SELECT n, CAST($2 AS BIGINT) FROM sessions WHERE n = $1
        ON CONFLICT (session) DO UPDATE SET at = excluded.at";
}

/// What is known of a session.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The session.
    pub id: Uuid,
    /// Number of its row.
    pub n: i64,
    /// When it was last known to be used.
    pub at: Timestamp,
}

/// What is known of those of `sessions` that exist.
///
/// # Errors
/// A failure of the store.
pub fn known(tx: &Tx<'_>, sessions: &[Uuid]) -> Result<Vec<Known>, StoreError> {
    let text = "SELECT s.id, s.n, s.authenticated_at, w.at FROM sessions s
        LEFT JOIN sightings w ON w.session = s.n WHERE s.id IN ({})";
    many::rows(tx, text, sessions, |row| {
        let at = row.time(2)?.max(row.opt_time(3)?.unwrap_or(Timestamp::MIN));
        Ok(Known { id: row.uuid(0)?, n: row.int(1)?, at })
    })
}

/// Keeps when a session was last used, unless it is gone meanwhile.
///
/// # Errors
/// A failure of the store.
pub fn keep(tx: &ScratchTx<'_>, session: i64, at: Timestamp) -> Result<(), StoreError> {
    tx.exec(KEEP, args![session, at]).map(drop)
}
