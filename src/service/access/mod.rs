//! Roles, groups and permissions: what they are, and who has them.

pub(super) mod belonging;
pub mod circles;
pub mod held;
pub mod joining;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::access::{Circle, CircleKind, HELD_MAX, looks_like_id};
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::circles::{Kept, by_id, by_word, carriers};

/// The role or group that a text means: its id, or its word.
pub(super) fn find(tx: &Tx<'_>, kind: CircleKind, text: &str) -> Result<Kept, Error> {
    look_up(tx, kind, text)?.ok_or_else(|| {
        Error::new(ErrorCode::NotFound, format!("There is no such {}.", kind.as_str()))
    })
}

fn look_up(tx: &Tx<'_>, kind: CircleKind, text: &str) -> Result<Option<Kept>, Error> {
    Ok(match text {
        // Nobody has one with a NUL, and PostgreSQL cannot even be asked.
        text if text.contains('\0') => None,
        id if looks_like_id(id) => by_id(tx, kind, id)?,
        word => by_word(tx, kind, word)?,
    })
}

/// The rows of all circles by which somebody has a role or is in a group: for a role, the groups that
/// carry it are among them.
pub(super) fn reaching(tx: &Tx<'_>, kind: CircleKind, text: &str) -> Result<Vec<i64>, Error> {
    let Some(kept) = look_up(tx, kind, text)? else { return Err(unknown(kind, text)) };
    let mut all = vec![kept.n];
    if kind == CircleKind::Role {
        all.extend(carriers(tx, kept.n)?.iter().map(|group| group.n));
    }
    Ok(all)
}

fn unknown(kind: CircleKind, text: &str) -> Error {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    Error::new(ErrorCode::Invalid, format!("There is no {} '{shown}'.", kind.as_str()))
}

/// All that are meant, by their words.
fn resolve(
    tx: &Tx<'_>,
    kind: CircleKind,
    texts: &BTreeSet<String>,
) -> Result<BTreeMap<String, Kept>, Error> {
    let mut all = BTreeMap::new();
    if texts.len() > HELD_MAX {
        return Err(too_many(kind));
    }
    for text in texts {
        let Some(kept) = look_up(tx, kind, text)? else { return Err(unknown(kind, text)) };
        all.insert(kept.circle.word.clone(), kept);
    }
    Ok(all)
}

fn too_many(kind: CircleKind) -> Error {
    let message = format!("There may be at most {HELD_MAX} {}s.", kind.as_str());
    Error::new(ErrorCode::Invalid, message)
}

/// The words of circles.
fn words<'c>(circles: impl IntoIterator<Item = &'c Circle>) -> BTreeSet<String> {
    circles.into_iter().map(|one| one.word.clone()).collect()
}
