//! `cancel-invitation`: take an invitation back.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::invitations;

pub(super) struct CancelInvitation {
    who: Who,
}

impl Action for CancelInvitation {
    const NAME: &'static str = "cancel-invitation";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: uuid::Uuid| format!("Failed to cancel the invitation of {id}");
        let id = self.who.find(cx, sentence)?.id;
        invitations::cancel(&cx.deps, &cx.by, id).map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = true;
        cx.host.log(&format!("Cancelled the invitation of {id}"));
        Ok(Results::from_iter([("id".to_owned(), json!(id))]))
    }
}
