//! Letting somebody in who has shown by a code, a link or a new account who they are: a session that
//! takes the place of any other, in the same transaction as all that goes with it.

use jiff::Timestamp;
use uuid::Uuid;

use super::sign_in::as_seen_by_its_owner;
use super::{Refusal, Visitor};
use crate::app::Deps;
use crate::domain::flow::Client;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, Method, MethodKind, Session};
use crate::domain::status::Status;
use crate::service::sessions::{
    self, Carrier, Lack, Presented, SignIn, as_person, check_at_any_level, created, revoked,
};
use crate::store::WriteTx;
use crate::store::sql::identities::Stored;
use crate::store::sql::{identities, sessions as rows};

/// Somebody who was let in.
pub(super) struct Entered {
    /// The session.
    pub session: Session,
    /// What the client is to present from now on.
    pub presented: Presented,
    /// Who it is, as they see themselves.
    pub identity: Identity,
    /// What the session lacks.
    pub lack: Option<Lack>,
}

/// Lets `who` in. `prepare` does within the transaction what goes before, such as using a code up,
/// and hands back whom it concerns and what the ledger is to say; should it refuse, nothing happens.
pub(super) fn enter(
    d: &Deps,
    v: &Visitor,
    client: Client,
    who: Uuid,
    method: MethodKind,
    prepare: impl FnOnce(&WriteTx<'_>) -> Result<(Stored, Event, Vec<Event>), Refusal>,
) -> Result<Entered, Refusal> {
    let now = d.clock.now();
    let carrier = match client {
        Client::Browser => Carrier::Cookie,
        Client::Api => Carrier::Token,
    };
    let held = check_at_any_level(d, v.presented.as_ref()).ok().map(|(held, _)| held.session);
    let presented = Presented::draw(&d.rng, carrier)?;
    let by = as_person(&v.by, who);
    let methods = vec![Method::new(method, Aal::One, now)];
    let (session, identity, lack) = d.store.write(&by.author(), |tx| {
        let (owner, first, mut events) = prepare(tx)?;
        if !owner.identity.standing().effective(now).grants_sessions() {
            return Err(Refusal::NotFound);
        }
        if let Some(old) = held.filter(|held| held.active)
            && rows::disable(tx, old.id)?
        {
            events.push(revoked(old.identity_id, "replaced", &[old.id]));
        }
        let sign_in = SignIn { identity_id: who, methods, carrier, lifespan: None };
        let session = sessions::open(d, &by, tx, &owner, &sign_in, &presented)?;
        events.push(
            Event::new(EventType::AuthLoginSuccess)
                .principal(who)
                .session(session.id.to_string())
                .data("aal", session.aal.as_str())
                .data("method", method.as_str())
                .data("methods", vec![method.as_str()]),
        );
        events.push(created(&session));
        let lack = sessions::lack(d, tx, owner.n)?;
        Ok(by.change((session, owner.identity, lack), first, events))
    })?;
    Ok(Entered { session, presented, identity: as_seen_by_its_owner(identity), lack })
}

/// Makes somebody who was only invited active, as part of a larger change; says so when they were.
pub(super) fn activate(
    tx: &WriteTx<'_>,
    owner: &mut Stored,
    method: &str,
    now: Timestamp,
) -> Result<Option<Event>, Refusal> {
    let before = owner.clone();
    if before.identity.status != Status::Invited {
        return Ok(None);
    }
    owner.identity.status = Status::Active;
    owner.identity.status_changed_at = Some(now);
    owner.identity.updated_at = now;
    identities::update(tx, &before, &owner.identity)?;
    let event = Event::new(EventType::UserActivated)
        .principal(before.identity.id)
        .data("from", before.identity.status.as_str())
        .data("method", method);
    Ok(Some(event))
}
