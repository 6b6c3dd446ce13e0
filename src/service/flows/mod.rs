//! Flows: the attempts of people to sign in, to make an account, to recover one, to verify an
//! address, and to change settings. Every kind begins, is looked at, and is handed in; what its form
//! shows follows each time from where it stands.

mod activation;
mod answer;
mod claim;
mod csrf;
mod enter;
mod fields;
mod keys;
mod login;
mod mailed;
mod open;
mod pending;
mod places;
mod problems;
mod recovery;
mod refusal;
mod registration;
mod settings;
mod sign_in;
pub(super) mod traits;
mod verification;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Caller;
use super::flood::Flood;
use super::sessions::{Carrier, Presented, check_at_any_level};
use crate::app::Deps;
use crate::domain::flow::ui::{Group, Node};
use crate::domain::flow::{Client, Flow, FlowKind, Form, State};
use crate::domain::identity::Identity;
use crate::domain::session::Aal;
use crate::error::{Error, ErrorCode};
use crate::store::sql::{flows, identities};

pub use activation::activate;
pub use answer::{Continue, Next, Outcome, Shown, Signed};
pub use csrf::{new_secret as new_csrf_secret, token as csrf_token};
pub use places::{allowed_return, error_page, finished, page, page_for, page_of, submit_url};
pub(super) use recovery::for_operator as recovery_by_operator;
pub use refusal::Refusal;
pub(super) use verification::asked_for as verification_asked_for;
pub use verification::fill_in;

/// Who is at the other end, and what they brought.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Where they come from and in which request; not yet who they are.
    pub by: Caller,
    /// The session they show by a cookie, if they do.
    pub cookie: Option<Presented>,
    /// The session they show by a token, if they do.
    pub token: Option<Presented>,
    /// The secret in the browser's cookie that binds flows to it.
    pub secret: Option<String>,
    /// What takes the secret's place once somebody has signed in, and until then where there is none.
    pub fresh: String,
    /// Whether the request looks like a browser's: it has cookies, or comes from a page.
    pub is_browser: bool,
    /// In which language they wish to be written to.
    pub language: &'static str,
    /// Keeps failures from flooding the ledger.
    pub flood: Arc<Flood>,
}

impl Visitor {
    /// The session they show in the way that flows for `client` take: a browser is known by its
    /// cookie alone and a program by its token alone, so that neither can be made to act with what
    /// the other holds (AUTHZ-05).
    fn session(&self, client: Client) -> Option<&Presented> {
        match Carrier::of(client) {
            Carrier::Cookie => self.cookie.as_ref(),
            Carrier::Token => self.token.as_ref(),
        }
    }
}

/// What is asked for when a flow begins.
#[derive(Clone, Debug)]
pub struct Begin {
    /// For whom.
    pub client: Client,
    /// The address it was asked for with.
    pub request_url: String,
    /// Where to go afterwards; already known to be allowed.
    pub return_to: Option<String>,
    /// Whether somebody who is signed in is to show once more who they are.
    pub refresh: bool,
    /// The level that is asked for, as it was typed.
    pub aal: Option<String>,
    /// The identity schema of an account to be made.
    pub schema_id: Option<String>,
}

/// What is handed in: the fields of the form, nested.
pub type Body = Map<String, Value>;

/// Begins a flow.
///
/// # Errors
/// [`Refusal`].
pub fn begin(d: &Deps, v: &Visitor, kind: FlowKind, asked: &Begin) -> Result<Shown, Refusal> {
    let flow = match kind {
        FlowKind::Login => login::begin(d, v, asked)?,
        FlowKind::Settings => settings::begin(d, v, asked)?,
        FlowKind::Registration => registration::begin(d, v, asked)?,
        FlowKind::Recovery => recovery::begin(d, v, asked)?,
        FlowKind::Verification => asked_for(d, v, kind, asked)?,
    };
    let flow = prepared(d, flow)?;
    show_flow(d, v, flow)
}

/// A flow as it stands.
///
/// # Errors
/// [`Refusal`].
pub fn show(d: &Deps, v: &Visitor, kind: FlowKind, id: Uuid) -> Result<Shown, Refusal> {
    let flow = open::to_show(d, v, kind, id)?;
    show_flow(d, v, flow)
}

/// Hands the form of a flow in.
///
/// # Errors
/// [`Refusal`].
pub fn submit(
    d: &Deps,
    v: &Visitor,
    kind: FlowKind,
    id: Uuid,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let flow = match open::to_submit(d, v, kind, id, body) {
        Err(open::Closed::Over(flow)) => return Err(begin_again(d, v, &flow)),
        Err(open::Closed::Refused(refusal)) => return Err(refusal),
        Ok(flow) => flow,
    };
    match kind {
        FlowKind::Login => login::submit(d, v, flow, body),
        FlowKind::Settings => settings::submit(d, v, flow, body),
        FlowKind::Registration => registration::submit(d, v, flow, body),
        FlowKind::Recovery => recovery::submit(d, v, flow, body),
        FlowKind::Verification => verification::submit(d, v, flow, body),
    }
}

/// Whether handing this in hashes a password, which only few may do at once.
#[must_use]
pub fn hashes(body: &Body) -> bool {
    body.get("password").is_some()
}

/// A flow with its form.
fn show_flow(d: &Deps, v: &Visitor, flow: Flow) -> Result<Shown, Refusal> {
    match flow.kind {
        FlowKind::Login => login::shown(d, v, flow),
        FlowKind::Settings => settings::shown(d, v, flow),
        FlowKind::Registration => registration::shown(d, v, flow),
        FlowKind::Recovery => Ok(recovery::shown(d, v, flow)),
        FlowKind::Verification => Ok(verification::shown(d, v, flow)),
    }
}

/// Keeps a flow that was changed, and shows it.
fn keep(d: &Deps, v: &Visitor, flow: Flow) -> Result<Shown, Refusal> {
    d.store.fleeting(|tx| flows::update(tx, &flow))?;
    show_flow(d, v, flow)
}

/// A flow whose form was wrong: it is kept with what is to be said about it.
fn again(d: &Deps, v: &Visitor, flow: Flow) -> Result<Outcome, Refusal> {
    Ok(Outcome::Shown { wrong: true, shown: Box::new(keep(d, v, flow)?), then: None })
}

/// A flow that goes on.
fn so_far(d: &Deps, v: &Visitor, flow: Flow) -> Result<Outcome, Refusal> {
    Ok(Outcome::Shown { wrong: false, shown: Box::new(keep(d, v, flow)?), then: None })
}

/// In place of a flow whose time is over, another that says so.
fn begin_again(d: &Deps, v: &Visitor, old: &Flow) -> Refusal {
    let begun = (|| {
        let mut flow = new_flow(d, v, old.kind, old.form.client, d.clock.now())?;
        flow.form.request_url.clone_from(&old.form.request_url);
        flow.form.return_to.clone_from(&old.form.return_to);
        flow.form.refresh = old.form.refresh;
        flow.form.requested_aal = old.form.requested_aal;
        flow.form.schema_id.clone_from(&old.form.schema_id);
        flow.identity_id = old.identity_id;
        flow.form.messages = vec![old.kind.expired().text()];
        prepared(d, flow)
    })();
    match begun {
        Ok(flow) => Refusal::Expired { flow: flow.id, kind: flow.kind, over_since: old.expires_at },
        Err(refusal) => refusal,
    }
}

/// Keeps a new flow of which all else is known, with what its form shows besides: what is offered to
/// be set up, and what a browser asks a key.
fn prepared(d: &Deps, mut flow: Flow) -> Result<Flow, Refusal> {
    match flow.kind {
        FlowKind::Login => login::prepare(d, &mut flow)?,
        FlowKind::Settings => settings::prepare(d, &mut flow)?,
        FlowKind::Registration | FlowKind::Recovery | FlowKind::Verification => {}
    }
    d.store.fleeting(|tx| flows::insert(tx, &flow))?;
    Ok(flow)
}

/// A flow as it was asked for.
fn asked_for(d: &Deps, v: &Visitor, kind: FlowKind, asked: &Begin) -> Result<Flow, Error> {
    let mut flow = new_flow(d, v, kind, asked.client, d.clock.now())?;
    flow.form.request_url.clone_from(&asked.request_url);
    flow.form.return_to.clone_from(&asked.return_to);
    Ok(flow)
}

/// The person whom a flow is about, where that is known, with credentials.
fn person_of(d: &Deps, flow: &Flow) -> Result<Option<Identity>, Refusal> {
    let Some(id) = flow.identity_id else { return Ok(None) };
    Ok(d.store.read(|tx| identities::find(tx, id))?.map(|stored| stored.identity))
}

/// That somebody who is signed in already has nothing to do here.
fn must_be_nobody(d: &Deps, v: &Visitor, asked: &Begin) -> Result<(), Refusal> {
    match check_at_any_level(d, v.session(asked.client)) {
        Ok(_) => Err(Refusal::SignedIn(places::finished(&d.options, asked.return_to.as_deref()))),
        Err(_) => Ok(()),
    }
}

/// A flow that nobody has seen yet.
fn new_flow(
    d: &Deps,
    v: &Visitor,
    kind: FlowKind,
    client: Client,
    now: Timestamp,
) -> Result<Flow, Error> {
    let csrf = match client {
        Client::Browser => v.secret.as_deref().map(csrf::digest),
        Client::Api => None,
    };
    let mut flow = blank(d.rng.uuid_v7(now)?, kind, client, now);
    flow.expires_at = later(now, d.options.signin.flow_minutes)?;
    flow.form.csrf = csrf;
    Ok(flow)
}

/// A flow about which nothing is known yet and that is over at once.
fn blank(id: Uuid, kind: FlowKind, client: Client, now: Timestamp) -> Flow {
    let state = match kind {
        FlowKind::Settings => State::ShowForm,
        _ => State::ChooseMethod,
    };
    Flow {
        id,
        kind,
        identity_id: None,
        issued_at: now,
        expires_at: now,
        attempts: 0,
        form: Form {
            client,
            state,
            active: None,
            request_url: String::new(),
            return_to: None,
            csrf: None,
            refresh: false,
            requested_aal: Aal::One,
            identifier: None,
            values: Map::new(),
            messages: Vec::new(),
            field_messages: BTreeMap::new(),
            transient_payload: None,
            schema_id: None,
        },
        sealed: None,
    }
}

/// Puts what is wrong with single fields beside them.
fn put_messages(flow: &Flow, nodes: &mut [Node]) {
    for node in nodes {
        let told = node.name().and_then(|name| flow.form.field_messages.get(name));
        if let Some(told) = told.cloned() {
            node.messages = told;
        }
    }
}

/// The token that binds a form to the browser; empty for programs.
fn csrf_node(v: &Visitor, flow: &Flow) -> Node {
    let token = match (flow.form.client, v.secret.as_deref()) {
        (Client::Browser, Some(secret)) => csrf_token(secret, flow.id),
        _ => String::new(),
    };
    Node::hidden(Group::Default, "csrf_token", token).required()
}

/// So many minutes from `now`.
fn later(now: Timestamp, minutes: u32) -> Result<Timestamp, Error> {
    now.checked_add(SignedDuration::from_mins(minutes.into())).map_err(|error| {
        Error::new(ErrorCode::Internal, "The end of the flow cannot be computed.").because(error)
    })
}

/// A field of a form as text; nothing when it is empty or something else.
fn field<'b>(body: &'b Body, name: &str) -> Option<&'b str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
