//! Invitations; of the secret in each link only a digest is kept.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{many, statements};
use crate::args;
use crate::domain::authority::Authority;
use crate::domain::invitation::{Delivery, Invitation};
use crate::domain::message::MessageStatus;
use crate::store::{Sight, StoreError, Tx, WriteTx};

statements! {
    OF = "SELECT i.identity, p.id, i.email, i.authorities, i.locale, i.message, i.created_at,
        i.expires_at, m.status FROM invitations i JOIN identities p ON p.n = i.identity
        LEFT JOIN messages m ON m.id = i.message WHERE i.identity = $1";
    BY_DIGEST = "SELECT i.identity, p.id, i.email, i.authorities, i.locale, i.message,
        i.created_at, i.expires_at, m.status FROM invitations i
        JOIN identities p ON p.n = i.identity
        LEFT JOIN messages m ON m.id = i.message WHERE i.digest = $1";
    PAGE = "SELECT i.identity, p.id, i.email, i.authorities, i.locale, i.message, i.created_at,
        i.expires_at, m.status FROM invitations i JOIN identities p ON p.n = i.identity
        LEFT JOIN messages m ON m.id = i.message WHERE i.identity > $1
        AND p.status = 'invited' ORDER BY i.identity LIMIT $2";
    INSERT = "INSERT INTO invitations (identity, digest, email, authorities, locale, message,
        created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    DELETE = "DELETE FROM invitations WHERE identity = $1";
}

/// The invitation of an identity.
///
/// # Errors
/// A failure of the store.
pub fn of(tx: &Tx<'_>, identity: i64) -> Result<Option<Invitation>, StoreError> {
    Ok(tx.rows(OF, args![identity], invitation)?.pop())
}

/// The invitation with this digest of its secret, and the row of who is invited.
///
/// # Errors
/// A failure of the store.
pub fn by_digest(tx: &Tx<'_>, digest: &str) -> Result<Option<(i64, Invitation)>, StoreError> {
    Ok(tx.rows(BY_DIGEST, args![digest], numbered)?.pop())
}

/// Invitations after the row `after`, in the order in which the accounts were made, with their rows.
///
/// # Errors
/// A failure of the store.
pub fn page(tx: &Tx<'_>, after: i64, limit: i64) -> Result<Vec<(i64, Invitation)>, StoreError> {
    tx.rows(PAGE, args![after, limit], numbered)
}

/// The invitations of those among `ids` who have not come yet.
///
/// # Errors
/// A failure of the store.
pub fn of_many(tx: &Tx<'_>, ids: &[Uuid]) -> Result<Vec<Invitation>, StoreError> {
    let text = "SELECT i.identity, p.id, i.email, i.authorities, i.locale, i.message, i.created_at,
        i.expires_at, m.status FROM identities p JOIN invitations i ON i.identity = p.n
        LEFT JOIN messages m ON m.id = i.message WHERE p.id IN ({}) AND p.status = 'invited'";
    many::rows(tx, text, ids, invitation)
}

/// Keeps an invitation in place of any other of the identity, whose link dies.
///
/// # Errors
/// A failure of the store.
pub fn put(
    tx: &WriteTx<'_>,
    identity: i64,
    invitation: &Invitation,
    digest: &str,
) -> Result<(), StoreError> {
    tx.exec(DELETE, args![identity])?;
    let words: Vec<&str> = invitation.authorities.iter().map(|one| one.as_str()).collect();
    tx.exec_one(
        INSERT,
        args![
            identity,
            digest,
            invitation.email.as_str(),
            words.join(" "),
            invitation.locale.as_str(),
            invitation.message,
            invitation.created_at,
            invitation.expires_at,
        ],
    )
}

/// Removes the invitation of an identity; `false` when there was none.
///
/// # Errors
/// A failure of the store.
pub fn remove(tx: &WriteTx<'_>, identity: i64) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE, args![identity])? > 0)
}

fn numbered(row: Sight<'_>) -> Result<(i64, Invitation), StoreError> {
    Ok((row.int(0)?, invitation(row)?))
}

fn invitation(row: Sight<'_>) -> Result<Invitation, StoreError> {
    let wrong = |column, expected| StoreError::Row { column, expected };
    let words = row.text(3)?.split_whitespace().map(Authority::parse);
    let authorities: Option<BTreeSet<Authority>> = words.collect();
    let message = row.opt_text(5)?.map(Uuid::parse_str).transpose();
    let message = message.map_err(|_| wrong(5, "an id"))?;
    let status = row.opt_text(8)?.map(MessageStatus::parse);
    let delivery = match (message, status) {
        (None, _) => Delivery::Manual,
        (_, None) => Delivery::Unknown,
        (_, Some(Some(MessageStatus::Queued | MessageStatus::Processing))) => Delivery::Queued,
        (_, Some(Some(MessageStatus::Sent))) => Delivery::Sent,
        (_, Some(Some(MessageStatus::Abandoned))) => Delivery::Failed,
        (_, Some(None)) => return Err(wrong(8, "a status of a message")),
    };
    Ok(Invitation {
        identity_id: row.uuid(1)?,
        email: row.text(2)?.to_owned(),
        authorities: authorities.ok_or(wrong(3, "authorities"))?,
        locale: row.text(4)?.to_owned(),
        message,
        created_at: row.time(6)?,
        expires_at: row.time(7)?,
        delivery,
    })
}
