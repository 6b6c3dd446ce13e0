//! The session check: one statement that finds a session by its secret, with everything of its
//! owner that the answer shows. No other statement runs so often.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;

use super::{addresses, credentials, sessions, statements};
use crate::args;
use crate::domain::credential::Credential;
use crate::domain::identity::Identity;
use crate::domain::session::Session;
use crate::domain::status::StatusDetail;
use crate::store::{Sight, StoreError, Tx};

statements! {
    BY_DIGEST = "SELECT s.id, i.id, s.active, s.aal, s.methods, s.authenticated_at, s.issued_at,
        s.expires_at, s.devices, i.status, i.status_until, i.expires_at, s.n, s.identity,
        i.external_id, i.schema_id, i.traits, i.metadata_public, i.status_changed_at,
        i.created_at, i.updated_at,
        CASE WHEN s.aal = 'aal2' THEN FALSE ELSE EXISTS (SELECT 1 FROM credentials c
            WHERE c.identity = i.n AND c.second = 1) END,
        i.addresses, s.authorities
        FROM sessions s JOIN identities i ON i.n = s.identity
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
    /// Whether the owner may have a second factor, where the session was begun without.
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
    Ok(tx.rows(BY_DIGEST, args![digest], read)?.pop())
}

/// Whether an identity has a second factor that can be used.
///
/// # Errors
/// A failure of the store.
pub fn has_second_factor(tx: &Tx<'_>, identity: i64) -> Result<bool, StoreError> {
    let all = credentials::of(tx, identity)?;
    Ok(all.iter().any(Credential::is_second_factor))
}

fn read<M: DeserializeOwned, V: DeserializeOwned, D: DeserializeOwned + Default>(
    row: Sight<'_>,
) -> Result<Found<M, V, D>, StoreError> {
    let session = sessions::session(row, 23)?;
    let identity = identity(row, &session)?;
    Ok(Found { session, identity, n: row.int(13)?, maybe_second_factor: row.flag(21)? })
}

fn identity<M, V, D: DeserializeOwned + Default>(
    row: Sight<'_>,
    session: &Session<M, V>,
) -> Result<Identity<D>, StoreError> {
    let owner = session.owner;
    let created_at = row.time(19)?;
    let (verifiable_addresses, recovery_addresses) = addresses::shown(row, 22, created_at)?;
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
        created_at,
        updated_at: row.time(20)?,
        verifiable_addresses,
        recovery_addresses,
        credentials: Vec::new(),
    })
}
