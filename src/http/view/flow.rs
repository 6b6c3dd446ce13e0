//! A flow in the shape of the Kratos API.

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::identity::{Show, identity};
use super::session::session;
use crate::config::Options;
use crate::domain::flow::{Client, FlowKind};
use crate::domain::identity::Identity;
use crate::service::flows::{Continue, Next, Shown, Signed, page_of};

/// A flow as clients read it.
#[must_use]
pub fn flow(options: &Options, now: Timestamp, shown: &Shown) -> Value {
    let (flow, form) = (&shown.flow, &shown.flow.form);
    let mut document = Map::new();
    let mut put = |key: &str, value: Value| document.insert(key.to_owned(), value);
    put("id", json!(flow.id));
    if matches!(flow.kind, FlowKind::Login | FlowKind::Registration) {
        put("organization_id", Value::Null);
    }
    put("type", json!(form.client));
    put("expires_at", json!(flow.expires_at));
    put("issued_at", json!(flow.issued_at));
    put("request_url", json!(form.request_url));
    if let Some(place) = &form.return_to {
        put("return_to", json!(place));
    }
    if let Some(active) = &form.active {
        put("active", json!(active));
    }
    put("ui", serde_json::to_value(&shown.ui).unwrap_or_default());
    if flow.kind == FlowKind::Login {
        put("created_at", json!(flow.issued_at));
        put("updated_at", json!(flow.issued_at));
        put("refresh", json!(form.refresh));
        put("requested_aal", json!(form.requested_aal));
    }
    if let Some(schema) = &form.schema_id {
        put("identity_schema", json!(schema));
    }
    if let (FlowKind::Settings, Some(owner)) = (flow.kind, &shown.identity) {
        let base_url = options.base_url();
        let owner = identity(&base_url, now, owner, Show::Person);
        put("identity", serde_json::to_value(owner).unwrap_or_default());
    }
    put("state", json!(form.state));
    if let Some(payload) = &form.transient_payload {
        put("transient_payload", payload.clone());
    }
    if !shown.continue_with.is_empty() {
        put("continue_with", continue_with(options, &shown.continue_with));
    }
    Value::Object(document)
}

/// What may come next.
#[must_use]
pub fn continue_with(options: &Options, all: &[Continue]) -> Value {
    let items = all.iter().map(|one| match one {
        Continue::SessionToken(token) => json!({
            "action": "set_ory_session_token",
            "ory_session_token": token.expose_secret(),
        }),
        Continue::Flow { kind, id, address } => {
            let mut flow = json!({"id": id, "url": page_of(options, *kind, *id)});
            if let (Some(address), Some(flow)) = (address, flow.as_object_mut()) {
                flow.insert("verifiable_address".to_owned(), json!(address));
            }
            json!({"action": format!("show_{}_ui", kind.as_str()), "flow": flow})
        }
        Continue::Go(to) => json!({"action": "redirect_browser_to", "redirect_browser_to": to}),
    });
    items.collect()
}

/// A new account without a session, as a program reads it.
#[must_use]
pub fn registered(options: &Options, now: Timestamp, owner: &Identity, next: &[Continue]) -> Value {
    let base_url = options.base_url();
    let owner = identity(&base_url, now, owner, Show::Person);
    json!({"identity": owner, "continue_with": continue_with(options, next)})
}

/// That somebody is signed in, as a program reads it.
#[must_use]
pub fn signed(options: &Options, now: Timestamp, signed: &Signed) -> Value {
    let base_url = options.base_url();
    // Of a session that is not complete nobody learns whose it is.
    let complete = !matches!(signed.next, Next::SecondFactor(_));
    let owner = complete.then_some(&signed.identity);
    let shown = session(&base_url, now, &signed.session, owner, true);
    let mut document = Map::new();
    let mut put = |key: &str, value: Value| document.insert(key.to_owned(), value);
    let mut next = signed.continue_with.clone();
    if signed.client == Client::Api {
        let token = signed.presented.handed_out(signed.session.expires_at.as_second());
        put("session_token", json!(token.expose_secret()));
        next.insert(0, Continue::SessionToken(token));
    } else if let Next::Done(place) = &signed.next {
        next.push(Continue::Go(place.clone()));
    }
    put("session", serde_json::to_value(shown).unwrap_or_default());
    if signed.registered {
        let shown = identity(&base_url, now, &signed.identity, Show::Person);
        put("identity", serde_json::to_value(shown).unwrap_or_default());
    }
    if !next.is_empty() {
        put("continue_with", continue_with(options, &next));
    }
    Value::Object(document)
}
