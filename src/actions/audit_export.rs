//! `audit-export`: the ledger in files that are verified anywhere.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::paths;
use super::results::{self, Results};
use super::table::Action;
use crate::service::verification;

pub(super) struct AuditExport {
    path: Option<PathBuf>,
    disclosures: bool,
}

impl Action for AuditExport {
    const NAME: &'static str = "audit-export";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { path: paths::parse(params)?, disclosures: params.flag("include-disclosures") })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let dated =
            || paths::dated(&cx.deps.state_dir, "exports", cx.deps.clock.now(), "ledger.jsonl");
        let path = self.path.unwrap_or_else(dated);
        let done = verification::export(&cx.deps, &cx.by, &path, self.disclosures, &mut |_, _| {})
            .map_err(|error| cx.failed("Failed to export the audit ledger", &error))?;
        cx.recorded = true;
        cx.host.log(if self.disclosures {
            "Successfully exported the audit ledger. The files are confidential"
        } else {
            "Successfully exported the audit ledger"
        });
        let document = json!({
            "path": path,
            "files": done.files,
            "count": done.size - done.pruned,
            "size": done.size,
            "root": hex::encode(done.root),
            "covered": done.signed_size,
            "disclosures": done.disclosures,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
