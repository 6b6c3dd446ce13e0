//! Writing new identities: one, or a great many in one transaction.
//!
//! Many are written in the order of each index rather than one identity after the other: a page
//! that is somewhere in the middle of a large table is then read and written once for all of its
//! new rows, not once for each.

use std::collections::BTreeSet;

use super::{
    addresses, authorities, circles, credentials, identities, members, search, statements,
};
use crate::args;
use crate::domain::authority::Authority;
use crate::domain::identity::Identity;
use crate::store::{StoreError, Tx, Value, WriteTx};

statements! {
    INSERT = "INSERT INTO identities (id, external_id, schema_id, traits, metadata_public,
        metadata_admin, status, status_changed_at, status_detail, expires_at, created_at,
        updated_at, search_text, status_until, addresses)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT (id) DO NOTHING";
    ID_TAKEN = "SELECT 1 FROM identities WHERE id = $1";
    EXTERNAL_ID_TAKEN = "SELECT 1 FROM identities WHERE external_id = $1";
    IDENTIFIER_TAKEN = "SELECT 1 FROM credential_identifiers WHERE value = $1 AND kind = $2";
    ADDRESS_TAKEN = "SELECT 1 FROM addresses WHERE value = $1 AND via = $2";
}

/// Everything an identity puts into the tables, ready to be written.
pub struct Rows {
    identity: [Value; 15],
    words: String,
    credentials: Vec<credentials::Config>,
    identifiers: Vec<credentials::Identifier>,
    addresses: Vec<addresses::Entry>,
    authorities: Vec<(Authority, jiff::Timestamp)>,
    circles: Vec<i64>,
    permissions: Vec<String>,
    created_at: jiff::Timestamp,
}

impl Rows {
    /// The rows of an identity.
    #[must_use]
    pub fn of(identity: &Identity) -> Self {
        let words = search::text(identity);
        let addresses = addresses::of(identity);
        Self {
            identity: [
                identity.id.into(),
                identity.external_id.as_deref().into(),
                identity.schema_id.as_str().into(),
                identity.traits.to_string().into(),
                identities::document(&identity.metadata_public),
                identities::document(&identity.metadata_admin),
                identity.status.as_str().into(),
                identity.status_changed_at.into(),
                identities::detail(&identity.status_detail),
                identity.expires_at.into(),
                identity.created_at.into(),
                identity.updated_at.into(),
                words.as_str().into(),
                identity.status_detail.until.into(),
                addresses::document(&addresses, identity.created_at).into(),
            ],
            words,
            credentials: identity.credentials.iter().map(credentials::Config::of).collect(),
            identifiers: credentials::Identifier::all_of(&identity.credentials),
            addresses: addresses.iter().map(addresses::Address::entry).collect(),
            authorities: identity
                .authorities
                .iter()
                .map(|authority| (*authority, identity.created_at))
                .collect(),
            circles: Vec::new(),
            permissions: Vec::new(),
            created_at: identity.created_at,
        }
    }

    /// Adds the rows of its roles and groups, and the permissions it is given itself.
    #[must_use]
    pub fn with(mut self, circles: Vec<i64>, permissions: Vec<String>) -> Self {
        (self.circles, self.permissions) = (circles, permissions);
        self
    }

    /// The table in which another identity holds what this one needs for itself, if there is one.
    /// Asked within a transaction that writes, so that one of many can be refused without losing
    /// the others.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn taken(&self, tx: &Tx<'_>) -> Result<Option<&'static str>, StoreError> {
        let [id, external_id, ..] = &self.identity;
        for (statement, key) in [(ID_TAKEN, id), (EXTERNAL_ID_TAKEN, external_id)] {
            if tx.opt(statement, std::slice::from_ref(key))?.is_some() {
                return Ok(Some("identities"));
            }
        }
        for identifier in &self.identifiers {
            let (value, kind) = identifier.key();
            if tx.opt(IDENTIFIER_TAKEN, args![value, kind])?.is_some() {
                return Ok(Some("credential_identifiers"));
            }
        }
        for address in &self.addresses {
            let (value, via) = address.key();
            if tx.opt(ADDRESS_TAKEN, args![value, via])?.is_some() {
                return Ok(Some("addresses"));
            }
        }
        Ok(None)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// As [`insert`].
    pub fn insert(&self, tx: &WriteTx<'_>) -> Result<i64, StoreError> {
        let taken = || StoreError::Conflict { table: "identities".to_owned() };
        let n = self.begin(tx)?.ok_or_else(taken)?;
        for identifier in &self.identifiers {
            identifier.insert(tx, n)?;
        }
        for address in &self.addresses {
            address.insert(tx, n)?;
        }
        search::insert(tx, n, &self.words);
        Ok(n)
    }

    /// Writes what is ordered by identity; nothing when the id exists.
    fn begin(&self, tx: &WriteTx<'_>) -> Result<Option<i64>, StoreError> {
        let Some(n) = tx.insert(INSERT, &self.identity)? else { return Ok(None) };
        for config in &self.credentials {
            config.insert(tx, n)?;
        }
        for (authority, at) in &self.authorities {
            authorities::grant(tx, n, *authority, *at)?;
        }
        for circle in &self.circles {
            members::join(tx, n, *circle, self.created_at)?;
        }
        for permission in &self.permissions {
            members::grant(tx, n, permission, self.created_at)?;
        }
        Ok(Some(n))
    }
}

/// Writes a new identity with its credentials, addresses and authorities.
///
/// # Errors
/// `Conflict` when its id, external id, an identifier or an address is taken.
pub fn insert(tx: &WriteTx<'_>, identity: &Identity) -> Result<i64, StoreError> {
    Rows::of(identity).insert(tx)
}

/// Many new identities in one transaction. Each has a number of the caller's, by which it is named
/// when it cannot be written.
#[derive(Default)]
pub struct Bulk {
    first: Option<i64>,
    identifiers: Vec<(credentials::Identifier, i64, u64)>,
    addresses: Vec<(addresses::Entry, i64, u64)>,
    circles: BTreeSet<i64>,
}

/// What stood in the way, and the number of the identity it concerns.
pub type Refused = (StoreError, Option<u64>);

impl Bulk {
    /// Writes the first part of an identity and says whether it is new; one whose id exists is
    /// left as it is.
    ///
    /// # Errors
    /// `Conflict` when its external id is taken.
    pub fn add(&mut self, tx: &WriteTx<'_>, number: u64, rows: &mut Rows) -> Result<bool, Refused> {
        // Without the engine's check that what a row points to exists.
        for circle in &rows.circles {
            if self.circles.contains(circle) {
                continue;
            }
            if !circles::exists(tx, *circle).map_err(|error| (error, Some(number)))? {
                return Err((StoreError::RowsAffected(0), Some(number)));
            }
            self.circles.insert(*circle);
        }
        let Some(n) = rows.begin(tx).map_err(|error| (error, Some(number)))? else {
            return Ok(false);
        };
        self.first.get_or_insert(n);
        self.identifiers.extend(rows.identifiers.drain(..).map(|one| (one, n, number)));
        self.addresses.extend(rows.addresses.drain(..).map(|one| (one, n, number)));
        Ok(true)
    }

    /// Writes the rest of all of them.
    ///
    /// # Errors
    /// `Conflict` when an identifier or address is taken.
    pub fn finish(mut self, tx: &WriteTx<'_>) -> Result<(), Refused> {
        // Of two that want the same, the later one is refused.
        self.identifiers.sort_unstable_by(|(a, _, m), (b, _, n)| (a, m).cmp(&(b, n)));
        for (identifier, n, number) in self.identifiers {
            identifier.insert(tx, n).map_err(|error| (error, Some(number)))?;
        }
        self.addresses.sort_unstable_by(|(a, _, m), (b, _, n)| (a.key(), m).cmp(&(b.key(), n)));
        for (address, n, number) in self.addresses {
            address.insert(tx, n).map_err(|error| (error, Some(number)))?;
        }
        match self.first {
            Some(first) => search::insert_after(tx, first - 1).map_err(|error| (error, None)),
            None => Ok(()),
        }
    }
}
