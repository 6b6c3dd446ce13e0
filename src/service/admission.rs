//! Whether a request that did not come from this machine may use the admin API.

use secrecy::SecretString;
use uuid::Uuid;

use super::Caller;
use super::flood::Flood;
use super::tokens::{self, METHOD, Refusal};
use crate::app::Deps;
use crate::domain::api_token::Need;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::{Actor, ActorKind, Event};
use crate::error::Error;

/// What a visitor wants, and what they show for it.
#[derive(Debug)]
pub struct Visit {
    /// What it takes.
    pub need: Need,
    /// The request's method, for the ledger.
    pub method: String,
    /// The route's group, for the ledger; nothing that tells about a person.
    pub resource: String,
    /// The bearer token, if one was sent.
    pub token: Option<SecretString>,
    /// Where they come from and in which request; not yet who they are.
    pub by: Caller,
}

/// The answer at the door.
#[derive(Debug)]
pub struct Answer {
    /// Whether they may come in, and if not, how much they are told.
    pub verdict: Verdict,
    /// Why the ledger does not know of it; the answer is the same without.
    pub unrecorded: Option<Error>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They may, with this token.
    Admitted(Uuid),
    /// They may not. Nobody is told whether the token is unknown, expired or revoked.
    Refused,
    /// The token is good, but not for this.
    TooLittle,
}

/// Decides, and records what has to be: each refusal, and from time to time that a token is used.
///
/// # Errors
/// When the store cannot be read. One that cannot be written refuses nobody: reading must be
/// possible on a full disk, and nothing can be changed on it anyway.
pub fn decide(d: &Deps, flood: &Flood, visit: &Visit) -> Result<Answer, Error> {
    let checked = match &visit.token {
        Some(token) => tokens::check(d, token, visit.need)?.map_err(Some),
        None => Err(None),
    };
    let (verdict, recorded) = match checked {
        Ok(token) => {
            let actor = Actor::new(ActorKind::AdminApi, token.id.to_string());
            let by = Caller { actor, ..visit.by.clone() };
            (Verdict::Admitted(token.id), tokens::used(d, &by, &token))
        }
        Err(refusal) => {
            let too_little = matches!(refusal, Some(Refusal::Scope(_)));
            let verdict = if too_little { Verdict::TooLittle } else { Verdict::Refused };
            (verdict, refused(d, flood, visit, refusal))
        }
    };
    Ok(Answer { verdict, unrecorded: recorded.err() })
}

/// Records what flood control held back, if its time has come; `all` at the end of the service.
///
/// # Errors
/// A failure of the store; what was held back is lost then.
pub fn settle(d: &Deps, flood: &Flood, all: bool) -> Result<(), Error> {
    let now = (!all).then(|| d.clock.now());
    let mut summaries = flood.ended(now).into_iter();
    let Some(first) = summaries.next() else { return Ok(()) };
    let by = Caller::local(Actor::new(ActorKind::System, "flood-control"));
    d.store.write(&by.author(), |_| Ok(by.change((), first, summaries)))
}

fn refused(d: &Deps, flood: &Flood, visit: &Visit, refusal: Option<Refusal>) -> Result<(), Error> {
    settle(d, flood, false)?;
    let kind = match refusal {
        Some(Refusal::Scope(_)) => EventType::AuthzDenied,
        _ => EventType::ClientAuthFailure,
    };
    if !flood.count(kind, visit.by.origin.ip.as_deref(), d.clock.now()) {
        return Ok(());
    }
    let event = match refusal {
        Some(Refusal::Scope(token)) => Event::new(kind)
            .denied()
            .client(token.to_string())
            .data("method", visit.method.as_str())
            .data("permission", visit.need.as_str())
            .data("reason", "scope")
            .data("resource", visit.resource.as_str()),
        Some(Refusal::Ended(token, state)) => {
            failure().client(token.to_string()).data("reason", state.as_str())
        }
        Some(Refusal::Unknown) => failure().data("reason", "unknown"),
        None => failure().data("reason", "none"),
    };
    let by = &visit.by;
    d.store.write(&by.author(), |_| Ok::<_, Error>(by.change((), event, [])))
}

fn failure() -> Event {
    Event::new(EventType::ClientAuthFailure).failed().data("method", METHOD)
}
