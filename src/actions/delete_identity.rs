//! `delete-identity`: delete one identity for good.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::erasure::Erase;
use crate::service::identities;

pub(super) struct DeleteIdentity {
    who: Who,
    erase: Erase,
}

impl Action for DeleteIdentity {
    const NAME: &'static str = "delete-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let erase = if params.filled("erase") == Some("now") { Erase::Now } else { Erase::Later };
        Ok(Self { who: Who::parse(params)?, erase })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to delete the identity for {id}");
        let id = self.who.find(cx, sentence)?.id;
        let deleted = identities::delete_and_erase(&cx.deps, &cx.by, id, self.erase);
        let deleted = deleted.map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully deleted the identity: {id}"));
        if self.erase == Erase::Now && deleted.erased.is_none() {
            cx.host.warn("Personal values in the ledger are not erased yet; that is tried again.");
        }
        let mut document = json!({"id": id, "erase_at": deleted.erase_at.to_string()});
        if let (Some(map), Some(erased)) = (document.as_object_mut(), deleted.erased) {
            map.insert("erased".to_owned(), erased.count.into());
        }
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
