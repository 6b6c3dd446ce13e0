//! Signing in with a password.

use secrecy::SecretString;

use super::owner_of;
use crate::app::Deps;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::session::MethodKind;
use crate::domain::status::EffectiveStatus;
use crate::service::flows::sign_in::{Failed, Step, begin_attempt, complete, fail, wrong};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field};
use crate::service::passwords::{Checked, check, renew};
use crate::store::sql::credentials::PasswordOwner;

/// Compares what was typed. Whoever has no account, no password or may not sign in is answered in
/// the same words and after the same work as somebody who mistyped (AUTH-09).
pub(super) fn submit(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let typed = field(body, "identifier").or_else(|| field(body, "password_identifier"));
    let identifier = typed.map(ToOwned::to_owned).or_else(|| flow.form.identifier.clone());
    let (Some(identifier), Some(secret)) = (identifier.as_deref(), field(body, "password")) else {
        flow.form.clear();
        flow.form.active = Some("password".to_owned());
        for (name, given) in
            [("identifier", identifier.as_deref()), ("password", field(body, "password"))]
        {
            if given.is_none() {
                flow.form.complain(name, text::REQUIRED.of("property", name));
            }
        }
        if let Some(identifier) = identifier {
            flow.form.values.insert("identifier".to_owned(), identifier.into());
        }
        return again(d, v, flow);
    };
    let now = d.clock.now();
    let secret = SecretString::from(secret);
    let owner = owner_of(d, identifier)?;
    let kind = MethodKind::Password;
    let known = owner.as_ref().map(|owner| owner.id);
    let pass = match begin_attempt(d, v, &flow, kind, identifier, known)? {
        Ok(pass) => pass,
        Err(outcome) => return Ok(*outcome),
    };
    let checked = check(d, owner.as_ref().and_then(PasswordOwner::hash), &secret)?;
    let standing = owner.as_ref().map(|owner| owner.standing.effective(now));
    let reason = match (&owner, &checked) {
        (None, _) => Some("unknown_identifier"),
        (Some(_), Checked::Wrong) => Some("wrong_password"),
        _ => standing.filter(|standing| !standing.grants_sessions()).map(EffectiveStatus::as_str),
    };
    if let Some(reason) = reason {
        if flow.form.identifier.is_none() {
            flow.form.values.insert("identifier".to_owned(), identifier.into());
        }
        let identifier = Some(identifier);
        let failed = Failed { method: kind, reason, who: known, identifier, pass: Some(&pass) };
        return fail(d, v, flow, &failed, wrong(kind).text());
    }
    let Some(owner) = owner else { return Err(Refusal::NotFound) };
    let step = Step::first(owner.id, kind, now, pass);
    complete(d, v, &flow, &step, |tx| match checked {
        Checked::Right { renewal: Some(renewal) } => {
            Ok(renew(tx, owner.id, &renewal, now)?.into_iter().collect())
        }
        _ => Ok(Vec::new()),
    })
}
