//! A recovery code is typed.

use jiff::Timestamp;
use uuid::Uuid;

use super::{METHOD, SENT_TO, anew, failed, going_on};
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, MethodKind};
use crate::domain::status::EffectiveStatus;
use crate::service::accounts;
use crate::service::flows::enter::{enter, on_to_settings, welcome};
use crate::service::flows::mailed::{self, Tried};
use crate::service::flows::{Outcome, Refusal, Visitor, pending, settings};
use crate::service::invitations::complete;
use crate::service::recovery::PURPOSE;
use crate::service::sessions::revoked;
use crate::store::WriteTx;
use crate::store::sql::identities::Stored;
use crate::store::sql::{addresses, codes, flows, identities, sessions};

/// Lets the person in when the code is right, and leads them to their settings.
pub(super) fn redeem(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    typed: &str,
) -> Result<Outcome, Refusal> {
    let told = text::WRONG_RECOVERY_CODE.text();
    let open = match mailed::take(d, &mut flow, PURPOSE, typed, told)? {
        Tried::TooOften => return anew(d, v, &flow),
        Tried::Wrong(who) => {
            failed(d, v, "wrong_code", who, None)?;
            return Ok(going_on(d, v, flow));
        }
        Tried::Right(open) => open,
    };
    let now = d.clock.now();
    let owner = d.store.read(|tx| identities::find(tx, open.identity_id))?;
    let owner = owner.ok_or(Refusal::NotFound)?;
    let shut = d.store.read(|tx| accounts::is_shut(tx, owner.n))?;
    if let Some(reason) = barred(&owner, now).or(shut.then_some("account_locked")) {
        failed(d, v, reason, Some(open.identity_id), None)?;
        return Ok(going_on(d, v, flow));
    }
    let client = flow.form.client;
    let told = welcome(d, now);
    let back = flow.form.return_to.clone();
    let next = settings::begin_for(d, v, client, &owner.identity, told, back)?;
    let who = open.identity_id;
    let entered = enter(d, v, client, who, (MethodKind::CodeRecovery, Aal::One), |tx| {
        use_up(tx, &flow, who, now).and_then(|done| {
            flows::insert(tx, &next)?;
            Ok(done)
        })
    })?;
    Ok(on_to_settings(d, client, next.id, entered))
}

/// Why somebody is not let in though the code is right. A code makes active who was only invited; it
/// unlocks nobody.
fn barred(owner: &Stored, now: Timestamp) -> Option<&'static str> {
    match owner.identity.standing().effective(now) {
        EffectiveStatus::Active | EffectiveStatus::Invited => None,
        status => Some(status.as_str()),
    }
}

/// Uses the code up, with every other one of the person, and ends their sessions: whoever recovers
/// an account may do so because somebody else is in it (SESS-06).
fn use_up(
    tx: &WriteTx<'_>,
    flow: &Flow,
    who: Uuid,
    now: Timestamp,
) -> Result<(Stored, Event, Vec<Event>), Refusal> {
    // Whoever comes second finds the code or the flow gone.
    if !codes::remove(tx, flow.id)? || !flows::delete(tx, flow.id)? {
        return Err(Refusal::NotFound);
    }
    let mut owner = identities::find(tx, who)?.ok_or(Refusal::NotFound)?;
    if barred(&owner, now).is_some() {
        return Err(Refusal::NotFound);
    }
    codes::withdraw(tx, owner.n, PURPOSE)?;
    let mut events = complete(tx, &mut owner, MethodKind::CodeRecovery.as_str(), now)?;
    let sent_to = pending::get(flow, SENT_TO);
    if let Some(address) = &flow.form.identifier
        && sent_to.is_some_and(|sent_to| sent_to == token::digest(address))
        && addresses::verify(tx, owner.n, address, now)?
    {
        let event = Event::new(EventType::VerificationCompleted)
            .principal(who)
            .data("method", METHOD)
            .data("via", "email");
        events.push(event);
        owner = identities::find(tx, who)?.ok_or(Refusal::NotFound)?;
    }
    let ended = sessions::disable_others(tx, owner.n, Uuid::nil(), now)?;
    if !ended.is_empty() {
        events.push(revoked(who, "recovery", &ended));
    }
    let first = Event::new(EventType::RecoveryCompleted)
        .principal(who)
        .data("method", METHOD)
        .data("sessions_revoked", ended.len());
    Ok((owner, first, events))
}
