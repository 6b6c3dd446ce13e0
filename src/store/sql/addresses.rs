//! Addresses: one row each, whether for verification, for recovery, or for both.

use jiff::Timestamp;
use uuid::Uuid;

use super::{many, statements};
use crate::args;
use crate::domain::identity::{Identity, RecoveryAddress, VerifiableAddress, Via};
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT value, via, id, verifiable, recovery, verified_at, created_at, updated_at
        FROM addresses WHERE identity = $1 ORDER BY via, value";
    RECOVERY_OWNER = "SELECT identity FROM addresses
        WHERE value = $1 AND via = $2 AND recovery = 1";
    VERIFIABLE_OWNER = "SELECT identity FROM addresses
        WHERE value = $1 AND via = $2 AND verifiable = 1";
    VERIFY = "UPDATE addresses SET verified_at = $4, updated_at = $4
        WHERE value = $1 AND via = $2 AND identity = $3 AND verifiable = 1
        AND verified_at IS NULL";
    INSERT = "INSERT INTO addresses (value, via, identity, id, verifiable, recovery, verified_at,
        created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UPDATE = "UPDATE addresses SET verifiable = $4, recovery = $5, verified_at = $6,
        updated_at = $7 WHERE value = $1 AND via = $2 AND identity = $3";
    DELETE = "DELETE FROM addresses WHERE value = $1 AND via = $2 AND identity = $3";
}

/// How many addresses are read in one go for identities that lie close together.
const STRETCH: usize = 2048;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    value: String,
    via: Via,
    id: Uuid,
    verifiable: bool,
    recovery: bool,
    verified_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Address {
    /// What the table is ordered by.
    pub(super) fn key(&self) -> (&str, &'static str) {
        (&self.value, self.via.as_str())
    }

    /// Writes it as a new row.
    pub(super) fn insert(&self, tx: &WriteTx<'_>, identity: i64) -> Result<(), StoreError> {
        tx.exec_one(
            INSERT,
            args![
                self.value.as_str(),
                self.via.as_str(),
                identity,
                self.id,
                self.verifiable,
                self.recovery,
                self.verified_at,
                self.created_at,
                self.updated_at,
            ],
        )
    }

    /// The two things a row may stand for.
    #[must_use]
    pub fn split(self) -> (Option<VerifiableAddress>, Option<RecoveryAddress>) {
        let Self { value, via, id, verified_at, created_at, updated_at, .. } = self;
        let recovery = self.recovery.then(|| RecoveryAddress {
            id,
            value: value.clone(),
            via,
            created_at,
            updated_at,
        });
        let verifiable = self.verifiable.then_some(VerifiableAddress {
            id,
            value,
            via,
            verified: verified_at.is_some(),
            verified_at,
            created_at,
            updated_at,
        });
        (verifiable, recovery)
    }
}

/// The addresses of an identity.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<Vec<Address>, StoreError> {
    tx.rows(OF, args![identity], address)
}

/// The row number of the identity that may recover its account by this mail address.
///
/// # Errors
/// A failure of the store.
pub fn recovery_owner(tx: &Tx<'_>, email: &str) -> Result<Option<i64>, StoreError> {
    owner(tx, RECOVERY_OWNER, email)
}

/// The row number of the identity whose mail address this is to be verified.
///
/// # Errors
/// A failure of the store.
pub fn verifiable_owner(tx: &Tx<'_>, email: &str) -> Result<Option<i64>, StoreError> {
    owner(tx, VERIFIABLE_OWNER, email)
}

fn owner(tx: &Tx<'_>, statement: &str, email: &str) -> Result<Option<i64>, StoreError> {
    let row = tx.opt(statement, args![email, Via::Email.as_str()])?;
    row.map(|row| row.int(0)).transpose()
}

/// Keeps that the owner of a mail address has proved it is theirs; `false` when that was known, or
/// the identity has no such address.
///
/// # Errors
/// A failure of the store.
pub fn verify(
    tx: &WriteTx<'_>,
    identity: i64,
    email: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.exec(VERIFY, args![email, Via::Email.as_str(), identity, now])? > 0)
}

/// The addresses of many identities, each with the number of its identity's row.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, identities: &[i64]) -> Result<Vec<(i64, Address)>, StoreError> {
    let text = "SELECT value, via, id, verifiable, recovery, verified_at, created_at, updated_at,
        identity FROM addresses WHERE identity IN ({}) ORDER BY identity, via, value";
    let read = |row: Sight<'_>| Ok((row.int(8)?, address(row)?));
    if many::are_close(identities)
        && let Some(all) = many::stretch(tx, text, identities, STRETCH, read)?
    {
        return Ok(all);
    }
    many::rows(tx, text, identities, read)
}

/// Makes the rows of an identity those of `after`; rows that stay keep their id and age.
///
/// # Errors
/// `Conflict` when an address belongs to another identity.
pub fn replace(
    tx: &WriteTx<'_>,
    identity: i64,
    before: &[Address],
    after: &Identity,
) -> Result<(), StoreError> {
    let wanted = merged(after);
    let same = |a: &Address, b: &Address| a.via == b.via && a.value == b.value;
    for old in before.iter().filter(|old| !wanted.iter().any(|new| same(new, old))) {
        tx.exec_one(DELETE, args![&old.value, old.via.as_str(), identity])?;
    }
    for new in &wanted {
        match before.iter().find(|old| same(old, new)) {
            None => new.insert(tx, identity)?,
            Some(old) if old == new => {}
            Some(_) => tx.exec_one(
                UPDATE,
                args![
                    new.value.as_str(),
                    new.via.as_str(),
                    identity,
                    new.verifiable,
                    new.recovery,
                    new.verified_at,
                    new.updated_at,
                ],
            )?,
        }
    }
    Ok(())
}

/// The rows of an identity's addresses.
pub(super) fn merged(identity: &Identity) -> Vec<Address> {
    let mut rows: Vec<Address> = identity
        .verifiable_addresses
        .iter()
        .map(|address| Address {
            value: address.value.clone(),
            via: address.via,
            id: address.id,
            verifiable: true,
            recovery: false,
            verified_at: address.verified_at,
            created_at: address.created_at,
            updated_at: address.updated_at,
        })
        .collect();
    for address in &identity.recovery_addresses {
        let known =
            rows.iter_mut().find(|row| row.via == address.via && row.value == address.value);
        if let Some(row) = known {
            row.recovery = true;
            continue;
        }
        rows.push(Address {
            value: address.value.clone(),
            via: address.via,
            id: address.id,
            verifiable: false,
            recovery: true,
            verified_at: None,
            created_at: address.created_at,
            updated_at: address.updated_at,
        });
    }
    rows
}

fn address(row: Sight<'_>) -> Result<Address, StoreError> {
    Ok(Address {
        value: row.text(0)?.to_owned(),
        via: Via::parse(row.text(1)?).ok_or(StoreError::Row { column: 1, expected: "a via" })?,
        id: row.uuid(2)?,
        verifiable: row.flag(3)?,
        recovery: row.flag(4)?,
        verified_at: row.opt_time(5)?,
        created_at: row.time(6)?,
        updated_at: row.time(7)?,
    })
}
