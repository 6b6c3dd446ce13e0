//! The beginning of a session.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

use super::presented::{Carrier, Presented};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, Device, LastLogin, Method, Session};
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::service::failure::no_identity;
use crate::store::WriteTx;
use crate::store::sql::identities::Stored;
use crate::store::sql::{identities, last_logins, sessions};

/// A sign-in that was completed.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Who signed in.
    pub identity_id: Uuid,
    /// The steps that were completed, in their order.
    pub methods: Vec<Method>,
    /// By what the session is to be carried.
    pub carrier: Carrier,
    /// How long it lasts, where that is not what the options say.
    pub lifespan: Option<SignedDuration>,
}

/// A session that has begun, with what its client is given for it, which is shown once.
#[derive(Debug)]
pub struct Issued {
    /// The session.
    pub session: Session,
    /// The session token, or the cookie's value.
    pub secret: SecretString,
}

/// Begins a session on the device that the caller's request came from.
///
/// # Errors
/// `NotFound`, and `Forbidden` unless the account is active.
pub fn issue(d: &Deps, by: &Caller, sign_in: &SignIn) -> Result<Issued, Error> {
    let now = d.clock.now();
    let presented = Presented::draw(&d.rng, sign_in.carrier)?;
    let session = d.store.write(&by.author(), |tx| {
        let stored = identities::find(tx, sign_in.identity_id)?.ok_or_else(no_identity)?;
        if !stored.identity.standing().effective(now).grants_sessions() {
            return Err(Error::new(ErrorCode::Forbidden, "This account cannot sign in."));
        }
        let session = open(d, by, tx, &stored, sign_in, &presented)?;
        let event = created(&session);
        Ok(by.change(session, event, []))
    })?;
    let secret = presented.handed_out(session.expires_at.as_second());
    Ok(Issued { session, secret })
}

/// Begins a session within the transaction of the sign-in; whether its owner may have one is for the
/// caller to know.
pub(in crate::service) fn open(
    d: &Deps,
    by: &Caller,
    tx: &WriteTx<'_>,
    owner: &Stored,
    sign_in: &SignIn,
    presented: &Presented,
) -> Result<Session, Error> {
    let now = d.clock.now();
    let lifespan = sign_in.lifespan.unwrap_or_else(|| d.session_lifespan());
    let session = Session {
        id: d.rng.uuid_v7(now)?,
        identity_id: owner.identity.id,
        owner: owner.identity.standing(),
        active: true,
        aal: Aal::reached(&sign_in.methods),
        methods: sign_in.methods.clone(),
        authenticated_at: now,
        issued_at: now,
        expires_at: end(now, lifespan)?,
        devices: vec![device(d, by, now)?],
        last_seen_at: None,
        authorities: owner.identity.authorities.clone(),
    };
    sessions::insert(tx, owner.n, &session, &presented.digest())?;
    remember(tx, owner.n, &session)?;
    Ok(session)
}

/// Remembers the sign-in that a session has just come from, for as long as the account lasts.
pub(in crate::service) fn remember(
    tx: &WriteTx<'_>,
    owner: i64,
    session: &Session,
) -> Result<(), Error> {
    let Some(first) = session.methods.iter().rfind(|one| one.aal < Aal::Two) else { return Ok(()) };
    let login = LastLogin {
        at: session.authenticated_at,
        method: first.method.as_str().to_owned(),
        provider: first.provider.clone(),
        ip: session.devices.last().and_then(|device| device.ip_address.clone()),
    };
    Ok(last_logins::set(tx, owner, &login)?)
}

/// When a session ends that lasts for `lifespan` from `now`.
pub(super) fn end(now: Timestamp, lifespan: SignedDuration) -> Result<Timestamp, Error> {
    now.checked_add(lifespan).map_err(|error| {
        Error::new(ErrorCode::Internal, "The session's end cannot be computed.").because(error)
    })
}

/// The device that the caller's request came from.
pub(in crate::service) fn device(d: &Deps, by: &Caller, now: Timestamp) -> Result<Device, Error> {
    Ok(Device {
        id: d.rng.uuid_v7(now)?,
        ip_address: by.origin.ip.clone(),
        user_agent: by.origin.user_agent.clone(),
        location: None,
    })
}

/// The event of a session that began.
pub(in crate::service) fn created(session: &Session) -> Event {
    let methods: Vec<&str> = session.methods.iter().map(|used| used.method.as_str()).collect();
    Event::new(EventType::SessionCreated)
        .principal(session.identity_id)
        .session(session.id.to_string())
        .data("aal", session.aal.as_str())
        .data("expires_at", session.expires_at.to_string())
        .data("methods", methods)
}
