//! `export-identities`: all identities as JSON documents in a file.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::paths;
use super::results::{self, Results};
use super::table::Action;
use crate::service::transfer;

pub(super) struct ExportIdentities {
    path: Option<PathBuf>,
    credentials: bool,
}

impl Action for ExportIdentities {
    const NAME: &'static str = "export-identities";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { credentials: params.flag("include-credentials"), path: paths::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let dated = || paths::dated(&cx.deps.state_dir, "exports", cx.deps.clock.now(), "jsonl");
        let path = self.path.unwrap_or_else(dated);
        let count = transfer::export(&cx.deps, &cx.by, &path, self.credentials)
            .map_err(|error| cx.failed("Failed to export the identities", &error))?;
        cx.recorded = true;
        cx.host.log("Successfully exported the identities. The file is confidential");
        let document = json!({"path": path, "count": count});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
