//! `audit-verify`: recompute the ledger and say whether it is what was signed.

use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::service::verification::{self, Proof, Verdict};

pub(super) struct AuditVerify {
    checkpoint: Option<String>,
}

impl Action for AuditVerify {
    const NAME: &'static str = "audit-verify";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { checkpoint: params.filled("checkpoint").map(with_last_newline) })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let proof = Proof { keys: Vec::new(), since: self.checkpoint };
        let report = verification::verify_recorded(&cx.deps, &cx.by, &proof, &mut |_, _| {})
            .map_err(|error| cx.failed("Failed to verify the audit ledger", &error))?;
        cx.recorded = true;
        match report.verdict() {
            Verdict::Intact => cx.host.log("Successfully verified the audit ledger"),
            Verdict::CannotTell => {
                cx.host.log("Nothing in the audit ledger looks altered, but no key can prove it");
            }
            Verdict::Altered => {
                let message = format!("The audit ledger does not verify: {}", report.summary());
                return Err(Failure::new(message));
            }
        }
        let mut document = report.to_json().as_object().cloned().unwrap_or_default();
        document.insert("verdict".to_owned(), json!(report.verdict().as_str()));
        document.retain(|_, value| *value != Value::Null);
        Ok(results::from_document(&document))
    }
}

/// A note ends with a newline, which YAML and shells like to drop.
fn with_last_newline(note: &str) -> String {
    format!("{}\n", note.trim_end_matches('\n'))
}
