//! `repeat-erasures`: who was deleted or erased since a backup that was restored goes again.

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::paths;
use super::results::{self, Results};
use super::table::Action;
use crate::service::gone;

const FAILED: &str = "Failed to repeat the erasures";

pub(super) struct RepeatErasures {
    path: Option<PathBuf>,
    dry_run: bool,
}

impl Action for RepeatErasures {
    const NAME: &'static str = "repeat-erasures";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { path: paths::parse(params)?, dry_run: params.flag("dry-run") })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        if let Some(path) = &self.path {
            let learnt =
                gone::learn(&cx.deps.state_dir, path).map_err(|error| cx.failed(FAILED, &error))?;
            cx.host.log(&format!("{learnt} deletions and erasures were not on the list before"));
        }
        let document = if self.dry_run {
            let missing = gone::missing(&cx.deps).map_err(|error| cx.failed(FAILED, &error))?;
            cx.host.log(&format!("{} people would be deleted or erased again", missing.len()));
            let ids: Vec<_> = missing.iter().map(|one| one.id).collect();
            json!({"count": ids.len(), "identities": ids})
        } else {
            let done = gone::again(&cx.deps, &cx.by).map_err(|error| cx.failed(FAILED, &error))?;
            cx.recorded = done.deleted + done.erased > 0;
            cx.host.log("Successfully repeated the erasures");
            json!({"deleted": done.deleted, "erased": done.erased, "values": done.values})
        };
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
