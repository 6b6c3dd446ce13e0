//! The session check: one statement that finds a session by its secret, with everything of its
//! owner that the answer shows. No other statement runs so often.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::{credentials, sessions, statements};
use crate::args;
use crate::domain::credential::Credential;
use crate::domain::identity::{Identity, RecoveryAddress, VerifiableAddress, Via};
use crate::domain::session::Session;
use crate::domain::status::StatusDetail;
use crate::store::{Sight, StoreError, Tx};

statements! {
    BY_DIGEST = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.devices, i.status, i.status_until, i.expires_at, s.n, s.identity,
        i.external_id, i.schema_id, i.traits, i.metadata_public, i.status_changed_at,
        i.created_at, i.updated_at,
        EXISTS (SELECT 1 FROM credentials c WHERE c.identity = i.n
            AND c.second = 1),
        a.value, a.via, a.id, a.verifiable, a.recovery, a.verified_at, a.created_at, a.updated_at,
        s.authorities
        FROM sessions s JOIN identities i ON i.n = s.identity
        LEFT JOIN addresses a ON a.identity = i.n
        WHERE s.token_digest = $1";
}

/// A session and its owner, as far as the owner may be shown, with their documents in the forms `M`,
/// `V` and `D`.
#[derive(Clone, Debug)]
pub struct Found<M, V, D> {
    /// The session.
    pub session: Session<M, V>,
    /// The owner, without credentials, authorities and what is for administrators only.
    pub identity: Identity<D>,
    /// Row number of the owner.
    pub n: i64,
    /// Whether the owner may have a second factor.
    pub maybe_second_factor: bool,
}

/// The session whose secret has this digest.
///
/// # Errors
/// A failure of the store.
pub fn by_digest<M: DeserializeOwned, V: DeserializeOwned, D: DeserializeOwned + Default>(
    tx: &Tx<'_>,
    digest: &[u8; 32],
) -> Result<Option<Found<M, V, D>>, StoreError> {
    let mut found: Option<Found<M, V, D>> = None;
    tx.each(BY_DIGEST, args![digest], &mut |row| {
        let row = Sight(row);
        let found = match &mut found {
            Some(found) => found,
            None => found.insert(read(row)?),
        };
        address(row, &mut found.identity)
    })?;
    if let Some(Found { identity, .. }) = &mut found {
        identity
            .verifiable_addresses
            .sort_by(|a, b| order(a.via, &a.value).cmp(&order(b.via, &b.value)));
        identity
            .recovery_addresses
            .sort_by(|a, b| order(a.via, &a.value).cmp(&order(b.via, &b.value)));
    }
    Ok(found)
}

/// Whether an identity has a second factor that can be used.
///
/// # Errors
/// A failure of the store.
pub fn has_second_factor(tx: &Tx<'_>, identity: i64) -> Result<bool, StoreError> {
    let all = credentials::of(tx, identity)?;
    Ok(all.iter().any(Credential::is_second_factor))
}

/// What every row says.
fn read<M: DeserializeOwned, V: DeserializeOwned, D: DeserializeOwned + Default>(
    row: Sight<'_>,
) -> Result<Found<M, V, D>, StoreError> {
    let session = sessions::session(row, 30)?;
    let identity = identity(row, &session)?;
    Ok(Found { session, identity, n: row.int(13)?, maybe_second_factor: row.flag(21)? })
}

fn identity<M, V, D: DeserializeOwned + Default>(
    row: Sight<'_>,
    session: &Session<M, V>,
) -> Result<Identity<D>, StoreError> {
    let owner = session.owner;
    Ok(Identity {
        id: session.identity_id,
        external_id: row.opt_text(14)?.map(str::to_owned),
        schema_id: row.text(15)?.to_owned(),
        traits: row.json(16)?,
        metadata_public: row.json(17)?,
        metadata_admin: D::default(),
        status: owner.status,
        status_changed_at: row.opt_time(18)?,
        status_detail: StatusDetail { until: owner.until, ..StatusDetail::default() },
        expires_at: owner.expires_at,
        authorities: BTreeSet::new(),
        created_at: row.time(19)?,
        updated_at: row.time(20)?,
        verifiable_addresses: Vec::new(),
        recovery_addresses: Vec::new(),
        credentials: Vec::new(),
    })
}

/// Adds the address of a row; a person without addresses has one row without an address.
fn address<D>(row: Sight<'_>, identity: &mut Identity<D>) -> Result<(), StoreError> {
    let Some(value) = row.opt_text(22)? else { return Ok(()) };
    let via = Via::parse(row.text(23)?);
    let via = via.ok_or(StoreError::Row { column: 23, expected: "a via" })?;
    let (id, created_at, updated_at) = (row.uuid(24)?, row.time(28)?, row.time(29)?);
    if row.flag(25)? {
        let verified_at = row.opt_time(27)?;
        identity.verifiable_addresses.push(VerifiableAddress {
            id,
            value: value.to_owned(),
            via,
            verified: verified_at.is_some(),
            verified_at,
            created_at,
            updated_at,
        });
    }
    if row.flag(26)? {
        let value = value.to_owned();
        identity.recovery_addresses.push(RecoveryAddress {
            id,
            value,
            via,
            created_at,
            updated_at,
        });
    }
    Ok(())
}

/// As the statement that reads the addresses of one identity orders them.
const fn order(via: Via, value: &str) -> (&'static str, &str) {
    (via.as_str(), value)
}
