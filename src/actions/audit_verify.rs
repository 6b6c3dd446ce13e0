//! `audit-verify`: check that nobody tampered with the ledger.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;

pub(super) struct AuditVerify {
    checkpoint: Option<String>,
}

impl Action for AuditVerify {
    const NAME: &'static str = "audit-verify";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { checkpoint: params.filled("checkpoint").map(str::to_owned) })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let _ = self.checkpoint;
        Err(cx.failed(
            "Failed to verify the audit ledger",
            crate::error::Error::new(
                crate::error::ErrorCode::NotReady,
                "The verifier is not linked in",
            ),
        ))
    }
}
