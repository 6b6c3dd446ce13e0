//! What `lock-account` and `unlock-account` have in common.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::Who;
use crate::error::ErrorCode;
use crate::service::accounts;
use crate::service::status::StatusChange;

/// Which account of whom, and why.
pub(super) struct Order {
    who: Who,
    account: String,
    why: StatusChange,
}

impl Order {
    pub(super) fn parse(params: &Params) -> Result<Self, Failure> {
        let reason = params.text("reason").and_then(crate::domain::status::Reason::parse);
        let account = params.filled("account").unwrap_or(accounts::INTERNAL).to_owned();
        let why = StatusChange { reason: reason.unwrap_or_default(), ..StatusChange::default() };
        Ok(Self { who: Who::parse(params)?, account, why })
    }

    /// Carries it out.
    pub(super) fn run(self, cx: &mut Context<'_>, lock: bool) -> Result<Results, Failure> {
        let (verb, done) = if lock { ("lock", "locked") } else { ("unlock", "unlocked") };
        let sentence = |id: Uuid| format!("Failed to {verb} the account of identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let changed = if lock {
            accounts::lock(&cx.deps, &cx.by, id, &self.account, &self.why)
        } else {
            accounts::unlock(&cx.deps, &cx.by, id, &self.account, &self.why)
        };
        let changed = changed.map_err(|error| match error.code() {
            ErrorCode::NotFound => Failure::new(format!("Identity {id} has no such account")),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = changed;
        if changed {
            cx.host.log(&format!("Successfully {done} the account of identity {id}"));
        } else {
            cx.host.log(&format!("The account of identity {id} is {done} already"));
        }
        let document =
            json!({"id": id, "account": self.account, "locked": lock, "changed": changed});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
