//! What administrators see of mail on its way and do about it. What a message says is for its recipient
//! only, so it is in none of this.

use serde_json::json;
use uuid::Uuid;

use super::courier::{ListMessages, missing, paged};
use super::{Caller, Page};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::mail_fault::FaultKind;
use crate::domain::message::{Dispatch, Mail};
use crate::error::{Error, ErrorCode};
use crate::store::sql::messages;
use crate::store::{StoreError, WriteTx};

/// A page of messages, newest first.
///
/// # Errors
/// `Invalid` for a token that no page gave.
pub fn list(d: &Deps, request: &ListMessages) -> Result<Page<Mail>, Error> {
    paged(d, request, messages::page_of_mail)
}

/// A message with the attempts to send it, the oldest first.
///
/// # Errors
/// `NotFound`.
pub fn find(d: &Deps, id: Uuid) -> Result<(Mail, Vec<Dispatch>), Error> {
    d.store.read(|tx| messages::find_mail(tx, id))?.ok_or_else(missing)
}

/// Has a message that waits tried at once.
///
/// # Errors
/// `NotFound`, `StatusTransition` for a message that does not wait.
pub fn retry(d: &Deps, by: &Caller, id: Uuid) -> Result<(), Error> {
    let now = d.clock.now();
    act(d, by, id, "retry-message", |tx| messages::hurry(tx, id, now))?;
    d.outbox.urge();
    Ok(())
}

/// Gives a message up that waits, and erases what it says.
///
/// # Errors
/// `NotFound`, `StatusTransition` for a message that does not wait.
pub fn give_up(d: &Deps, by: &Caller, id: Uuid) -> Result<(), Error> {
    let now = d.clock.now();
    let attempt = Dispatch {
        id: d.rng.uuid_v7(now)?,
        error: Some(FaultKind::GivenUp.into()),
        created_at: now,
    };
    act(d, by, id, "give-up-message", |tx| {
        let ours = messages::abandon(tx, id, now)?;
        if ours {
            messages::add_dispatch(tx, id, &attempt)?;
        }
        Ok(ours)
    })
}

fn act(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    action: &str,
    job: impl FnOnce(&WriteTx<'_>) -> Result<bool, StoreError>,
) -> Result<(), Error> {
    d.store.write(&by.author(), |tx| {
        if messages::find(tx, id)?.is_none() {
            return Err(missing());
        }
        if !job(tx)? {
            let message = "This message does not wait: it was sent, given up, or is being sent.";
            return Err(Error::new(ErrorCode::StatusTransition, message));
        }
        let event = Event::new(EventType::AdminActionRun)
            .data("action", action)
            .data("parameters", json!({"message": id}));
        // The run of an action of that name is this very event.
        let by = Caller { action: None, ..by.clone() };
        Ok(by.change((), event, []))
    })
}
