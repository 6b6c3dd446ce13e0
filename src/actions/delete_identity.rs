//! `delete-identity`: delete one identity for good.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::identities;

pub(super) struct DeleteIdentity {
    who: Who,
}

impl Action for DeleteIdentity {
    const NAME: &'static str = "delete-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to delete the identity for {id}");
        let id = self.who.find(cx, sentence)?.id;
        identities::delete(&cx.deps, &cx.by, id).map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully deleted the identity: {id}"));
        Ok(Results::from_iter([("id".to_owned(), json!(id))]))
    }
}
