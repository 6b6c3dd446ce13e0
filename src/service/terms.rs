//! The terms of service: who has accepted those in force, and who has to be asked.
//!
//! Whoever has not accepted them can sign in, and with the session do nothing but answer. So it does not
//! matter how somebody got in, and another version in the options asks everybody again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Caller;
use super::failure::no_identity;
use super::identities::{Selector, find_stored};
use super::sessions::revoked;
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::Session;
use crate::domain::terms::{Answer, Answered, Standing, is_version};
use crate::error::{Error, ErrorCode};
use crate::store::sql::{identities, sessions, terms};
use crate::store::{Change, StoreError, Tx, WriteTx};

/// Whether somebody still has to accept the terms in force. Without any nothing is read.
pub(super) fn are_owed(d: &Deps, tx: &Tx<'_>, n: i64) -> Result<bool, StoreError> {
    let Some(version) = d.options.terms.in_force() else { return Ok(false) };
    let last = terms::of(tx, n)?;
    Ok(last.is_none_or(|last| last.answer != Answer::Accepted || last.version != version))
}

/// Writes down what somebody answered to the terms in force, who holds `session`. It ends when they do
/// not accept them; others of theirs go on to be good for nothing but an answer.
///
/// # Errors
/// `NotFound` when they are gone.
pub fn answer(
    d: &Deps,
    by: &Caller,
    session: &Session,
    version: &str,
    answer: Answer,
) -> Result<(), Error> {
    let given = Answered { answer, version: version.to_owned(), at: d.clock.now() };
    let (who, session) = (session.identity_id, session.id);
    d.store.write(&by.author(), |tx| {
        let owner = find_stored(tx, &Selector::Id(who))?;
        terms::set(tx, owner.n, &given)?;
        let event = said(who, &given).session(session.to_string());
        let ends = answer == Answer::Rejected && sessions::disable(tx, session)?;
        let ended = ends.then(|| revoked(who, "terms", &[session]));
        Ok(by.change((), event, ended))
    })
}

/// The event of an answer.
fn said(who: Uuid, given: &Answered) -> Event {
    let kind = match given.answer {
        Answer::Accepted => EventType::TermsAccepted,
        Answer::Rejected => EventType::TermsRejected,
    };
    Event::new(kind).principal(who).data("version", given.version.as_str())
}

/// An answer in a line of a file that is brought in or out.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Line {
    answer: String,
    version: String,
    answered_at: Timestamp,
}

impl Line {
    /// For a file.
    pub fn of(given: &Answered) -> Self {
        let (answer, version) = (given.answer.as_str().to_owned(), given.version.clone());
        Self { answer, version, answered_at: given.at }
    }

    /// What it means.
    pub fn read(self) -> Result<Answered, Error> {
        let Self { answer, version, answered_at: at } = self;
        match Answer::parse(&answer) {
            Some(answer) if is_version(&version) => Ok(Answered { answer, version, at }),
            _ => {
                let why =
                    "An answer to the terms of service is accepted or rejected, with its version.";
                Err(Error::new(ErrorCode::Invalid, why))
            }
        }
    }
}

/// Writes down an answer that somebody gave elsewhere, with what the ledger says of it.
pub(super) fn bring(tx: &WriteTx<'_>, who: Uuid, given: &Answered) -> Result<Event, Error> {
    let n = identities::row_of(tx, who)?.ok_or_else(no_identity)?;
    terms::set(tx, n, given)?;
    Ok(said(who, given).data("imported", true))
}

/// How somebody stands to the terms.
///
/// # Errors
/// `NotFound`.
pub fn of(d: &Deps, id: Uuid) -> Result<Standing, Error> {
    let asked = d.options.terms.in_force().map(ToOwned::to_owned);
    d.store.read(|tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        Ok(Standing { asked: asked.clone(), last: terms::of(tx, stored.n)? })
    })
}

/// Forgets what somebody answered, so that they are asked again with the next request of any session;
/// says whether there was an answer.
///
/// # Errors
/// `NotFound`.
pub fn reset(d: &Deps, by: &Caller, id: Uuid) -> Result<bool, Error> {
    d.store.write(&by.author(), |tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        let Some(last) = terms::of(tx, stored.n)? else { return Ok(Change::none(false)) };
        terms::forget(tx, stored.n)?;
        let event = Event::new(EventType::TermsReset)
            .principal(id)
            .data("answer", last.answer.as_str())
            .data("version", last.version);
        Ok(by.change(true, event, []))
    })
}
