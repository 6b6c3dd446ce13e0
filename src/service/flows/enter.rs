//! Letting somebody in who has shown by a code, a link or a new account who they are: a session that
//! takes the place of any other, in the same transaction as all that goes with it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Map;
use uuid::Uuid;

use super::sign_in::{as_seen_by_its_owner, held, open, shown_by};
use super::{Continue, Outcome, Refusal, Visitor, places};
use crate::app::Deps;
use crate::domain::flow::text::{self, Text};
use crate::domain::flow::{Client, FlowKind};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, Method, MethodKind, Session};
use crate::service::accounts;
use crate::service::sessions::{self, Carrier, Lack, Presented, as_person};
use crate::store::WriteTx;
use crate::store::sql::identities::Stored;

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

/// Lets `who` in, at the level that the method reaches. `prepare` does within the transaction what goes before, such as using a code up,
/// and hands back whom it concerns and what the ledger is to say; should it refuse, nothing happens.
pub(super) fn enter(
    d: &Deps,
    v: &Visitor,
    client: Client,
    who: Uuid,
    (method, reached): (MethodKind, Aal),
    prepare: impl FnOnce(&WriteTx<'_>) -> Result<(Stored, Event, Vec<Event>), Refusal>,
) -> Result<Entered, Refusal> {
    let now = d.clock.now();
    let held = held(d, v, client);
    let presented = Presented::draw(&d.rng, Carrier::of(client))?;
    let by = as_person(&v.by, who);
    let levels = [Aal::One, Aal::Two].into_iter().filter(|level| *level <= reached);
    let methods: Vec<Method> = levels.map(|level| Method::new(method, level, now)).collect();
    let (session, identity, lack) = d.store.write(&by.author(), |tx| {
        let (owner, first, mut events) = prepare(tx)?;
        let grants = owner.identity.standing().effective(now).grants_sessions();
        // Codes and links belong to the account of the house.
        if !grants || accounts::is_shut(tx, owner.n)? {
            return Err(Refusal::NotFound);
        }
        let (session, begun) = open(d, &by, tx, &owner, held, methods, &presented)?;
        events.push(shown_by(v, EventType::AuthLoginSuccess, method, &session));
        events.extend(begun);
        let lack = sessions::lack_of(d, tx, session.aal, &owner)?;
        Ok(by.change((session, owner.identity, lack), first, events))
    })?;
    Ok(Entered { session, presented, identity: as_seen_by_its_owner(identity), lack })
}

/// That somebody is in again, and for how long they may put things right without showing more.
pub(super) fn welcome(d: &Deps, now: Timestamp) -> Text {
    let window = SignedDuration::from_mins(d.options.signin.privileged_session_minutes.into());
    let until = now.checked_add(window).unwrap_or(now);
    text::RECOVERED.with(Map::from_iter([
        ("privileged_session_expires_at".to_owned(), until.to_string().into()),
        ("privileged_session_expires_at_unix".to_owned(), until.as_second().into()),
    ]))
}

/// Where somebody goes who was let in to put things right in their settings.
pub(super) fn on_to_settings(
    d: &Deps,
    client: Client,
    settings: Uuid,
    entered: Entered,
) -> Outcome {
    let Entered { session, presented, lack, .. } = entered;
    let continue_with = match client {
        Client::Browser => Vec::new(),
        Client::Api => vec![
            Continue::SessionToken(presented.handed_out(session.expires_at.as_second())),
            Continue::Flow { kind: FlowKind::Settings, id: settings, address: None },
        ],
    };
    Outcome::Go {
        to: match lack {
            Some(Lack::Terms) => places::terms_page(&d.options, settings),
            _ => places::page_of(&d.options, FlowKind::Settings, settings),
        },
        session: Some(Box::new((session, presented))),
        continue_with,
    }
}
