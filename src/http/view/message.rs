//! A message of the outbox in the shape of the Kratos API. What it says is for its recipient only.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::mail_fault::MailFault;
use crate::domain::message::{Dispatch, Message};

/// What stands where the text would be; clients know it from Kratos.
const REDACTED: &str = "<redacted-unless-dev-mode>";

/// A message as clients read it.
#[derive(Serialize, ToSchema)]
#[schema(as = message)]
pub struct MessageDocument {
    id: Uuid,
    /// `queued`, `processing`, `sent` or `abandoned`.
    status: &'static str,
    /// `email` or `sms`.
    #[serde(rename = "type")]
    kind: &'static str,
    recipient: String,
    /// Never shown.
    body: &'static str,
    /// Never shown.
    subject: &'static str,
    template_type: &'static str,
    channel: &'static str,
    send_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dispatches: Option<Vec<DispatchDocument>>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// An attempt to send a message.
#[derive(Serialize, ToSchema)]
#[schema(as = messageDispatch)]
pub struct DispatchDocument {
    id: Uuid,
    message_id: Uuid,
    /// `success` or `failed`.
    status: &'static str,
    #[schema(value_type = Object)]
    error: Value,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A message; with the attempts to send it where they are to be shown.
#[must_use]
pub fn message(message: Message, dispatches: Option<Vec<Dispatch>>) -> MessageDocument {
    let id = message.id;
    MessageDocument {
        id,
        status: message.status.as_str(),
        kind: message.kind.as_str(),
        recipient: message.recipient,
        body: REDACTED,
        subject: REDACTED,
        template_type: message.template.shown(),
        channel: message.kind.as_str(),
        send_count: message.send_count,
        dispatches: dispatches.map(|all| all.iter().map(|one| shown(id, one)).collect()),
        created_at: message.created_at,
        updated_at: message.updated_at,
    }
}

fn shown(message_id: Uuid, dispatch: &Dispatch) -> DispatchDocument {
    let status = if dispatch.error.is_none() { "success" } else { "failed" };
    let said = |fault: MailFault| json!({"message": fault.to_string()});
    let error = dispatch.error.map_or(Value::Object(Map::new()), said);
    DispatchDocument {
        id: dispatch.id,
        message_id,
        status,
        error,
        created_at: dispatch.created_at,
        updated_at: dispatch.created_at,
    }
}
