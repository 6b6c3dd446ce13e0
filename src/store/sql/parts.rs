//! Putting identities together from their rows.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::identities::Stored;
use super::{addresses, authorities, credentials};
use crate::domain::identity::Identity;
use crate::domain::status::{Status, StatusDetail};
use crate::store::{Sight, StoreError, Tx};

/// Which parts of identities are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Everything.
    All,
    /// All but credentials.
    Rights,
    /// Neither credentials nor authorities.
    Row,
}

/// One identity with all that hangs on it, from a row as [`head`] reads it.
pub(super) fn whole(tx: &Tx<'_>, mut one: Stored) -> Result<Stored, StoreError> {
    let n = one.n;
    one.identity.authorities = authorities::of(tx, n)?;
    one.identity.credentials = credentials::of(tx, n)?;
    Ok(one)
}

/// Adds what hangs on many identities, with one statement for each kind of part of all of them.
pub(super) fn all<D>(
    tx: &Tx<'_>,
    mut all: Vec<Stored<D>>,
    parts: Parts,
) -> Result<Vec<Stored<D>>, StoreError> {
    let numbers: Vec<i64> = all.iter().map(|one| one.n).collect();
    let mut order: Vec<(i64, usize)> = numbers.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let place = |n: i64| {
        let found = order.binary_search_by_key(&n, |(n, _)| *n).ok();
        found.and_then(|at| order.get(at)).map_or(usize::MAX, |(_, index)| *index)
    };
    if parts != Parts::Row {
        for (n, authority) in authorities::of_many(tx, &numbers)? {
            if let Some(one) = all.get_mut(place(n)) {
                one.identity.authorities.insert(authority);
            }
        }
    }
    if parts == Parts::All {
        for (n, credential) in credentials::of_many(tx, &numbers)? {
            if let Some(one) = all.get_mut(place(n)) {
                one.identity.credentials.push(credential);
            }
        }
    }
    Ok(all)
}

/// Reads identities one after the other. Those of a list often came to their status in the same way,
/// so how the last one did is taken apart only once.
#[derive(Default)]
pub(super) struct Heads {
    last: Option<(String, StatusDetail)>,
}

/// An identity without what hangs on it, as [`Heads::read`] reads it.
pub(super) fn head<D: DeserializeOwned>(row: Sight<'_>) -> Result<Stored<D>, StoreError> {
    Heads::default().read(row)
}

impl Heads {
    fn detail(&mut self, text: &str) -> Result<StatusDetail, serde_json::Error> {
        if let Some((last, detail)) = &self.last
            && last == text
        {
            return Ok(detail.clone());
        }
        let detail: StatusDetail = serde_json::from_str(text)?;
        self.last = Some((text.to_owned(), detail.clone()));
        Ok(detail)
    }

    /// An identity without what hangs on it. A row has `n`, `id`, `external_id`, `schema_id`, `traits`,
    /// `metadata_public`, `metadata_admin`, `status`, `status_changed_at`, `status_detail`,
    /// `expires_at`, `created_at`, `updated_at` and `addresses`.
    pub(super) fn read<D: DeserializeOwned>(
        &mut self,
        row: Sight<'_>,
    ) -> Result<Stored<D>, StoreError> {
        let status = Status::parse(row.text(7)?)
            .ok_or(StoreError::Row { column: 7, expected: "a status" })?;
        let status_detail: StatusDetail = match row.opt_text(9)? {
            None => StatusDetail::default(),
            Some(text) => self
                .detail(text)
                .map_err(|_| StoreError::Row { column: 9, expected: "a status detail" })?,
        };
        let created_at = row.time(11)?;
        let (verifiable_addresses, recovery_addresses) = addresses::shown(row, 13, created_at)?;
        let identity = Identity {
            id: row.uuid(1)?,
            external_id: row.opt_text(2)?.map(str::to_owned),
            schema_id: row.text(3)?.to_owned(),
            traits: row.json(4)?,
            metadata_public: row.json(5)?,
            metadata_admin: row.json(6)?,
            status,
            status_changed_at: row.opt_time(8)?,
            status_detail,
            expires_at: row.opt_time(10)?,
            authorities: BTreeSet::new(),
            created_at,
            updated_at: row.time(12)?,
            verifiable_addresses,
            recovery_addresses,
            credentials: Vec::new(),
        };
        Ok(Stored { n: row.int(0)?, identity })
    }
}
