//! Credentials and the identifiers they answer to.

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{many, statements};
use crate::args;
use crate::domain::credential::{Credential, CredentialType, is_second_factor, stored_hash};
use crate::domain::status::{Standing, Status};
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT kind, config, created_at, updated_at FROM credentials
        WHERE identity = $1 ORDER BY kind";
    IDENTIFIERS_OF = "SELECT kind, value FROM credential_identifiers
        WHERE identity = $1 ORDER BY kind, value";
    OWNERS = "SELECT DISTINCT identity FROM credential_identifiers WHERE value = $1 LIMIT 2";
    OWNER = "SELECT identity FROM credential_identifiers WHERE value = $1 AND kind = $2";
    PASSWORD_OF = "SELECT i.id, i.status, i.status_until, i.expires_at, c.config
        FROM credential_identifiers o JOIN identities i ON i.n = o.identity
        LEFT JOIN credentials c ON c.identity = o.identity AND c.kind = o.kind
        WHERE o.value = $1 AND o.kind = 'password'";
    INSERT = "INSERT INTO credentials (identity, kind, config, second, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "UPDATE credentials SET config = $3, second = $4, updated_at = $5
        WHERE identity = $1 AND kind = $2";
    DELETE = "DELETE FROM credentials WHERE identity = $1 AND kind = $2";
    INSERT_IDENTIFIER = "INSERT INTO credential_identifiers (value, kind, identity)
        VALUES ($1, $2, $3)";
    DELETE_IDENTIFIERS = "DELETE FROM credential_identifiers WHERE identity = $1 AND kind = $2";
}

/// The credentials of an identity, by kind.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<Vec<Credential>, StoreError> {
    let mut all: Vec<Credential> = tx.rows(OF, args![identity], credential)?;
    tx.rows(IDENTIFIERS_OF, args![identity], |row| {
        let kind = kind(row)?;
        if let Some(credential) = all.iter_mut().find(|credential| credential.kind == kind) {
            credential.identifiers.push(row.text(1)?.to_owned());
        }
        Ok(())
    })?;
    Ok(all)
}

/// The providers of the accounts of many identities, each with the number of its identity's row.
///
/// # Errors
/// A failure of the store.
pub fn providers_of_many(
    tx: &Tx<'_>,
    identities: &[i64],
) -> Result<Vec<(i64, String)>, StoreError> {
    let text = "SELECT identity, value FROM credential_identifiers
        WHERE identity IN ({}) AND kind = 'oidc' ORDER BY identity, value";
    many::rows(tx, text, identities, |row| {
        let account = row.text(1)?;
        let provider = account.split_once(':').map_or(account, |(provider, _)| provider);
        Ok((row.int(0)?, provider.to_owned()))
    })
}

/// The credentials of many identities, each with the number of its identity's row, by kind.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, identities: &[i64]) -> Result<Vec<(i64, Credential)>, StoreError> {
    let text = "SELECT kind, config, created_at, updated_at, identity FROM credentials
        WHERE identity IN ({}) ORDER BY identity, kind";
    let mut all: Vec<(i64, Credential)> =
        many::rows(tx, text, identities, |row| Ok((row.int(4)?, credential(row)?)))?;
    let place = |(identity, credential): &(i64, Credential)| (*identity, credential.kind.as_str());
    all.sort_by(|a, b| place(a).cmp(&place(b)));
    let text = "SELECT kind, value, identity FROM credential_identifiers
        WHERE identity IN ({}) ORDER BY identity, kind, value";
    many::rows(tx, text, identities, |row| {
        let owner = (row.int(2)?, kind(row)?.as_str());
        let found = all.binary_search_by(|one| place(one).cmp(&owner)).ok();
        if let Some((_, credential)) = found.and_then(|index| all.get_mut(index)) {
            credential.identifiers.push(row.text(1)?.to_owned());
        }
        Ok(())
    })?;
    Ok(all)
}

/// Row numbers of identities that a credential identifier belongs to; two at the most are looked
/// for, because more than one is already too many.
///
/// # Errors
/// A failure of the store.
pub fn owners(tx: &Tx<'_>, identifier: &str) -> Result<Vec<i64>, StoreError> {
    tx.all(OWNERS, args![identifier])?.iter().map(|row| row.int(0)).collect()
}

/// The row number of the identity that a credential of this kind and identifier belongs to.
///
/// # Errors
/// A failure of the store.
pub fn owner(
    tx: &Tx<'_>,
    kind: CredentialType,
    identifier: &str,
) -> Result<Option<i64>, StoreError> {
    tx.opt(OWNER, args![identifier, kind.as_str()])?.map(|row| row.int(0)).transpose()
}

/// Who signs in with a password, as far as it takes to compare it.
#[derive(Clone, Debug)]
pub struct PasswordOwner {
    /// Who.
    pub id: Uuid,
    /// What the account is worth.
    pub standing: Standing,
    hash: Option<SecretString>,
}

impl PasswordOwner {
    /// The stored hash, if a password was ever set.
    #[must_use]
    pub fn hash(&self) -> Option<&str> {
        self.hash.as_ref().map(ExposeSecret::expose_secret)
    }
}

/// Who signs in with a password under an identifier.
///
/// # Errors
/// A failure of the store.
pub fn password_owner(tx: &Tx<'_>, identifier: &str) -> Result<Option<PasswordOwner>, StoreError> {
    let read = |row: Sight<'_>| {
        let status = Status::parse(row.text(1)?);
        let config: Json = row.json(4)?;
        Ok(PasswordOwner {
            id: row.uuid(0)?,
            standing: Standing {
                status: status.ok_or(StoreError::Row { column: 1, expected: "a status" })?,
                until: row.opt_time(2)?,
                expires_at: row.opt_time(3)?,
            },
            hash: stored_hash(&config).map(SecretString::from),
        })
    };
    Ok(tx.rows(PASSWORD_OF, args![identifier], read)?.pop())
}

/// Writes a new credential.
///
/// # Errors
/// `Conflict` when one of its identifiers is taken.
pub fn insert(tx: &WriteTx<'_>, identity: i64, credential: &Credential) -> Result<(), StoreError> {
    Config::of(credential).insert(tx, identity)?;
    for identifier in Identifier::all_of(std::slice::from_ref(credential)) {
        identifier.insert(tx, identity)?;
    }
    Ok(())
}

/// What is kept for a credential, ready to be written.
pub(super) struct Config {
    kind: CredentialType,
    text: String,
    second: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Config {
    pub fn of(credential: &Credential) -> Self {
        Self {
            kind: credential.kind,
            text: credential.config.to_string(),
            second: credential.is_second_factor(),
            created_at: credential.created_at,
            updated_at: credential.updated_at,
        }
    }

    pub fn insert(&self, tx: &WriteTx<'_>, identity: i64) -> Result<(), StoreError> {
        let kind = self.kind.as_str();
        let (config, second) = (self.text.as_str(), self.second);
        let (created_at, updated_at) = (self.created_at, self.updated_at);
        tx.exec_one(INSERT, args![identity, kind, config, second, created_at, updated_at])
    }
}

/// An identifier of a kind of credential, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identifier {
    value: String,
    kind: &'static str,
}

impl Identifier {
    pub fn all_of(credentials: &[Credential]) -> Vec<Self> {
        let identifiers = credentials.iter().flat_map(|credential| {
            let kind = credential.kind.as_str();
            credential.identifiers.iter().map(move |value| Self { value: value.clone(), kind })
        });
        identifiers.collect()
    }

    /// What the table is ordered by.
    pub fn key(&self) -> (&str, &'static str) {
        (&self.value, self.kind)
    }

    pub fn insert(&self, tx: &WriteTx<'_>, identity: i64) -> Result<(), StoreError> {
        tx.exec_one(INSERT_IDENTIFIER, args![self.value.as_str(), self.kind, identity])
    }
}

/// Replaces what is kept for a credential.
///
/// # Errors
/// `RowsAffected` when there is no such credential.
pub fn update_config(
    tx: &WriteTx<'_>,
    identity: i64,
    kind: CredentialType,
    config: &Json,
    now: Timestamp,
) -> Result<(), StoreError> {
    let second = is_second_factor(kind, config);
    tx.exec_one(UPDATE, args![identity, kind.as_str(), config.to_string(), second, now])
}

/// Replaces the identifiers of a credential.
///
/// # Errors
/// `Conflict` when one of them is taken.
pub fn replace_identifiers(
    tx: &WriteTx<'_>,
    identity: i64,
    kind: CredentialType,
    identifiers: &[String],
) -> Result<(), StoreError> {
    tx.exec(DELETE_IDENTIFIERS, args![identity, kind.as_str()])?;
    for identifier in identifiers {
        tx.exec_one(INSERT_IDENTIFIER, args![identifier, kind.as_str(), identity])?;
    }
    Ok(())
}

/// Removes a credential with its identifiers; says whether there was one.
///
/// # Errors
/// A failure of the store.
pub fn delete(tx: &WriteTx<'_>, identity: i64, kind: CredentialType) -> Result<bool, StoreError> {
    tx.exec(DELETE_IDENTIFIERS, args![identity, kind.as_str()])?;
    Ok(tx.exec(DELETE, args![identity, kind.as_str()])? > 0)
}

fn credential(row: Sight<'_>) -> Result<Credential, StoreError> {
    Ok(Credential {
        kind: kind(row)?,
        identifiers: Vec::new(),
        config: row.json(1)?,
        created_at: row.time(2)?,
        updated_at: row.time(3)?,
    })
}

fn kind(row: Sight<'_>) -> Result<CredentialType, StoreError> {
    CredentialType::parse(row.text(0)?)
        .ok_or(StoreError::Row { column: 0, expected: "a kind of credential" })
}
