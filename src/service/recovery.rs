//! Recovery codes that an operator hands over.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Caller;
use super::flows::recovery_by_operator;
use super::identities::{Selector, find_stored};
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::flow::Client;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::sql::{codes, flows};
use crate::store::{StoreError, WriteTx};

/// The purpose under which these codes are kept.
pub const PURPOSE: &str = "recovery";

/// A code for one person, shown once.
#[derive(Debug)]
pub struct RecoveryCode {
    /// Where the person types it.
    pub link: String,
    /// Six digits.
    pub code: SecretString,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// A code with what is kept of it.
pub(super) struct Drawn {
    flow: Uuid,
    digest: String,
    code: RecoveryCode,
}

impl Drawn {
    /// What the operator gets.
    pub(super) fn hand_out(self) -> RecoveryCode {
        self.code
    }
}

/// Makes a recovery code; an earlier one dies. Allowed in every status, and changes none.
///
/// # Errors
/// `NotFound`.
pub fn issue_code(d: &Deps, by: &Caller, id: Uuid) -> Result<RecoveryCode, Error> {
    issue_code_for(d, by, id, None, Client::Browser)
}

/// As [`issue_code`], for another time than the option's, and perhaps for a program.
///
/// # Errors
/// `NotFound`, `Invalid` for a time that ends beyond the calendar.
pub fn issue_code_for(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    lifetime: Option<SignedDuration>,
    client: Client,
) -> Result<RecoveryCode, Error> {
    let now = d.clock.now();
    let drawn = draw_for(d, now, lifetime.unwrap_or_else(|| usual_lifetime(d)))?;
    d.store.write(&by.author(), |tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        record(tx, (stored.n, id), &drawn, client, now)?;
        Ok::<_, Error>(by.change((), requested(id, &drawn), Vec::new()))
    })?;
    Ok(drawn.hand_out())
}

/// Draws a code and what will be kept of it: a digest that only the holder of the data key can try.
pub(super) fn draw(d: &Deps, now: Timestamp) -> Result<Drawn, Error> {
    draw_for(d, now, usual_lifetime(d))
}

fn usual_lifetime(d: &Deps) -> SignedDuration {
    SignedDuration::from_mins(i64::from(d.options.recovery_code_minutes))
}

fn draw_for(d: &Deps, now: Timestamp, lifetime: SignedDuration) -> Result<Drawn, Error> {
    let flow = d.rng.uuid_v7(now)?;
    let code = SecretString::from(token::one_time_code(&d.rng)?);
    let digest = d.keyed_digest(&format!("{PURPOSE}:{flow}"), code.expose_secret())?;
    let expires_at = now.checked_add(lifetime).map_err(|error| {
        Error::new(ErrorCode::Invalid, "The code would expire beyond the calendar.").because(error)
    })?;
    let link = format!("{}/ui/reset_email?flow={flow}", d.options.base_url());
    Ok(Drawn { flow, digest, code: RecoveryCode { link, code, expires_at } })
}

/// Keeps a code within the transaction that hands it out, with the flow in which it is typed.
pub(super) fn record(
    tx: &WriteTx<'_>,
    (n, id): (i64, Uuid),
    drawn: &Drawn,
    client: Client,
    now: Timestamp,
) -> Result<(), StoreError> {
    let expires_at = drawn.code.expires_at;
    codes::replace(tx, drawn.flow, n, PURPOSE, &drawn.digest, now, expires_at)?;
    let link = &drawn.code.link;
    let flow = recovery_by_operator(drawn.flow, id, link, client, (now, expires_at));
    flows::insert(tx, &flow)
}

/// The event of a code that was handed out.
pub(super) fn requested(id: Uuid, drawn: &Drawn) -> Event {
    Event::new(EventType::RecoveryRequested)
        .principal(id)
        .data("by", "operator")
        .data("method", "code")
        .data("expires_at", drawn.code.expires_at.to_string())
}
