//! `backup`: a consistent copy of the database while the service runs.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::paths;
use super::results::{self, Results};
use super::table::Action;
use crate::service::backup;

pub(super) struct Backup {
    path: Option<PathBuf>,
}

impl Action for Backup {
    const NAME: &'static str = "backup";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { path: paths::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let dated = || paths::dated(&cx.deps.state_dir, "backups", cx.deps.clock.now(), "db");
        let path = self.path.unwrap_or_else(dated);
        let info = backup::create(&cx.deps, &cx.by, &path)
            .map_err(|error| cx.failed("Failed to write the backup", &error))?;
        cx.recorded = true;
        cx.host.log("Successfully wrote the backup. It is as confidential as the database");
        let document =
            json!({"path": path, "bytes": info.bytes, "schema_version": info.schema_version});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
