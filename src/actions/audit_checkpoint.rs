//! `audit-checkpoint`: sign the present state of the ledger.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::service::ledger;

pub(super) struct AuditCheckpoint;

impl Action for AuditCheckpoint {
    const NAME: &'static str = "audit-checkpoint";

    fn parse(_: &Params) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let info = ledger::checkpoint(&cx.deps, &cx.by).map_err(|error| {
            cx.failed("Failed to sign a checkpoint of the audit ledger", &error)
        })?;
        cx.recorded = true;
        cx.host
            .log("Successfully signed a checkpoint of the audit ledger. Keep it outside this unit");
        let document = json!({
            "checkpoint": info.note,
            "verifier_key": info.verifier_key,
            "size": info.size,
            "root": info.root,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
