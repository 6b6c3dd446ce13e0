//! When sessions were last used: noted in memory by every check, and written down now and then.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::app::Deps;
use crate::domain::sightings::COARSE;
use crate::error::Error;
use crate::store::StoreError;
use crate::store::sql::sightings;

/// How many are written down before others may write.
const PART: usize = 256;

/// Writes down which sessions were used since the last time, where it is news; says of how many it
/// was. What is lost by a failure is minutes.
///
/// # Errors
/// A failure of the store.
pub fn write_down(d: &Deps) -> Result<u64, Error> {
    let mut written = 0;
    for part in d.sightings.take().chunks(PART) {
        let noted: HashMap<Uuid, Timestamp> = part.iter().copied().collect();
        let ids: Vec<Uuid> = noted.keys().copied().collect();
        let mut news = Vec::new();
        for known in d.store.read(|tx| sightings::known(tx, &ids))? {
            let at = noted.get(&known.id).filter(|at| at.duration_since(known.at) >= COARSE);
            news.extend(at.map(|at| (known.n, *at)));
        }
        if news.is_empty() {
            continue;
        }
        d.store
            .fleeting(|tx| news.iter().try_for_each(|(n, at)| sightings::keep(tx, *n, *at)))
            .map_err(|error: StoreError| Error::from(error))?;
        written += news.len() as u64;
    }
    Ok(written)
}
