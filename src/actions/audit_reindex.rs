//! `audit-reindex`: make the index again that the history is searched by.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::service::reindex::reindex;

pub(super) struct AuditReindex;

impl Action for AuditReindex {
    const NAME: &'static str = "audit-reindex";

    fn parse(_: &Params) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let count = reindex(&cx.deps, &cx.by).map_err(|error| {
            cx.failed("Failed to make the index of the audit ledger again", &error)
        })?;
        cx.recorded = count > 0;
        cx.host.log("Successfully looked through the index of the audit ledger");
        let document = json!({"count": count, "changed": count > 0});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
