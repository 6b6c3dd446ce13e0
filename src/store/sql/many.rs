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
