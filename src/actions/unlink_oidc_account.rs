//! `unlink-oidc-account`: remove the link to an account at an external provider.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::links;

pub(super) struct UnlinkOidcAccount {
    who: Who,
    account: String,
}

impl Action for UnlinkOidcAccount {
    const NAME: &'static str = "unlink-oidc-account";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let account = params.text("credential-id").unwrap_or_default().to_owned();
        Ok(Self { who: Who::parse(params)?, account })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |_| "Failed to delete the oidc credentials".to_owned();
        let id = self.who.find(cx, sentence)?.id;
        let unlinked = links::unlink(&cx.deps, &cx.by, id, &self.account).map_err(|error| {
            match error.code() {
                ErrorCode::NotFound => selector::missing(id),
                _ => cx.failed(&sentence(id), &error),
            }
        })?;
        if unlinked {
            cx.recorded = true;
            // Word for word as upstream, missing ending included: scripts look for it.
            cx.host.log(&format!("Successfully unlink the oidc account for identity {id}"));
        } else {
            cx.host.log(&format!("Identity {id} has no oidc credentials"));
        }
        Ok(Results::new())
    }
}
