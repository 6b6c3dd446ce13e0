//! Settings: what people change about their own account.

mod factors;
mod key;
mod nodes;
mod password;
mod profile;
mod terms;

use jiff::SignedDuration;
use uuid::Uuid;

use super::sign_in::as_seen_by_its_owner;
use super::{
    Begin, Body, Continue, Outcome, Refusal, Shown, Visitor, again, asked_for, csrf, field, keep,
    new_flow, person_of, places,
};
use crate::app::Deps;
use crate::domain::flow::text::{self, Text};
use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Client, Flow, FlowKind, State};
use crate::domain::identity::Identity;
use crate::domain::ledger::event::Event;
use crate::domain::session::Session;
use crate::domain::status::EffectiveStatus;
use crate::service::Caller;
use crate::service::factors::keys::Use;
use crate::service::sessions::{Checked, Denied, Lack, Presented, as_person, check_at_any_level};
use crate::store::sql::flows;
use crate::store::{Change, WriteTx};

/// Whose settings they are, and with which session they are changed.
struct Owner {
    session: Session,
    /// What shows that they have it.
    presented: Presented,
    /// With credentials.
    identity: Identity,
    /// What must be made up for before anything else.
    lack: Option<Lack>,
    by: Caller,
}

/// Begins to change settings.
pub(super) fn begin(d: &Deps, v: &Visitor, asked: &Begin) -> Result<Flow, Refusal> {
    let (held, lack) = session(d, v.session(asked.client))?;
    let mut flow = asked_for(d, v, FlowKind::Settings, asked)?;
    flow.identity_id = Some(held.identity.id);
    if lack == Some(Lack::Terms) {
        flow.form.active = Some(places::TERMS.to_owned());
    }
    Ok(flow)
}

/// Offers what the person may set up.
pub(super) fn prepare(d: &Deps, flow: &mut Flow) -> Result<(), Refusal> {
    match person_of(d, flow)? {
        Some(person) => factors::offer(d, flow, &person),
        None => Ok(()),
    }
}

/// A flow for somebody who has just got back into their account, in which they can put it right. It
/// belongs to the browser whose new secret is `v.fresh`.
pub(super) fn begin_for(
    d: &Deps,
    v: &Visitor,
    client: Client,
    identity: &Identity,
    told: Text,
    return_to: Option<String>,
) -> Result<Flow, Refusal> {
    let mut flow = new_flow(d, v, FlowKind::Settings, client, d.clock.now())?;
    if client == Client::Browser {
        flow.form.csrf = Some(csrf::digest(&v.fresh));
    }
    flow.identity_id = Some(identity.id);
    flow.form.request_url = format!("{}/self-service/settings/browser", d.options.base_url());
    flow.form.return_to = return_to;
    flow.form.messages.push(told);
    factors::offer(d, &mut flow, identity)?;
    Ok(flow)
}

/// The flow with its form, for the person whose settings they are.
pub(super) fn shown(d: &Deps, v: &Visitor, flow: Flow) -> Result<Shown, Refusal> {
    let owner = owner(d, v, &flow)?;
    let ui = Ui {
        action: places::submit_url(d, &flow),
        method: "POST",
        nodes: nodes::of(d, v, &flow, &owner)?,
        messages: terms::asked_for(&owner).chain(flow.form.messages.clone()).collect(),
    };
    let identity = Some(as_seen_by_its_owner(owner.identity));
    Ok(Shown { flow, ui, identity, continue_with: Vec::new() })
}

/// Hands the form in.
pub(super) fn submit(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    let owner = owner(d, v, &flow)?;
    if owner.lack == Some(Lack::Terms) {
        return terms::submit(d, v, flow, &owner, body);
    }
    let mut flow = flow;
    flow.form.clear();
    flow.form.state = State::ShowForm;
    let method = method(body).to_owned();
    flow.form.active = Some(method.clone());
    match method.as_str() {
        "profile" if !owner.enrols() => profile::submit(d, v, flow, &owner, body),
        "password" => {
            privileged(d, &flow, &owner)?;
            password::submit(d, v, flow, &owner, body)
        }
        "totp" => {
            privileged(d, &flow, &owner)?;
            factors::totp(d, v, flow, &owner, body)
        }
        "webauthn" => {
            privileged(d, &flow, &owner)?;
            key::submit(d, v, flow, &owner, body, Use::SecondFactor)
        }
        "passkey" => {
            privileged(d, &flow, &owner)?;
            key::submit(d, v, flow, &owner, body, Use::Passkey)
        }
        "lookup_secret" if !owner.enrols() => {
            privileged(d, &flow, &owner)?;
            factors::lookup_secret(d, v, flow, &owner, body)
        }
        _ => {
            flow.form.active = None;
            flow.form.messages.push(FlowKind::Settings.no_method().text());
            again(d, v, flow)
        }
    }
}

/// The method that was chosen, or the one whose field is filled in. Scripts send the form by
/// themselves, without a button.
fn method(body: &Body) -> &str {
    if filled(body, "webauthn_register") {
        return "webauthn";
    }
    if filled(body, "passkey_settings_register") {
        return "passkey";
    }
    if let Some(method) = field(body, "method") {
        return method;
    }
    let has = |names: &[&str]| names.iter().any(|name| body.contains_key(*name));
    if has(&["password"]) {
        "password"
    } else if has(&["totp_code", "totp_unlink"]) {
        "totp"
    } else if has(&[
        "lookup_secret_regenerate",
        "lookup_secret_reveal",
        "lookup_secret_confirm",
        "lookup_secret_disable",
    ]) {
        "lookup_secret"
    } else if has(&["webauthn_remove"]) {
        "webauthn"
    } else if has(&["passkey_remove"]) {
        "passkey"
    } else if has(&["traits"]) {
        "profile"
    } else {
        ""
    }
}

fn filled(body: &Body, name: &str) -> bool {
    field(body, name).is_some()
}

/// Whether a button that is sent as `true` was pressed.
fn pressed(body: &Body, name: &str) -> bool {
    body.get(name).is_some_and(|value| value == true || value == "true")
}

/// The session with which settings are changed, and what it lacks that can be made up for here. One
/// that still lacks its second factor is not enough, unless there is none to have.
fn session(d: &Deps, shown: Option<&Presented>) -> Result<(Checked, Option<Lack>), Refusal> {
    match check_at_any_level(d, shown)? {
        (_, Some(Lack::SecondFactor)) => Err(Refusal::Session(Denied::SecondFactor)),
        found => Ok(found),
    }
}

fn owner(d: &Deps, v: &Visitor, flow: &Flow) -> Result<Owner, Refusal> {
    let presented = v.session(flow.form.client).ok_or(Denied::NoSession)?;
    let (held, lack) = session(d, Some(presented))?;
    let id = held.identity.id;
    if flow.identity_id != Some(id) {
        return Err(Refusal::OtherIdentity);
    }
    let identity = person_of(d, flow)?.ok_or(Refusal::NotFound)?;
    let (by, presented) = (as_person(&v.by, id), presented.clone());
    Ok(Owner { session: held.session, presented, identity, lack, by })
}

/// Lets on only those who showed a short while ago who they are (AUTH-06, SESS-08). Whoever is
/// locked cannot do so any more.
fn privileged(d: &Deps, flow: &Flow, owner: &Owner) -> Result<(), Refusal> {
    let now = d.clock.now();
    let window = SignedDuration::from_mins(d.options.signin.privileged_session_minutes.into());
    let fresh = now.duration_since(owner.session.authenticated_at) < window;
    let locked = owner.identity.effective_status(now) != EffectiveStatus::Active;
    if fresh && !locked {
        return Ok(());
    }
    // What was typed is not kept, since it may be a secret; the form says so to whoever comes back.
    let mut kept = flow.clone();
    kept.form.messages = vec![text::ONCE_MORE.text()];
    d.store.fleeting(|tx| flows::update(tx, &kept))?;
    let page = places::page_of(&d.options, FlowKind::Settings, flow.id);
    Err(Refusal::Refresh(places::sign_in_url(d, ("refresh", "true"), Some(&page))))
}

/// Changes the account, and says so in the flow.
fn change(
    d: &Deps,
    v: &Visitor,
    flow: Flow,
    owner: &Owner,
    job: impl FnOnce(&WriteTx<'_>, &mut Flow) -> Result<Vec<Event>, Refusal>,
) -> Result<Outcome, Refusal> {
    let done = try_change(d, v, flow, owner, |tx, flow| job(tx, flow).map(Some))?;
    done.ok_or(Refusal::NotFound)
}

/// As [`change`], for what may turn out to be wrong: then nothing happens, and nothing is said.
fn try_change(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    job: impl FnOnce(&WriteTx<'_>, &mut Flow) -> Result<Option<Vec<Event>>, Refusal>,
) -> Result<Option<Outcome>, Refusal> {
    let right = d.store.write(&owner.by.author(), |tx| {
        let Some(events) = job(tx, &mut flow)? else { return Ok(Change::none(false)) };
        let mut events = events.into_iter();
        Ok::<_, Refusal>(match events.next() {
            None => Change::none(true),
            Some(first) => owner.by.change(true, first, events),
        })
    })?;
    if !right {
        return Ok(None);
    }
    saved(d, v, flow, Vec::new()).map(Some)
}

/// Says that it worked, and what may come next.
fn saved(d: &Deps, v: &Visitor, mut flow: Flow, next: Vec<Continue>) -> Result<Outcome, Refusal> {
    flow.form.state = State::Success;
    flow.form.messages = vec![text::SAVED.text()];
    let then = flow.form.return_to.clone();
    let place = places::page_of(&d.options, FlowKind::Settings, flow.id);
    // A browser is led to where the code is typed that is on its way, and from there onwards.
    let typed_at = next.iter().find_map(|next| match next {
        Continue::Flow { kind, id, .. } => Some(places::page_of(&d.options, *kind, *id)),
        _ => None,
    });
    let mut shown = keep(d, v, flow)?;
    shown.continue_with = next;
    if shown.flow.form.client == Client::Browser {
        shown.continue_with.push(Continue::Go(then.clone().unwrap_or(place)));
    }
    Ok(Outcome::Shown { wrong: false, shown: Box::new(shown), then: typed_at.or(then) })
}

impl Owner {
    /// The id of the owner, as everything that is changed needs it.
    const fn id(&self) -> Uuid {
        self.identity.id
    }

    /// Whether a second factor must be set up before anything else.
    fn enrols(&self) -> bool {
        self.lack == Some(Lack::Enrolment)
    }
}
