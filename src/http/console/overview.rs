//! `/console`: how things stand.

use axum::response::Response;
use serde::Serialize;

use super::at::At;
use super::chart::{Bars, Pair, Slice, slices};
use crate::domain::authority::Authority;
use crate::http::pages::{Time, Turn};
use crate::service::overview::{self, COUNTED, Overview as Stand};

#[derive(Serialize)]
struct Shown {
    /// Nothing for whoever manages applications alone: they do not see people.
    things: Option<Things>,
}

#[derive(Serialize)]
struct Things {
    people: Count,
    counts: Vec<Count>,
    parts: Vec<Slice>,
    days: Vec<Day>,
    bars: Bars,
    capped: bool,
    success: u64,
    failure: u64,
    facts: Vec<(String, String, Option<String>)>,
    signed_at: Option<Time>,
    root: Option<String>,
    mail: Option<&'static str>,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    people: String,
    history: String,
    failures: String,
    ledger: String,
}

#[derive(Serialize)]
struct Count {
    word: &'static str,
    name: String,
    found: u64,
    exact: bool,
    href: String,
}

#[derive(Serialize)]
struct Day {
    date: String,
    success: u64,
    failure: u64,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let manages = at.authorities.contains(&Authority::Administrator);
    let things = if manages { Some(things(at)?) } else { None };
    let frame = at.frame(at.text("console.nav.overview"));
    at.page("console/overview.html", frame, &Shown { things })
}

fn things(at: &At<'_>) -> Result<Things, Turn> {
    let stand = overview::of(at.d())?;
    let count = |word: &'static str, found: u64, exact: bool| Count {
        word,
        name: at.text(&format!("console.status.{word}")),
        found,
        exact,
        href: at.at(&format!("/console/people?q=status%3A{word}")),
    };
    let parts: Vec<(&'static str, u64)> =
        stand.statuses.iter().map(|(word, total)| (*word, total.count)).collect();
    let pairs: Vec<Pair> = stand
        .days
        .iter()
        .map(|day| Pair {
            name: day.date.strftime("%m-%d").to_string(),
            good: day.success,
            bad: day.failure,
        })
        .collect();
    let days: Vec<Day> = stand
        .days
        .iter()
        .map(|day| Day { date: day.date.to_string(), success: day.success, failure: day.failure })
        .collect();
    let facts = facts(at, &stand);
    Ok(Things {
        people: Count {
            word: "all",
            name: at.text("console.nav.people"),
            found: stand.people.count,
            exact: stand.people.exact,
            href: at.at("/console/people"),
        },
        counts: stand
            .statuses
            .iter()
            .map(|(word, total)| count(word, total.count, total.exact))
            .collect(),
        parts: slices(&parts),
        bars: Bars::of(&pairs),
        capped: stand.days.iter().any(|day| day.success.max(day.failure) >= COUNTED),
        success: days.iter().map(|day| day.success).sum(),
        failure: days.iter().map(|day| day.failure).sum(),
        days,
        facts,
        signed_at: stand.checkpoint.as_ref().map(|_| Time::of(stand.signed_at)),
        root: stand.checkpoint.map(|(_, root)| root.chars().take(16).collect()),
        mail: stand.vitals.mail_trouble.then_some("console.overview.mail_trouble"),
        links: Links {
            people: at.at("/console/people"),
            history: at.at("/console/history?type=auth.login.success"),
            failures: at.at("/console/history?type=auth.*&outcome=failure"),
            ledger: at.at("/console/ledger"),
        },
    })
}

/// What there is to say of the service.
fn facts(at: &At<'_>, stand: &Stand) -> Vec<(String, String, Option<String>)> {
    let vitals = &stand.vitals;
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| {
        let way = (key == "queue").then(|| at.at("/console/mail"));
        facts.push((at.text(&format!("console.overview.{key}")), value, way));
    };
    fact("entries", vitals.entries.to_string());
    if stand.kept_from > 0 {
        fact("pruned", stand.kept_from.to_string());
    }
    fact("unsigned", vitals.unsigned.to_string());
    if let Some(bytes) = vitals.bytes {
        fact("store", size(bytes));
    }
    if let Some(free) = vitals.free {
        fact("free", size(free));
    }
    fact("queue", vitals.messages.waiting().to_string());
    fact("version", stand.version.to_owned());
    facts
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit {
            let tenths = bytes.saturating_mul(10) / unit;
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}
