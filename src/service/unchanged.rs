//! Changes that hold only while nobody has changed the person since they were read (RFC 9110,
//! `If-Match`).

use std::fmt::Write as _;

use super::Caller;
use super::failure::no_identity;
use crate::crypto::token;
use crate::domain::identity::Identity;
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::identities::{self, Stored};
use uuid::Uuid;

/// What a person must be like for a change to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// As they are, whatever that is.
    Any,
    /// As they were when one of these tags was given.
    Tags(Vec<String>),
}

/// The tag of a person as they are: another after every change of themselves, their status, rights,
/// addresses or credentials. Nothing can be read from it.
#[must_use]
pub fn tag(identity: &Identity) -> String {
    let one = identity;
    let mut text = format!(
        "{}\n{}\n{:?}\n{}\n{:?}\n{:?}\n{:?}\n{:?}\n{}\n{}\n{}\n",
        one.id,
        one.schema_id,
        one.external_id,
        one.status.as_str(),
        one.status_changed_at,
        one.status_detail,
        one.expires_at,
        one.updated_at,
        one.traits,
        one.metadata_public,
        one.metadata_admin,
    );
    let rights = one.authorities.iter().map(|held| held.as_str().to_owned());
    let addresses = one
        .verifiable_addresses
        .iter()
        .map(|address| format!("{} {} {:?}", address.id, address.verified, address.verified_at));
    let credentials =
        one.credentials.iter().map(|one| format!("{} {}", one.kind.as_str(), one.updated_at));
    let mut parts: Vec<String> = rights.chain(addresses).chain(credentials).collect();
    parts.sort_unstable();
    for part in parts {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{part}");
    }
    token::digest(&text).chars().take(32).collect()
}

/// The identity that is to be changed, unless the caller wants it as it was, and it is not.
///
/// # Errors
/// `NotFound`; `Changed`.
pub(super) fn find_to_change(tx: &Tx<'_>, by: &Caller, id: Uuid) -> Result<Stored, Error> {
    let stored = identities::find(tx, id)?.ok_or_else(no_identity)?;
    match &by.unchanged {
        Some(Unchanged::Tags(tags)) if !tags.contains(&tag(&stored.identity)) => Err(Error::new(
            ErrorCode::Changed,
            "Somebody has changed this since it was read; read it again.",
        )),
        _ => Ok(stored),
    }
}
