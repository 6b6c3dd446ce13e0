//! Recovery codes that an operator hands over.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::flows::recovery_by_operator;
use super::identities::{Selector, find_stored};
use super::throttle::may_mail;
use super::{Caller, accounts, courier};
use crate::app::Deps;
use crate::courier::language;
use crate::crypto::token;
use crate::domain::flow::Client;
use crate::domain::identifier::canonical;
use crate::domain::identity::{Identity, Via};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::message::Template;
use crate::domain::status::EffectiveStatus;
use crate::error::{Error, ErrorCode};
use crate::store::sql::identities::Stored;
use crate::store::sql::{codes, flows, invitations};
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
        record(tx, (stored.n, id), &drawn, client, None, now)?;
        Ok::<_, Error>(by.change((), requested(id, &drawn), Vec::new()))
    })?;
    Ok(drawn.hand_out())
}

/// A code that is on its way.
#[derive(Debug)]
pub struct Mailed {
    /// To this address.
    pub address: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Mails a recovery code to somebody, with the page on which it is typed; an earlier code dies.
/// Without an address, the only one for recovery is meant. Changes no status.
///
/// # Errors
/// `NotFound`; `Invalid` without an address, or with several and none named; `StatusTransition` for
/// somebody who may not sign in, or who has not taken up an invitation yet; `Conflict` without a mail
/// server; `Busy` when the address has had too many mails.
pub fn mail_code(d: &Deps, by: &Caller, id: Uuid, email: Option<&str>) -> Result<Mailed, Error> {
    if !courier::is_configured(d) {
        return Err(Error::new(
            ErrorCode::Conflict,
            "There is no mail server; hand the code over.",
        ));
    }
    let now = d.clock.now();
    let drawn = draw_for(d, now, usual_lifetime(d))?;
    let expires_at = drawn.code.expires_at;
    let address = d.store.write(&by.author(), |tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        may_recover(tx, &stored, now)?;
        let address = address(&stored.identity, email)?;
        let too_many = || Error::new(ErrorCode::Busy, "Too many mails; try again in an hour.");
        if !may_mail(d, tx, &address, by.origin.ip.as_deref())? {
            return Err(too_many());
        }
        record(tx, (stored.n, id), &drawn, Client::Browser, Some(&address), now)?;
        let mut content = Map::new();
        let mut put = |key: &str, value: Value| content.insert(key.to_owned(), value);
        put("RecoveryCode", drawn.code.code.expose_secret().into());
        put("RecoveryURL", drawn.code.link.as_str().into());
        put("RequestURL", drawn.code.link.as_str().into());
        put("ExpiresInMinutes", d.options.recovery_code_minutes.into());
        let locale = stored.identity.traits.get("locale").and_then(Value::as_str);
        let language = language(locale.unwrap_or("en"));
        let template = Template::RecoveryCodeValid;
        courier::queue_mail(d, tx, &address, template, language, content)?.ok_or_else(too_many)?;
        let event = requested(id, &drawn).data("via", "email").personal("email", address.as_str());
        Ok::<_, Error>(by.change(address, event, Vec::new()))
    })?;
    Ok(Mailed { address, expires_at })
}

/// Refuses to mail a code to somebody whom it would not let in, as their own request would be.
fn may_recover(tx: &WriteTx<'_>, stored: &Stored, now: Timestamp) -> Result<(), Error> {
    let status = stored.identity.effective_status(now);
    let hint = match status {
        EffectiveStatus::Active if !accounts::is_shut(tx, stored.n)? => return Ok(()),
        EffectiveStatus::Active => "their own account is locked",
        EffectiveStatus::Invited if invitations::of(tx, stored.n)?.is_none() => return Ok(()),
        EffectiveStatus::Invited => "they are invited: send the invitation again",
        EffectiveStatus::Locked => "they are locked",
        EffectiveStatus::Blocked => "they are blocked",
        EffectiveStatus::Expired => "their account has expired",
    };
    let message = format!("No code is mailed to this person: {hint}.");
    Err(Error::new(ErrorCode::StatusTransition, message))
}

/// The address for recovery that is meant.
fn address(identity: &Identity, email: Option<&str>) -> Result<String, Error> {
    let mut all = identity.recovery_addresses.iter().filter(|one| one.via == Via::Email);
    let found = if let Some(email) = email.map(canonical) {
        let missing = || Error::new(ErrorCode::Invalid, "The person has no such address.");
        all.find(|one| one.value == email).ok_or_else(missing)?
    } else {
        let none = || Error::new(ErrorCode::Invalid, "The person has no address for recovery.");
        let first = all.next().ok_or_else(none)?;
        if all.next().is_some() {
            let message = "There are several addresses; say which: email.";
            return Err(Error::new(ErrorCode::Invalid, message));
        }
        first
    };
    Ok(found.value.clone())
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
    mailed_to: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let expires_at = drawn.code.expires_at;
    codes::replace(tx, drawn.flow, n, PURPOSE, &drawn.digest, now, expires_at)?;
    let link = &drawn.code.link;
    let flow = recovery_by_operator(drawn.flow, id, link, client, mailed_to, (now, expires_at));
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
