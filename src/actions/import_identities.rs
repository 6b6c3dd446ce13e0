//! `import-identities`: create identities from a file.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::paths;
use super::results::{self, Results};
use super::table::Action;
use crate::service::transfer;

pub(super) struct ImportIdentities {
    path: PathBuf,
    dry_run: bool,
}

impl Action for ImportIdentities {
    const NAME: &'static str = "import-identities";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let dry_run = params.flag("dry-run");
        let path =
            paths::parse(params)?.ok_or_else(|| Failure::new("Parameter 'path' is required"))?;
        Ok(Self { path, dry_run })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let imported = transfer::import(&cx.deps, &cx.by, &self.path, self.dry_run)
            .map_err(|error| cx.failed("Failed to import the identities", &error))?;
        cx.recorded = !self.dry_run && imported.created > 0;
        cx.host.log(if self.dry_run {
            "Successfully checked the file. Nothing was created"
        } else {
            "Successfully imported the identities"
        });
        let document = json!({
            "created": if self.dry_run { 0 } else { imported.created },
            "skipped": imported.skipped,
            "checked": imported.created + imported.skipped,
            "dry_run": self.dry_run,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
