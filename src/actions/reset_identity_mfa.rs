//! `reset-identity-mfa`: remove one kind of second factor.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::domain::credential::CredentialType;
use crate::error::ErrorCode;
use crate::service::mfa;

pub(super) struct ResetIdentityMfa {
    who: Who,
    kind: CredentialType,
}

impl Action for ResetIdentityMfa {
    const NAME: &'static str = "reset-identity-mfa";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let kind = params.text("mfa-type").and_then(CredentialType::parse);
        let who = Who::parse(params)?;
        let kind = kind.ok_or_else(|| Failure::new("Parameter 'mfa-type' is required"))?;
        Ok(Self { who, kind })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let kind = self.kind.as_str();
        let sentence = |_| format!("Failed to reset the {kind} credentials");
        let id = self.who.find(cx, sentence)?.id;
        let removed =
            mfa::reset(&cx.deps, &cx.by, id, self.kind).map_err(|error| match error.code() {
                ErrorCode::NotFound => selector::missing(id),
                _ => cx.failed(&sentence(id), &error),
            })?;
        if removed {
            cx.recorded = true;
            cx.host.log(&format!("Successfully reset the {kind} credentials for identity {id}"));
        } else {
            cx.host.log(&format!("Identity {id} has no {kind} credentials."));
        }
        Ok(Results::new())
    }
}
