//! The outbox: messages and the attempts to send them.

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::mail_fault::MailFault;
use crate::domain::message::{
    Counts, Dispatch, Due, Mail, Message, MessageKind, MessageStatus, Template,
};
use crate::store::{Row, ScratchTx, StoreError, Tx};

statements! {
    PAGE = "SELECT id, status, kind, recipient, template, send_count, created_at, updated_at, n,
        next_at, expires_at, (SELECT error FROM message_dispatches WHERE message = n
        ORDER BY created_at DESC, id DESC LIMIT 1) FROM messages WHERE n < $1 ORDER BY n DESC LIMIT $2";
    PAGE_BY_STATUS = "SELECT id, status, kind, recipient, template, send_count, created_at,
        updated_at, n, next_at, expires_at, (SELECT error FROM message_dispatches WHERE message = n
        ORDER BY created_at DESC, id DESC LIMIT 1) FROM messages
        WHERE n < $1 AND status = $3 ORDER BY n DESC LIMIT $2";
    PAGE_BY_RECIPIENT = "SELECT id, status, kind, recipient, template, send_count, created_at,
        updated_at, n, next_at, expires_at, (SELECT error FROM message_dispatches WHERE message = n
        ORDER BY created_at DESC, id DESC LIMIT 1) FROM messages
        WHERE n < $1 AND recipient = $3 ORDER BY n DESC LIMIT $2";
    PAGE_BY_BOTH = "SELECT id, status, kind, recipient, template, send_count, created_at,
        updated_at, n, next_at, expires_at, (SELECT error FROM message_dispatches WHERE message = n
        ORDER BY created_at DESC, id DESC LIMIT 1) FROM messages
        WHERE n < $1 AND recipient = $3 AND status = $4
        ORDER BY n DESC LIMIT $2";
    FIND = "SELECT id, status, kind, recipient, template, send_count, created_at, updated_at, n,
        next_at, expires_at, (SELECT error FROM message_dispatches WHERE message = n
        ORDER BY created_at DESC, id DESC LIMIT 1) FROM messages WHERE id = $1";
    DISPATCHES = "SELECT id, succeeded, error, created_at FROM message_dispatches
        WHERE message = $1 ORDER BY created_at, id";
    HURRY = "UPDATE messages SET next_at = $2, updated_at = $2
        WHERE id = $1 AND (status = 'queued' OR (status = 'processing' AND next_at <= $2))";
    ABANDON = "UPDATE messages SET status = 'abandoned', content = NULL, claim = NULL,
        next_at = NULL, updated_at = $2
        WHERE id = $1 AND (status = 'queued' OR (status = 'processing' AND next_at <= $2))";
    INSERT = "INSERT INTO messages (id, status, kind, recipient, template, content, send_count,
        next_at, expires_at, created_at, updated_at)
        VALUES ($1, 'queued', $2, $3, $4, $5, 0, $6, $7, $6, $6)";
    WAITING_BEYOND = "SELECT 1 FROM messages WHERE next_at IS NOT NULL LIMIT 1 OFFSET $1";
    NEXT = "SELECT id, status, kind, recipient, template, send_count, created_at, updated_at, n,
        content, expires_at FROM messages WHERE next_at <= $1 ORDER BY next_at, n LIMIT 1";
    SOONEST = "SELECT MIN(next_at) FROM messages WHERE next_at IS NOT NULL";
    CLAIM = "UPDATE messages SET status = 'processing', claim = $2, next_at = $3,
        send_count = send_count + 1, updated_at = $4 WHERE n = $1";
    DONE = "UPDATE messages SET status = $3, content = NULL, claim = NULL, next_at = NULL,
        updated_at = $4 WHERE id = $1 AND claim = $2";
    PUT_BACK = "UPDATE messages SET status = 'queued', claim = NULL, next_at = $3, updated_at = $4
        WHERE id = $1 AND claim = $2";
    ADD_DISPATCH = "INSERT INTO message_dispatches (message, id, succeeded, error, created_at)
        SELECT n, $2, $3, $4, $5 FROM messages WHERE id = $1";
    COUNTS = "SELECT status, COUNT(*) FROM messages GROUP BY status";
    OLDEST = "SELECT MIN(created_at) FROM messages WHERE next_at IS NOT NULL";
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
    rows_of_page(tx, before, limit, filter)?
        .iter()
        .map(|row| Ok((row.int(8)?, message(row)?)))
        .collect()
}

fn rows_of_page(
    tx: &Tx<'_>,
    before: i64,
    limit: i64,
    filter: Filter<'_>,
) -> Result<Vec<Row>, StoreError> {
    match (filter.status, filter.recipient) {
        (None, None) => tx.all(PAGE, args![before, limit]),
        (Some(status), None) => tx.all(PAGE_BY_STATUS, args![before, limit, status.as_str()]),
        (None, Some(recipient)) => tx.all(PAGE_BY_RECIPIENT, args![before, limit, recipient]),
        (Some(status), Some(recipient)) => {
            tx.all(PAGE_BY_BOTH, args![before, limit, recipient, status.as_str()])
        }
    }
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

/// The same page, with how each goes on.
///
/// # Errors
/// A failure of the store.
pub fn page_of_mail(
    tx: &Tx<'_>,
    before: i64,
    limit: i64,
    filter: Filter<'_>,
) -> Result<Vec<(i64, Mail)>, StoreError> {
    rows_of_page(tx, before, limit, filter)?
        .iter()
        .map(|row| Ok((row.int(8)?, mail(row)?)))
        .collect()
}

/// A message with how it goes on, and the attempts to send it, the oldest first.
///
/// # Errors
/// A failure of the store.
pub fn find_mail(tx: &Tx<'_>, id: Uuid) -> Result<Option<(Mail, Vec<Dispatch>)>, StoreError> {
    let Some(row) = tx.opt(FIND, args![id])? else { return Ok(None) };
    let dispatches = tx.all(DISPATCHES, args![row.int(8)?])?;
    Ok(Some((mail(&row)?, dispatches.iter().map(dispatch).collect::<Result<_, _>>()?)))
}

/// Makes it the turn of a message that waits. Says whether it does.
///
/// # Errors
/// A failure of the store.
pub fn hurry(tx: &ScratchTx<'_>, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(HURRY, args![id, now])? == 1)
}

/// Gives up a message that waits, and erases what it says. Says whether it did wait.
///
/// # Errors
/// A failure of the store.
pub fn abandon(tx: &ScratchTx<'_>, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(ABANDON, args![id, now])? == 1)
}

/// Queues a message; `content` is sealed, and no longer true after `expires_at`.
///
/// # Errors
/// `Conflict` for an id that exists.
pub fn insert(
    tx: &ScratchTx<'_>,
    message: &Message,
    content: &str,
    expires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    tx.exec_one(
        INSERT,
        args![
            message.id,
            message.kind.as_str(),
            message.recipient.as_str(),
            message.template.as_str(),
            content,
            message.created_at,
            expires_at,
        ],
    )
}

/// Whether more than so many messages are not done yet.
///
/// # Errors
/// A failure of the store.
pub fn more_than(tx: &Tx<'_>, most: i64) -> Result<bool, StoreError> {
    Ok(tx.opt(WAITING_BEYOND, args![most])?.is_some())
}

/// When the next message is to be tried; nothing when all are done.
///
/// # Errors
/// A failure of the store.
pub fn soonest(tx: &Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    tx.one(SOONEST, &[])?.opt_time(0)
}

/// Takes the message whose turn it is for the holder of `claim`, who has until `until` to send it;
/// afterwards it is anybody's again.
///
/// # Errors
/// A failure of the store.
pub fn claim(
    tx: &ScratchTx<'_>,
    claim: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Due>, StoreError> {
    let Some(row) = tx.opt(NEXT, args![now])? else { return Ok(None) };
    tx.exec_one(CLAIM, args![row.int(8)?, claim, until, now])?;
    let mut message = message(&row)?;
    message.status = MessageStatus::Processing;
    message.send_count += 1;
    let content = row.opt_text(9)?.map(str::to_owned);
    Ok(Some(Due { message, content, expires_at: row.opt_time(10)? }))
}

/// Ends a message as sent or abandoned, and erases what it says. Says whether it was still ours.
///
/// # Errors
/// A failure of the store.
pub fn done(
    tx: &ScratchTx<'_>,
    id: Uuid,
    claim: Uuid,
    status: MessageStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.exec(DONE, args![id, claim, status.as_str(), now])? == 1)
}

/// Puts a message back until `next_at`. Says whether it was still ours.
///
/// # Errors
/// A failure of the store.
pub fn put_back(
    tx: &ScratchTx<'_>,
    id: Uuid,
    claim: Uuid,
    next_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.exec(PUT_BACK, args![id, claim, next_at, now])? == 1)
}

/// Records an attempt to send the message.
///
/// # Errors
/// A failure of the store.
pub fn add_dispatch(
    tx: &ScratchTx<'_>,
    message: Uuid,
    dispatch: &Dispatch,
) -> Result<(), StoreError> {
    let error = dispatch.error.map(|fault| fault.stored());
    let row = args![message, dispatch.id, error.is_none(), error.as_deref(), dispatch.created_at];
    tx.exec(ADD_DISPATCH, row).map(drop)
}

/// How many messages stand where.
///
/// # Errors
/// A failure of the store.
pub fn counts(tx: &Tx<'_>) -> Result<Counts, StoreError> {
    let mut counts = Counts { oldest: tx.one(OLDEST, &[])?.opt_time(0)?, ..Counts::default() };
    for row in tx.all(COUNTS, &[])? {
        let count = u64::try_from(row.int(1)?).unwrap_or_default();
        match MessageStatus::parse(row.text(0)?) {
            Some(MessageStatus::Queued) => counts.queued = count,
            Some(MessageStatus::Processing) => counts.processing = count,
            Some(MessageStatus::Sent) => counts.sent = count,
            Some(MessageStatus::Abandoned) => counts.abandoned = count,
            None => {}
        }
    }
    Ok(counts)
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

fn mail(row: &Row) -> Result<Mail, StoreError> {
    Ok(Mail {
        message: message(row)?,
        next_at: row.opt_time(9)?,
        expires_at: row.opt_time(10)?,
        last_error: row.opt_text(11)?.map(MailFault::parse),
    })
}

fn dispatch(row: &Row) -> Result<Dispatch, StoreError> {
    let failed = !row.flag(1)?;
    let error = failed.then_some(MailFault::parse(row.opt_text(2)?.unwrap_or_default()));
    Ok(Dispatch { id: row.uuid(0)?, error, created_at: row.time(3)? })
}
