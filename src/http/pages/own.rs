//! Pages of a signed-in person: the overview, where they are signed in, and what happened.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::frame::{Frame, Link, plain};
use super::times::Time;
use super::visit::{Making, Turn, Visit, made};
use super::{device, notice};
use crate::domain::session::Session;
use crate::http::blocking::App;
use crate::http::query::Query;
use crate::service::sessions::{self, Ending, Slice};

/// Sessions on the page; whoever has more ends all others.
const MOST: u32 = 100;

#[derive(Serialize)]
struct Tile {
    href: String,
    name: String,
    about: String,
}

#[derive(Serialize)]
struct Welcome {
    tiles: Vec<Tile>,
}

/// `/ui/welcome`.
pub async fn welcome(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let desk = sessions::desk(m.d, m.visit.presented.as_ref()).map_err(|why| m.turned(why))?;
        let tiles = ["settings", "accounts", "sessions", "activity"].map(|name| Tile {
            href: m.at(&format!("/ui/{name}")),
            name: m.text(&format!("nav.{name}")),
            about: m.text(&format!("welcome.{name}")),
        });
        let frame = Frame::desk(m, &m.text("welcome.title"), &desk, "/ui/welcome");
        let frame = frame.lead(m.text("welcome.lead"));
        m.page("welcome.html", frame, &Welcome { tiles: tiles.into() })
    })
    .await
}

#[derive(Serialize)]
struct SessionShown {
    id: String,
    device: String,
    place: String,
    since: Time,
    seen: Option<Time>,
    until: Time,
    current: bool,
}

impl SessionShown {
    fn of(m: &Making<'_>, session: &Session, current: bool) -> Self {
        let used = session.devices.last();
        let agent = used.and_then(|used| used.user_agent.as_deref());
        Self {
            id: session.id.to_string(),
            device: device::name(m.visit.language, agent),
            place: plain(used.and_then(|used| used.ip_address.as_deref()).unwrap_or_default()),
            since: Time::of(session.authenticated_at),
            seen: session.last_seen_at.map(Time::of),
            until: Time::of(session.expires_at),
            current,
        }
    }
}

#[derive(Serialize)]
struct SessionsShown {
    sessions: Vec<SessionShown>,
    more: bool,
    others: bool,
    end: String,
    token: String,
}

/// `/ui/sessions`.
pub async fn list(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let presented = m.visit.presented.as_ref();
        let desk = sessions::desk(m.d, presented).map_err(|why| m.turned(why))?;
        let slice = Slice { limit: MOST, offset: 0 };
        let (_, others, total) =
            sessions::others(m.d, presented, slice).map_err(|why| m.turned(why))?;
        let current = SessionShown::of(m, &desk.current.session, true);
        let rest = others.iter().map(|one| SessionShown::of(m, one, false));
        let content = SessionsShown {
            sessions: std::iter::once(current).chain(rest).collect(),
            more: total > others.len() as u64,
            others: !others.is_empty(),
            end: m.at("/ui/sessions/end"),
            token: desk.form_token.clone(),
        };
        let frame = Frame::desk(m, &m.text("sessions.title"), &desk, "/ui/sessions");
        m.page("sessions.html", frame.lead(m.text("sessions.lead")), &content)
    })
    .await
}

/// `POST /ui/sessions/end`.
pub async fn end(State(app): State<App>, mut visit: Visit, body: Bytes) -> Response {
    // Whoever has to sign in first comes back to the list and not to this.
    "/ui/sessions".clone_into(&mut visit.path);
    made(&app, visit, move |m| {
        let form = Query::parse(&String::from_utf8_lossy(&body));
        let (which, notice) = match form.text("session") {
            Some("all") => (Ending::All, None),
            Some("others") => (Ending::Others, Some("sessions.others_ended")),
            text => {
                let id = text.and_then(|text| Uuid::parse_str(text).ok());
                let wrong = Turn::Wrong(StatusCode::BAD_REQUEST, "error.text_missing");
                (Ending::One(id.ok_or(wrong)?), Some("sessions.ended"))
            }
        };
        let token = form.text("csrf_token").unwrap_or_default();
        let presented = m.visit.presented.as_ref();
        let by = m.visit.asked.anybody();
        sessions::end_from_page(m.d, &by, presented, token, which).map_err(|why| m.stopped(why))?;
        Err(match notice {
            Some(notice) => Turn::Told(m.at("/ui/sessions"), notice),
            None => Turn::To(m.at("/self-service/login/browser")),
        })
    })
    .await
}

#[derive(Serialize)]
struct EventShown {
    text: String,
    failed: bool,
    time: Time,
    device: String,
    place: String,
}

#[derive(Serialize)]
struct Activity {
    events: Vec<EventShown>,
    older: Option<String>,
    newest: Option<String>,
}

/// `/ui/activity`.
pub async fn activity(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let token = m.visit.query.text("page_token");
        let (desk, page) = sessions::activity(m.d, m.visit.presented.as_ref(), token)
            .map_err(|why| m.turned(why))?;
        let here = m.at("/ui/activity");
        // What has no text is about how the service works and not about the person.
        let shown = page.items.into_iter().filter_map(|one| {
            let key = format!("event.{}", one.kind);
            let agent = one.origin.user_agent.as_deref();
            m.visit.language.has(&key).then(|| EventShown {
                text: m.text(&key),
                failed: one.failed,
                time: Time::of(one.time),
                device: agent
                    .map(|agent| device::name(m.visit.language, Some(agent)))
                    .unwrap_or_default(),
                place: plain(one.origin.ip.as_deref().unwrap_or_default()),
            })
        });
        let older = page.next_page_token.as_deref().map(|token| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            format!("{here}?{}", query.append_pair("page_token", token).finish())
        });
        let content =
            Activity { events: shown.collect(), older, newest: token.map(|_| here.clone()) };
        let frame = Frame::desk(m, &m.text("activity.title"), &desk, "/ui/activity");
        m.page("activity.html", frame.lead(m.text("activity.lead")), &content)
    })
    .await
}

/// `/ui/terms/rejected`: whoever did not accept the terms of service.
pub async fn rejected(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let mut sign_in = m.at("/self-service/login/browser");
        // Whether anybody may be sent there is asked where they sign in.
        if let Some(place) = m.visit.query.text("return_to") {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            sign_in = format!("{sign_in}?{}", query.append_pair("return_to", place).finish());
        }
        let texts = ["terms.rejected", "terms.rejected_again"].map(|key| m.text(key)).into();
        let ways = vec![Link::new(sign_in, m.text("terms.sign_in"))];
        notice::card(m, &m.text("terms.rejected_title"), texts, None, ways)
    })
    .await
}

/// `/` and `/ui`: whoever arrives without having been on the way anywhere.
pub async fn home(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| Err(Turn::To(m.at("/ui/welcome")))).await
}
