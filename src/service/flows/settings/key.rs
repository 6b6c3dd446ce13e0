//! Security keys and passkeys that are registered and removed.

use super::{Owner, change, try_change};
use crate::app::Deps;
use crate::domain::flow::{Flow, text};
use crate::domain::session::MethodKind;
use crate::error::ErrorCode;
use crate::service::factors::keys::{self as factors, Use};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field, keys};

/// Registers the key that the browser made, or removes one.
pub(super) fn submit(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    body: &Body,
    what: Use,
) -> Result<Outcome, Refusal> {
    let (removed, made) = match what {
        Use::Passkey => ("passkey_remove", "passkey_settings_register"),
        Use::SecondFactor | Use::Passwordless => ("webauthn_remove", "webauthn_register"),
    };
    if let Some(name) = field(body, removed) {
        let kept = flow.clone();
        let done = change(d, v, flow, owner, |tx, flow| {
            keys::offer(d, flow, &owner.identity, what)?;
            Ok(factors::remove(d, tx, owner.id(), what, name)?.into_iter().collect())
        });
        return match done {
            Err(Refusal::Failed(error)) if error.code() == ErrorCode::LastCredential => {
                told(d, v, kept, error.message())
            }
            done => done,
        };
    }
    let offered = keys::offered(d, &flow, what)?;
    let (Some(answer), Some(offered)) = (field(body, made), offered) else {
        flow.form.messages.push(text::NO_SECURITY_KEY.text());
        return again(d, v, flow);
    };
    let name = field(body, "webauthn_register_displayname").unwrap_or_default();
    // Good for one answer, whether it is right or wrong.
    keys::offer(d, &mut flow, &owner.identity, what)?;
    let kept = flow.clone();
    let done = try_change(d, v, flow, owner, |tx, _| {
        let id = owner.id();
        let Some(event) = factors::enrol(d, tx, id, what, &offered, answer, name)? else {
            return Ok(None);
        };
        if what == Use::SecondFactor {
            super::factors::raise(d, tx, owner, MethodKind::Webauthn)?;
        }
        Ok(Some(vec![event]))
    });
    match done {
        Ok(Some(outcome)) => Ok(outcome),
        Ok(None) => told(d, v, kept, "The key was not accepted; please try again."),
        Err(Refusal::Failed(error)) if error.code() == ErrorCode::Invalid => {
            told(d, v, kept, error.message())
        }
        Err(refusal) => Err(refusal),
    }
}

fn told(d: &Deps, v: &Visitor, mut flow: Flow, why: &str) -> Result<Outcome, Refusal> {
    flow.form.messages.push(text::FAILED.of("reason", why));
    again(d, v, flow)
}
