//! Putting identities together from their rows.

use std::collections::BTreeSet;

use super::addresses::Address;
use super::identities::Stored;
use super::{addresses, authorities, credentials};
use crate::domain::authority::Authority;
use crate::domain::credential::Credential;
use crate::domain::identity::Identity;
use crate::domain::status::{Status, StatusDetail};
use crate::store::{Row, StoreError, Tx};

/// Which parts of identities are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Everything.
    All,
    /// Neither credentials nor authorities: for a list that shows none.
    Addresses,
}

/// What hangs on a row.
#[derive(Default)]
struct Hanging {
    addresses: Vec<Address>,
    authorities: BTreeSet<Authority>,
    credentials: Vec<Credential>,
}

/// One identity. A row has `n`, `id`, `external_id`, `schema_id`, `traits`, `metadata_public`,
/// `metadata_admin`, `status`, `status_changed_at`, `status_detail`, `expires_at`, `created_at` and
/// `updated_at`.
pub(super) fn whole(tx: &Tx<'_>, row: &Row) -> Result<Stored, StoreError> {
    let n = row.int(0)?;
    let hanging = Hanging {
        addresses: addresses::of(tx, n)?,
        authorities: authorities::of(tx, n)?,
        credentials: credentials::of(tx, n)?,
    };
    assemble(row, hanging)
}

/// Many identities, with one statement for each kind of part of all of them.
pub(super) fn all(tx: &Tx<'_>, rows: &[Row], parts: Parts) -> Result<Vec<Stored>, StoreError> {
    let numbers: Vec<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
    let mut order: Vec<(i64, usize)> = numbers.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let mut hanging: Vec<Hanging> = Vec::new();
    hanging.resize_with(rows.len(), Hanging::default);
    let place = |n: i64| {
        let found = order.binary_search_by_key(&n, |(n, _)| *n).ok();
        found.and_then(|at| order.get(at)).map(|(_, index)| *index)
    };
    for (n, address) in addresses::of_many(tx, &numbers)? {
        if let Some(one) = place(n).and_then(|index| hanging.get_mut(index)) {
            one.addresses.push(address);
        }
    }
    if parts == Parts::All {
        for (n, authority) in authorities::of_many(tx, &numbers)? {
            if let Some(one) = place(n).and_then(|index| hanging.get_mut(index)) {
                one.authorities.insert(authority);
            }
        }
        for (n, credential) in credentials::of_many(tx, &numbers)? {
            if let Some(one) = place(n).and_then(|index| hanging.get_mut(index)) {
                one.credentials.push(credential);
            }
        }
    }
    rows.iter().zip(hanging).map(|(row, hanging)| assemble(row, hanging)).collect()
}

fn assemble(row: &Row, hanging: Hanging) -> Result<Stored, StoreError> {
    let (mut verifiable_addresses, mut recovery_addresses) = (Vec::new(), Vec::new());
    for address in hanging.addresses {
        let (verifiable, recovery) = address.split();
        verifiable_addresses.extend(verifiable);
        recovery_addresses.extend(recovery);
    }
    let status =
        Status::parse(row.text(7)?).ok_or(StoreError::Row { column: 7, expected: "a status" })?;
    let status_detail: StatusDetail = match row.opt_text(9)? {
        None => StatusDetail::default(),
        Some(text) => serde_json::from_str(text)
            .map_err(|_| StoreError::Row { column: 9, expected: "a status detail" })?,
    };
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
        authorities: hanging.authorities,
        created_at: row.time(11)?,
        updated_at: row.time(12)?,
        verifiable_addresses,
        recovery_addresses,
        credentials: hanging.credentials,
    };
    Ok(Stored { n: row.int(0)?, identity })
}
