//! Where somebody is signed in.

use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::confirm::Confirm;
use super::{Heading, Person, load};
use crate::domain::session::Session;
use crate::http::console::at::At;
use crate::http::pages::{Time, Turn, device, plain};
use crate::service::sessions::{self, Slice};

/// Sessions on the page.
const MOST: u32 = 100;

#[derive(Serialize)]
struct Sessions {
    person: Heading,
    all: Vec<Shown>,
    more: Option<u64>,
    end_all: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    device: String,
    agent: String,
    place: String,
    since: Time,
    seen: Option<Time>,
    confirmed: Time,
    until: Time,
    level: &'static str,
    methods: Vec<String>,
    live: bool,
    end: String,
}

fn all(at: &At<'_>, id: Uuid) -> Result<(Vec<Session>, u64), Turn> {
    let slice = Slice { limit: MOST, offset: 0 };
    let (found, total) = sessions::of_identity(at.d(), id, Some(true), slice)?;
    Ok((found.into_iter().map(|one| one.session).collect(), total))
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let (found, total) = all(at, person.identity.id)?;
    let content = Sessions {
        person: person.heading(at),
        more: (total > found.len() as u64).then_some(total),
        end_all: (total > 0).then(|| format!("{}/sessions/end", person.href)),
        all: found.iter().map(|one| shown(at, &person, one)).collect(),
    };
    at.page("console/person-sessions.html", person.frame(at), &content)
}

fn shown(at: &At<'_>, person: &Person, session: &Session) -> Shown {
    let used = session.devices.last();
    let agent = used.and_then(|used| used.user_agent.as_deref());
    let method = |name: String, provider: Option<&String>| match provider {
        Some(provider) => format!("{name} ({})", plain(provider)),
        None => name,
    };
    let methods = session.methods.iter();
    Shown {
        id: session.id.to_string(),
        device: device::name(at.m.visit.language, agent),
        agent: plain(agent.unwrap_or_default()),
        place: plain(used.and_then(|used| used.ip_address.as_deref()).unwrap_or_default()),
        since: Time::of(session.issued_at),
        seen: session.last_seen_at.map(Time::of),
        confirmed: Time::of(session.authenticated_at),
        until: Time::of(session.expires_at),
        level: session.aal.as_str(),
        methods: methods
            .map(|used| {
                let name = at.known("console.factor", used.method.as_str());
                method(name, used.provider.as_ref())
            })
            .collect(),
        live: session.is_active(at.d().clock.now()),
        end: format!("{}/sessions/{}/end", person.href, session.id),
    }
}

/// The session in the path, if it is the person's.
fn one(at: &At<'_>, person: &Person) -> Result<Session, Turn> {
    let id: Uuid = at.part("session").parse().map_err(|_| At::missing())?;
    let found = sessions::find(at.d(), id, false)?.session;
    if found.identity_id == person.identity.id { Ok(found) } else { Err(At::missing()) }
}

/// Before one is ended.
pub fn end_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let session = one(at, &person)?;
    let shown = shown(at, &person, &session);
    let values = [("device", shown.device.as_str()), ("place", shown.place.as_str())];
    let confirm = Confirm {
        title: at.text("console.do.end_session"),
        about: at.text_with("console.effect.end_session", &values),
        bad: true,
        back: "/sessions",
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Ends one.
pub fn end(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let session = one(at, &person)?;
    sessions::disable(at.d(), &at.by, session.id)?;
    Err(at.done(&person.path("/sessions")))
}

/// Before all are ended.
pub fn end_all_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let (_, total) = all(at, person.identity.id)?;
    let confirm = Confirm {
        title: at.text("console.do.end_sessions"),
        about: at.text("console.effect.end_sessions"),
        effects: vec![at.effect(total, "console.effect.sessions")],
        bad: true,
        back: "/sessions",
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Ends all.
pub fn end_all(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    sessions::revoke_all(at.d(), &at.by, person.identity.id)?;
    Err(at.done(&person.path("/sessions")))
}
