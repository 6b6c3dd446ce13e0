//! The history, page by page. Each condition that an index can answer yields the places of entries,
//! newest first; those that all of them name are read and looked at.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use uuid::Uuid;

use super::Page;
use super::listing::{after, token};
use super::places::{Found, Places};
use crate::app::Deps;
use crate::domain::ledger::event::Outcome;
use crate::domain::ledger::{EventType, StoredEntry};
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::history::{self, Of, SOME_MAX, What};
use crate::store::sql::{ledger, pruning};

/// How many entries a page has when nothing is said.
pub const PAGE_SIZE: u64 = 50;
/// How many it has at the most.
pub const PAGE_SIZE_MAX: u64 = 1000;
/// How many entries are read for one page beyond those on it. What no index knows and only few
/// entries fit would otherwise read the whole ledger; such a page is short, or even empty, and says
/// that there is more.
const READ_MAX: u64 = 4000;
/// How far a clock may have been set back. Beyond it, what comes later was made later.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// Which entries; every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// About this identity.
    pub principal: Option<Uuid>,
    /// Of one of these types, or of a family written as `user.*`; of any type when empty.
    pub kinds: Vec<String>,
    /// By this actor's id.
    pub actor: Option<String>,
    /// In this realm.
    pub realm: Option<String>,
    /// About this application.
    pub client: Option<String>,
    /// In this session.
    pub session: Option<String>,
    /// Of this request or task.
    pub tx: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// 1 to [`PAGE_SIZE_MAX`].
    pub page_size: Option<u64>,
    /// What the page before gave.
    pub page_token: Option<String>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place.
    pub seq: u64,
    /// Its exact canonical JSON.
    pub json: String,
}

/// Whether there is an entry about somebody, who may be gone or never have been.
///
/// # Errors
/// A failure of the store.
pub fn knows(d: &Deps, principal: Uuid) -> Result<bool, Error> {
    let filter =
        EventFilter { principal: Some(principal), page_size: Some(1), ..EventFilter::default() };
    Ok(!list(d, &filter)?.items.is_empty())
}

/// A page of entries, newest first.
///
/// # Errors
/// `Invalid` for a type, size or token that does not exist.
pub fn list(d: &Deps, filter: &EventFilter) -> Result<Page<EventRow>, Error> {
    let size = page_size(filter.page_size)?;
    let kinds = kinds(&filter.kinds)?;
    let start = after(filter.page_token.as_deref())?.unsigned_abs();
    d.store.read(|tx| {
        let (from, end) = window(tx, filter)?;
        let before = if start == 0 { end } else { start.min(end) };
        let places = Places::new(sources(filter, &kinds), from);
        page(tx, filter, &kinds, places, before, size)
    })
}

fn page(
    tx: &Tx<'_>,
    filter: &EventFilter,
    kinds: &[EventType],
    mut places: Places<'_>,
    mut before: u64,
    size: u64,
) -> Result<Page<EventRow>, Error> {
    let mut page = Page { items: Vec::new(), next_page_token: None };
    let mut read = 0;
    loop {
        let (batch, found) = places.next(tx, before, SOME_MAX)?;
        for entry in history::some(tx, &batch)? {
            read += 1;
            if fits(&entry, filter, kinds)? {
                if page.items.len() as u64 == size {
                    page.next_page_token = Some(token_before(before));
                    return Ok(page);
                }
                page.items.push(EventRow { seq: entry.seq, json: entry.json });
            }
            before = entry.seq;
        }
        match found {
            Found::Last => return Ok(page),
            Found::More if read < READ_MAX + size => {}
            Found::More => {
                page.next_page_token = Some(token_before(before)).filter(|_| before > 0);
                return Ok(page);
            }
            Found::GaveUp(at) => {
                page.next_page_token = Some(token_before(at)).filter(|_| at > 0);
                return Ok(page);
            }
        }
    }
}

fn page_size(asked: Option<u64>) -> Result<u64, Error> {
    match asked {
        None => Ok(PAGE_SIZE),
        Some(size @ 1..=PAGE_SIZE_MAX) => Ok(size),
        Some(_) => {
            Err(Error::new(ErrorCode::Invalid, format!("A page has 1 to {PAGE_SIZE_MAX} entries.")))
        }
    }
}

fn token_before(seq: u64) -> String {
    token(i64::try_from(seq).unwrap_or(i64::MAX))
}

/// What the indices know of the conditions: an entry that fits is named by one of each.
fn sources<'f>(filter: &'f EventFilter, kinds: &[EventType]) -> Vec<Vec<Of<'f>>> {
    let marked =
        |what, value: &'f Option<String>| value.as_deref().map(|value| vec![Of::Mark(what, value)]);
    // Who acts for themselves is found as the principal.
    let actor = filter.actor.as_deref().map(|id| {
        let itself = id.parse().ok().map(Of::Principal);
        itself.into_iter().chain([Of::Mark(What::Actor, id)]).collect()
    });
    let of_kind = kinds.iter().map(|kind| Of::Type(kind.as_str())).collect::<Vec<_>>();
    let outcome = filter.outcome.filter(|outcome| *outcome != Outcome::Success);
    [
        filter.principal.map(|id| vec![Of::Principal(id)]),
        marked(What::Session, &filter.session),
        marked(What::Tx, &filter.tx),
        marked(What::Client, &filter.client),
        actor,
        outcome.map(|outcome| vec![Of::Mark(What::Outcome, outcome.as_str())]),
        Some(of_kind).filter(|_| !kinds.is_empty() && kinds.len() < EventType::ALL.len()),
        marked(What::Realm, &filter.realm),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The places between which entries of the window of time can be.
fn window(tx: &Tx<'_>, filter: &EventFilter) -> Result<(u64, u64), Error> {
    let (size, begin) = (ledger::size_and_root(tx)?.0, pruning::kept_from(tx)?);
    let since = filter.since.and_then(|since| since.checked_sub(MARGIN).ok());
    let until = filter.until.and_then(|until| until.checked_add(MARGIN).ok());
    let place =
        |time: Option<Timestamp>| time.map(|time| place_of(tx, begin, size, time)).transpose();
    Ok((place(since)?.unwrap_or(begin), place(until)?.unwrap_or(size)))
}

/// The first place from `begin` on whose entry was not made before `time`.
pub(super) fn place_of(tx: &Tx<'_>, begin: u64, size: u64, time: Timestamp) -> Result<u64, Error> {
    let (mut low, mut high) = (begin, size);
    while low < high {
        let middle = low + (high - low) / 2;
        match ledger::time_of(tx, middle)? {
            Some(made) if made < time => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The fields of an entry that conditions are about.
#[derive(Deserialize)]
struct Fields<'a> {
    time: Timestamp,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(borrow)]
    realm: Cow<'a, str>,
    #[serde(borrow)]
    actor: Acting<'a>,
    #[serde(borrow, default)]
    principal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tx: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Acting<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

fn fits(entry: &StoredEntry, filter: &EventFilter, kinds: &[EventType]) -> Result<bool, Error> {
    let fields: Fields<'_> = serde_json::from_str(&entry.json).map_err(|error| {
        let message = format!("Ledger entry {} cannot be read; run audit-verify.", entry.seq);
        Error::new(ErrorCode::Corrupt, message).because(error)
    })?;
    let wanted = [
        (Some(&fields.actor.id), filter.actor.as_deref()),
        (Some(&fields.realm), filter.realm.as_deref()),
        (fields.client.as_ref(), filter.client.as_deref()),
        (fields.session.as_ref(), filter.session.as_deref()),
        (fields.tx.as_ref(), filter.tx.as_deref()),
        (Some(&fields.outcome), filter.outcome.map(Outcome::as_str)),
    ];
    let same = wanted
        .iter()
        .all(|(is, wanted)| wanted.is_none_or(|wanted| is.is_some_and(|is| is.as_ref() == wanted)));
    let principal = fields.principal.as_deref().and_then(|id| id.parse::<Uuid>().ok());
    Ok(same
        && filter.principal.is_none_or(|wanted| principal == Some(wanted))
        && (kinds.is_empty() || kinds.iter().any(|kind| kind.as_str() == fields.kind))
        && filter.since.is_none_or(|since| fields.time >= since)
        && filter.until.is_none_or(|until| fields.time < until))
}

fn kinds(patterns: &[String]) -> Result<Vec<EventType>, Error> {
    let mut wanted = Vec::new();
    for pattern in patterns {
        let known = wanted.len();
        match pattern.strip_suffix(".*") {
            Some(family) => {
                let begins = format!("{family}.");
                wanted
                    .extend(EventType::ALL.iter().filter(|one| one.as_str().starts_with(&begins)));
            }
            None => wanted.extend(EventType::parse(pattern)),
        }
        if wanted.len() == known {
            return Err(Error::new(
                ErrorCode::Invalid,
                "There is no such event type; a type looks like user.blocked, a family like user.*.",
            ));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}
