//! Defining roles and groups.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

use super::{find, resolve, words};
use crate::app::Deps;
use crate::domain::access::{Circle, CircleKind};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::service::listing::{Total, page_size};
use crate::service::unchanged::{must_be, tag_of_circle};
use crate::service::{Caller, Page};
use crate::store::sql::circles::{self as rows, Kept};
use crate::store::sql::members;
use crate::store::{Change, Tx, WriteTx};

/// How many members are counted for a list.
const COUNTED_MAX: i64 = 1_000;
/// Up to how many people are told apart who have a role in several ways.
const HOLDERS_MAX: i64 = 10_000;

/// A role or group with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// What it is.
    pub circle: Circle,
    /// The roles that a group carries; none for a role.
    pub roles: Vec<Circle>,
    /// How many people are in it themselves.
    pub members: Total,
}

impl Described {
    /// The tag of it as it is.
    #[must_use]
    pub fn tag(&self) -> String {
        tag_of_circle(&self.circle, &self.roles)
    }
}

/// How far a role or group reaches: what its deletion takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// How many people are in it themselves.
    pub members: u64,
    /// How many have it in all: for a role, also through groups.
    pub holders: Total,
    /// The groups that carry a role.
    pub groups: Vec<Circle>,
}

/// A new role or group.
#[derive(Clone, Debug, Default)]
pub struct NewCircle {
    /// Its word.
    pub word: String,
    /// Its name; the word where there is none.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What a role permits.
    pub permissions: BTreeSet<String>,
    /// The roles that a group carries, by id or word.
    pub roles: BTreeSet<String>,
}

/// A change of one; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct AmendCircle {
    /// Another word.
    pub word: Option<String>,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// What a role permits, as a whole.
    pub permissions: Option<BTreeSet<String>>,
    /// The roles that a group carries, as a whole.
    pub roles: Option<BTreeSet<String>>,
    /// When it had last changed as the caller saw it; refused when it has changed since.
    pub seen: Option<Timestamp>,
}

/// A page of them, by their words.
///
/// # Errors
/// `Invalid` for a size or token that cannot be.
pub fn list(
    d: &Deps,
    kind: CircleKind,
    size: Option<u64>,
    token: Option<&str>,
) -> Result<Page<Described>, Error> {
    let size = page_size(size)?;
    let after = after(token)?;
    d.store.read(|tx| {
        let mut found = rows::page(tx, kind, &after, size + 1)?;
        let more = found.len() as u64 > size;
        found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let last = found.last().filter(|_| more);
        let next_page_token = last.map(|last| URL_SAFE_NO_PAD.encode(&last.circle.word));
        let items = found.into_iter().map(|one| described(tx, one)).collect::<Result<_, _>>()?;
        Ok(Page { items, next_page_token })
    })
}

fn after(token: Option<&str>) -> Result<String, Error> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(String::new()) };
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|word| !word.contains('\0'))
        .ok_or_else(|| {
            let message =
                "The page token is not one that a page before gave; start with the first page.";
            Error::new(ErrorCode::Invalid, message)
        })
}

fn described(tx: &Tx<'_>, one: Kept) -> Result<Described, Error> {
    let counted = members::count_up_to(tx, one.n, COUNTED_MAX)?;
    let exact = counted < COUNTED_MAX.unsigned_abs();
    let roles = carried(tx, &one)?;
    Ok(Described { circle: one.circle, roles, members: Total { count: counted, exact } })
}

fn carried(tx: &Tx<'_>, one: &Kept) -> Result<Vec<Circle>, Error> {
    if one.circle.kind == CircleKind::Role {
        return Ok(Vec::new());
    }
    Ok(rows::carried(tx, one.n)?.into_iter().map(|kept| kept.circle).collect())
}

/// One of them, by its id or word.
///
/// # Errors
/// `NotFound`.
pub fn get(d: &Deps, kind: CircleKind, text: &str) -> Result<Described, Error> {
    d.store.read(|tx| described(tx, find(tx, kind, text)?))
}

/// How far it reaches. Members are counted to the last, which a million take some milliseconds for.
///
/// # Errors
/// `NotFound`.
pub fn reach(d: &Deps, kind: CircleKind, text: &str) -> Result<Reach, Error> {
    d.store.read(|tx| reach_of(tx, &find(tx, kind, text)?))
}

fn reach_of(tx: &Tx<'_>, one: &Kept) -> Result<Reach, Error> {
    let members = members::count(tx, one.n)?;
    if one.circle.kind == CircleKind::Group {
        let holders = Total { count: members, exact: true };
        return Ok(Reach { members, holders, groups: Vec::new() });
    }
    let groups: Vec<Circle> =
        rows::carriers(tx, one.n)?.into_iter().map(|kept| kept.circle).collect();
    let (count, exact) = match groups.as_slice() {
        [] => (members, true),
        _ => members::holders(tx, one.n, HOLDERS_MAX)?,
    };
    let holders = Total { count: count.max(members), exact };
    Ok(Reach { members, holders, groups })
}

/// Makes one.
///
/// # Errors
/// `Invalid` for what cannot be, `Conflict` for a word that is taken.
pub fn create(
    d: &Deps,
    by: &Caller,
    kind: CircleKind,
    request: NewCircle,
) -> Result<Described, Error> {
    let now = d.clock.now();
    let id = format!("{}{}", kind.prefix(), d.rng.uuid_v7(now)?.simple());
    let NewCircle { word, name, description, permissions, roles } = request;
    let name = if name.trim().is_empty() { word.clone() } else { name.trim().to_owned() };
    let description = description.trim().to_owned();
    let circle =
        Circle { kind, id, word, name, description, permissions, created_at: now, updated_at: now };
    circle.check()?;
    fits(kind, &circle.permissions, &roles)?;
    d.store.write(&by.author(), |tx| {
        if rows::count(tx, kind)? >= kind.most() {
            let message = format!("There may be at most {} {}s.", kind.most(), kind.as_str());
            return Err(Error::new(ErrorCode::Invalid, message));
        }
        must_be_free(tx, kind, &circle.word)?;
        let n = rows::insert(tx, &circle)?;
        let event = match kind {
            CircleKind::Role => {
                Event::new(EventType::RoleCreated).data("permissions", json!(circle.permissions))
            }
            CircleKind::Group => Event::new(EventType::GroupCreated),
        };
        let event = event.data(kind.as_str(), circle.word.as_str()).data("id", circle.id.as_str());
        let kept = Kept { n, circle };
        let (roles, more) = carry(tx, &kept, &roles)?;
        let members = Total { count: 0, exact: true };
        Ok(by.change(Described { circle: kept.circle, roles, members }, event, more))
    })
}

/// Permissions are of roles and roles are of groups; nothing else makes sense.
fn fits(
    kind: CircleKind,
    permissions: &BTreeSet<String>,
    roles: &BTreeSet<String>,
) -> Result<(), Error> {
    let message = match kind {
        CircleKind::Role if !roles.is_empty() => "A role carries permissions, not other roles.",
        CircleKind::Group if !permissions.is_empty() => {
            "A group carries roles; give the permissions to a role."
        }
        _ => return Ok(()),
    };
    Err(Error::new(ErrorCode::Invalid, message))
}

/// A word that is taken is told before the engine refuses it, which on PostgreSQL ends the rest.
fn must_be_free(tx: &Tx<'_>, kind: CircleKind, word: &str) -> Result<(), Error> {
    if rows::by_word(tx, kind, word)?.is_none() {
        return Ok(());
    }
    let message = format!("There is a {} '{word}' already.", kind.as_str());
    Err(Error::new(ErrorCode::Conflict, message))
}

/// Makes the roles of a group those that are wanted, and says what moved.
fn carry(
    tx: &WriteTx<'_>,
    group: &Kept,
    wanted: &BTreeSet<String>,
) -> Result<(Vec<Circle>, Vec<Event>), Error> {
    if group.circle.kind == CircleKind::Role {
        return Ok((Vec::new(), Vec::new()));
    }
    let wanted = resolve(tx, CircleKind::Role, wanted)?;
    let held = rows::carried(tx, group.n)?;
    let before = words(held.iter().map(|kept| &kept.circle));
    let after: BTreeSet<String> = wanted.keys().cloned().collect();
    for kept in wanted.values().filter(|kept| !before.contains(&kept.circle.word)) {
        rows::carry(tx, group.n, kept.n)?;
    }
    for kept in held.iter().filter(|kept| !after.contains(&kept.circle.word)) {
        rows::drop_role(tx, group.n, kept.n)?;
    }
    let moves =
        [(EventType::RoleGranted, &after - &before), (EventType::RoleWithdrawn, &before - &after)];
    let events = moves.into_iter().filter(|(_, moved)| !moved.is_empty()).map(|(kind, moved)| {
        Event::new(kind)
            .data("group", group.circle.word.as_str())
            .data("roles", json!(moved))
            .data("before", json!(before))
            .data("after", json!(after))
    });
    let events = events.collect();
    Ok((wanted.into_values().map(|kept| kept.circle).collect(), events))
}

/// Changes what is given; says whether anything was otherwise before.
///
/// # Errors
/// `NotFound`, `Invalid` for what cannot be, `Conflict` for a word that is taken, `Conflict` or `Changed` when it
/// was changed since the caller saw it.
pub fn update(
    d: &Deps,
    by: &Caller,
    kind: CircleKind,
    text: &str,
    request: &AmendCircle,
) -> Result<(Described, bool), Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let before = find(tx, kind, text)?;
        let old = &before.circle;
        must_be(by, || Ok(tag_of_circle(old, &carried(tx, &before)?)))?;
        if request.seen.is_some_and(|seen| seen.as_microsecond() != old.updated_at.as_microsecond())
        {
            let message = "Somebody else has changed it meanwhile; look at it again first.";
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        let mut new = apply(old, request);
        let changed = changed(old, &new);
        new.check()?;
        fits(kind, &new.permissions, request.roles.as_ref().unwrap_or(&BTreeSet::new()))?;
        if new.word != old.word {
            must_be_free(tx, kind, &new.word)?;
        }
        let (roles, mut events) = match &request.roles {
            Some(wanted) => carry(tx, &Kept { n: before.n, circle: new.clone() }, wanted)?,
            None => (carried(tx, &before)?, Vec::new()),
        };
        if changed.is_empty() && events.is_empty() {
            return Ok(Change::none((described(tx, before)?, false)));
        }
        // Never the same moment twice, so that whoever saw it before is told.
        let least = old.updated_at.checked_add(jiff::SignedDuration::from_micros(1));
        new.updated_at = least.map_or(now, |least| now.max(least));
        rows::update(tx, before.n, &new)?;
        if !changed.is_empty() {
            events.insert(0, updated(old, &new, &changed));
        }
        let first = events.remove(0);
        let members = described(tx, before)?.members;
        Ok(by.change((Described { circle: new, roles, members }, true), first, events))
    })
}

fn apply(old: &Circle, request: &AmendCircle) -> Circle {
    let text = |new: &Option<String>, old: &String| {
        new.as_deref().map_or_else(|| old.clone(), |new| new.trim().to_owned())
    };
    let mut new = old.clone();
    new.word = text(&request.word, &old.word);
    new.name = text(&request.name, &old.name);
    if new.name.is_empty() {
        new.name.clone_from(&new.word);
    }
    new.description = text(&request.description, &old.description);
    if let Some(permissions) = &request.permissions {
        new.permissions.clone_from(permissions);
    }
    new
}

fn changed(old: &Circle, new: &Circle) -> Vec<&'static str> {
    let fields = [
        (old.kind.as_str(), old.word != new.word),
        ("name", old.name != new.name),
        ("description", old.description != new.description),
        ("permissions", old.permissions != new.permissions),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn updated(old: &Circle, new: &Circle, changed: &[&str]) -> Event {
    let kind = match new.kind {
        CircleKind::Role => EventType::RoleUpdated,
        CircleKind::Group => EventType::GroupUpdated,
    };
    let event = Event::new(kind)
        .data("changed", json!(changed))
        .data("id", new.id.as_str())
        .data(new.kind.as_str(), new.word.as_str());
    if old.permissions == new.permissions {
        return event;
    }
    event.data("before", json!(old.permissions)).data("after", json!(new.permissions))
}

/// Removes one, and says how many had it: nobody has it from then on. The rows of very many members go
/// while the service runs, so that nobody who writes waits for them.
///
/// # Errors
/// `NotFound`, `Conflict` for one that was made anew just now, `Changed` for one that is not as the caller saw it.
pub fn delete(
    d: &Deps,
    by: &Caller,
    kind: CircleKind,
    text: &str,
) -> Result<(Circle, Reach), Error> {
    // Nobody who writes waits until they are counted.
    let (seen, reach) = d.store.read(|tx| {
        let seen = find(tx, kind, text)?;
        let reach = reach_of(tx, &seen)?;
        Ok::<_, Error>((seen.n, reach))
    })?;
    d.store.write(&by.author(), |tx| {
        let one = find(tx, kind, text)?;
        if one.n != seen {
            let message = "It was deleted and made anew meanwhile; look at it again first.";
            return Err(Error::new(ErrorCode::Conflict, message));
        }
        let roles = carried(tx, &one)?;
        must_be(by, || Ok(tag_of_circle(&one.circle, &roles)))?;
        rows::delete(tx, one.n)?;
        let circle = one.circle;
        let event = match kind {
            CircleKind::Role => Event::new(EventType::RoleDeleted)
                .data("permissions", json!(circle.permissions))
                .data("groups", json!(words(&reach.groups)))
                .data("holders", reach.holders.count)
                .data("more_holders", (!reach.holders.exact).then_some(true)),
            CircleKind::Group => {
                Event::new(EventType::GroupDeleted).data("roles", json!(words(&roles)))
            }
        };
        let event = event
            .data(kind.as_str(), circle.word.as_str())
            .data("id", circle.id.as_str())
            .data("members", reach.members);
        Ok::<_, Error>(by.change((circle, reach), event, []))
    })
}
