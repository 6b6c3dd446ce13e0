//! Addresses. The row of their owner holds all that is known of them, in one document, because nobody
//! is shown without; a table of its own says whose an address is, and that it is nobody else's.

use jiff::Timestamp;
use uuid::Uuid;

use super::statements;
use crate::args;
use crate::domain::identity::{Identity, RecoveryAddress, VerifiableAddress, Via};
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    RECOVERY_OWNER = "SELECT identity FROM addresses
        WHERE value = $1 AND via = $2 AND recovery = 1";
    VERIFIABLE_OWNER = "SELECT identity FROM addresses
        WHERE value = $1 AND via = $2 AND verifiable = 1";
    OF = "SELECT addresses, created_at FROM identities WHERE n = $1";
    SET = "UPDATE identities SET addresses = $2 WHERE n = $1";
    INSERT = "INSERT INTO addresses (value, via, identity, verifiable, recovery)
        VALUES ($1, $2, $3, $4, $5)";
    UPDATE = "UPDATE addresses SET verifiable = $4, recovery = $5
        WHERE value = $1 AND via = $2 AND identity = $3";
    DELETE = "DELETE FROM addresses WHERE value = $1 AND via = $2 AND identity = $3";
}

/// An address, whether for verification, for recovery, or for both.
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

/// An address in the document, as the migration says; times are microseconds.
type Cells<S, V> = (S, V, Uuid, bool, bool, Option<i64>, Option<i64>, Option<i64>);

/// What the table says of an address. An import holds a great many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    value: String,
    via: Via,
    verifiable: bool,
    recovery: bool,
}

impl Entry {
    /// What the table is ordered by.
    pub(super) fn key(&self) -> (&str, &'static str) {
        (&self.value, self.via.as_str())
    }

    /// Writes whose it is.
    pub(super) fn insert(&self, tx: &WriteTx<'_>, identity: i64) -> Result<(), StoreError> {
        let (value, via) = self.key();
        tx.exec_one(INSERT, args![value, via, identity, self.verifiable, self.recovery])
    }

    fn is(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Address {
    /// What the table says of it.
    pub(super) fn entry(&self) -> Entry {
        let (value, via) = (self.value.clone(), self.via);
        Entry { value, via, verifiable: self.verifiable, recovery: self.recovery }
    }

    fn key(&self) -> (&str, &'static str) {
        (&self.value, self.via.as_str())
    }

    /// Of somebody who was made at `owner`.
    fn read(cells: Cells<String, &str>, owner: Timestamp) -> Option<Self> {
        let (value, via, id, verifiable, recovery, new, changed, proof) = cells;
        let time = |micros: Option<i64>, none| match micros {
            Some(micros) => Timestamp::from_microsecond(micros).ok().map(Some),
            None => Some(none),
        };
        let via = Via::parse(via)?;
        let created_at = time(new, Some(owner))??;
        let updated_at = time(changed, Some(created_at))??;
        let verified_at = time(proof, None)?;
        Some(Self { value, via, id, verifiable, recovery, verified_at, created_at, updated_at })
    }

    fn cells(&self, owner: Timestamp) -> Cells<&str, &str> {
        let other = |time: Timestamp, than| (time != than).then(|| time.as_microsecond());
        (
            &self.value,
            self.via.as_str(),
            self.id,
            self.verifiable,
            self.recovery,
            other(self.created_at, owner),
            other(self.updated_at, self.created_at),
            self.verified_at.map(Timestamp::as_microsecond),
        )
    }

    /// The two things it may stand for.
    fn split(self) -> (Option<VerifiableAddress>, Option<RecoveryAddress>) {
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

/// The addresses of an identity, in the order of the document.
#[must_use]
pub(super) fn of(identity: &Identity) -> Vec<Address> {
    let mut all: Vec<Address> = identity
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
            all.iter_mut().find(|other| other.via == address.via && other.value == address.value);
        if let Some(known) = known {
            known.recovery = true;
            continue;
        }
        all.push(Address {
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
    all.sort_unstable_by(|a, b| (a.via.as_str(), &a.value).cmp(&(b.via.as_str(), &b.value)));
    all
}

/// `wanted`, where addresses that stay keep their id and age.
pub(super) fn kept(held: &[Address], mut wanted: Vec<Address>) -> Vec<Address> {
    for new in &mut wanted {
        if let Some(old) = held.iter().find(|old| old.key() == new.key()) {
            (new.id, new.created_at) = (old.id, old.created_at);
        }
    }
    wanted
}

/// The document of somebody who was made at `owner`.
pub(super) fn document(all: &[Address], owner: Timestamp) -> String {
    let cells: Vec<_> = all.iter().map(|address| address.cells(owner)).collect();
    // Neither numbers nor text can fail to be written.
    serde_json::to_string(&cells).unwrap_or_default()
}

/// The addresses in the document of a column, of somebody who was made at `owner`.
fn read(
    document: &str,
    column: usize,
    owner: Timestamp,
) -> Result<impl ExactSizeIterator<Item = Result<Address, StoreError>>, StoreError> {
    let wrong = move || StoreError::Row { column, expected: "a list of addresses" };
    let cells: Vec<Cells<String, &str>> = serde_json::from_str(document).map_err(|_| wrong())?;
    Ok(cells.into_iter().map(move |cells| Address::read(cells, owner).ok_or_else(wrong)))
}

/// What a column with the document says of somebody who was made at `owner`, as it is shown.
pub(super) fn shown(
    row: Sight<'_>,
    column: usize,
    owner: Timestamp,
) -> Result<(Vec<VerifiableAddress>, Vec<RecoveryAddress>), StoreError> {
    let all = read(row.text(column)?, column, owner)?;
    let mut verifiable = Vec::with_capacity(all.len());
    let mut recovery = Vec::with_capacity(all.len());
    for address in all {
        let (one, other) = address?.split();
        verifiable.extend(one);
        recovery.extend(other);
    }
    Ok((verifiable, recovery))
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
    let of = |row: Sight<'_>| {
        let owner = row.time(1)?;
        Ok((read(row.text(0)?, 0, owner)?.collect::<Result<Vec<_>, _>>()?, owner))
    };
    let Some((mut all, owner)) = tx.rows(OF, args![identity], of)?.pop() else {
        return Ok(false);
    };
    let unproven = all.iter_mut().find(|address| {
        let wanted = address.key() == (email, Via::Email.as_str());
        wanted && address.verifiable && address.verified_at.is_none()
    });
    let Some(address) = unproven else { return Ok(false) };
    (address.verified_at, address.updated_at) = (Some(now), now);
    tx.exec_one(SET, args![identity, document(&all, owner)])?;
    Ok(true)
}

/// Makes the rows that say whose the addresses of an identity are those of `wanted`.
///
/// # Errors
/// `Conflict` when an address belongs to another identity.
pub(super) fn replace(
    tx: &WriteTx<'_>,
    identity: i64,
    held: &[Address],
    wanted: &[Address],
) -> Result<(), StoreError> {
    let entries = |all: &[Address]| all.iter().map(Address::entry).collect::<Vec<_>>();
    let (held, wanted) = (entries(held), entries(wanted));
    for old in held.iter().filter(|old| !wanted.iter().any(|new| new.is(old))) {
        let (value, via) = old.key();
        tx.exec_one(DELETE, args![value, via, identity])?;
    }
    for new in &wanted {
        match held.iter().find(|old| old.is(new)) {
            None => new.insert(tx, identity)?,
            Some(old) if old == new => {}
            Some(_) => {
                let (value, via) = new.key();
                tx.exec_one(UPDATE, args![value, via, identity, new.verifiable, new.recovery])?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_of(text: &str, owner: Timestamp) -> Result<Vec<Address>, StoreError> {
        read(text, 0, owner)?.collect()
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let at = |micros| Timestamp::from_microsecond(micros).unwrap();
        let address = |value: &str, verified_at| Address {
            value: value.to_owned(),
            via: Via::Email,
            id: Uuid::from_u128(7),
            verifiable: true,
            recovery: false,
            verified_at,
            created_at: at(1),
            updated_at: at(-2),
        };
        let all =
            [address("\"é\\\u{7}\"@example.com", None), address("b@example.com", Some(at(3)))];
        for owner in [at(1), at(2)] {
            let text = document(&all, owner);
            assert_eq!(all_of(&text, owner).unwrap(), all, "{text}");
        }
        for bad in ["", "[", "[[1]]", "[[\"a\",\"pigeon\",\"\",true,true,null,null,null]]"] {
            assert!(all_of(bad, at(1)).is_err(), "{bad}");
        }
    }
}
