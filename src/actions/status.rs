//! What the four actions on the status of an identity have in common.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::times;
use crate::app::Deps;
use crate::domain::status::Reason;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::service::status::{Receipt, StatusChange};

/// Whose status shall change, and why.
pub(super) struct Order {
    who: Who,
    change: StatusChange,
}

/// Whether the change may undo itself at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// `until` is a parameter.
    May,
    /// It is not.
    No,
}

type UseCase = fn(&Deps, &Caller, uuid::Uuid, &StatusChange) -> Result<Receipt, Error>;

impl Order {
    pub(super) fn parse(params: &Params, until: Until) -> Result<Self, Failure> {
        let reason = params.text("reason").and_then(Reason::parse).unwrap_or_default();
        let note = params.filled("note").map(str::to_owned);
        let until = if until == Until::May { times::parse(params, "until")? } else { None };
        Ok(Self { who: Who::parse(params)?, change: StatusChange { reason, note, until } })
    }

    /// Carries it out; `verb` and `done` are the two forms of the word for sentences.
    pub(super) fn run(
        self,
        cx: &mut Context<'_>,
        (verb, done): (&str, &str),
        use_case: UseCase,
    ) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to {verb} the identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let receipt =
            use_case(&cx.deps, &cx.by, id, &self.change).map_err(|error| match error.code() {
                ErrorCode::NotFound => selector::missing(id),
                _ => cx.failed(&sentence(id), &error),
            })?;
        if receipt.changed {
            cx.recorded = true;
            cx.host.log(&format!("Successfully {done} the identity: {id}"));
        } else {
            cx.host.log(&format!("Identity {id} is {} already", receipt.status.as_str()));
        }
        let document = json!({
            "id": id,
            "status": receipt.status.as_str(),
            "changed": receipt.changed,
            "sessions_revoked": receipt.sessions_revoked,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
