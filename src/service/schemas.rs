//! Which identity schemas there are.

use crate::app::Deps;
use crate::domain::schema::Schema;

/// A part of the schemas, by id, and how many there are.
pub fn list(d: &Deps, offset: u64, limit: u64) -> (impl Iterator<Item = &Schema>, u64) {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let some = d.schemas.iter().skip(number(offset)).take(number(limit));
    (some, d.schemas.iter().count() as u64)
}

/// The schema with this id.
#[must_use]
pub fn find<'d>(d: &'d Deps, id: &str) -> Option<&'d Schema> {
    d.schemas.get(id)
}
