//! Signing in with a passkey, or with a security key as the second factor.

use uuid::Uuid;

use crate::app::Deps;
use crate::domain::flow::{Flow, text};
use crate::domain::identity::Identity;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, MethodKind};
use crate::service::accounts;
use crate::service::factors::keys::{self as factors, Ceremony, Use, Verdict};
use crate::service::flows::sign_in::{Failed, Step, Stopped, begin_attempt, complete_both, fail};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field, keys, person_of};
use crate::service::sessions::as_person;

/// Asks the browser for what this flow can take.
pub(super) fn ask(d: &Deps, flow: &mut Flow, known: Option<&Identity>) -> Result<(), Refusal> {
    match known {
        Some(known) if flow.form.requested_aal == Aal::Two => {
            keys::ask(d, flow, Some(known), Use::SecondFactor)
        }
        known => keys::ask(d, flow, known, Use::Passkey),
    }
}

/// A passkey: it says itself whose it is.
pub(super) fn passkey(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    let kind = MethodKind::Passkey;
    let (mut flow, asked, answer) = match answered(d, v, flow, body, Use::Passkey)? {
        Answered::Yes(flow, asked, answer) => (*flow, asked, answer),
        Answered::No(outcome) => return Ok(*outcome),
    };
    let owner = factors::owner(d, &answer)?;
    ask(d, &mut flow, None)?;
    let now = d.clock.now();
    let standing = owner.as_ref().map(|owner| owner.standing().effective(now));
    let reason = match standing {
        None => Some("unknown_identifier"),
        Some(standing) if !standing.grants_sessions() => Some(standing.as_str()),
        Some(_) => None,
    };
    let shut = |owner: &Identity| d.store.read(|tx| accounts::is_shut_of(tx, owner.id));
    let shut = owner.as_ref().map(shut).transpose()?.unwrap_or_default();
    let reason = reason.or(shut.then_some("account_locked"));
    let who = owner.map(|owner| owner.id);
    let (Some(who), None) = (who, reason) else {
        let reason = reason.unwrap_or("unknown_identifier");
        let failed = Failed { method: kind, reason, who, identifier: None, pass: None };
        return fail(d, v, flow, &failed, text::NO_KEY_OWNER.text());
    };
    let pass = match begin_attempt(d, v, &flow, kind, &who.to_string(), Some(who))? {
        Ok(pass) => pass,
        Err(outcome) => return Ok(*outcome),
    };
    let step = Step::first(who, kind, now, pass);
    finish(d, v, &flow, &step, Use::Passkey, &asked, &answer)
}

/// A security key of somebody who has shown their first factor.
pub(super) fn security_key(
    d: &Deps,
    v: &Visitor,
    flow: Flow,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let kind = MethodKind::Webauthn;
    let Some(who) = flow.identity_id else { return Err(Refusal::NoFirstFactor) };
    let (mut flow, asked, answer) = match answered(d, v, flow, body, Use::SecondFactor)? {
        Answered::Yes(flow, asked, answer) => (*flow, asked, answer),
        Answered::No(outcome) => return Ok(*outcome),
    };
    let known = person_of(d, &flow)?;
    ask(d, &mut flow, known.as_ref())?;
    let pass = match begin_attempt(d, v, &flow, kind, &who.to_string(), Some(who))? {
        Ok(pass) => pass,
        Err(outcome) => return Ok(*outcome),
    };
    let step = Step::second(who, kind, d.clock.now(), pass);
    finish(d, v, &flow, &step, Use::SecondFactor, &asked, &answer)
}

fn finish(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    step: &Step,
    what: Use,
    asked: &Ceremony,
    answer: &str,
) -> Result<Outcome, Refusal> {
    let mut cloned = false;
    let outcome = complete_both(d, v, flow, step, |tx| {
        let (reason, told) = match factors::verify(d, tx, step.who, what, asked, answer)? {
            Verdict::Right { user_verified } => {
                let both = what == Use::Passkey && user_verified;
                return Ok((Vec::new(), both));
            }
            Verdict::Cloned(_) => {
                cloned = true;
                ("cloned_key", text::NO_KEY_OWNER)
            }
            Verdict::Wrong => ("wrong_answer", text::NO_KEY_OWNER),
            Verdict::NotEnrolled => ("not_enrolled", text::NO_SECURITY_KEY),
        };
        Err(Stopped::Wrong { reason, told: told.text() })
    })?;
    if cloned {
        mark(d, v, step.who, what, asked, answer)?;
    }
    Ok(outcome)
}

/// Marks a key of which there seems to be a copy. The attempt itself was undone.
fn mark(
    d: &Deps,
    v: &Visitor,
    who: Uuid,
    what: Use,
    asked: &Ceremony,
    answer: &str,
) -> Result<(), Refusal> {
    let by = as_person(&v.by, who);
    d.store.write(&by.author(), |tx| {
        let none: [Event; 0] = [];
        Ok(match factors::verify(d, tx, who, what, asked, answer)? {
            Verdict::Cloned(event) => by.change((), event, none),
            _ => crate::store::Change::none(()),
        })
    })
}

enum Answered {
    Yes(Box<Flow>, Ceremony, String),
    No(Box<Outcome>),
}

fn answered(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    body: &Body,
    what: Use,
) -> Result<Answered, Refusal> {
    let name = match what {
        Use::Passkey => "passkey_login",
        Use::SecondFactor | Use::Passwordless => "webauthn_login",
    };
    let asked = keys::asked(d, &flow, what)?;
    if let (Some(answer), Some(asked)) = (field(body, name), asked) {
        return Ok(Answered::Yes(Box::new(flow), asked, answer.to_owned()));
    }
    flow.form.clear();
    flow.form.messages.push(text::NO_SECURITY_KEY.text());
    Ok(Answered::No(Box::new(again(d, v, flow)?)))
}
