//! Removing what has had its time, a few rows at a time, so that the store does not grow with what
//! strangers begin and nobody who writes waits for long.

use jiff::SignedDuration;
use serde_json::json;

use super::{Caller, erasure, pruning, retention};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{Actor, ActorKind, Event};
use crate::error::Error;
use crate::store::Change;
use crate::store::sql::{flows, leftovers, search_parts, sessions};

/// Rows that one step removes at the most.
const BATCH: i64 = 200;
/// The same for sessions, each of which the ledger names.
const SESSIONS: i64 = 100;
/// The same for members of roles and groups, which are small rows.
const MEMBERS: i64 = 1000;
/// How long a flow that is over can still be told from one that never was.
const FLOWS_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long after its end a code is kept.
const CODES_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long after its end a session is kept, for lists of those that are over.
const SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long messages are kept that were sent, or given up.
const MESSAGES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Flows that are over.
    Flows,
    /// Errors that were kept for a page.
    FlowErrors,
    /// One-time codes that are over.
    Codes,
    /// Counters of failures and mails.
    Counters,
    /// Messages that were sent, or given up.
    Messages,
    /// Sessions that were revoked.
    RevokedSessions,
    /// Sessions that came to their end, of which the ledger is told.
    Sessions,
    /// Members of roles and groups that were deleted.
    Circles,
    /// Personal values in the ledger of people whose erasure is due.
    Erasures,
    /// Personal values in the ledger, and entries of it, that have had their time.
    Retention,
    /// Entries of the ledger that were pruned.
    Pruned,
    /// Small parts of the search index.
    SearchParts,
}

impl Leftover {
    /// Everything there is to clean.
    pub const ALL: [Self; 12] = [
        Self::Flows,
        Self::FlowErrors,
        Self::Codes,
        Self::Counters,
        Self::Messages,
        Self::RevokedSessions,
        Self::Sessions,
        Self::Circles,
        Self::Erasures,
        Self::Retention,
        Self::Pruned,
        Self::SearchParts,
    ];

    const fn kept_for(self) -> SignedDuration {
        match self {
            Self::Flows => FLOWS_KEPT,
            Self::FlowErrors
            | Self::Counters
            | Self::Circles
            | Self::Erasures
            | Self::Retention
            | Self::Pruned
            | Self::SearchParts => SignedDuration::ZERO,
            Self::Codes => CODES_KEPT,
            Self::Messages => MESSAGES_KEPT,
            Self::RevokedSessions | Self::Sessions => SESSIONS_KEPT,
        }
    }
}

/// Removes a few rows; says whether there may be more of them.
///
/// # Errors
/// A failure of the store.
pub fn step(d: &Deps, what: Leftover) -> Result<bool, Error> {
    let now = d.clock.now();
    // Before the calendar begins there is nothing to remove.
    let Ok(then) = now.checked_sub(what.kept_for()) else { return Ok(false) };
    let scratch = |remove: fn(
        &crate::store::ScratchTx<'_>,
        jiff::Timestamp,
        i64,
    ) -> Result<u64, crate::store::StoreError>| {
        let removed = d.store.scratch(|tx| remove(tx, then, BATCH))?;
        Ok(removed >= BATCH.unsigned_abs())
    };
    match what {
        Leftover::Flows => scratch(flows::delete_expired),
        Leftover::FlowErrors => scratch(leftovers::flow_errors),
        Leftover::Codes => scratch(leftovers::codes),
        Leftover::Counters => scratch(leftovers::counters),
        Leftover::Messages => scratch(leftovers::messages),
        Leftover::RevokedSessions => scratch(leftovers::revoked_sessions),
        Leftover::Circles => {
            let removed = d.store.scratch(|tx| leftovers::circles(tx, then, MEMBERS))?;
            Ok(removed >= MEMBERS.unsigned_abs())
        }
        Leftover::Sessions => expired_sessions(d, then),
        Leftover::Erasures => erasure::step(d),
        Leftover::Retention => retention::step(d),
        Leftover::Pruned => pruning::step(d),
        Leftover::SearchParts => {
            Ok(d.store.fleeting(|tx| search_parts::merge(tx, search_parts::PAGES))?)
        }
    }
}

/// Removes everything there is now to remove, without a pause.
///
/// # Errors
/// A failure of the store.
pub fn sweep(d: &Deps) -> Result<(), Error> {
    for what in Leftover::ALL {
        while step(d, what)? {}
    }
    Ok(())
}

fn expired_sessions(d: &Deps, then: jiff::Timestamp) -> Result<bool, Error> {
    if !d.store.read(|tx| sessions::has_expired(tx, then))? {
        return Ok(false);
    }
    let by = Caller::local(Actor::new(ActorKind::System, "cleaning"));
    d.store.write(&by.author(), |tx| {
        let ended = sessions::remove_expired(tx, then, SESSIONS)?;
        if ended.is_empty() {
            return Ok(Change::none(false));
        }
        let more = ended.len() as u64 >= SESSIONS.unsigned_abs();
        let names: Vec<String> = ended.iter().map(ToString::to_string).collect();
        let event = Event::new(EventType::SessionExpired)
            .data("count", names.len())
            .data("reason", "lifespan")
            .data("sessions", json!(names));
        Ok(by.change(more, event, []))
    })
}
