//! Another password.

use secrecy::SecretString;

use super::{Owner, change};
use crate::app::Deps;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field, problems};
use crate::service::passwords::{Others, choose, prepare};

/// Puts the password in place. All other sessions end: whoever changes a password often does so
/// because somebody else knows it.
pub(super) fn submit(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let Some(typed) = field(body, "password") else {
        flow.form.complain("password", text::REQUIRED.of("property", "password"));
        return again(d, v, flow);
    };
    match prepare(d, &owner.identity, &SecretString::from(typed))? {
        Err(problem) => {
            flow.form.complain("password", problems::of_password(&problem));
            again(d, v, flow)
        }
        Ok(chosen) => change(d, v, flow, owner, |tx, _| {
            let others = Others::EndBut(owner.session.id);
            Ok(choose(tx, owner.id(), &chosen, others, d.clock.now())?)
        }),
    }
}
