//! `retry-message` and `give-up-message`: what becomes of mail that waits.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::domain::message::MessageStatus;
use crate::error::Error;
use crate::service::outbox;

pub(super) struct RetryMessage(Uuid);

pub(super) struct GiveUpMessage(Uuid);

impl Action for RetryMessage {
    const NAME: &'static str = "retry-message";

    fn parse(params: &Params) -> Result<Self, Failure> {
        message_id(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let Self(id) = self;
        let outcome = outbox::retry(&cx.deps, &cx.by, id);
        done(cx, id, outcome, "Failed to try the message again")?;
        cx.host.log(&format!("Message {id} is tried at once"));
        Ok(results(id, MessageStatus::Queued))
    }
}

impl Action for GiveUpMessage {
    const NAME: &'static str = "give-up-message";

    fn parse(params: &Params) -> Result<Self, Failure> {
        message_id(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let Self(id) = self;
        let outcome = outbox::give_up(&cx.deps, &cx.by, id);
        done(cx, id, outcome, "Failed to give the message up")?;
        cx.host.log(&format!("Message {id} is given up"));
        Ok(results(id, MessageStatus::Abandoned))
    }
}

fn message_id(params: &Params) -> Result<Uuid, Failure> {
    let text = params.filled("message-id").unwrap_or_default();
    text.parse().map_err(|_| {
        Failure::new("Parameter 'message-id' must be an id, as list-messages shows it".to_owned())
    })
}

fn done(
    cx: &mut Context<'_>,
    id: Uuid,
    outcome: Result<(), Error>,
    failed: &str,
) -> Result<(), Failure> {
    outcome.map_err(|error| cx.failed(&format!("{failed} {id}"), &error))?;
    cx.recorded = true;
    Ok(())
}

fn results(id: Uuid, status: MessageStatus) -> Results {
    let document = json!({"id": id, "status": status.as_str()});
    document.as_object().map(results::from_document).unwrap_or_default()
}
