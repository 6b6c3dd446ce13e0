//! Sending what is queued. One message at a time is claimed for a while, so that a crash strands
//! none, and two who send at once never take the same one; whatever came of it is recorded.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::courier::context;
use crate::app::Deps;
use crate::config::SmtpServer;
use crate::courier::{GoTemplate, Letter, Line, Refusal, Sender, Written, language, write};
use crate::domain::mail_fault::{FaultKind, MailFault};
use crate::domain::message::{Dispatch, Due, MessageStatus, Template};
use crate::error::{Error, ErrorCode};
use crate::store::sql::messages;

/// How long a claim holds: longer than the server may take to answer everything.
const CLAIM: SignedDuration = SignedDuration::from_mins(3);
/// Most messages in one go.
const AT_ONCE: u32 = 50;
/// Pauses before a message is tried again: the first, the factor, and the longest.
const PAUSE: (i64, i64, i64) = (15, 4, 3600);
/// Pauses before a server that failed is called again, in seconds: the first, and the longest.
const REST: (u64, u64) = (5, 300);
/// A line that was used so recently is good.
const FRESH: Duration = Duration::from_secs(3);
/// An idle line is closed after so long.
const IDLE: Duration = Duration::from_secs(20);
/// What is said where there is no mail server.
const NO_SERVER: &str = "No mail server is set up; relate one or set smtp_secret_id.";
/// The same, once mail waits.
const NO_SERVER_YET: &str =
    "Mail waits and no mail server is set up; relate one or set smtp_secret_id.";
/// How often a server that nobody needs is called, to know whether it could be used.
const LOOK: Duration = Duration::from_mins(15);

/// What sending came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Messages the server took.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Messages that were given up.
    pub abandoned: u64,
    /// What an operator should read in the log.
    pub notes: Vec<String>,
    /// Whether there may be more to send right away.
    pub more: bool,
}

/// Who sends: holds the line to the server, and remembers when it is not worth a call.
#[derive(Default)]
pub struct Postman {
    server: Option<Arc<SmtpServer>>,
    line: Option<(Line, Instant)>,
    failures: u32,
    rest_until: Option<Instant>,
    look_at: Option<Instant>,
}

impl Postman {
    /// Takes note of the server that is in force. Another one is called at once.
    fn serve(&mut self, server: &Arc<SmtpServer>) {
        if self.server.as_ref().is_some_and(|known| Arc::ptr_eq(known, server)) {
            return;
        }
        self.hang_up();
        *self = Self { server: Some(Arc::clone(server)), ..Self::default() };
        self.look_at = Some(Instant::now());
    }

    fn rests(&self) -> bool {
        self.rest_until.is_some_and(|until| Instant::now() < until)
    }

    /// A line that can be used.
    fn reach(&mut self, server: &SmtpServer) -> Result<&mut Line, MailFault> {
        let kept = self.line.take().and_then(|(mut line, used)| {
            let good = used.elapsed() < FRESH || line.is_good();
            good.then_some(line)
        });
        let line = match kept {
            Some(line) => line,
            None => Line::open(server)?,
        };
        let (line, _) = self.line.insert((line, Instant::now()));
        Ok(line)
    }

    fn hang_up(&mut self) {
        if let Some((line, _)) = self.line.take() {
            line.close();
        }
    }

    fn worked(&mut self) {
        self.failures = 0;
        self.rest_until = None;
        self.look_at = Some(Instant::now() + LOOK);
        if let Some((_, used)) = &mut self.line {
            *used = Instant::now();
        }
    }

    /// The server failed: it is left alone for a while, longer each time.
    fn failed(&mut self) {
        self.line = None;
        let pause = Duration::from_secs((REST.0 << self.failures.min(10)).min(REST.1));
        self.failures += 1;
        self.rest_until = Some(Instant::now() + pause);
        self.look_at = self.rest_until;
    }

    /// Calls a server that was not called for long, and closes a line that nobody uses.
    fn look(&mut self, d: &Deps, server: &SmtpServer, sent: &mut Sent) {
        if self.look_at.is_some_and(|at| Instant::now() >= at) {
            match self.reach(server).map(drop) {
                Ok(()) => {
                    self.worked();
                    report(d, None, sent);
                }
                Err(fault) => {
                    self.failed();
                    report(d, Some(fault), sent);
                }
            }
        }
        if self.line.as_ref().is_some_and(|(_, used)| used.elapsed() > IDLE) {
            self.hang_up();
        }
    }
}

/// Keeps what is known of the server, and a note of what is new.
fn report(d: &Deps, trouble: Option<MailFault>, sent: &mut Sent) {
    if d.outbox.trouble() != trouble {
        sent.notes.push(match trouble {
            Some(fault) => format!("mail cannot be sent: {fault}"),
            None => "mail can be sent again".to_owned(),
        });
    }
    d.outbox.note(trouble);
}

/// Sends what is due, and stops early where the server cannot be used.
///
/// # Errors
/// A failure of the store.
pub fn run(d: &Deps, postman: &mut Postman) -> Result<Sent, Error> {
    let mut sent = Sent::default();
    let Some(server) = d.smtp.clone() else { return Ok(sent) };
    postman.serve(&server);
    if d.outbox.urged() {
        postman.rest_until = None;
    }
    for _ in 0..AT_ONCE {
        if postman.rests() || !is_due(d)? {
            postman.look(d, &server, &mut sent);
            return Ok(sent);
        }
        let reached = postman.reach(&server).map(drop);
        let Some((due, claim)) = claim(d)? else { return Ok(sent) };
        let outcome = match reached {
            Ok(()) => deliver(d, postman, &due, &mut sent),
            Err(fault) => Err(Refusal::Server(fault)),
        };
        match &outcome {
            Ok(_) => {
                postman.worked();
                report(d, None, &mut sent);
            }
            Err(Refusal::Server(fault)) => {
                postman.failed();
                report(d, Some(*fault), &mut sent);
            }
            // The server hangs up after it has refused something.
            Err(_) => postman.line = None,
        }
        record(d, &due, claim, &outcome, &mut sent)?;
    }
    sent.more = true;
    Ok(sent)
}

fn is_due(d: &Deps) -> Result<bool, Error> {
    let now = d.clock.now();
    Ok(d.store.read(messages::soonest)?.is_some_and(|at| at <= now))
}

fn claim(d: &Deps) -> Result<Option<(Due, Uuid)>, Error> {
    let now = d.clock.now();
    let claim = d.rng.uuid_v7(now)?;
    let due = d.store.scratch(|tx| messages::claim(tx, claim, now, later(now, CLAIM)))?;
    Ok(due.map(|due| (due, claim)))
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Writes a message and hands it to the server.
fn deliver(d: &Deps, postman: &mut Postman, due: &Due, sent: &mut Sent) -> Result<String, Refusal> {
    let now = d.clock.now();
    if due.expires_at.is_some_and(|at| at <= now) {
        return Err(Refusal::Never(FaultKind::Expired.into()));
    }
    let letter = letter(d, due, sent).map_err(|kind| Refusal::Never(kind.into()))?;
    match &mut postman.line {
        Some((line, _)) => line.send(&letter),
        None => Err(Refusal::Server(FaultKind::Dropped.into())),
    }
}

fn letter(d: &Deps, due: &Due, sent: &mut Sent) -> Result<Letter, FaultKind> {
    let message = &due.message;
    let sealed = due.content.as_deref().ok_or(FaultKind::Erased)?;
    let content = d.unseal(&context(message.id), sealed).map_err(|_| FaultKind::OtherKey)?;
    let content: Value = serde_json::from_slice(&content).map_err(|_| FaultKind::Damaged)?;
    let written = written(d, message.template, &content, sent).map_err(|_| FaultKind::Unwritten)?;
    let to = content.get("To").and_then(Value::as_str).unwrap_or(&message.recipient);
    Letter::new(message.id, message.created_at, &sender(d), to, written)
}

/// What a mail says: our own words, with the operator's page where there is one.
fn written(
    d: &Deps,
    template: Template,
    content: &Value,
    sent: &mut Sent,
) -> Result<Written, String> {
    let tag = content.get("Language").and_then(Value::as_str).unwrap_or_default();
    let mut written = write(template, language(tag), &d.options.mail.sender_name, content)?;
    let own = match template {
        Template::RecoveryCodeValid => Some(d.options.mail.recovery_email_template.as_str()),
        Template::VerificationCodeValid => d.verification_template.as_deref(),
        _ => None,
    };
    if let Some(own) = own.filter(|text| !text.is_empty()) {
        match GoTemplate::parse(own).and_then(|read| read.html(content)) {
            Ok(html) => written.html = html,
            Err(error) => sent.notes.push(format!(
                "the operator's template for {} is not used, it cannot be filled in: {error}",
                template.as_str()
            )),
        }
    }
    Ok(written)
}

fn sender(d: &Deps) -> Sender {
    let wanted = d.smtp.as_ref().and_then(|server| server.sender.as_deref());
    Sender { address: d.options.mail_from(wanted), name: d.options.mail.sender_name.clone() }
}

/// Writes down what came of an attempt, and when the next one is to be.
fn record(
    d: &Deps,
    due: &Due,
    claim: Uuid,
    outcome: &Result<String, Refusal>,
    sent: &mut Sent,
) -> Result<(), Error> {
    let now = d.clock.now();
    let id = due.message.id;
    let error = outcome.as_ref().err().map(|refusal| refusal.fault());
    let dispatch = Dispatch { id: d.rng.uuid_v7(now)?, error, created_at: now };
    let retries = i64::from(d.options.mail.message_retries);
    let end = match outcome {
        Ok(_) => Some(MessageStatus::Sent),
        Err(Refusal::Never(_)) => Some(MessageStatus::Abandoned),
        Err(_) if due.message.send_count > retries => Some(MessageStatus::Abandoned),
        Err(_) => None,
    };
    let next_at = later(now, pause(d, due.message.send_count)?);
    d.store.scratch(|tx| {
        // Whoever took it over meanwhile says what comes of it.
        let ours = match end {
            Some(status) => messages::done(tx, id, claim, status, now)?,
            None => messages::put_back(tx, id, claim, next_at, now)?,
        };
        if ours { messages::add_dispatch(tx, id, &dispatch) } else { Ok(()) }
    })?;
    match end {
        Some(MessageStatus::Sent) => sent.sent += 1,
        end => {
            sent.failed += 1;
            sent.abandoned += u64::from(end.is_some());
            let fault = dispatch.error.unwrap_or(FaultKind::Unknown.into());
            let then = if end.is_some() { "given up" } else { "to be tried again" };
            sent.notes.push(format!("message {id} was not sent and is {then}: {fault}"));
        }
    }
    Ok(())
}

/// How long a message waits after so many attempts; a fifth more or less, so that those that failed
/// together do not come back together.
fn pause(d: &Deps, attempts: i64) -> Result<SignedDuration, Error> {
    let (first, factor, longest) = PAUSE;
    let grown = u32::try_from(attempts - 1).ok().and_then(|n| factor.checked_pow(n));
    let seconds = grown.and_then(|grown| first.checked_mul(grown)).unwrap_or(longest).min(longest);
    let mut random = [0u8; 1];
    d.rng.fill(&mut random)?;
    let share = 80 + i64::from(random[0]) * 40 / 255;
    Ok(SignedDuration::from_millis(seconds * share * 10))
}

/// What a mail that was sent to try it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Where it was handed over.
    pub server: String,
    /// How the connection was protected.
    pub security: &'static str,
    /// Whom it came from.
    pub sender: String,
    /// What the server said.
    pub answer: String,
}

/// Sends a mail right away, without the queue, and says what the server made of it.
///
/// # Errors
/// `NotReady` without a mail server, `Invalid` for an address that is none, and `Busy` with what
/// happened when it does not go out.
pub fn try_out(d: &Deps, to: &str, tag: &str) -> Result<Tried, Error> {
    let Some(server) = &d.smtp else {
        return Err(Error::new(ErrorCode::NotReady, NO_SERVER));
    };
    let refused = |fault: MailFault| Error::new(ErrorCode::Busy, fault.to_string());
    let invalid = |kind: FaultKind| Error::new(ErrorCode::Invalid, kind.english());
    let content = json!({"To": to});
    let brand = &d.options.mail.sender_name;
    let written = write(Template::Test, language(tag), brand, &content)
        .map_err(|_| invalid(FaultKind::Unwritten))?;
    let now = d.clock.now();
    let sender = sender(d);
    let letter = Letter::new(d.rng.uuid_v7(now)?, now, &sender, to, written).map_err(invalid)?;
    let mut line = Line::open(server).map_err(refused)?;
    let answer = line.send(&letter).map_err(|refusal| refused(refusal.fault()))?;
    line.close();
    Ok(Tried {
        server: format!("{}:{}", server.host, server.port),
        security: server.security.as_str(),
        sender: sender.address,
        answer,
    })
}

/// Why mail does not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Mail waits, and there is nobody to give it to.
    NoServer,
    /// The server, or the way there.
    Server(MailFault),
}

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer => to.write_str(NO_SERVER_YET),
            Self::Server(fault) => write!(to, "Mail cannot be sent. {fault}"),
        }
    }
}

/// Why mail does not go out; nothing when it does, or when nobody needs it to.
///
/// # Errors
/// A failure of the store.
pub fn trouble(d: &Deps) -> Result<Option<Trouble>, Error> {
    if d.smtp.is_some() {
        return Ok(d.outbox.trouble().map(Trouble::Server));
    }
    let waits = d.store.read(messages::soonest)?.is_some();
    Ok(waits.then_some(Trouble::NoServer))
}
