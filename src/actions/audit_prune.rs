//! `audit-prune`: drop the oldest entries of the ledger, or say which would go.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use super::times;
use crate::service::pruning::{self, Before};

pub(super) struct AuditPrune {
    until: Timestamp,
    dry_run: bool,
}

impl Action for AuditPrune {
    const NAME: &'static str = "audit-prune";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let until = times::parse(params, "until")?
            .ok_or_else(|| Failure::new("Parameter 'until' is required"))?;
        Ok(Self { until, dry_run: params.flag("dry-run") })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let before = Before::Time(self.until);
        let done = if self.dry_run {
            pruning::preview(&cx.deps, before)
        } else {
            pruning::prune(&cx.deps, &cx.by, before, "request")
        };
        let done = done.map_err(|error| cx.failed("Failed to prune the audit ledger", &error))?;
        cx.recorded = !self.dry_run;
        cx.host.log(&if self.dry_run {
            format!("Nothing was pruned; {} entries would be", done.count)
        } else {
            format!("Successfully pruned {} entries of the audit ledger", done.count)
        });
        let mut document = json!({
            "before": done.before,
            "count": done.count,
            "disclosures": done.disclosures,
            "root": done.root,
            "kept_since": done.kept_since.map(|time| time.to_string()),
            "held": done.held,
        });
        if let Some(map) = document.as_object_mut() {
            map.retain(|_, value| *value != Value::Null);
        }
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
