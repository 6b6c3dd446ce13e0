//! Slowing down whoever guesses: at passwords and codes, and at other people's patience with mail.
//! What is counted is in the store, so that it survives a restart and holds for all units.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::flood::network;
use crate::app::Deps;
use crate::domain::identifier::canonical;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::throttle::{
    Count, FORGOTTEN_AFTER, FREE, FREE_OF_ALL, Held, KNOWN_FOR, SHARE_OF_ONE,
};
use crate::error::{Error, ErrorCode};
use crate::store::sql::throttle;
use crate::store::{ScratchTx, StoreError};

/// Mails that one person gets within [`MAIL_WINDOW`], whoever asks for them.
pub const MAILS_TO_ONE: i64 = 5;
/// Mails that one source may ask for in the same time.
pub const MAILS_FROM_ONE: i64 = 30;
/// The time in which mails are counted.
pub const MAIL_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How old the note that a source is known may become before it is written anew.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Somebody tries to prove who they are.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// By what: `password`, `totp` and so on.
    pub method: &'a str,
    /// Who they say they are: what they typed, or the id of the identity in a later step.
    pub identifier: &'a str,
    /// Where the request came from.
    pub ip: Option<&'a str>,
    /// Whether the device was signed in as this person before, by a session it can show.
    pub known_device: bool,
}

/// Nothing was looked at: come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// Whole seconds, at least one.
    pub seconds: u64,
}

/// An attempt that may be made. Say how it ended, in the transaction that records it; one that is
/// dropped without that counts for nothing.
#[derive(Debug)]
pub struct Pass {
    source: String,
    everybody: String,
    known: String,
    /// Whether there are failures to be forgotten.
    failures: bool,
    /// Whether the source was known already, and used not long ago.
    fresh: bool,
    now: Timestamp,
    _held: Held,
}

/// Lets an attempt begin, or says when to come back. Ask before anything slow is computed, and for
/// identifiers that nobody has too.
///
/// # Errors
/// When the store or the data key cannot be read. The inner error is the delay.
pub fn enter(d: &Deps, attempt: &Attempt<'_>) -> Result<Result<Pass, RetryAfter>, Error> {
    let now = d.clock.now();
    let Attempt { method, identifier, ip, known_device } = *attempt;
    let (who, from) = (canonical(identifier), network(ip.unwrap_or_default()));
    let key = |parts: [&str; 4]| d.keyed_digest("throttle", &parts.join("\n"));
    let source = key(["source", method, &who, &from])?;
    let everybody = key(["everybody", method, &who, ""])?;
    let known = key(["known", "", &who, &from])?;
    // Counted before the store is asked: whoever fails meanwhile is in one of the two counts.
    let (held, others) = d.attempts.enter(&[&source, &everybody]);
    let (own, all, device) = d.store.read(|tx| {
        let find = |key| throttle::find(tx, key);
        Ok::<_, StoreError>((find(&source)?, find(&everybody)?, find(&known)?))
    })?;
    let device = device.filter(|device| device.at(now) > 0);
    let mut wait = wait(own, FREE, others.first().copied(), now);
    if !known_device && device.is_none() {
        wait = wait.max(self::wait(all, FREE_OF_ALL, others.get(1).copied(), now));
    }
    if let Some(later) = retry_after(wait) {
        return Ok(Err(later));
    }
    let failures = own.is_some() || all.is_some();
    let fresh = device.is_some_and(|device| now.duration_since(device.last_at) < KEPT_FOR);
    Ok(Ok(Pass { source, everybody, known, failures, fresh, now, _held: held }))
}

/// How long to wait, while `others` attempts are being made that may still fail: beyond what is free
/// they are made one by one.
fn wait(count: Option<Count>, free: i64, others: Option<i64>, now: Timestamp) -> SignedDuration {
    let waits = count.map_or(SignedDuration::ZERO, |count| count.wait(free, now));
    let others = others.unwrap_or_default();
    let failed = count.map_or(0, |count| count.at(now));
    if others > 0 && failed.saturating_add(others) >= free {
        return waits.max(SignedDuration::from_secs(1));
    }
    waits
}

fn retry_after(wait: SignedDuration) -> Option<RetryAfter> {
    let whole = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    u64::try_from(whole).ok().filter(|seconds| *seconds > 0).map(|seconds| RetryAfter { seconds })
}

impl Pass {
    /// It failed.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn failed(&self, tx: &ScratchTx<'_>) -> Result<(), Error> {
        let until = later(self.now, FORGOTTEN_AFTER)?;
        if throttle::add(tx, &self.source, self.now, until)? <= SHARE_OF_ONE {
            throttle::add(tx, &self.everybody, self.now, until)?;
        }
        Ok(())
    }

    /// It succeeded: earlier failures from the same source are forgotten, and those of strangers
    /// begin to be counted anew. From now on the source is known.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn succeeded(&self, tx: &ScratchTx<'_>) -> Result<(), Error> {
        if self.failures {
            throttle::forget(tx, &self.source)?;
            throttle::forget(tx, &self.everybody)?;
        }
        if self.fresh {
            return Ok(());
        }
        let until = later(self.now, KNOWN_FOR)?;
        Ok(throttle::put(
            tx,
            &self.known,
            &Count { count: 1, last_at: self.now, expires_at: until },
        )?)
    }
}

/// What the ledger says of an attempt that was not let in; `identity` when it is known.
///
/// # Errors
/// When the data key cannot be read.
pub fn refusal(
    d: &Deps,
    attempt: &Attempt<'_>,
    later: RetryAfter,
    identity: Option<Uuid>,
) -> Result<Event, Error> {
    let event = Event::new(EventType::AuthLoginThrottled)
        .denied()
        .data("method", attempt.method)
        .data("identifier_hmac", identifier_hmac(d, attempt.identifier)?)
        .data("retry_after_s", later.seconds);
    Ok(match identity {
        Some(id) => event.principal(id),
        None => event,
    })
}

/// What stands in the ledger for something that somebody typed and that may be nobody's: entries
/// about the same can be joined, and only the holder of the data key can try what it was.
///
/// # Errors
/// When the data key cannot be read.
pub fn identifier_hmac(d: &Deps, identifier: &str) -> Result<String, Error> {
    d.keyed_digest("identifier", &canonical(identifier))
}

/// Counts a mail to `recipient` (an address, or the id of an identity) that a request from `ip` asks
/// for; `false` when there were too many already, and then it must not be sent. Whoever asks must
/// not be told.
///
/// # Errors
/// A failure of the store.
pub fn may_mail(
    d: &Deps,
    tx: &ScratchTx<'_>,
    recipient: &str,
    ip: Option<&str>,
) -> Result<bool, Error> {
    let now = d.clock.now();
    let mut counters = vec![("mail-to", canonical(recipient), MAILS_TO_ONE)];
    // What happens on this machine, by an action, has no source.
    counters.extend(ip.map(|ip| ("mail-from", network(ip), MAILS_FROM_ONE)));
    let mut counts = Vec::with_capacity(counters.len());
    for (name, whose, most) in counters {
        let key = d.keyed_digest("throttle", &format!("{name}\n{whose}"))?;
        let known = throttle::find(tx, &key)?.filter(|count| count.at(now) > 0);
        let count = match known {
            Some(count) if count.count >= most => return Ok(false),
            Some(count) => Count { count: count.count + 1, last_at: now, ..count },
            None => Count { count: 1, last_at: now, expires_at: later(now, MAIL_WINDOW)? },
        };
        counts.push((key, count));
    }
    for (key, count) in &counts {
        throttle::put(tx, key, count)?;
    }
    Ok(true)
}

fn later(now: Timestamp, by: SignedDuration) -> Result<Timestamp, Error> {
    now.checked_add(by).map_err(|error| {
        Error::new(ErrorCode::Internal, "A delay cannot be computed.").because(error)
    })
}
