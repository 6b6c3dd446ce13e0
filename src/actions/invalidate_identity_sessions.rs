//! `invalidate-identity-sessions`: end every session of an identity.

use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::sessions;

pub(super) struct InvalidateIdentitySessions {
    who: Who,
}

impl Action for InvalidateIdentitySessions {
    const NAME: &'static str = "invalidate-identity-sessions";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence =
            |id: Uuid| format!("Failed to invalidate and delete sessions for identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let ended =
            sessions::revoke_all(&cx.deps, &cx.by, id).map_err(|error| match error.code() {
                ErrorCode::NotFound => selector::missing(id),
                _ => cx.failed(&sentence(id), &error),
            })?;
        if ended.removed == 0 {
            cx.host.log(&format!("Identity {id} has no sessions"));
        } else {
            cx.recorded = true;
            cx.host.log("Successfully invalidated and deleted the sessions");
        }
        Ok(Results::new())
    }
}
