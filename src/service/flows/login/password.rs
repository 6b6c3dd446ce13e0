//! Signing in with a password.

use secrecy::SecretString;

use super::owner_of;
use crate::app::Deps;
use crate::crypto::password::{self, Verdict};
use crate::domain::credential::CredentialType;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::MethodKind;
use crate::service::flows::sign_in::{Failed, Step, complete, fail, wrong_credentials};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field};
use crate::store::sql::credentials;

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
    let (now, cost) = (d.clock.now(), d.argon2());
    let secret = SecretString::from(secret);
    let owner = d.store.read(|tx| owner_of(tx, identifier))?;
    let hash = owner.as_ref().and_then(hash_of);
    let verdict = match hash {
        Some(hash) => password::verify(&secret, hash, &cost).unwrap_or(Verdict::Mismatch),
        None => {
            password::pretend(&secret, &cost);
            Verdict::Mismatch
        }
    };
    let standing = owner.as_ref().map(|owner| owner.standing().effective(now));
    let reason = match (&owner, hash, verdict) {
        (None, ..) => Some("unknown_identifier"),
        (_, None, _) => Some("no_password"),
        (_, _, Verdict::Mismatch) => Some("wrong_password"),
        _ => standing.filter(|standing| !standing.grants_sessions()).map(|one| one.as_str()),
    };
    if let Some(reason) = reason {
        if flow.form.identifier.is_none() {
            flow.form.values.insert("identifier".to_owned(), identifier.into());
        }
        let who = owner.as_ref().map(|owner| owner.id);
        let failed =
            Failed { method: MethodKind::Password, reason, who, identifier: Some(identifier) };
        return fail(d, v, flow, &failed, wrong_credentials());
    }
    let Some(owner) = owner else { return Err(Refusal::NotFound) };
    let renewed = match verdict {
        Verdict::Match { rehash: true } => password::hash(&secret, &cost).ok(),
        _ => None,
    };
    let step = Step::first(owner.id, MethodKind::Password, now);
    complete(d, v, &flow, &step, |tx, stored| {
        // Only the hash that was compared is renewed; another may have been set meanwhile.
        let same = hash_of(&stored.identity) == hash_of(&owner);
        let Some(renewed) = renewed.filter(|_| same) else { return Ok(Vec::new()) };
        let algorithm = password::algorithm(&renewed);
        let config = serde_json::json!({"hashed_password": renewed});
        credentials::update_config(tx, stored.n, CredentialType::Password, &config, now)?;
        let event = Event::new(EventType::CredentialChanged)
            .principal(owner.id)
            .data("credential", "password")
            .data("algorithm", algorithm)
            .data("reason", "renewed");
        Ok(vec![event])
    })
}

fn hash_of(identity: &Identity) -> Option<&str> {
    identity.credential(CredentialType::Password).and_then(|credential| credential.password_hash())
}
