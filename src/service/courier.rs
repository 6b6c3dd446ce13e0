//! The outbox: queueing messages, and what administrators see of them.

use jiff::SignedDuration;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Page;
use super::listing::{before, token};
use crate::app::Deps;
use crate::config::{Options, Problem};
use crate::courier::GoTemplate;
use crate::domain::message::{Dispatch, Message, MessageKind, MessageStatus, Template};
use crate::error::{Error, ErrorCode};
use crate::store::sql::messages::{self, Filter};
use crate::store::{ScratchTx, StoreError, Tx};

/// Most messages that wait at once. What is queued beyond that is refused: an outbox that a flood
/// has filled helps nobody, and the store has to last.
const MOST_WAITING: i64 = 10_000;

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

/// Whether mail can go out at all: there is a mail server. Whether it works is another question,
/// which [`super::sending::trouble`] answers.
#[must_use]
pub const fn is_configured(d: &Deps) -> bool {
    d.smtp.is_some()
}

/// Queues a mail. `content` has what templates written for Kratos know (`RecoveryCode`,
/// `VerificationCode`, `RegistrationCode`, `LoginCode`, `InvitationURL`, `Identity`,
/// `ExpiresInMinutes`); `To` and `Language` are added here. A mail whose code has expired before it
/// could be sent is given up.
///
/// Nothing is handed back when the outbox is full; what asked for the mail goes on without it.
///
/// # Errors
/// When it cannot be sealed or written.
pub fn queue_mail(
    d: &Deps,
    tx: &ScratchTx<'_>,
    to: &str,
    template: Template,
    language: &str,
    mut content: Map<String, Value>,
) -> Result<Option<Uuid>, Error> {
    if messages::more_than(tx, MOST_WAITING)? {
        return Ok(None);
    }
    content.insert("To".to_owned(), to.into());
    content.insert("Language".to_owned(), language.into());
    let content = Value::Object(content);
    let draft = Draft { kind: MessageKind::Email, recipient: to, template, content: &content };
    queue(d, tx, &draft).map(Some)
}

/// Checks the mails that the operator wrote, as a change of options must.
///
/// # Errors
/// The option whose template cannot be read.
pub fn check_templates(options: &Options) -> Result<(), Problem> {
    let template = &options.mail.recovery_email_template;
    GoTemplate::parse(template).map(drop).map_err(|error| Problem {
        option: "recovery_email_template".to_owned(),
        message: format!("cannot be used: {error}"),
    })
}

/// Checks a template that came as a file.
///
/// # Errors
/// What is wrong with it, as the end of a sentence about it.
pub fn check_template(text: &str) -> Result<(), String> {
    GoTemplate::parse(text).map(drop).map_err(|error| error.to_string())
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
    let minutes = draft.content.get("ExpiresInMinutes").and_then(Value::as_i64);
    let expires_at = minutes.and_then(|minutes| {
        now.checked_add(SignedDuration::from_mins(minutes.clamp(0, 1 << 30))).ok()
    });
    messages::insert(tx, &message, &content, expires_at)?;
    // A little early, as nothing is committed yet; the one who sends takes that into account.
    d.outbox.ring();
    Ok(id)
}

/// In which the content of a message is sealed.
pub(super) fn context(id: Uuid) -> String {
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
    paged(d, request, messages::page)
}

/// Reads messages before a row, so many of them, that pass a filter.
type Read<T> = fn(&Tx<'_>, i64, i64, Filter<'_>) -> Result<Vec<(i64, T)>, StoreError>;

/// A page of what `read` makes of messages, each with its row number.
pub(super) fn paged<T>(d: &Deps, request: &ListMessages, read: Read<T>) -> Result<Page<T>, Error> {
    let from = before(request.page_token.as_deref())?;
    let filter = Filter { status: request.status, recipient: request.recipient.as_deref() };
    let limit = i64::from(request.page_size) + 1;
    let mut found = d.store.read(|tx| read(tx, from, limit, filter))?;
    let more = found.len() > request.page_size as usize;
    found.truncate(request.page_size as usize);
    let next_page_token = found.last().filter(|_| more).map(|(n, _)| token(*n));
    Ok(Page { items: found.into_iter().map(|(_, message)| message).collect(), next_page_token })
}

/// Nobody has such a message.
pub(super) fn missing() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such message.")
}

/// A message with the attempts to send it.
///
/// # Errors
/// `NotFound`.
pub fn find(d: &Deps, id: Uuid) -> Result<(Message, Vec<Dispatch>), Error> {
    let found = d.store.read(|tx| messages::find(tx, id))?;
    found.ok_or_else(missing)
}
