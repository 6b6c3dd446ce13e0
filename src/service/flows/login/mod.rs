//! Signing in: who somebody is, what shows it, and where it is asked for a second factor, or once
//! more.

mod key;
mod nodes;
mod password;
mod second;

use super::sign_in::as_seen_by_its_owner;
use super::{
    Begin, Body, Outcome, Refusal, Shown, Visitor, again, asked_for, field, person_of, places,
};
use crate::app::Deps;
use crate::config::LoginStyle;
use crate::domain::flow::text;
use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Flow, FlowKind};
use crate::domain::identifier::canonical;
use crate::domain::session::Aal;
use crate::service::sessions::{Denied, Lack, check_at_any_level};
use crate::store::sql::credentials::{self, PasswordOwner};

/// Begins to sign in.
pub(super) fn begin(d: &Deps, v: &Visitor, asked: &Begin) -> Result<Flow, Refusal> {
    let second = match asked.aal.as_deref() {
        None | Some("" | "aal1") => false,
        Some("aal2") => true,
        Some(_) => return Err(Refusal::Invalid("`aal` must be aal1 or aal2.".to_owned())),
    };
    let held = check_at_any_level(d, v.session(asked.client)).ok();
    let mut flow = asked_for(d, v, FlowKind::Login, asked)?;
    if let Some((held, lack)) = held {
        // Nothing is gained by signing in again before they are accepted.
        if lack == Some(Lack::Terms) && !asked.refresh {
            return Err(Refusal::Session(Denied::Terms));
        }
        let complete = held.session.aal == Aal::Two;
        // Whoever has only half signed in goes on with the other half.
        let upgrade = second || lack == Some(Lack::SecondFactor) && !asked.refresh;
        let signed_in =
            || Refusal::SignedIn(places::finished(&d.options, asked.return_to.as_deref()));
        match (upgrade, asked.refresh) {
            (true, false) if complete => return Err(signed_in()),
            (true, _) => {
                flow.form.requested_aal = Aal::Two;
                flow.form.messages.push(text::COMPLETE_SECOND_FACTOR.text());
            }
            (false, true) => {
                flow.form.refresh = true;
                flow.form.messages.push(text::CONFIRM_IT_IS_YOU.text());
            }
            (false, false) => return Err(signed_in()),
        }
        flow.identity_id = Some(held.identity.id);
    } else if second {
        return Err(Refusal::NoFirstFactor);
    }
    Ok(flow)
}

/// Asks the browser for a key.
pub(super) fn prepare(d: &Deps, flow: &mut Flow) -> Result<(), Refusal> {
    let known = person_of(d, flow)?;
    key::ask(d, flow, known.as_ref())
}

/// The flow with its form.
pub(super) fn shown(d: &Deps, v: &Visitor, flow: Flow) -> Result<Shown, Refusal> {
    let known = person_of(d, &flow)?;
    let ui = Ui {
        action: places::submit_url(d, &flow),
        method: "POST",
        nodes: nodes::of(d, v, &flow, known.as_ref())?,
        messages: flow.form.messages.clone(),
    };
    let identity = known.map(as_seen_by_its_owner);
    Ok(Shown { flow, ui, identity, continue_with: Vec::new() })
}

/// Hands the form in.
pub(super) fn submit(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    let second = flow.form.requested_aal == Aal::Two;
    match (method(body), second) {
        ("identifier_first", false) => identify(d, v, flow, body),
        ("password", false) => password::submit(d, v, flow, body),
        ("totp", _) => second::totp(d, v, flow, body),
        ("webauthn", _) => key::security_key(d, v, flow, body),
        ("passkey", false) => key::passkey(d, v, flow, body),
        ("lookup_secret", _) => second::lookup_secret(d, v, flow, body),
        _ => {
            let mut flow = flow;
            flow.form.clear();
            flow.form.messages.push(FlowKind::Login.no_method().text());
            again(d, v, flow)
        }
    }
}

/// The method that was chosen, or the one whose field is filled in.
fn method(body: &Body) -> &str {
    field(body, "method").unwrap_or_else(|| {
        let filled = |name: &&str| field(body, name).is_some();
        match ["password", "totp_code", "lookup_secret", "webauthn_login", "passkey_login"]
            .iter()
            .find(|name| filled(name))
        {
            Some(&"totp_code") => "totp",
            Some(&"webauthn_login") => "webauthn",
            Some(&"passkey_login") => "passkey",
            Some(name) => name,
            None => "",
        }
    })
}

/// The first step: who it is. Whether there is such an account is not told: everybody is asked for a
/// password (ABUSE-04).
fn identify(d: &Deps, v: &Visitor, mut flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    flow.form.clear();
    flow.form.active = Some("identifier_first".to_owned());
    match field(body, "identifier") {
        None => {
            let told = text::REQUIRED.of("property", "identifier");
            flow.form.complain("identifier", told);
            again(d, v, flow)
        }
        Some(identifier) => {
            flow.form.identifier = Some(identifier.trim().to_owned());
            again(d, v, flow)
        }
    }
}

/// Whether the flow still asks who it is.
fn asks_who(d: &Deps, flow: &Flow) -> bool {
    d.options.signin.login_style == LoginStyle::IdentifierFirst
        && flow.form.identifier.is_none()
        && flow.identity_id.is_none()
}

/// Whose identifier this is, for signing in with a password.
fn owner_of(d: &Deps, identifier: &str) -> Result<Option<PasswordOwner>, Refusal> {
    // Nobody has one with a NUL, and PostgreSQL cannot even be asked.
    if identifier.contains('\0') {
        return Ok(None);
    }
    Ok(d.store.read_one(|tx| credentials::password_owner(tx, &canonical(identifier)))?)
}
