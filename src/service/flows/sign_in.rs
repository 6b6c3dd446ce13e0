//! The end of a sign-in: the session, in the same transaction as all that goes with it.

use jiff::Timestamp;
use uuid::Uuid;

use super::verification::{self, unverified};
use super::{Next, Outcome, Refusal, Signed, Visitor, places, show_flow};
use crate::app::Deps;
use crate::domain::flow::text::{self, Known, Text};
use crate::domain::flow::{Client, Flow};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, Method, MethodKind, Session};
use crate::service::sessions::{
    self, Carrier, Lack, Presented, SignIn, as_person, check_at_any_level, created, revoked,
};
use crate::service::throttle::{self, Attempt, Pass};
use crate::service::{Caller, accounts};
use crate::store::sql::identities::Stored;
use crate::store::sql::{flows, identities, sessions as rows};
use crate::store::{ScratchTx, WriteTx};

/// A step that was completed, and who completed it.
pub(super) struct Step {
    /// Who.
    pub who: Uuid,
    /// By what.
    pub method: Method,
    /// The leave to try.
    pub pass: Pass,
}

impl Step {
    /// A first factor, completed now.
    pub(super) const fn first(who: Uuid, method: MethodKind, now: Timestamp, pass: Pass) -> Self {
        Self { who, method: Method::new(method, Aal::One, now), pass }
    }

    /// A second factor, completed now.
    pub(super) const fn second(who: Uuid, method: MethodKind, now: Timestamp, pass: Pass) -> Self {
        Self { who, method: Method::new(method, Aal::Two, now), pass }
    }
}

/// Lets an attempt begin, or shows the flow again and says when to come back (ABUSE-01).
pub(super) fn begin_attempt(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    method: MethodKind,
    identifier: &str,
    who: Option<Uuid>,
) -> Result<Result<Pass, Box<Outcome>>, Refusal> {
    let attempt = Attempt {
        method: method.as_str(),
        identifier,
        ip: v.by.origin.ip.as_deref(),
        // Whoever holds a session has the first factor; of the second that says nothing.
        known_device: flow.form.refresh,
    };
    let later = match throttle::enter(d, &attempt)? {
        Ok(pass) => return Ok(Ok(pass)),
        Err(later) => later,
    };
    let mut flow = flow.clone();
    flow.form.clear();
    flow.form.active = Some(method.as_str().to_owned());
    flow.form.messages.push(text::TOO_MANY_FAILURES.of("seconds", later.seconds));
    let event = throttle::refusal(d, &attempt, later, who)?;
    keep_with(d, v, &flow, event, None)?;
    Ok(Err(Box::new(Outcome::Shown {
        wrong: true,
        shown: Box::new(show_flow(d, v, flow)?),
        then: None,
    })))
}

/// Completes a flow by a step of signing in. `also` writes what else the step changes (a code that
/// was used, a hash that is renewed) and hands back its events; should it refuse, nothing happens.
///
/// A session that is there is raised when the flow asked for that; it keeps its id and gets another
/// secret, so that whoever knew the old one is left behind (SESS-02). Any other is replaced.
pub(super) fn complete(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    step: &Step,
    also: impl FnOnce(&WriteTx<'_>) -> Result<Vec<Event>, Stopped>,
) -> Result<Outcome, Refusal> {
    complete_both(d, v, flow, step, |tx| Ok((also(tx)?, false)))
}

/// As [`complete`], for a step that may be both factors at once: `also` says whether it was. A
/// passkey whose authenticator checked who held it is something they have and something they know or
/// are (NIST SP 800-63B-4 section 2.2.1).
pub(super) fn complete_both(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    step: &Step,
    also: impl FnOnce(&WriteTx<'_>) -> Result<(Vec<Event>, bool), Stopped>,
) -> Result<Outcome, Refusal> {
    match try_to(d, v, flow, step, also) {
        Ok(outcome) => Ok(outcome),
        Err(Stopped::Refused(refusal)) => Err(refusal),
        Err(Stopped::Unverified(owner)) => Err(asked_to_verify(d, v, flow, &owner)?),
        Err(Stopped::Wrong { reason, told }) => {
            let failed = Failed {
                method: step.method.method,
                reason,
                who: Some(step.who),
                identifier: None,
                pass: Some(&step.pass),
            };
            fail(d, v, flow.clone(), &failed, told)
        }
    }
}

/// Why a step was not completed after all.
#[derive(Debug)]
pub(super) enum Stopped {
    /// What was typed is wrong.
    Wrong {
        /// Why, for the ledger.
        reason: &'static str,
        /// What the person is told.
        told: Text,
    },
    /// None of the person's addresses is verified, and one must be.
    Unverified(Box<Identity>),
    /// For another reason.
    Refused(Refusal),
}

impl<R: Into<Refusal>> From<R> for Stopped {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal.into())
    }
}

fn try_to(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    step: &Step,
    also: impl FnOnce(&WriteTx<'_>) -> Result<(Vec<Event>, bool), Stopped>,
) -> Result<Outcome, Stopped> {
    let now = d.clock.now();
    let held = held(d, v, flow.form.client);
    let presented = Presented::draw(&d.rng, Carrier::of(flow.form.client))?;
    let by = as_person(&v.by, step.who);
    let (session, identity, lack, again) = d.store.write(&by.author(), |tx| {
        let owner = identities::find(tx, step.who)?.ok_or(Stopped::Refused(Refusal::NotFound))?;
        let standing = owner.identity.standing().effective(now);
        if !standing.grants_sessions() {
            // Nobody is told why: it looks as if what was typed were wrong (E1, E2).
            let told = wrong(step.method.method).text();
            return Err(Stopped::Wrong { reason: standing.as_str(), told });
        }
        if step.method.aal == Aal::One && accounts::is_shut(tx, owner.n)? {
            let told = wrong(step.method.method).text();
            return Err(Stopped::Wrong { reason: "account_locked", told });
        }
        let (extra, both) = also(tx)?;
        let verifies = d.options.signin.require_verified_address && step.method.aal == Aal::One;
        if verifies && unverified(&owner.identity).is_some() {
            return Err(Stopped::Unverified(Box::new(owner.identity)));
        }
        let mut methods = vec![step.method.clone()];
        methods.extend(both.then(|| Method { aal: Aal::Two, ..step.method.clone() }));
        step.pass.succeeded(tx)?;
        // Whoever comes second finds the flow gone: a step is completed once.
        if !flows::delete(tx, flow.id)? {
            return Err(Stopped::Refused(Refusal::NotFound));
        }
        let raises = flow.form.refresh || step.method.aal == Aal::Two;
        let mut events = Vec::new();
        let mut again = false;
        let session = match held {
            Some(held) if raises && held.identity_id == step.who => {
                again = flow.form.refresh;
                raise(d, &by, tx, &owner, held, methods, &presented)?
            }
            held => {
                if step.method.aal == Aal::Two {
                    return Err(Stopped::Refused(Refusal::NoFirstFactor));
                }
                let (session, begun) = open(d, &by, tx, &owner, held, methods, &presented)?;
                events.extend(begun);
                session
            }
        };
        let lack = sessions::lack_of(d, tx, session.aal, &owner)?;
        events.extend(extra);
        let first = succeeded(v, flow, step, &session);
        Ok(by.change((session, owner.identity, lack, again), first, events))
    })?;
    let next = next(d, flow, lack);
    Ok(Outcome::Signed(Box::new(Signed {
        session,
        identity: as_seen_by_its_owner(identity),
        presented,
        next,
        client: flow.form.client,
        again,
        registered: false,
        continue_with: Vec::new(),
    })))
}

/// Sends a code to the address of somebody who has shown who they are, and says where it is typed.
fn asked_to_verify(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    owner: &Identity,
) -> Result<Refusal, Refusal> {
    let address = unverified(owner).unwrap_or_default();
    let back = flow.form.return_to.clone();
    let sent = verification::send(d, v, flow.form.client, address, back, owner)?;
    Ok(Refusal::NotVerified { flow: sent.id, address: address.to_owned() })
}

/// The session that is there, which a sign-in raises or replaces.
pub(super) fn held(d: &Deps, v: &Visitor, client: Client) -> Option<Session> {
    let held = check_at_any_level(d, v.session(client)).ok();
    held.map(|(held, _)| held.session).filter(|held| held.active)
}

/// Begins a session in place of the one that was held.
pub(super) fn open(
    d: &Deps,
    by: &Caller,
    tx: &WriteTx<'_>,
    owner: &Stored,
    held: Option<Session>,
    methods: Vec<Method>,
    presented: &Presented,
) -> Result<(Session, Vec<Event>), Refusal> {
    let mut events = Vec::new();
    if let Some(old) = held
        && rows::disable(tx, old.id)?
    {
        events.push(revoked(old.identity_id, "replaced", &[old.id]));
    }
    let (identity_id, carrier) = (owner.identity.id, presented.carrier());
    let sign_in = SignIn { identity_id, methods, carrier, lifespan: None };
    let session = sessions::open(d, by, tx, owner, &sign_in, presented)?;
    events.push(created(&session));
    Ok((session, events))
}

fn raise(
    d: &Deps,
    by: &Caller,
    tx: &WriteTx<'_>,
    owner: &Stored,
    mut session: Session,
    methods: Vec<Method>,
    presented: &Presented,
) -> Result<Session, Refusal> {
    session.methods.extend(methods);
    session.aal = Aal::reached(&session.methods);
    session.authenticated_at = d.clock.now();
    let device = sessions::device(d, by, session.authenticated_at)?;
    let last = session.devices.last();
    if last.is_none_or(|last| {
        (&last.ip_address, &last.user_agent) != (&device.ip_address, &device.user_agent)
    }) {
        session.devices.push(device);
    }
    session.authorities.clone_from(&owner.identity.authorities);
    rows::raise(tx, &session, &presented.digest())?;
    sessions::remember(tx, owner.n, &session)?;
    Ok(session)
}

/// What a person sees of their own account: no credentials, nothing for administrators only.
pub(super) fn as_seen_by_its_owner(identity: Identity) -> Identity {
    Identity { credentials: Vec::new(), metadata_admin: serde_json::Value::Null, ..identity }
}

/// Where a sign-in leads, by what the session lacks.
pub(super) fn next(d: &Deps, flow: &Flow, lack: Option<Lack>) -> Next {
    let place = flow.form.return_to.as_deref();
    match lack {
        None => Next::Done(places::finished(&d.options, place)),
        Some(Lack::SecondFactor) => {
            Next::SecondFactor(places::sign_in_url(d, ("aal", "aal2"), place))
        }
        Some(Lack::Enrolment) => Next::Enrol(places::settings_url(d, place)),
        Some(Lack::Terms) => {
            // Without a place of the options this is one of our own, to which people may be sent.
            let usual = d.options.signin.default_return_url.is_empty();
            let welcome = usual.then(|| places::finished(&d.options, None));
            Next::Terms(places::settings_url(d, place.or(welcome.as_deref())))
        }
    }
}

fn succeeded(v: &Visitor, flow: &Flow, step: &Step, session: &Session) -> Event {
    let kind = match (step.method.aal, flow.form.refresh) {
        (Aal::Two, _) => EventType::AuthMfaSuccess,
        (_, true) => EventType::AuthReauthSuccess,
        _ => EventType::AuthLoginSuccess,
    };
    shown_by(v, kind, step.method.method, session)
}

/// The event of somebody who has shown who they are.
pub(super) fn shown_by(
    v: &Visitor,
    kind: EventType,
    method: MethodKind,
    session: &Session,
) -> Event {
    let methods: Vec<&str> = session.methods.iter().map(|used| used.method.as_str()).collect();
    Event::new(kind)
        .principal(session.identity_id)
        .session(session.id.to_string())
        .data("aal", session.aal.as_str())
        .data("lang", v.language)
        .data("method", method.as_str())
        .data("methods", methods)
}

/// An attempt that failed, as the ledger is to know it. What the person is told is the same whatever
/// the reason.
pub(super) struct Failed<'f> {
    /// By what it was tried.
    pub method: MethodKind,
    /// Why it failed.
    pub reason: &'static str,
    /// Whose account it was, if any.
    pub who: Option<Uuid>,
    /// Who they said they are.
    pub identifier: Option<&'f str>,
    /// The leave to try, which is used up.
    pub pass: Option<&'f Pass>,
}

/// Records an attempt that failed, and shows the flow again with `told`.
pub(super) fn fail(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    failed: &Failed<'_>,
    told: Text,
) -> Result<Outcome, Refusal> {
    flow.form.clear_messages();
    flow.form.active = Some(failed.method.as_str().to_owned());
    flow.form.messages.push(told);
    let event = failure(d, v, &flow, failed)?;
    keep_with(d, v, &flow, event, failed.pass)?;
    Ok(Outcome::Shown { wrong: true, shown: Box::new(show_flow(d, v, flow)?), then: None })
}

/// Keeps a flow, counts a failure, and records what happened unless that happens very often.
fn keep_with(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    event: Event,
    pass: Option<&Pass>,
) -> Result<(), Refusal> {
    let count = |tx: &ScratchTx<'_>| {
        flows::update(tx, flow)?;
        pass.map_or(Ok(()), |pass| pass.failed(tx)).map_err(Refusal::from)
    };
    if !v.flood.count(event.kind, v.by.origin.ip.as_deref(), d.clock.now()) {
        return d.store.fleeting(count);
    }
    d.store.write(&v.by.author(), |tx| {
        count(tx)?;
        Ok(v.by.change((), event, []))
    })
}

fn failure(d: &Deps, v: &Visitor, flow: &Flow, failed: &Failed<'_>) -> Result<Event, Refusal> {
    let kind = match (flow.form.requested_aal, flow.form.refresh) {
        (Aal::Two, _) => EventType::AuthMfaFailure,
        (_, true) => EventType::AuthReauthFailure,
        _ => EventType::AuthLoginFailure,
    };
    let mut event = Event::new(kind)
        .failed()
        .data("lang", v.language)
        .data("method", failed.method.as_str())
        .data("reason", failed.reason);
    if let Some(who) = failed.who {
        event = event.principal(who);
    }
    if let (EventType::AuthLoginFailure, Some(identifier)) = (kind, failed.identifier) {
        event = event.data("identifier_hmac", throttle::identifier_hmac(d, identifier)?);
    }
    Ok(event)
}

/// The sentence for what was typed and is wrong.
pub(super) const fn wrong(method: MethodKind) -> Known {
    match method {
        MethodKind::Totp => text::WRONG_TOTP,
        MethodKind::LookupSecret => text::WRONG_CODE,
        MethodKind::Webauthn | MethodKind::Passkey => text::NO_KEY_OWNER,
        _ => text::WRONG_CREDENTIALS,
    }
}
