//! Second factors that are set up and given up.

use secrecy::SecretString;

use super::{Owner, change, pressed, try_change};
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::flow::text;
use crate::domain::flow::{Flow, State};
use crate::domain::identity::Identity;
use crate::domain::session::{Aal, Method, MethodKind};
use crate::service::factors::keys::Use;
use crate::service::factors::lookup::{self, Sheet};
use crate::service::factors::totp::{self, Offer};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field, keys, pending, so_far};
use crate::store::WriteTx;
use crate::store::sql::sessions;

/// The name under which a flow holds a generator that is offered.
pub(super) const TOTP: &str = "totp";
/// The name under which a flow holds codes that are shown and not confirmed.
pub(super) const CODES: &str = "lookup_secret";
/// Said by the form, so that it shows which codes are used.
pub(super) const REVEALED: &str = "lookup_secret_reveal";

/// Offers what somebody may set up: a generator to whoever has none, and keys.
pub(super) fn offer(d: &Deps, flow: &mut Flow, identity: &Identity) -> Result<(), Refusal> {
    keys::offer(d, flow, identity, Use::SecondFactor)?;
    keys::offer(d, flow, identity, Use::Passkey)?;
    offer_generator(d, flow, identity)
}

fn offer_generator(d: &Deps, flow: &mut Flow, identity: &Identity) -> Result<(), Refusal> {
    if identity.credential(CredentialType::Totp).is_none() && pending::get(flow, TOTP).is_none() {
        let offer = Offer::draw(d, identity)?;
        let sealed = offer.seal(d, flow.id)?;
        pending::put(flow, TOTP, sealed);
    }
    Ok(())
}

/// Enrols the offered generator, or removes the one there is.
pub(super) fn totp(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    body: &Body,
) -> Result<Outcome, Refusal> {
    if pressed(body, "totp_unlink") {
        let without = Identity { credentials: Vec::new(), ..owner.identity.clone() };
        offer_generator(d, &mut flow, &without)?;
        return change(d, v, flow, owner, |tx, _| {
            Ok(totp::unlink(tx, owner.id())?.into_iter().collect())
        });
    }
    let Some(code) = field(body, "totp_code") else {
        flow.form.complain("totp_code", text::REQUIRED.of("property", "totp_code"));
        return again(d, v, flow);
    };
    let Some(sealed) = pending::get(&flow, TOTP) else {
        flow.form.messages.push(text::BROKEN.text());
        return again(d, v, flow);
    };
    let offer = Offer::open(d, flow.id, &sealed)?;
    let code = SecretString::from(code.trim());
    let mut wrong = flow.clone();
    let outcome = try_change(d, v, flow, owner, |tx, flow| {
        let Some(event) = totp::enrol(d, tx, owner.id(), &offer, &code)? else { return Ok(None) };
        raise(d, tx, owner, MethodKind::Totp)?;
        pending::drop(flow, TOTP);
        Ok(Some(vec![event]))
    })?;
    if let Some(outcome) = outcome {
        return Ok(outcome);
    }
    wrong.form.complain("totp_code", text::WRONG_TOTP.text());
    again(d, v, wrong)
}

/// Whoever has just shown that they have a second factor has signed in with it.
pub(super) fn raise(
    d: &Deps,
    tx: &WriteTx<'_>,
    owner: &Owner,
    method: MethodKind,
) -> Result<(), Refusal> {
    let mut session = owner.session.clone();
    session.methods.push(Method::new(method, Aal::Two, d.clock.now()));
    session.aal = Aal::reached(&session.methods);
    Ok(sessions::raise(tx, &session, &owner.presented.digest())?)
}

/// Backup codes: shown, confirmed, looked at, turned off.
pub(super) fn lookup_secret(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    body: &Body,
) -> Result<Outcome, Refusal> {
    if pressed(body, "lookup_secret_regenerate") {
        let sheet = Sheet::draw(d)?;
        let sealed = sheet.seal(d, flow.id)?;
        pending::put(&mut flow, CODES, sealed);
        return so_far(d, v, flow);
    }
    if pressed(body, REVEALED) {
        flow.form.values.insert(REVEALED.to_owned(), true.into());
        return so_far(d, v, flow);
    }
    if pressed(body, "lookup_secret_disable") {
        pending::drop(&mut flow, CODES);
        return change(d, v, flow, owner, |tx, _| {
            Ok(lookup::disable(tx, owner.id())?.into_iter().collect())
        });
    }
    match pending::get(&flow, CODES) {
        Some(sealed) if pressed(body, "lookup_secret_confirm") => {
            let sheet = Sheet::open(d, flow.id, &sealed)?;
            change(d, v, flow, owner, |tx, flow| {
                let event = lookup::confirm(d, tx, owner.id(), &sheet)?;
                raise(d, tx, owner, MethodKind::LookupSecret)?;
                pending::drop(flow, CODES);
                Ok(vec![event])
            })
        }
        _ => {
            flow.form.state = State::ShowForm;
            flow.form.messages.push(text::NO_CODES.text());
            again(d, v, flow)
        }
    }
}
