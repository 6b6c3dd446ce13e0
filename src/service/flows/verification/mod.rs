//! Verification: a code that was mailed to an address shows that it is theirs. It may be typed in
//! any browser, as mail is often read elsewhere; whether anybody has the address is told to nobody.

mod nodes;
mod sent;

use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::claim::Claim;
use super::mailed::{self, Tried};
use super::{Body, Outcome, Refusal, Shown, Visitor, again, field, open, pending, places};
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::flow::text;
use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Flow, FlowKind, State};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::EffectiveStatus;
use crate::service::sessions::as_person;
use crate::store::sql::codes::OpenCode;
use crate::store::sql::identities::Stored;
use crate::store::sql::{addresses, codes, flows, identities};
use crate::store::{Change, StoreError, Tx};
pub(in crate::service) use sent::asked_for;
pub(super) use sent::{Sent, send};

/// The purpose under which these codes are kept.
const PURPOSE: &str = "verification";
/// What the ledger calls the method.
const METHOD: &str = "code";
/// Under which name a flow keeps the digest of the address that its code went to.
const SENT_TO: &str = "sent_to";
/// Under which name it keeps a code that came with a link, sealed.
const TYPED: &str = "typed";
/// Longest code that is kept with a form.
const LONGEST: usize = 16;

/// The flow with its form.
pub(super) fn shown(d: &Deps, v: &Visitor, flow: Flow) -> Shown {
    let done = flow.form.state == State::PassedChallenge;
    let (action, method) = if done {
        (places::finished(&d.options, flow.form.return_to.as_deref()), "GET")
    } else {
        (places::submit_url(d, &flow), "POST")
    };
    let messages = flow.form.messages.clone();
    let ui = Ui { action, method, nodes: nodes::of(d, v, &flow), messages };
    Shown { flow, ui, identity: None, continue_with: Vec::new() }
}

/// Puts a code that came with a link into the form, for the person to send: a link alone, which
/// scanners of mail open too, changes nothing.
///
/// # Errors
/// [`Refusal`].
pub fn fill_in(d: &Deps, v: &Visitor, id: Uuid, typed: &str) -> Result<Shown, Refusal> {
    let mut flow = open::to_show(d, v, FlowKind::Verification, id)?;
    if flow.form.state == State::SentEmail {
        let typed: String = typed.chars().take(LONGEST).collect();
        let sealed = d.seal(&context(flow.id), typed.as_bytes())?;
        pending::put(&mut flow, TYPED, sealed);
        d.store.scratch(|tx| mailed::update(tx, &mut flow))?;
    }
    Ok(shown(d, v, flow))
}

fn context(flow: Uuid) -> String {
    format!("typed:{flow}")
}

/// The code that came with a link.
fn typed_before(d: &Deps, flow: &Flow) -> Option<String> {
    let sealed = pending::get(flow, TYPED)?;
    let typed: Zeroizing<Vec<u8>> = d.unseal(&context(flow.id), &sealed).ok()?;
    String::from_utf8(typed.to_vec()).ok()
}

/// Hands the form in.
pub(super) fn submit(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    let mut flow = flow;
    let known = matches!(field(body, "method"), None | Some("code"));
    let asks = body.contains_key("email");
    match (flow.form.state, field(body, "code")) {
        (State::PassedChallenge, _) => Err(replaced(d, v, &flow)?),
        (State::SentEmail, Some(typed)) if known => redeem(d, v, flow, typed),
        (State::SentEmail, None) if known && !asks => {
            flow.form.clear();
            flow.form.complain("code", text::REQUIRED.of("property", "code"));
            again(d, v, flow)
        }
        _ if known && (asks || field(body, "method").is_some()) => ask(d, v, flow, body),
        _ => {
            flow.form.clear();
            flow.form.messages.push(FlowKind::Verification.no_method().text());
            again(d, v, flow)
        }
    }
}

/// In place of a flow that is done, another that says so.
fn replaced(d: &Deps, v: &Visitor, old: &Flow) -> Result<Refusal, Refusal> {
    let flow = mailed::begin_anew(d, v, old, text::VERIFICATION_DONE.text())?;
    d.store.scratch(|tx| flows::insert(tx, &flow))?;
    Ok(Refusal::Replaced { flow: flow.id, kind: flow.kind })
}

/// Sends a code to the address that was typed, if somebody has it who may verify it.
fn ask(d: &Deps, v: &Visitor, mut flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    flow.form.clear();
    flow.form.active = Some(METHOD.to_owned());
    let Some(address) = mailed::address(&mut flow, body) else { return again(d, v, flow) };
    sent::sent(&mut flow, &address);
    let room = mailed::count(d, v, &mut flow, &address)?;
    let owner = d.store.read(|tx| owner(tx, &address))?;
    let now = d.clock.now();
    let reason = match &owner {
        None => Some("unknown_identifier"),
        Some(owner) if !may_verify(owner, now) => Some("not_allowed"),
        Some(_) if !room => Some("too_many_mails"),
        Some(_) => None,
    };
    match (owner, reason) {
        (Some(owner), None) => sent::again(d, v, &mut flow, &address, &owner)?,
        (owner, reason) => {
            let who = owner.map(|owner| owner.identity.id);
            failed(d, v, reason.unwrap_or_default(), who)?;
        }
    }
    Ok(going_on(d, v, flow))
}

fn owner(tx: &Tx<'_>, address: &str) -> Result<Option<Stored>, StoreError> {
    let owner = addresses::verifiable_owner(tx, address)?;
    Ok(owner.map(|n| identities::find_row(tx, n)).transpose()?.flatten())
}

/// Whether somebody in this status may verify an address (E13).
fn may_verify(owner: &Stored, now: Timestamp) -> bool {
    let status = owner.identity.standing().effective(now);
    matches!(status, EffectiveStatus::Active | EffectiveStatus::Invited)
}

/// Verifies the address when the code is right.
fn redeem(d: &Deps, v: &Visitor, mut flow: Flow, typed: &str) -> Result<Outcome, Refusal> {
    let told = text::WRONG_VERIFICATION_CODE.text();
    let open = match mailed::take(d, &mut flow, PURPOSE, typed, told)? {
        Tried::TooOften => return anew(d, v, &flow),
        Tried::Wrong(who) => {
            failed(d, v, "wrong_code", who)?;
            return Ok(going_on(d, v, flow));
        }
        Tried::Right(open) => open,
    };
    if let Some(done) = complete(d, v, &flow, &open)? {
        return Ok(going_on(d, v, done));
    }
    failed(d, v, "not_allowed", Some(open.identity_id))?;
    Ok(going_on(d, v, flow))
}

/// Uses the code up; nothing when its owner has another address by now, or may not verify it.
fn complete(d: &Deps, v: &Visitor, flow: &Flow, open: &OpenCode) -> Result<Option<Flow>, Refusal> {
    let (now, who) = (d.clock.now(), open.identity_id);
    let Some(address) = flow.form.identifier.as_deref() else { return Ok(None) };
    if pending::get(flow, SENT_TO).is_none_or(|sent_to| sent_to != token::digest(address)) {
        return Ok(None);
    }
    let mut done = flow.clone();
    done.form.clear();
    done.form.state = State::PassedChallenge;
    done.form.messages.push(text::VERIFIED.text());
    pending::drop(&mut done, TYPED);
    let by = as_person(&v.by, who);
    let claim = Claim::waiting(d, flow, who, address)?;
    let done = d.store.write(&by.author(), |tx| {
        // Whoever comes second finds the code gone.
        if !codes::remove(tx, flow.id)? {
            return Ok(Change::none(None));
        }
        let mut owner = identities::find(tx, who)?.ok_or(Refusal::NotFound)?;
        let mut all = owner.identity.verifiable_addresses.iter();
        if !may_verify(&owner, now) || !all.any(|one| one.value == address) {
            return Ok(Change::none(None));
        }
        let mut events = Vec::new();
        if let Some(claim) = &claim {
            let Some(settled) = claim.settle(tx, &mut owner, now)? else {
                return Ok(Change::none(None));
            };
            events = settled;
        }
        addresses::verify(tx, owner.n, address, now)?;
        flows::update(tx, &done)?;
        let event = Event::new(EventType::VerificationCompleted)
            .principal(who)
            .data("method", METHOD)
            .data("via", "email");
        Ok::<_, Refusal>(by.change(Some(done), event, events))
    })?;
    if let (Some(claim), Some(_)) = (&claim, &done) {
        claim.tell(d, v, who)?;
    }
    Ok(done)
}

/// In place of a flow in which too many codes were tried, another.
fn anew(d: &Deps, v: &Visitor, old: &Flow) -> Result<Outcome, Refusal> {
    let flow = mailed::begin_anew(d, v, old, mailed::too_often())?;
    d.store.scratch(|tx| {
        flows::insert(tx, &flow)?;
        flows::delete(tx, old.id)
    })?;
    failed(d, v, "too_many_codes", None)?;
    Ok(going_on(d, v, flow))
}

/// Records what did not verify an address, though the person is told nothing of it.
pub(super) fn failed(
    d: &Deps,
    v: &Visitor,
    reason: &'static str,
    who: Option<Uuid>,
) -> Result<(), Refusal> {
    let kind = EventType::VerificationFailed;
    if !v.flood.count(kind, v.by.origin.ip.as_deref(), d.clock.now()) {
        return Ok(());
    }
    let mut event = Event::new(kind)
        .failed()
        .data("method", METHOD)
        .data("reason", reason)
        .data("via", "email");
    if let Some(who) = who {
        event = event.principal(who);
    }
    d.store.write(&v.by.author(), |_| Ok::<_, Refusal>(v.by.change((), event, [])))
}

/// The flow as it was kept. A wrong code is not answered as an error either, as in Kratos.
fn going_on(d: &Deps, v: &Visitor, flow: Flow) -> Outcome {
    Outcome::Shown { wrong: false, shown: Box::new(shown(d, v, flow)), then: None }
}

/// Whether a person has addresses and none of them is verified; the first of them.
pub(super) fn unverified(identity: &Identity) -> Option<&str> {
    let all = &identity.verifiable_addresses;
    let none = all.iter().all(|address| !address.verified);
    all.first().filter(|_| none).map(|address| address.value.as_str())
}
