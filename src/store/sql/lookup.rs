//! Lists of identities in the order of their ids, all of them or those that something fits.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::identities::Stored;
use super::parts::{self, Parts};
use super::statements;
use crate::args;
use crate::store::{StoreError, Tx, Value};

statements! {
    ALL = "SELECT n, id, external_id, schema_id, traits, metadata_public, metadata_admin,
        status, status_changed_at, status_detail, expires_at, created_at, updated_at, addresses
        FROM identities WHERE id > $1 ORDER BY id LIMIT $2 OFFSET $3";
    BY_IDENTIFIER = "SELECT n, id, external_id, schema_id, traits, metadata_public,
        metadata_admin, status, status_changed_at, status_detail, expires_at, i.created_at,
        i.updated_at, i.addresses
        FROM (SELECT identity FROM credential_identifiers
                WHERE value = $4 AND kind IN ('password', 'webauthn', 'code')
              UNION
              SELECT identity FROM credential_identifiers
                WHERE value = $5 AND kind NOT IN ('password', 'webauthn', 'code')) c
        CROSS JOIN identities i
        WHERE i.n = c.identity AND i.id > $1 ORDER BY i.id LIMIT $2 OFFSET $3";
    BY_PREFIX = "SELECT n, id, external_id, schema_id, traits, metadata_public,
        metadata_admin, status, status_changed_at, status_detail, expires_at, i.created_at,
        i.updated_at, i.addresses
        FROM (SELECT identity FROM credential_identifiers WHERE value >= $4 AND value < $5
                AND kind IN ('password', 'webauthn', 'code')
              UNION
              SELECT identity FROM credential_identifiers WHERE value >= $6 AND value < $7
                AND kind NOT IN ('password', 'webauthn', 'code')) c
        CROSS JOIN identities i
        WHERE i.n = c.identity AND i.id > $1 ORDER BY i.id LIMIT $2 OFFSET $3";
    COUNT_UP_TO = "SELECT count(*) FROM (SELECT 1 FROM identities LIMIT $1) i";
    COUNT_IDENTIFIER = "SELECT count(*) FROM (SELECT identity FROM credential_identifiers
            WHERE value = $1 AND kind IN ('password', 'webauthn', 'code')
          UNION
          SELECT identity FROM credential_identifiers
            WHERE value = $2 AND kind NOT IN ('password', 'webauthn', 'code')) c";
}

/// What identities must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fits {
    /// Nothing in particular.
    Anything,
    /// Have one of these ids.
    Ids(Vec<Uuid>),
    /// Have this identifier: in canonical form, or as it is where case matters.
    Identifier {
        /// For kinds of credentials whose identifiers are canonical.
        canonical: String,
        /// For the others.
        exact: String,
    },
    /// Have an identifier that begins like this.
    Prefix {
        /// For kinds of credentials whose identifiers are canonical.
        canonical: String,
        /// For the others.
        exact: String,
    },
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Only ids after this one.
    pub after: Option<Uuid>,
    /// How many are passed over from there.
    pub skip: i64,
    /// How many are wanted.
    pub limit: i64,
}

/// A page of identities by id.
///
/// # Errors
/// A failure of the store.
pub fn page<D: DeserializeOwned>(
    tx: &Tx<'_>,
    fits: &Fits,
    window: Window,
    parts: Parts,
) -> Result<Vec<Stored<D>>, StoreError> {
    let Window { after, skip, limit } = window;
    // No id is empty text, so that all come after it.
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let mut args = vec![Value::from(after), Value::from(limit), Value::from(skip)];
    let found = match fits {
        Fits::Anything => tx.rows(ALL, &args, parts::head)?,
        Fits::Ids(ids) => by_ids(tx, ids, window)?,
        Fits::Identifier { canonical, exact } => {
            args.extend([canonical.into(), exact.into()]);
            tx.rows(BY_IDENTIFIER, &args, parts::head)?
        }
        Fits::Prefix { canonical, exact } => {
            for text in [canonical, exact] {
                args.extend([text.into(), beyond(text).into()]);
            }
            tx.rows(BY_PREFIX, &args, parts::head)?
        }
    };
    parts::all(tx, found, parts)
}

/// How many identities have an identifier.
///
/// # Errors
/// A failure of the store.
pub fn count_identifier(tx: &Tx<'_>, canonical: &str, exact: &str) -> Result<u64, StoreError> {
    tx.one(COUNT_IDENTIFIER, args![canonical, exact])?.count(0)
}

/// How many identities there are, or `most` when there are more.
///
/// # Errors
/// A failure of the store.
pub fn count_up_to(tx: &Tx<'_>, most: i64) -> Result<u64, StoreError> {
    tx.one(COUNT_UP_TO, args![most])?.count(0)
}

/// Ids are few, so each is looked up by itself.
fn by_ids<D: DeserializeOwned>(
    tx: &Tx<'_>,
    ids: &[Uuid],
    window: Window,
) -> Result<Vec<Stored<D>>, StoreError> {
    let mut ids: Vec<Uuid> = ids.iter().copied().filter(|id| Some(*id) > window.after).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut rows = Vec::new();
    for id in ids {
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= window.limit + window.skip {
            break;
        }
        rows.extend(super::identities::head(tx, id)?);
    }
    let skip = usize::try_from(window.skip).unwrap_or(usize::MAX).min(rows.len());
    Ok(rows.split_off(skip))
}

/// The least text that is after everything that begins with `prefix`, but for what nobody writes:
/// a prefix that goes on with the last code point there is.
fn beyond(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}")
}
