//! The outbox: messages and the attempts to send them.

use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::message::{Dispatch, Message, MessageKind, MessageStatus, Template};
use crate::store::{Row, ScratchTx, StoreError, Tx};

statements! {
    PAGE = "SELECT id, status, kind, recipient, template, send_count, created_at, updated_at, n
        FROM messages WHERE n < $1 ORDER BY n DESC LIMIT $2";
    PAGE_BY_STATUS = "SELECT id, status, kind, recipient, template, send_count, created_at,
        updated_at, n FROM messages WHERE n < $1 AND status = $3 ORDER BY n DESC LIMIT $2";
    PAGE_BY_RECIPIENT = "SELECT id, status, kind, recipient, template, send_count, created_at,
        updated_at, n FROM messages WHERE n < $1 AND recipient = $3 ORDER BY n DESC LIMIT $2";
    PAGE_BY_BOTH = "SELECT id, status, kind, recipient, template, send_count, created_at,
        updated_at, n FROM messages WHERE n < $1 AND recipient = $3 AND status = $4
        ORDER BY n DESC LIMIT $2";
    FIND = "SELECT id, status, kind, recipient, template, send_count, created_at, updated_at, n
        FROM messages WHERE id = $1";
    DISPATCHES = "SELECT id, succeeded, error, created_at FROM message_dispatches
        WHERE message = $1 ORDER BY created_at, id";
    INSERT = "INSERT INTO messages (id, status, kind, recipient, template, content, send_count,
        created_at, updated_at) VALUES ($1, 'queued', $2, $3, $4, $5, 0, $6, $6)";
}

/// Which messages are meant; every condition that is set must hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Where they stand.
    pub status: Option<MessageStatus>,
    /// The address they go to.
    pub recipient: Option<&'a str>,
}

/// A page of messages below the row `before`, newest first, with their row numbers.
///
/// # Errors
/// A failure of the store.
pub fn page(
    tx: &Tx<'_>,
    before: i64,
    limit: i64,
    filter: Filter<'_>,
) -> Result<Vec<(i64, Message)>, StoreError> {
    let rows = match (filter.status, filter.recipient) {
        (None, None) => tx.all(PAGE, args![before, limit]),
        (Some(status), None) => tx.all(PAGE_BY_STATUS, args![before, limit, status.as_str()]),
        (None, Some(recipient)) => tx.all(PAGE_BY_RECIPIENT, args![before, limit, recipient]),
        (Some(status), Some(recipient)) => {
            tx.all(PAGE_BY_BOTH, args![before, limit, recipient, status.as_str()])
        }
    };
    rows?.iter().map(|row| Ok((row.int(8)?, message(row)?))).collect()
}

/// A message with the attempts to send it, the oldest first.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<(Message, Vec<Dispatch>)>, StoreError> {
    let Some(row) = tx.opt(FIND, args![id])? else { return Ok(None) };
    let dispatches = tx.all(DISPATCHES, args![row.int(8)?])?;
    Ok(Some((message(&row)?, dispatches.iter().map(dispatch).collect::<Result<_, _>>()?)))
}

/// Queues a message; `content` is sealed.
///
/// # Errors
/// `Conflict` for an id that exists.
pub fn insert(tx: &ScratchTx<'_>, message: &Message, content: &str) -> Result<(), StoreError> {
    tx.exec_one(
        INSERT,
        args![
            message.id,
            message.kind.as_str(),
            message.recipient.as_str(),
            message.template.as_str(),
            content,
            message.created_at,
        ],
    )
}

fn message(row: &Row) -> Result<Message, StoreError> {
    let wrong = |column, expected| StoreError::Row { column, expected };
    Ok(Message {
        id: row.uuid(0)?,
        status: MessageStatus::parse(row.text(1)?).ok_or(wrong(1, "a status of a message"))?,
        kind: MessageKind::parse(row.text(2)?).ok_or(wrong(2, "a kind of message"))?,
        recipient: row.text(3)?.to_owned(),
        template: Template::parse(row.text(4)?).ok_or(wrong(4, "a template"))?,
        send_count: row.int(5)?,
        created_at: row.time(6)?,
        updated_at: row.time(7)?,
    })
}

fn dispatch(row: &Row) -> Result<Dispatch, StoreError> {
    let failed = !row.flag(1)?;
    let error = row.opt_text(2)?.unwrap_or_default().to_owned();
    Ok(Dispatch { id: row.uuid(0)?, error: failed.then_some(error), created_at: row.time(3)? })
}
