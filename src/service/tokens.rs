//! Tokens for the admin port: making, listing and withdrawing them, and asking whether one is good.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Caller;
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::api_token::{self, ApiToken, NAME_MAX, Need, PREFIX, Scope, State};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::Change;
use crate::store::sql::api_tokens;

/// How many tokens a list shows.
const LIST_MAX: i64 = 500;
/// A use is noted once in this time, so that reading does not become writing.
const USE_NOTED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// What the ledger calls the way in.
pub(super) const METHOD: &str = "admin_token";

/// What a new token shall be.
#[derive(Debug)]
pub struct CreateToken {
    /// What to call it.
    pub name: String,
    /// How much it may do.
    pub scope: Scope,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
    /// The token itself, when the operator made it; otherwise one is drawn.
    pub token: Option<SecretString>,
}

/// A new token, shown once.
#[derive(Debug)]
pub struct Created {
    /// What is kept of it.
    pub kept: ApiToken,
    /// The token itself; nothing when the operator has it already.
    pub token: Option<SecretString>,
}

/// Why a token does not let its bearer in. The bearer is never told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was never made.
    Unknown,
    /// It is over.
    Ended(Uuid, State),
    /// It is good, but not for this.
    Scope(Uuid),
}

/// Makes a token.
///
/// # Errors
/// `Invalid` for a name, an expiry or a token of the operator's that cannot be used, `Conflict` for
/// a token that is there already.
pub fn create(d: &Deps, by: &Caller, request: CreateToken) -> Result<Created, Error> {
    let now = d.clock.now();
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(invalid(format!("A token's name has 1 to {NAME_MAX} characters.")));
    }
    if request.expires_at.is_some_and(|at| at <= now) {
        return Err(invalid("The token would have expired already."));
    }
    let given = request.token.is_some();
    let token = match request.token {
        Some(token) => token,
        None => SecretString::from(format!("{PREFIX}{}", token::random_token(&d.rng)?)),
    };
    if !api_token::is_well_formed(token.expose_secret()) {
        return Err(invalid(format!(
            "A token is {PREFIX} and 43 characters of base64url, which are 32 random bytes."
        )));
    }
    let kept = ApiToken {
        id: d.rng.uuid_v7(now)?,
        name: name.to_owned(),
        scope: request.scope,
        created_at: now,
        expires_at: request.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    let digest = token::digest(token.expose_secret());
    d.store.write(&by.author(), |tx| {
        if api_tokens::by_digest(tx, &digest)?.is_some() {
            return Err(Error::new(ErrorCode::Conflict, "This token exists already."));
        }
        api_tokens::insert(tx, &kept, &digest)?;
        let event = Event::new(EventType::TokenGranted)
            .data("exp", kept.expires_at.map(Timestamp::as_second))
            .data("grant", METHOD)
            .data("scope", kept.scope.as_str())
            .data("token_id", kept.id.to_string())
            .personal("name", kept.name.as_str());
        Ok(by.change((), event, []))
    })?;
    Ok(Created { kept, token: (!given).then_some(token) })
}

/// The newest tokens, ended ones too.
///
/// # Errors
/// A failure of the store.
pub fn list(d: &Deps) -> Result<Vec<ApiToken>, Error> {
    d.store.read(|tx| Ok(api_tokens::newest(tx, LIST_MAX)?))
}

/// Withdraws a token at once; `false` when it was withdrawn before.
///
/// # Errors
/// `NotFound`.
pub fn revoke(d: &Deps, by: &Caller, id: Uuid) -> Result<bool, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let missing = || Error::new(ErrorCode::NotFound, "There is no such token.");
        let token = api_tokens::by_id(tx, id)?.ok_or_else(missing)?;
        if !api_tokens::revoke(tx, id, now)? {
            return Ok(Change::none(false));
        }
        let event = Event::new(EventType::TokenRevoked)
            .data("reason", "operator")
            .data("token_id", id.to_string())
            .personal("name", token.name);
        Ok(by.change(true, event, []))
    })
}

/// Whether a token is good for what is asked. The store is asked each time: a token that an action
/// withdrew in another process is no good from the next request on.
///
/// # Errors
/// A failure of the store.
pub(super) fn check(
    d: &Deps,
    presented: &SecretString,
    need: Need,
) -> Result<Result<ApiToken, Refusal>, Error> {
    // Whatever was presented is digested and looked up, so that nonsense takes as long as a token.
    let digest = token::digest(presented.expose_secret());
    let found = d.store.read(|tx| Ok::<_, Error>(api_tokens::by_digest(tx, &digest)?))?;
    let Some(token) = found else { return Ok(Err(Refusal::Unknown)) };
    Ok(match token.state(d.clock.now()) {
        State::Active if token.scope.allows(need) => Ok(token),
        State::Active => Err(Refusal::Scope(token.id)),
        over => Err(Refusal::Ended(token.id, over)),
    })
}

/// Notes that a token was used, when that was not noted for a while.
///
/// # Errors
/// A failure of the store.
pub(super) fn used(d: &Deps, by: &Caller, token: &ApiToken) -> Result<(), Error> {
    let now = d.clock.now();
    let Ok(before) = now.checked_sub(USE_NOTED_EVERY) else { return Ok(()) };
    if token.last_used_at.is_some_and(|at| at > before) {
        return Ok(());
    }
    d.store.write(&by.author(), |tx| {
        if !api_tokens::used(tx, token.id, now, before)? {
            return Ok::<_, Error>(Change::none(()));
        }
        let event = Event::new(EventType::ClientAuthSuccess)
            .client(token.id.to_string())
            .data("method", METHOD);
        Ok(by.change((), event, []))
    })
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::Invalid, message)
}
