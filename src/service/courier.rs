//! The outbox: queueing messages, and what administrators see of them.

use serde_json::Value;
use uuid::Uuid;

use super::Page;
use super::listing::{before, token};
use crate::app::Deps;
use crate::domain::message::{Dispatch, Message, MessageKind, MessageStatus, Template};
use crate::error::{Error, ErrorCode};
use crate::store::ScratchTx;
use crate::store::sql::messages::{self, Filter};

/// A message that is to be sent.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What sort it is.
    pub kind: MessageKind,
    /// The address it goes to.
    pub recipient: &'a str,
    /// What it says.
    pub template: Template,
    /// What the template is filled with. It may hold codes, so it is kept sealed.
    pub content: &'a Value,
}

/// Queues a message within the transaction of what it tells about: either both happen or neither.
///
/// # Errors
/// When it cannot be sealed or written.
pub fn queue(d: &Deps, tx: &ScratchTx<'_>, draft: &Draft<'_>) -> Result<Uuid, Error> {
    let now = d.clock.now();
    let id = d.rng.uuid_v7(now)?;
    let content = d.seal(&context(id), draft.content.to_string().as_bytes())?;
    let message = Message {
        id,
        status: MessageStatus::Queued,
        kind: draft.kind,
        recipient: draft.recipient.to_owned(),
        template: draft.template,
        send_count: 0,
        created_at: now,
        updated_at: now,
    };
    messages::insert(tx, &message, &content)?;
    Ok(id)
}

/// In which the content of a message is sealed.
fn context(id: Uuid) -> String {
    format!("message:{id}")
}

/// Which messages to list.
#[derive(Clone, Debug, Default)]
pub struct ListMessages {
    /// Where they stand.
    pub status: Option<MessageStatus>,
    /// The exact address they go to.
    pub recipient: Option<String>,
    /// At most so many on a page.
    pub page_size: u32,
    /// What the page before gave.
    pub page_token: Option<String>,
}

/// A page of messages, newest first.
///
/// # Errors
/// `Invalid` for a token that no page gave.
pub fn list(d: &Deps, request: &ListMessages) -> Result<Page<Message>, Error> {
    let from = before(request.page_token.as_deref())?;
    let filter = Filter { status: request.status, recipient: request.recipient.as_deref() };
    let limit = i64::from(request.page_size) + 1;
    let mut found = d.store.read(|tx| messages::page(tx, from, limit, filter))?;
    let more = found.len() > request.page_size as usize;
    found.truncate(request.page_size as usize);
    let next_page_token = found.last().filter(|_| more).map(|(n, _)| token(*n));
    Ok(Page { items: found.into_iter().map(|(_, message)| message).collect(), next_page_token })
}

/// A message with the attempts to send it.
///
/// # Errors
/// `NotFound`.
pub fn find(d: &Deps, id: Uuid) -> Result<(Message, Vec<Dispatch>), Error> {
    let found = d.store.read(|tx| messages::find(tx, id))?;
    found.ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no such message."))
}
