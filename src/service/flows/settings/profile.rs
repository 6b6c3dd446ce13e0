//! What a person says about themselves.

use serde_json::Value;

use super::{Owner, privileged, saved};
use crate::app::Deps;
use crate::domain::flow::text;
use crate::domain::flow::{Flow, FlowKind};
use crate::domain::identity::Identity;
use crate::domain::schema::Schema;
use crate::error::ErrorCode;
use crate::service::flows::{
    Body, Continue, Outcome, Refusal, Visitor, again, traits, verification,
};
use crate::service::identities::{Patch, UpdateIdentity, update};

/// Puts the traits in place. What protects the account (addresses, and what the person signs in
/// with) changes only shortly after signing in; a code goes to an address that is new.
pub(super) fn submit(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let schema = d.schemas.get(&owner.identity.schema_id).ok_or(Refusal::NotFound)?;
    let document = schema.document();
    let typed = body.get("traits").cloned().unwrap_or(Value::Null);
    let wanted = traits::kept(document, &owner.identity.traits, traits::coerce(document, &typed));
    traits::remember(&mut flow.form, &wanted);
    let violations = schema.violations(&wanted).map_err(crate::error::Error::from)?;
    if !violations.is_empty() {
        traits::complain(&mut flow.form, document, &violations);
        return again(d, v, flow);
    }
    if protected(schema, &owner.identity.traits) != protected(schema, &wanted) {
        privileged(d, &flow, owner)?;
    }
    let request =
        UpdateIdentity { traits: Some(Patch::Replace(wanted)), ..UpdateIdentity::default() };
    let after = match update(d, &owner.by, owner.id(), request) {
        Ok(after) => after,
        Err(error) if error.code() == ErrorCode::Conflict => {
            flow.form.messages.push(text::DUPLICATE.text());
            return again(d, v, flow);
        }
        Err(error) => return Err(error.into()),
    };
    flow.form.values.clear();
    let mut next = Vec::new();
    if let Some(address) = new_address(&owner.identity, &after) {
        let client = flow.form.client;
        let then = flow.form.return_to.clone();
        let sent = verification::send(d, v, client, address, then, &after)?;
        next.push(Continue::Flow {
            kind: FlowKind::Verification,
            id: sent.id,
            address: Some(address.to_owned()),
        });
    }
    saved(d, v, flow, next)
}

/// An address that was not there before and is not verified.
fn new_address<'a>(before: &Identity, after: &'a Identity) -> Option<&'a str> {
    let known = |value: &str| before.verifiable_addresses.iter().any(|one| one.value == value);
    let mut new = after.verifiable_addresses.iter().filter(|one| !known(&one.value));
    new.find(|one| !one.verified).map(|one| one.value.as_str())
}

/// What of the traits protects the account.
fn protected(schema: &Schema, traits: &Value) -> Option<impl PartialEq + use<>> {
    let seen = schema.project(traits).ok()?;
    Some((seen.identifiers, seen.verifiable, seen.recovery))
}
