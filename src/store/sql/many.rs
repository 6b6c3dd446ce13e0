//! Asking for what belongs to many identities in one statement.

use std::sync::LazyLock;

use crate::store::{Sight, StoreError, Tx, Value};

/// How many identities a statement asks for: few different texts, so that each stays prepared.
const SIZES: [usize; 4] = [8, 32, 128, 256];

/// The placeholders of the largest statement.
static PLACES: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<String> = (1..=256).map(|place| format!("${place}")).collect();
    all.join(",")
});

/// What `read` makes of the rows of a statement that has `{}` where the keys of identities go, such
/// as their numbers. In the order of the statement for each part of them that is asked for at once.
pub(super) fn rows<T, K: Clone + Into<Value>>(
    tx: &Tx<'_>,
    text: &str,
    identities: &[K],
    mut read: impl FnMut(Sight<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::with_capacity(identities.len());
    let most = SIZES.last().copied().unwrap_or(1);
    for part in identities.chunks(most) {
        let size = SIZES.into_iter().find(|size| *size >= part.len()).unwrap_or(most);
        let mut args: Vec<Value> = part.iter().map(|key| key.clone().into()).collect();
        // Asked for twice is found once.
        let last = args.last().cloned().unwrap_or(Value::Null);
        args.resize(size, last);
        let all_places = PLACES.as_str();
        let end =
            all_places.match_indices(',').nth(size - 1).map_or(all_places.len(), |(at, _)| at);
        let places = all_places.get(..end).unwrap_or_default();
        tx.each(&text.replace("{}", places), &args, &mut |row| {
            all.push(read(Sight(row))?);
            Ok(())
        })?;
    }
    Ok(all)
}

/// As [`rows`], in one go through the part of the table that lies between the first and the last of
/// `identities`. Nothing when more than `most` rows lie there: then asking for each is less work.
fn stretch<T>(
    tx: &Tx<'_>,
    text: &str,
    identities: &[i64],
    most: usize,
    mut read: impl FnMut(Sight<'_>) -> Result<(i64, T), StoreError>,
) -> Result<Option<Vec<(i64, T)>>, StoreError> {
    let mut wanted = identities.to_vec();
    wanted.sort_unstable();
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
        return Ok(Some(Vec::new()));
    };
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let text = text.replace("IN ({})", "BETWEEN $1 AND $2") + " LIMIT $3";
    let (mut all, mut seen) = (Vec::with_capacity(identities.len()), 0);
    tx.each(&text, &[(*first).into(), (*last).into(), limit.into()], &mut |row| {
        seen += 1;
        let (identity, value) = read(Sight(row))?;
        if wanted.binary_search(&identity).is_ok() {
            all.push((identity, value));
        }
        Ok(())
    })?;
    Ok((seen <= most).then_some(all))
}

/// As [`rows`], from a table in which few have anything, so that there is little to read between the
/// first and the last of `identities`.
pub(super) fn of_few<T>(
    tx: &Tx<'_>,
    text: &str,
    identities: &[i64],
    mut read: impl FnMut(Sight<'_>) -> Result<(i64, T), StoreError>,
) -> Result<Vec<(i64, T)>, StoreError> {
    match stretch(tx, text, identities, identities.len(), &mut read)? {
        Some(all) => Ok(all),
        None => rows(tx, text, identities, read),
    }
}
