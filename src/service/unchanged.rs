//! Changes that hold only while nobody has changed since it was read what they change: a person, what they were
//! given, their accounts, a role or a group (RFC 9110, `If-Match`).

use std::fmt::Write as _;

use super::Caller;
use super::access::held::Access;
use super::accounts::Account;
use super::failure::no_identity;
use crate::crypto::token;
use crate::domain::access::Circle;
use crate::domain::identity::Identity;
use crate::error::{Error, ErrorCode};
use crate::store::Tx;
use crate::store::sql::identities::{self, Stored};
use uuid::Uuid;

/// What something must be like for a change to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// As it is, whatever that is.
    Any,
    /// As it was when one of these tags was given.
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
    short(&text)
}

/// The tag of a role or group as it is, with the roles that it carries. Who is in it is no part of that: people come
/// and go one by one, and nobody overwrites anybody.
#[must_use]
pub fn tag_of_circle(circle: &Circle, carried: &[Circle]) -> String {
    let mut text = format!("{}\n{:?}\n", circle.id, circle.updated_at);
    for role in carried {
        let _ = writeln!(text, "{}", role.id);
    }
    short(&text)
}

/// The tag of somebody's accounts as they are: which there are, what belongs to them, and whether they are locked.
#[must_use]
pub fn tag_of_accounts(accounts: &[Account]) -> String {
    let mut text = String::new();
    for one in accounts {
        let _ = writeln!(text, "{} {:?} {:?}", one.id, one.locked_at, one.credentials);
        for address in &one.addresses {
            let _ = writeln!(text, "{} {}", address.id, address.verified);
        }
    }
    short(&text)
}

/// The tag of what somebody was given themselves, roles, groups and permissions alike. What they have by a role or
/// a group is no part of that.
#[must_use]
pub fn tag_of_access(access: &Access) -> String {
    let roles = access.roles.iter().filter(|held| held.direct).map(|held| &held.role.id);
    let mut text = String::new();
    for id in roles.chain(access.groups.iter().map(|group| &group.id)) {
        let _ = writeln!(text, "{id}");
    }
    for permission in &access.direct {
        let _ = writeln!(text, "{permission}");
    }
    short(&text)
}

fn short(text: &str) -> String {
    token::digest(text).chars().take(32).collect()
}

/// Refuses a caller who wants something as it was, and it is not.
///
/// # Errors
/// `Changed`.
pub(super) fn must_be(
    by: &Caller,
    tag: impl FnOnce() -> Result<String, Error>,
) -> Result<(), Error> {
    if let Some(Unchanged::Tags(tags)) = &by.unchanged
        && !tags.contains(&tag()?)
    {
        let message = "Somebody has changed this since it was read; read it again.";
        return Err(Error::new(ErrorCode::Changed, message));
    }
    Ok(())
}

/// The identity that is to be changed, unless the caller wants it as it was, and it is not.
///
/// # Errors
/// `NotFound`; `Changed`.
pub(super) fn find_to_change(tx: &Tx<'_>, by: &Caller, id: Uuid) -> Result<Stored, Error> {
    let stored = identities::find(tx, id)?.ok_or_else(no_identity)?;
    must_be(by, || Ok(tag(&stored.identity)))?;
    Ok(stored)
}
