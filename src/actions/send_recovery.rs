//! `send-recovery`: mail somebody a code that lets them in once.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::recovery;

pub(super) struct SendRecovery {
    who: Who,
    address: Option<String>,
}

impl Action for SendRecovery {
    const NAME: &'static str = "send-recovery";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let address = params.filled("address").map(str::to_owned);
        Ok(Self { who: Who::parse(params)?, address })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to send a recovery code to identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let mailed = recovery::mail_code(&cx.deps, &cx.by, id, self.address.as_deref());
        let mailed = mailed.map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = true;
        cx.host.log(&format!("A recovery code is on its way to identity {id}"));
        let document = json!({
            "id": id, "address": mailed.address, "expires_at": mailed.expires_at.to_string()
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
