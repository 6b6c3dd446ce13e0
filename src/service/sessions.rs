//! Sessions of a person: which there are, and ending them.

use serde_json::json;
use uuid::Uuid;

use super::Caller;
use super::failure::no_identity;
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::Session;
use crate::error::Error;
use crate::store::Change;
use crate::store::sql::{identities, sessions};

/// The sessions of an identity, newest first.
///
/// # Errors
/// `NotFound`.
pub fn list(d: &Deps, id: Uuid) -> Result<Vec<Session>, Error> {
    d.store.read(|tx| {
        let n = identities::row_of(tx, id)?.ok_or_else(no_identity)?;
        Ok(sessions::list(tx, n)?)
    })
}

/// Ends every session of an identity; says how many were live.
///
/// # Errors
/// `NotFound`.
pub fn revoke_all(d: &Deps, by: &Caller, id: Uuid) -> Result<u64, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let n = identities::row_of(tx, id)?.ok_or_else(no_identity)?;
        let ended = sessions::delete_all(tx, n, now)?;
        if ended.is_empty() {
            return Ok(Change::none(0));
        }
        // The ids of very many sessions would make an entry of unbounded size.
        let named: Vec<String> = ended.iter().take(100).map(Uuid::to_string).collect();
        let event = Event::new(EventType::SessionRevoked)
            .principal(id)
            .data("count", ended.len())
            .data("reason", "operator")
            .data("sessions", json!(named));
        Ok(by.change(ended.len() as u64, event, Vec::new()))
    })
}
