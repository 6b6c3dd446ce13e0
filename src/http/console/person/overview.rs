//! How somebody's account stands.

use axum::response::Response;
use serde::Serialize;

use super::terms::Row;
use super::{Heading, load};
use crate::domain::status::{EffectiveStatus, Reason, Status};
use crate::http::console::at::At;
use crate::http::console::who::{Mark, actor, kind};
use crate::http::pages::{Link, Time, Turn, plain};
use crate::service::sessions;

#[derive(Serialize)]
struct Overview {
    person: Heading,
    status: Mark,
    reason: Option<String>,
    note: Option<String>,
    by: Option<String>,
    since: Option<Time>,
    until: Option<Time>,
    expires: Option<Time>,
    created: Time,
    modified: Time,
    kind: String,
    schema: String,
    external: Option<String>,
    login: Option<Login>,
    sessions: u64,
    terms: Row,
    ways: Vec<Way>,
    edits: Vec<Link>,
}

#[derive(Serialize)]
struct Login {
    time: Time,
    method: String,
    place: Option<String>,
}

#[derive(Serialize)]
struct Way {
    link: Link,
    bad: bool,
    about: String,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let now = at.d().clock.now();
    let identity = &person.identity;
    let detail = &identity.status_detail;
    let status = identity.effective_status(now);
    let set = detail.by.as_deref();
    let taken = matches!(identity.status, Status::Locked | Status::Blocked);
    let slice = sessions::Slice { limit: 0, offset: 0 };
    let (_, live) = sessions::of_identity(at.d(), identity.id, Some(true), slice)?;
    let login = sessions::last_login(at.d(), identity.id)?;
    let content = Overview {
        person: person.heading(at),
        status: Mark::of(at, status),
        // "Other" is what nobody chose; it says something only of what was taken away.
        reason: set
            .filter(|_| detail.reason != Reason::Other || taken)
            .map(|_| at.text(&format!("console.reason.{}", detail.reason.as_str()))),
        note: detail.note.as_deref().map(plain),
        by: set.map(|label| actor(at, label)).transpose()?,
        since: identity.status_changed_at.map(Time::of),
        until: detail.until.map(Time::of),
        expires: identity.expires_at.map(Time::of),
        created: Time::of(identity.created_at),
        modified: Time::of(identity.updated_at),
        kind: kind(at, &identity.schema_id),
        schema: identity.schema_id.clone(),
        external: identity.external_id.as_deref().map(plain),
        login: login.map(|login| Login {
            time: Time::of(login.at),
            method: match login.provider {
                Some(provider) => plain(&provider),
                None => at.known("console.factor", &login.method),
            },
            place: login.ip,
        }),
        sessions: live,
        terms: Row::of(at, &person)?,
        edits: ["edit", "authorities", "expiry"]
            .map(|word| {
                Link::new(format!("{}/{word}", person.href), at.text(&format!("console.do.{word}")))
            })
            .into(),
        ways: ways(at, &person.href, status),
    };
    at.page("console/person-overview.html", person.frame(at), &content)
}

/// What can be done to somebody with this status.
fn ways(at: &At<'_>, href: &str, status: EffectiveStatus) -> Vec<Way> {
    let words: &[&str] = match status {
        EffectiveStatus::Active => &["lock", "block", "delete"],
        EffectiveStatus::Locked => &["unlock", "block", "delete"],
        EffectiveStatus::Blocked => &["unblock", "delete"],
        EffectiveStatus::Invited => &["reinvite", "delete"],
        EffectiveStatus::Expired => &["delete"],
    };
    let path = |word: &str| if word == "reinvite" { "invite" } else { word }.to_owned();
    let way = |word: &&str| Way {
        link: Link::new(format!("{href}/{}", path(word)), at.text(&format!("console.do.{word}"))),
        bad: matches!(*word, "block" | "delete"),
        about: at.text(&format!("console.about.{word}")),
    };
    words.iter().map(way).collect()
}
