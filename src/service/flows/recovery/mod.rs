//! Recovery: a code gets people back into their account, mailed to them or handed over by an
//! operator. Whether there is such an account is told to nobody (ABUSE-04).

mod nodes;
mod redeem;

use jiff::Timestamp;
use uuid::Uuid;

use super::mailed::{self, Letter};
use super::{
    Begin, Body, Outcome, Refusal, Shown, Visitor, again, asked_for, blank, field, must_be_nobody,
    pending, places,
};
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::flow::text;
use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Client, Flow, FlowKind, State};
use crate::domain::invitation::Invitation;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::message::Template;
use crate::domain::status::EffectiveStatus;
use crate::service::accounts;
use crate::service::invitations::resend_to;
use crate::service::recovery::PURPOSE;
use crate::service::{courier, throttle};
use crate::store::sql::identities::Stored;
use crate::store::sql::{addresses, flows, identities, invitations};
use crate::store::{StoreError, Tx};

/// What the ledger calls the method.
const METHOD: &str = "code";
/// Under which name a flow keeps the digest of the address that its code went to. The form may speak
/// of another by now, to which none was sent.
const SENT_TO: &str = "sent_to";

/// Begins to recover an account.
pub(super) fn begin(d: &Deps, v: &Visitor, asked: &Begin) -> Result<Flow, Refusal> {
    must_be_nobody(d, v, asked)?;
    Ok(asked_for(d, v, FlowKind::Recovery, asked)?)
}

/// The flow in which a code is typed that an operator hands over, or mails to `mailed_to`. It belongs to no browser: whoever
/// knows its id and the code is let in.
pub(in crate::service) fn for_operator(
    id: Uuid,
    who: Uuid,
    request_url: &str,
    client: Client,
    mailed_to: Option<&str>,
    (now, expires_at): (Timestamp, Timestamp),
) -> Flow {
    let mut flow = blank(id, FlowKind::Recovery, client, now);
    flow.identity_id = Some(who);
    flow.expires_at = expires_at;
    flow.form.state = State::SentEmail;
    flow.form.active = Some(METHOD.to_owned());
    request_url.clone_into(&mut flow.form.request_url);
    if let Some(address) = mailed_to {
        flow.form.identifier = Some(address.to_owned());
        flow.form.messages = vec![text::RECOVERY_CODE_SENT.text()];
        pending::put(&mut flow, SENT_TO, token::digest(address));
    }
    flow
}

/// The flow with its form.
pub(super) fn shown(d: &Deps, v: &Visitor, flow: Flow) -> Shown {
    let ui = Ui {
        action: places::submit_url(d, &flow),
        method: "POST",
        nodes: nodes::of(v, &flow),
        messages: flow.form.messages.clone(),
    };
    Shown { flow, ui, identity: None, continue_with: Vec::new() }
}

/// Hands the form in.
pub(super) fn submit(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    let mut flow = flow;
    let sent = flow.form.state == State::SentEmail;
    let by_operator = sent && flow.form.identifier.is_none();
    let known = matches!(field(body, "method"), None | Some("code"));
    match (field(body, "code"), body.contains_key("email")) {
        (Some(typed), _) if sent && known => redeem::redeem(d, v, flow, typed),
        (None, false) if sent && known => {
            flow.form.clear();
            flow.form.complain("code", text::REQUIRED.of("property", "code"));
            again(d, v, flow)
        }
        _ if known && !by_operator && (body.contains_key("email") || has_method(body)) => {
            ask(d, v, flow, body)
        }
        _ => {
            flow.form.clear();
            flow.form.messages.push(FlowKind::Recovery.no_method().text());
            again(d, v, flow)
        }
    }
}

fn has_method(body: &Body) -> bool {
    field(body, "method").is_some()
}

/// To whom a code would go.
enum Recipient {
    /// To this person.
    Owner(Box<Stored>),
    /// Nobody has taken this account over yet: a new link goes out instead (E12).
    Invited(i64, Box<Invitation>),
    /// To nobody; why, and whose address it is, if anybody's.
    Nobody(&'static str, Option<Uuid>),
}

/// Sends a code to the address that was typed, if that leads to an account that can be recovered.
fn ask(d: &Deps, v: &Visitor, mut flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    flow.form.clear();
    flow.form.active = Some(METHOD.to_owned());
    let Some(address) = mailed::address(&mut flow, body) else { return again(d, v, flow) };
    flow.form.state = State::SentEmail;
    flow.form.identifier = Some(address.clone());
    flow.form.messages = vec![text::RECOVERY_CODE_SENT.text()];
    let now = d.clock.now();
    let room = mailed::count(d, v, &mut flow, &address)?;
    match d.store.read(|tx| recipient(tx, &address, now))? {
        Recipient::Owner(owner) if room => send(d, v, &mut flow, &address, &owner)?,
        // Without mail somebody handed the link over, and another would kill it and reach nobody.
        Recipient::Invited(n, invitation) if room && courier::is_configured(d) => {
            d.store.write(&v.by.author(), |tx| {
                let event = resend_to(d, tx, n, *invitation)?;
                Ok::<_, Refusal>(v.by.change((), event, []))
            })?;
        }
        Recipient::Invited(_, invitation) => {
            let who = Some(invitation.identity_id);
            let reason = if room { "no_mail" } else { "too_many_mails" };
            failed(d, v, reason, who, Some(&address))?;
        }
        Recipient::Owner(owner) => {
            failed(d, v, "too_many_mails", Some(owner.identity.id), Some(&address))?;
        }
        Recipient::Nobody(reason, who) => failed(d, v, reason, who, Some(&address))?,
    }
    Ok(going_on(d, v, flow))
}

fn recipient(tx: &Tx<'_>, address: &str, now: Timestamp) -> Result<Recipient, StoreError> {
    let owner = addresses::recovery_owner(tx, address)?;
    let owner = owner.map(|n| identities::find_row(tx, n)).transpose()?.flatten();
    let Some(owner) = owner else {
        return Ok(Recipient::Nobody("unknown_identifier", None));
    };
    let id = owner.identity.id;
    let status = owner.identity.standing().effective(now);
    if !matches!(status, EffectiveStatus::Active | EffectiveStatus::Invited) {
        return Ok(Recipient::Nobody(status.as_str(), Some(id)));
    }
    if accounts::is_shut(tx, owner.n)? {
        return Ok(Recipient::Nobody("account_locked", Some(id)));
    }
    if status == EffectiveStatus::Invited
        && let Some(invitation) = invitations::of(tx, owner.n)?
    {
        return Ok(if invitation.is_over(now) {
            Recipient::Nobody("invitation_expired", Some(id))
        } else {
            Recipient::Invited(owner.n, Box::new(invitation))
        });
    }
    Ok(Recipient::Owner(Box::new(owner)))
}

/// Mails the code, with the flow as it is from now on.
fn send(
    d: &Deps,
    v: &Visitor,
    flow: &mut Flow,
    address: &str,
    owner: &Stored,
) -> Result<(), Refusal> {
    let code = mailed::draw(d, PURPOSE, flow.id)?;
    pending::put(flow, SENT_TO, token::digest(address));
    let event = Event::new(EventType::RecoveryRequested)
        .principal(owner.identity.id)
        .data("by", "person")
        .data("method", METHOD)
        .data("expires_at", code.expires_at().to_string());
    d.store.write(&v.by.author(), |tx| {
        mailed::update(tx, flow)?;
        let letter = Letter {
            to: address,
            template: Template::RecoveryCodeValid,
            name: "RecoveryCode",
            language: v.language,
            request_url: &flow.form.request_url,
            link: None,
        };
        code.send(d, tx, owner.n, &letter)?;
        Ok::<_, Refusal>(v.by.change((), event, []))
    })
}

/// Records what did not lead into an account, though the person is told nothing of it.
fn failed(
    d: &Deps,
    v: &Visitor,
    reason: &'static str,
    who: Option<Uuid>,
    address: Option<&str>,
) -> Result<(), Refusal> {
    let kind = EventType::RecoveryFailed;
    if !v.flood.count(kind, v.by.origin.ip.as_deref(), d.clock.now()) {
        return Ok(());
    }
    let mut event = Event::new(kind).failed().data("method", METHOD).data("reason", reason);
    if let Some(who) = who {
        event = event.principal(who);
    }
    if let Some(address) = address {
        event = event.data("identifier_hmac", throttle::identifier_hmac(d, address)?);
    }
    d.store.write(&v.by.author(), |_| Ok::<_, Refusal>(v.by.change((), event, [])))
}

/// In place of a flow in which too many codes were tried, another.
fn anew(d: &Deps, v: &Visitor, old: &Flow) -> Result<Outcome, Refusal> {
    let flow = mailed::begin_anew(d, v, old, mailed::too_often())?;
    d.store.scratch(|tx| {
        flows::insert(tx, &flow)?;
        flows::delete(tx, old.id)
    })?;
    failed(d, v, "too_many_codes", old.identity_id, None)?;
    Ok(going_on(d, v, flow))
}

/// The flow as it was kept. A wrong code is not answered as an error either, as in Kratos.
fn going_on(d: &Deps, v: &Visitor, flow: Flow) -> Outcome {
    Outcome::Shown { wrong: false, shown: Box::new(shown(d, v, flow)), then: None }
}
