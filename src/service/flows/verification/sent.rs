//! Codes on their way to an address, asked for by its owner or because of what they did.

use std::sync::Arc;

use super::{METHOD, PURPOSE, SENT_TO};
use crate::app::Deps;
use crate::courier::language;
use crate::crypto::token;
use crate::domain::flow::text;
use crate::domain::flow::{Client, Flow, FlowKind, State};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::message::Template;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::service::flows::mailed::{self, Code, Letter};
use crate::service::flows::{Refusal, Visitor, csrf, new_flow, pending};
use crate::service::throttle::may_mail;
use crate::store::WriteTx;
use crate::store::sql::flows;
use crate::store::sql::identities::{self, Stored};

/// Sets the flow to that a code was sent.
pub(super) fn sent(flow: &mut Flow, address: &str) {
    flow.form.state = State::SentEmail;
    flow.form.active = Some(METHOD.to_owned());
    flow.form.identifier = Some(address.to_owned());
    flow.form.messages = vec![text::VERIFICATION_CODE_SENT.text()];
}

/// Mails a code that was asked for.
pub(super) fn again(
    d: &Deps,
    v: &Visitor,
    flow: &mut Flow,
    address: &str,
    owner: &Stored,
) -> Result<(), Refusal> {
    let code = mailed::draw(d, PURPOSE, flow.id)?;
    pending::put(flow, SENT_TO, token::digest(address));
    let event = requested(&owner.identity, &code);
    d.store.write(&v.by.author(), |tx| {
        mailed::update(tx, flow)?;
        mail(d, v, tx, flow, &code, owner.n)?;
        Ok::<_, Refusal>(v.by.change((), event, []))
    })
}

/// A code to be sent to the owner of a new or unverified address, with the flow in which it is
/// typed.
pub(in crate::service::flows) struct Sent {
    /// The flow.
    pub flow: Flow,
    code: Code,
}

impl Sent {
    /// Prepares it for an address. The flow belongs to the browser whose secret is `secret`.
    pub(in crate::service::flows) fn new(
        d: &Deps,
        v: &Visitor,
        client: Client,
        address: &str,
        secret: Option<&str>,
    ) -> Result<Self, Refusal> {
        let mut flow = new_flow(d, v, FlowKind::Verification, client, d.clock.now())?;
        if client == Client::Browser {
            flow.form.csrf = secret.map(csrf::digest);
        }
        flow.form.request_url =
            format!("{}/self-service/verification/browser", d.options.base_url());
        sent(&mut flow, address);
        pending::put(&mut flow, SENT_TO, token::digest(address));
        let code = mailed::draw(d, PURPOSE, flow.id)?;
        Ok(Self { flow, code })
    }

    /// Keeps the flow and queues the mail within the transaction of what they are for. Nothing is to
    /// be recorded when the address has had too many mails: then a code can be asked for later.
    pub(in crate::service::flows) fn keep(
        &self,
        d: &Deps,
        v: &Visitor,
        tx: &WriteTx<'_>,
        (n, owner): (i64, &Identity),
    ) -> Result<Option<Event>, Refusal> {
        flows::insert(tx, &self.flow)?;
        let to = self.flow.form.identifier.as_deref().unwrap_or_default();
        if !may_mail(d, tx, to, v.by.origin.ip.as_deref())? {
            return Ok(None);
        }
        mail(d, v, tx, &self.flow, &self.code, n)?;
        Ok(Some(requested(owner, &self.code)))
    }
}

/// Sends a code to somebody's address by itself; hands back the flow in which it is typed.
pub(in crate::service::flows) fn send(
    d: &Deps,
    v: &Visitor,
    client: Client,
    address: &str,
    return_to: Option<String>,
    owner: &Identity,
) -> Result<Flow, Refusal> {
    let mut sent = Sent::new(d, v, client, address, v.secret.as_deref())?;
    sent.flow.form.return_to = return_to;
    let room = d.store.scratch(|tx| may_mail(d, tx, address, v.by.origin.ip.as_deref()))?;
    if !room {
        d.store.scratch(|tx| flows::insert(tx, &sent.flow))?;
        return Ok(sent.flow);
    }
    let event = requested(owner, &sent.code);
    d.store.write(&v.by.author(), |tx| {
        let n = identities::row_of(tx, owner.id)?.ok_or(Refusal::NotFound)?;
        flows::insert(tx, &sent.flow)?;
        mail(d, v, tx, &sent.flow, &sent.code, n)?;
        Ok::<_, Refusal>(v.by.change((), event, []))
    })?;
    Ok(sent.flow)
}

/// Mails a code to the owner of an address because an administrator asks for it, within the
/// transaction of what it is for; hands back what the ledger is to say, or nothing when the address
/// has had too many mails. It is typed in any browser.
pub(in crate::service) fn asked_for(
    d: &Deps,
    by: &Caller,
    tx: &WriteTx<'_>,
    owner: &Stored,
    address: &str,
) -> Result<Option<Event>, Error> {
    let locale = owner.identity.traits.get("locale").and_then(serde_json::Value::as_str);
    let v = Visitor {
        by: by.clone(),
        cookie: None,
        token: None,
        secret: None,
        fresh: String::new(),
        is_browser: false,
        language: language(locale.unwrap_or("en")),
        flood: Arc::default(),
    };
    let sent = Sent::new(d, &v, Client::Browser, address, None).map_err(failed)?;
    sent.keep(d, &v, tx, (owner.n, &owner.identity)).map_err(failed)
}

fn failed(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Failed(error) => error,
        _ => Error::new(ErrorCode::Internal, "A code could not be made."),
    }
}

fn mail(
    d: &Deps,
    v: &Visitor,
    tx: &WriteTx<'_>,
    flow: &Flow,
    code: &Code,
    owner: i64,
) -> Result<(), Refusal> {
    let link = format!("{}/self-service/verification", d.options.base_url());
    let letter = Letter {
        to: flow.form.identifier.as_deref().unwrap_or_default(),
        template: Template::VerificationCodeValid,
        name: "VerificationCode",
        language: v.language,
        request_url: &flow.form.request_url,
        link: Some(&link),
    };
    Ok(code.send(d, tx, owner, &letter)?)
}

fn requested(owner: &Identity, code: &Code) -> Event {
    Event::new(EventType::VerificationRequested)
        .principal(owner.id)
        .data("method", METHOD)
        .data("via", "email")
        .data("expires_at", code.expires_at().to_string())
}
