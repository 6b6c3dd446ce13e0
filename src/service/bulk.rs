//! The same done to several people: first how it would go, then how it went. Each person's change is
//! one of its own, with its entry, and one entry more sums them up.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::authorities::{administers, bar};
use super::identities::{Selector, delete, find_stored};
use super::listing::{ListIdentities, PAGE_SIZE_MAX};
use super::status::{self, StatusChange};
use super::{Caller, effects, people};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::Transition;
use crate::error::{Error, ErrorCode};

/// How many people at the most.
pub const MOST: usize = 500;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A change of status.
    Status(Transition),
    /// The removal.
    Delete,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Status(Transition::Lock),
        Self::Status(Transition::Unlock),
        Self::Status(Transition::Block),
        Self::Status(Transition::Unblock),
        Self::Delete,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status(transition) => transition.verb(),
            Self::Delete => "delete",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == word)
    }
}

/// How it goes, or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// People who are changed.
    pub changed: u64,
    /// People who are so already.
    pub unchanged: u64,
    /// People with whom it cannot be done, and why.
    pub refused: Vec<(Uuid, Bar)>,
    /// Live sessions that end.
    pub sessions: u64,
}

/// Why it cannot be done with somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// They are gone.
    NotFound,
    /// It is whoever asks.
    SelfAction,
    /// Nobody would be left to administer the realm.
    LastAdministrator,
    /// Their status does not allow it.
    StatusTransition,
    /// They are in as many roles or groups as one can be.
    TooMany,
}

impl Bar {
    /// Those that a change of status or a removal meets.
    pub const ALL: [Self; 4] =
        [Self::SelfAction, Self::LastAdministrator, Self::StatusTransition, Self::NotFound];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::SelfAction => "self_action",
            Self::LastAdministrator => "last_administrator",
            Self::StatusTransition => "status_transition",
            Self::TooMany => "too_many",
        }
    }

    /// What a change of one person is refused with; nothing for what is a failure.
    const fn of(code: ErrorCode) -> Option<Self> {
        match code {
            ErrorCode::NotFound => Some(Self::NotFound),
            ErrorCode::SelfAction => Some(Self::SelfAction),
            ErrorCode::LastAdministrator => Some(Self::LastAdministrator),
            ErrorCode::StatusTransition => Some(Self::StatusTransition),
            _ => None,
        }
    }
}

/// Those that a search finds, the newest first, and whether there are more than can be done at once.
///
/// # Errors
/// As [`super::listing::list`].
pub fn matching(d: &Deps, request: &ListIdentities) -> Result<(Vec<Uuid>, bool), Error> {
    let size = (MOST as u64).min(PAGE_SIZE_MAX);
    let request = ListIdentities { page_size: Some(size), page_token: None, ..request.clone() };
    let (page, _) = people::list(d, &request)?;
    let ids = page.items.iter().map(|row| row.identity.id).collect();
    Ok((ids, page.next_page_token.is_some()))
}

/// How it would go now.
///
/// # Errors
/// As [`run`].
pub fn preview(
    d: &Deps,
    by: &Caller,
    deed: Deed,
    ids: &[Uuid],
    why: &StatusChange,
) -> Result<Outcome, Error> {
    let now = d.clock.now();
    let ids = check(ids, why, now)?;
    let ends = matches!(deed, Deed::Delete | Deed::Status(Transition::Block));
    let shuts_out = ends || deed == Deed::Status(Transition::Lock);
    d.store.read(|tx| {
        let (mut outcome, mut gone) = (Outcome::default(), 0);
        for id in ids {
            let stored = match find_stored(tx, &Selector::Id(id)) {
                Ok(stored) => stored,
                Err(error) => {
                    let bar = Bar::of(error.code()).ok_or(error)?;
                    outcome.refused.push((id, bar));
                    continue;
                }
            };
            if let Deed::Status(transition) = deed {
                let from = stored.identity.settled_status(now);
                match transition.apply(from) {
                    None => {
                        outcome.refused.push((id, Bar::StatusTransition));
                        continue;
                    }
                    Some(to) if to == from => {
                        outcome.unchanged += 1;
                        continue;
                    }
                    Some(_) => {}
                }
            }
            if shuts_out {
                if let Some(bar) = bar(tx, &stored, by, now, gone)?.and_then(Bar::of) {
                    outcome.refused.push((id, bar));
                    continue;
                }
                gone += u64::from(administers(&stored.identity, now));
            }
            outcome.changed += 1;
            if ends {
                outcome.sessions += effects::live_sessions(tx, &stored, now)?;
            }
        }
        Ok(outcome)
    })
}

/// Does it, and sums it up in the ledger.
///
/// # Errors
/// `Invalid` for too many people or a reason that is no good; a failure of the store, which leaves
/// those as they are who were not done yet.
pub fn run(
    d: &Deps,
    by: &Caller,
    deed: Deed,
    ids: &[Uuid],
    why: &StatusChange,
) -> Result<Outcome, Error> {
    let ids = check(ids, why, d.clock.now())?;
    let count = ids.len();
    let mut outcome = Outcome::default();
    // An action is recorded once, with the sum.
    let each = Caller { action: None, ..by.clone() };
    for id in ids {
        match one(d, &each, deed, id, why) {
            Ok((true, sessions)) => {
                outcome.changed += 1;
                outcome.sessions += sessions;
            }
            Ok((false, _)) => outcome.unchanged += 1,
            Err(error) => match Bar::of(error.code()) {
                Some(bar) => outcome.refused.push((id, bar)),
                None => return Err(error),
            },
        }
    }
    let event = Event::new(EventType::AdminActionRun)
        .data("action", format!("bulk-{}", deed.as_str()))
        .data("count", count)
        .data("reason", why.reason.as_str())
        .data(
            "result",
            json!({
                "changed": outcome.changed, "refused": outcome.refused.len(),
                "sessions_revoked": outcome.sessions, "unchanged": outcome.unchanged
            }),
        );
    d.store.write(&by.author(), |_| Ok::<_, Error>(by.change(outcome, event, [])))
}

fn one(
    d: &Deps,
    by: &Caller,
    deed: Deed,
    id: Uuid,
    why: &StatusChange,
) -> Result<(bool, u64), Error> {
    let change = match deed {
        Deed::Status(Transition::Lock) => status::lock,
        Deed::Status(Transition::Unlock) => status::unlock,
        Deed::Status(Transition::Block) => status::block,
        Deed::Status(Transition::Unblock) => status::unblock,
        Deed::Delete => {
            let sessions = effects::of(d, id)?.sessions;
            delete(d, by, id)?;
            return Ok((true, sessions));
        }
    };
    let receipt = change(d, by, id, why)?;
    Ok((receipt.changed, receipt.sessions_revoked))
}

/// Refuses too many people, and a reason that would be refused of each of them: before the first one
/// is changed. Nobody is meant twice.
fn check(ids: &[Uuid], why: &StatusChange, now: Timestamp) -> Result<Vec<Uuid>, Error> {
    status::check(why, now)?;
    let mut seen = BTreeSet::new();
    let ids: Vec<Uuid> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() || ids.len() > MOST {
        let message = format!("This is done to between one and {MOST} people at once.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    Ok(ids)
}
