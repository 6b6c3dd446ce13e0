//! `erase-identity`: erase what the ledger keeps of a deleted person beside its entries.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector;
use super::table::Action;
use crate::service::erasure;

pub(super) struct EraseIdentity {
    id: Uuid,
}

impl Action for EraseIdentity {
    const NAME: &'static str = "erase-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { id: selector::id(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = format!("Failed to erase the identity {}", self.id);
        let erased = erasure::erase(&cx.deps, &cx.by, self.id)
            .map_err(|error| cx.failed(&sentence, &error))?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully erased the identity: {}", self.id));
        if !erased.wiped {
            cx.host.warn("Traces may be left in the log of the database for some minutes.");
        }
        let document = json!({"id": self.id, "erased": erased.count, "wiped": erased.wiped});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
