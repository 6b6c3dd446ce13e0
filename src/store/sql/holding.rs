//! Lists of people who have a role or are in a group: read from the members on, in order of
//! creation, so that a page takes the same time whether few or all of the realm are in it.

use serde::de::DeserializeOwned;

use super::identities::{Filter, Parameters, Stored, conditions};
use super::{members, parts, search};
use crate::store::{Dialect, StoreError, Tx};

/// Up to how many members a circle is small: with words, its members are then looked at one by one
/// rather than what the words find.
const SMALL: i64 = 2_000;
/// How many members are looked at in one statement: two sizes, so that the texts stay prepared.
const CHUNKS: [usize; 2] = [64, 256];

/// The circles from whose members a list is read.
pub(super) struct Driver<'f> {
    circles: &'f [i64],
    newest_first: bool,
}

/// The circles to start from, if that is the way to go.
pub(super) fn driver<'f>(
    tx: &Tx<'_>,
    filter: &'f Filter,
) -> Result<Option<Driver<'f>>, StoreError> {
    let mut best: Option<(i64, &'f [i64])> = None;
    for circles in &filter.holding {
        let mut size = 0;
        for circle in circles {
            let counted = members::count_up_to(tx, *circle, SMALL - size + 1)?;
            size += i64::try_from(counted).unwrap_or(SMALL);
            if size > SMALL {
                break;
            }
        }
        if best.is_none_or(|(least, _)| size < least) {
            best = Some((size, circles));
        }
    }
    let Some((size, circles)) = best else { return Ok(None) };
    let fits = filter.words.is_empty() || size <= SMALL;
    Ok(fits.then_some(Driver { circles, newest_first: filter.newest_first }))
}

impl Driver<'_> {
    /// The first `limit` members beyond the row `after` that pass the filter.
    pub fn page<D: DeserializeOwned>(
        &self,
        tx: &Tx<'_>,
        filter: &Filter,
        mut after: i64,
        limit: i64,
    ) -> Result<Vec<Stored<D>>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let [small, large] = CHUNKS;
        let mut chunk = if limit <= small { small } else { large };
        let mut found = Vec::new();
        let order = if self.newest_first { " ORDER BY i.n DESC" } else { " ORDER BY i.n" };
        while found.len() < limit {
            let members = self.members(tx, after, chunk)?;
            let Some(last) = members.last() else { break };
            after = *last;
            let what = "i.n, i.id, i.external_id, i.schema_id, i.traits, i.metadata_public,
                i.metadata_admin, i.status, i.status_changed_at, i.status_detail, i.expires_at,
                i.created_at, i.updated_at, i.addresses";
            let (text, parameters) = among(tx.dialect(), filter, &members, chunk, what, order);
            found.extend(tx.rows(&text, &parameters.0, parts::head)?);
            if members.len() < chunk {
                break;
            }
            chunk = large;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// How many of the first `most` members pass the filter, and whether there are no others.
    pub fn count_some(
        &self,
        tx: &Tx<'_>,
        filter: &Filter,
        most: i64,
    ) -> Result<(u64, bool), StoreError> {
        let [_, chunk] = CHUNKS;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let begin = if self.newest_first { i64::MAX } else { 0 };
        let (mut after, mut seen, mut count) = (begin, 0, 0);
        loop {
            let members = self.members(tx, after, chunk)?;
            let Some(last) = members.last() else { return Ok((count, true)) };
            after = *last;
            seen += members.len();
            let (text, parameters) = among(tx.dialect(), filter, &members, chunk, "count(*)", "");
            count += tx.one(&text, &parameters.0)?.count(0)?;
            if members.len() < chunk {
                return Ok((count, true));
            }
            if seen > most {
                return Ok((count, false));
            }
        }
    }

    /// The next members, each once, in the order of the list.
    fn members(&self, tx: &Tx<'_>, after: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
        let each = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut all = Vec::new();
        for circle in self.circles {
            all.extend(if self.newest_first {
                members::before(tx, *circle, after, each)?
            } else {
                members::after(tx, *circle, after, each)?
            });
        }
        all.sort_unstable();
        if self.newest_first {
            all.reverse();
        }
        all.dedup();
        all.truncate(limit);
        Ok(all)
    }
}

/// A statement about those of some members that pass the filter.
fn among(
    dialect: Dialect,
    filter: &Filter,
    members: &[i64],
    chunk: usize,
    what: &str,
    order: &str,
) -> (String, Parameters) {
    let mut parameters = Parameters::default();
    let mut all = conditions(filter, false, &mut parameters);
    all.extend(search::within(dialect, &filter.words, |word| parameters.add(word)));
    // Asked for twice is found once.
    let last = members.last().copied().unwrap_or_default();
    let padded = members.iter().copied().chain(std::iter::repeat(last)).take(chunk);
    let places: Vec<String> = padded.map(|n| parameters.add(n)).collect();
    all.push(format!("i.n IN ({})", places.join(", ")));
    let text = format!("SELECT {what} FROM identities i WHERE {}{order}", all.join(" AND "));
    (text, parameters)
}
