//! What somebody is and may: their roles, groups and permissions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{resolve, too_many, words};
use crate::app::Deps;
use crate::domain::access::{
    Circle, CircleKind, HELD_MAX, HeldRole, Origin, check_permissions, effective,
};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::service::failure::no_identity;
use crate::service::unchanged::{must_be, tag_of_access};
use crate::store::sql::circles::Kept;
use crate::store::sql::{identities, members};
use crate::store::{Change, StoreError, Tx, WriteTx};

/// All that somebody is and may.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Their roles, by word, each with what it came by.
    pub roles: Vec<HeldRole>,
    /// Their groups, by word.
    pub groups: Vec<Circle>,
    /// The permissions they were given themselves.
    pub direct: BTreeSet<String>,
    /// All they may, each with where it comes from.
    pub permissions: BTreeMap<String, BTreeSet<Origin>>,
}

/// What a set is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This and nothing else.
    Exactly(BTreeSet<String>),
    /// What it is, with these and without those.
    Change {
        /// What comes to it; what is there already stays.
        add: BTreeSet<String>,
        /// What goes; what is not there is passed over.
        remove: BTreeSet<String>,
    },
}

/// What somebody is and may.
///
/// # Errors
/// `NotFound`.
pub fn of(d: &Deps, id: Uuid) -> Result<Access, Error> {
    d.store.read(|tx| of_row(tx, row(tx, id)?))
}

fn row(tx: &Tx<'_>, id: Uuid) -> Result<i64, Error> {
    identities::row_of(tx, id)?.ok_or_else(no_identity)
}

/// The row of somebody who is to be given or to lose something, unless the caller wants what they were given as it
/// was, and it is not.
fn row_to_change(tx: &Tx<'_>, by: &Caller, id: Uuid) -> Result<i64, Error> {
    let n = row(tx, id)?;
    must_be(by, || Ok(tag_of_access(&of_row(tx, n)?)))?;
    Ok(n)
}

fn of_row(tx: &Tx<'_>, n: i64) -> Result<Access, Error> {
    let held = members::of(tx, n)?;
    let carried = members::carried_for(tx, n)?;
    let direct = members::permissions_of(tx, n)?;
    let (roles, groups) = together(held, carried);
    let permissions = effective(&direct, &roles);
    Ok(Access { roles, groups, direct, permissions })
}

/// Roles and groups of one person, from those they are in and those that their groups carry.
fn together(held: Vec<Kept>, carried: Vec<(i64, Kept)>) -> (Vec<HeldRole>, Vec<Circle>) {
    let (own, groups): (Vec<_>, Vec<_>) =
        held.into_iter().partition(|kept| kept.circle.kind == CircleKind::Role);
    let mut roles: BTreeMap<String, HeldRole> = BTreeMap::new();
    for kept in own {
        let word = kept.circle.word.clone();
        let one = HeldRole { role: kept.circle, direct: true, groups: BTreeSet::new() };
        roles.insert(word, one);
    }
    for (holder, kept) in carried {
        let Some(group) = groups.iter().find(|group| group.n == holder) else { continue };
        let word = kept.circle.word.clone();
        let empty = HeldRole { role: kept.circle, direct: false, groups: BTreeSet::new() };
        roles.entry(word).or_insert(empty).groups.insert(group.circle.word.clone());
    }
    let mut groups: Vec<Circle> = groups.into_iter().map(|kept| kept.circle).collect();
    groups.sort_by(|a, b| a.word.cmp(&b.word));
    (roles.into_values().collect(), groups)
}

/// Roles and groups of one of many.
#[derive(Clone, Debug, Default)]
pub struct Belongs {
    /// Roles, by word.
    pub roles: Vec<HeldRole>,
    /// Groups, by word.
    pub groups: Vec<Circle>,
}

/// The roles and groups of some people; those without any are left out.
///
/// # Errors
/// A failure of the store.
pub fn of_many(d: &Deps, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Belongs>, Error> {
    d.store.read(|tx| {
        let mut rows = BTreeMap::new();
        for id in ids {
            if let Some(n) = identities::row_of(tx, *id)? {
                rows.insert(n, *id);
            }
        }
        let numbers: Vec<i64> = rows.keys().copied().collect();
        let all = of_rows(tx, &numbers)?.into_iter();
        Ok(all.filter_map(|(n, belongs)| Some((*rows.get(&n)?, belongs))).collect())
    })
}

/// As [`of_many`], by the numbers of their rows.
///
/// # Errors
/// A failure of the store.
pub(in crate::service) fn of_rows(
    tx: &Tx<'_>,
    numbers: &[i64],
) -> Result<BTreeMap<i64, Belongs>, StoreError> {
    let mut held: BTreeMap<i64, Vec<Kept>> = BTreeMap::new();
    for (n, kept) in members::of_many(tx, numbers)? {
        held.entry(n).or_default().push(kept);
    }
    let groups = held.values().flatten().filter(|kept| kept.circle.kind == CircleKind::Group);
    let groups: BTreeSet<i64> = groups.map(|kept| kept.n).collect();
    let groups: Vec<i64> = groups.into_iter().collect();
    let mut by_group: BTreeMap<i64, Vec<Kept>> = BTreeMap::new();
    for (group, kept) in members::carried_by_many(tx, &groups)? {
        by_group.entry(group).or_default().push(kept);
    }
    let belongs = held.into_iter().map(|(n, held)| {
        let carried = held.iter().flat_map(|kept| {
            let roles = by_group.get(&kept.n).map(Vec::as_slice).unwrap_or_default();
            roles.iter().map(|role| (kept.n, role.clone()))
        });
        let carried = carried.collect();
        let (roles, groups) = together(held, carried);
        (n, Belongs { roles, groups })
    });
    Ok(belongs.collect())
}

/// Makes the roles that somebody has themselves what is wanted; says whether they were others.
///
/// # Errors
/// `NotFound`, `Changed`, `Invalid` for a role that does not exist.
pub fn set_roles(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    wanted: &Wanted,
) -> Result<(Access, bool), Error> {
    set_circles(d, by, id, CircleKind::Role, wanted)
}

/// Makes the groups of somebody what is wanted; says whether they were others.
///
/// # Errors
/// `NotFound`, `Changed`, `Invalid` for a group that does not exist.
pub fn set_groups(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    wanted: &Wanted,
) -> Result<(Access, bool), Error> {
    set_circles(d, by, id, CircleKind::Group, wanted)
}

fn set_circles(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    kind: CircleKind,
    wanted: &Wanted,
) -> Result<(Access, bool), Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let n = row_to_change(tx, by, id)?;
        let held: Vec<Kept> =
            members::of(tx, n)?.into_iter().filter(|kept| kept.circle.kind == kind).collect();
        let before = words(held.iter().map(|kept| &kept.circle));
        let (come, gone) = moves(tx, kind, &held, wanted)?;
        if come.is_empty() && gone.is_empty() {
            return Ok(Change::none((of_row(tx, n)?, false)));
        }
        if before.len() + come.len() - gone.len() > HELD_MAX {
            return Err(too_many(kind));
        }
        for kept in &gone {
            members::leave(tx, n, kept.n)?;
        }
        for kept in &come {
            members::join(tx, n, kept.n, now)?;
        }
        let (come, gone) =
            (words(come.iter().map(|k| &k.circle)), words(gone.iter().map(|k| &k.circle)));
        let (granted, withdrawn, name) = match kind {
            CircleKind::Role => (EventType::RoleGranted, EventType::RoleWithdrawn, "roles"),
            CircleKind::Group => (EventType::GroupJoined, EventType::GroupLeft, "groups"),
        };
        let moved = Moved { id, name, before: &before, come, gone };
        let (first, rest) = moved.events(granted, withdrawn)?;
        Ok(by.change((of_row(tx, n)?, true), first, rest))
    })
}

/// What comes to a set and what goes.
fn moves(
    tx: &WriteTx<'_>,
    kind: CircleKind,
    held: &[Kept],
    wanted: &Wanted,
) -> Result<(Vec<Kept>, Vec<Kept>), Error> {
    let is_held = |kept: &Kept| held.iter().any(|other| other.n == kept.n);
    let rows = |all: &BTreeMap<String, Kept>| -> BTreeSet<i64> {
        all.values().map(|kept| kept.n).collect()
    };
    let (add, stays, named) = match wanted {
        Wanted::Exactly(all) => {
            let all = resolve(tx, kind, all)?;
            let named = rows(&all);
            (all, true, named)
        }
        Wanted::Change { add, remove } => {
            (resolve(tx, kind, add)?, false, rows(&resolve(tx, kind, remove)?))
        }
    };
    // What is named stays, or goes.
    let keeps = |kept: &Kept| named.contains(&kept.n) == stays;
    let come = add.into_values().filter(|kept| !is_held(kept) && keeps(kept)).collect();
    let gone = held.iter().filter(|kept| !keeps(kept)).cloned().collect();
    Ok((come, gone))
}

/// Makes the permissions that somebody was given themselves what is wanted; says whether they were
/// others. What a role permits stays, whatever is wanted here.
///
/// # Errors
/// `NotFound`, `Changed`, `Invalid` for what cannot be a permission.
pub fn set_permissions(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    wanted: &Wanted,
) -> Result<(Access, bool), Error> {
    let now: Timestamp = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let n = row_to_change(tx, by, id)?;
        let before = members::permissions_of(tx, n)?;
        let after = match wanted {
            Wanted::Exactly(all) => all.clone(),
            Wanted::Change { add, remove } => &(&before | add) - remove,
        };
        check_permissions(&after)?;
        let (come, gone) = (&after - &before, &before - &after);
        if come.is_empty() && gone.is_empty() {
            return Ok(Change::none((of_row(tx, n)?, false)));
        }
        for permission in &gone {
            members::withdraw(tx, n, permission)?;
        }
        for permission in &come {
            members::grant(tx, n, permission, now)?;
        }
        let moved = Moved { id, name: "permissions", before: &before, come, gone };
        let (first, rest) =
            moved.events(EventType::PermissionGranted, EventType::PermissionWithdrawn)?;
        Ok::<_, Error>(by.change((of_row(tx, n)?, true), first, rest))
    })
}

/// What moved in a set of somebody's.
struct Moved<'m> {
    id: Uuid,
    name: &'static str,
    before: &'m BTreeSet<String>,
    come: BTreeSet<String>,
    gone: BTreeSet<String>,
}

impl Moved<'_> {
    fn events(
        self,
        granted: EventType,
        withdrawn: EventType,
    ) -> Result<(Event, Vec<Event>), Error> {
        let after = &(self.before | &self.come) - &self.gone;
        let moves = [(granted, &self.come), (withdrawn, &self.gone)];
        let events =
            moves.into_iter().filter(|(_, moved)| !moved.is_empty()).map(|(kind, moved)| {
                Event::new(kind)
                    .principal(self.id)
                    .data(self.name, json!(moved))
                    .data("before", json!(self.before))
                    .data("after", json!(after))
            });
        let mut events: Vec<Event> = events.collect();
        if events.is_empty() {
            return Err(Error::new(ErrorCode::Internal, "Nothing moved."));
        }
        let first = events.remove(0);
        Ok((first, events))
    }
}
