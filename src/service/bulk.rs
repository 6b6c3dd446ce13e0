//! The same done to several people: first how it would go, then how it went. Each person's change is
//! one of its own, with its entry, and one entry more sums them up.

use serde_json::json;
use uuid::Uuid;

use super::identities::{Selector, delete, find};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// People who are changed.
    pub changed: u64,
    /// People who are so already.
    pub unchanged: u64,
    /// People with whom it cannot be done: the last administrator, whoever asks, a status that does
    /// not allow it, or who is gone.
    pub refused: u64,
    /// Live sessions that end.
    pub sessions: u64,
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
/// `Invalid` for too many people.
pub fn preview(d: &Deps, by: &Caller, deed: Deed, ids: &[Uuid]) -> Result<Outcome, Error> {
    check(ids)?;
    let now = d.clock.now();
    let mut outcome = Outcome::default();
    for id in ids {
        let found = match find(d, &Selector::Id(*id)) {
            Ok(found) if by.actor.id != id.to_string() => found,
            Ok(_) => {
                outcome.refused += 1;
                continue;
            }
            Err(error) if error.code() == ErrorCode::NotFound => {
                outcome.refused += 1;
                continue;
            }
            Err(error) => return Err(error),
        };
        let from = found.settled_status(now);
        let ends = matches!(deed, Deed::Delete | Deed::Status(Transition::Block));
        match deed {
            Deed::Status(transition) => match transition.apply(from) {
                None => outcome.refused += 1,
                Some(to) if to == from => outcome.unchanged += 1,
                Some(_) => outcome.changed += 1,
            },
            Deed::Delete => outcome.changed += 1,
        }
        if ends {
            outcome.sessions += effects::of(d, *id)?.sessions;
        }
    }
    Ok(outcome)
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
    check(ids)?;
    let mut outcome = Outcome::default();
    for id in ids {
        match one(d, by, deed, *id, why) {
            Ok((true, sessions)) => {
                outcome.changed += 1;
                outcome.sessions += sessions;
            }
            Ok((false, _)) => outcome.unchanged += 1,
            Err(error) if is_refusal(error.code()) => outcome.refused += 1,
            Err(error) => return Err(error),
        }
    }
    let event = Event::new(EventType::AdminActionRun)
        .data("action", format!("bulk-{}", deed.as_str()))
        .data("count", ids.len())
        .data("reason", why.reason.as_str())
        .data(
            "result",
            json!({
                "changed": outcome.changed, "refused": outcome.refused,
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

const fn is_refusal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotFound
            | ErrorCode::SelfAction
            | ErrorCode::LastAdministrator
            | ErrorCode::StatusTransition
    )
}

fn check(ids: &[Uuid]) -> Result<(), Error> {
    if ids.is_empty() || ids.len() > MOST {
        let message = format!("This is done to between one and {MOST} people at once.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    Ok(())
}
