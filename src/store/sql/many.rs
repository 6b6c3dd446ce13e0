//! Asking for what belongs to many identities in one statement.

use crate::store::{Row, StoreError, Tx, Value};

/// How many identities a statement asks for: few different texts, so that each stays prepared.
const SIZES: [usize; 3] = [8, 64, 256];

/// The rows of a statement that has `{}` where the numbers of identities go. In the order of the
/// statement for each part of them that is asked for at once.
pub(super) fn rows(tx: &Tx<'_>, text: &str, identities: &[i64]) -> Result<Vec<Row>, StoreError> {
    let mut all = Vec::new();
    let most = SIZES.last().copied().unwrap_or(1);
    for part in identities.chunks(most) {
        let size = SIZES.into_iter().find(|size| *size >= part.len()).unwrap_or(most);
        let mut args: Vec<Value> = part.iter().map(|n| Value::from(*n)).collect();
        // Asked for twice is found once.
        let last = args.last().cloned().unwrap_or(Value::Null);
        args.resize(size, last);
        let places: Vec<String> = (1..=size).map(|place| format!("${place}")).collect();
        all.extend(tx.all(&text.replace("{}", &places.join(",")), &args)?);
    }
    Ok(all)
}
