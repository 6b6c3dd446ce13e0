//! Invitations: an account is made for somebody, who takes it over by a link that is mailed to them
//! or handed over. Until then it can do nothing.

mod complete;
mod link;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::creating::{CreateIdentity, Registered, assemble};
use super::erasure::{self, Erase};
use super::identities::{Selector, find_stored};
use super::listing::{after, page_size, token};
use super::{Caller, Page, gone};
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::domain::identifier::{canonical, is_email};
use crate::domain::identity::{Identity, Via};
use crate::domain::invitation::{Delivery, Invitation};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::Status;
use crate::error::{Error, ErrorCode};
use crate::store::sql::identities::Stored;
use crate::store::sql::{identities, insert, invitations};
pub use complete::{Invited, by_secret};
pub(super) use complete::{complete, keep_promise};
use link::Link;
pub(super) use link::resend_to;

/// How long a link works unless something else is said.
pub const USUAL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The shortest and the longest time a link may work.
const RANGE: (SignedDuration, SignedDuration) =
    (SignedDuration::from_hours(1), SignedDuration::from_hours(30 * 24));

/// Who is invited.
#[derive(Debug, Default)]
pub struct Invite {
    /// The address the link is for.
    pub email: String,
    /// More about them; the address need not be repeated.
    pub traits: Value,
    /// Schema of the traits; the default one otherwise.
    pub schema_id: Option<String>,
    /// What they may administer once they have come.
    pub authorities: BTreeSet<Authority>,
    /// How long the link works; a week otherwise.
    pub expires_in: Option<SignedDuration>,
    /// In which language they are written to; English otherwise.
    pub locale: Option<String>,
}

/// An invitation that was made, or made anew.
#[derive(Debug)]
pub struct Made {
    /// Who is invited.
    pub identity: Identity,
    /// The invitation.
    pub invitation: Invitation,
    /// The link, which is shown once, where no mail takes it to them.
    pub link: Option<SecretString>,
}

/// The traits that somebody who is invited gets: those that are given, with the address.
#[must_use]
pub fn traits_of(d: &Deps, request: &Invite) -> Value {
    let schema_id = request.schema_id.as_deref().unwrap_or_else(|| d.schemas.default_id());
    with_address(d, schema_id, request.traits.clone(), &canonical(&request.email))
}

/// Invites somebody: makes the account, and mails the link or hands it back.
///
/// # Errors
/// `Conflict` when somebody has the address, `Invalid` for what cannot be used.
pub fn invite(d: &Deps, by: &Caller, request: Invite) -> Result<Made, Error> {
    let now = d.clock.now();
    let email = canonical(&request.email);
    if !is_email(&email) {
        return Err(invalid("An invitation needs the mail address of whom it is for."));
    }
    let schema_id = request.schema_id.unwrap_or_else(|| d.schemas.default_id().to_owned());
    let traits = with_address(d, &schema_id, request.traits, &email);
    let create = CreateIdentity { schema_id: Some(schema_id), traits, ..CreateIdentity::default() };
    let identity = assemble(d, by, create, now)?;
    let mut addresses = identity.verifiable_addresses.iter();
    if !addresses.any(|one| one.via == Via::Email && one.value == email) {
        let message = "The identity schema has no trait in which this address could be verified.";
        return Err(invalid(message));
    }
    let invitation = Invitation {
        identity_id: identity.id,
        email,
        authorities: request.authorities,
        locale: request.locale.unwrap_or_else(|| "en".to_owned()),
        message: None,
        created_at: now,
        expires_at: end(now, request.expires_in)?,
        delivery: Delivery::Manual,
    };
    let link = Link::draw(d)?;
    let mut event =
        Registered::of(&identity).event().data("expires_at", invitation.expires_at.to_string());
    if !invitation.authorities.is_empty() {
        let words: Vec<&str> = invitation.authorities.iter().map(|one| one.as_str()).collect();
        event = event.data("authorities", words);
    }
    let sent = d.store.write(&by.author(), |tx| {
        let n = insert::insert(tx, &identity)?;
        let sent = link.send(d, tx, n, invitation)?;
        Ok::<_, Error>(by.change(sent, event, []))
    })?;
    Ok(made(identity, sent, link))
}

fn made(identity: Identity, invitation: Invitation, link: Link) -> Made {
    let link = invitation.message.is_none().then_some(link.url);
    Made { identity, invitation, link }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorCode::Invalid, message)
}

fn end(now: Timestamp, lifetime: Option<SignedDuration>) -> Result<Timestamp, Error> {
    let lifetime = lifetime.unwrap_or(USUAL);
    if lifetime < RANGE.0 || lifetime > RANGE.1 {
        return Err(invalid("A link works for at least an hour and for 30 days at the most."));
    }
    now.checked_add(lifetime)
        .map_err(|error| invalid("The invitation would end beyond the calendar.").because(error))
}

/// The traits with the address in the trait that is verified by mail, where it is not there yet.
fn with_address(d: &Deps, schema_id: &str, traits: Value, email: &str) -> Value {
    let mut traits = match traits {
        Value::Null => Value::Object(Map::new()),
        traits => traits,
    };
    let shape = d.schemas.get(schema_id).and_then(|schema| {
        schema.document().pointer("/properties/traits/properties")?.as_object().cloned()
    });
    let by_mail = |shape: &Value| {
        shape.pointer("/ory.sh~1kratos/verification/via").is_some_and(|via| via == "email")
    };
    let name = shape
        .and_then(|all| all.into_iter().find(|(_, shape)| by_mail(shape)).map(|(name, _)| name));
    if let (Some(name), Some(all)) = (name, traits.as_object_mut()) {
        all.entry(name).or_insert_with(|| email.into());
    }
    traits
}

/// Makes the link anew, for a time from now on; the old one dies. Somebody who was made by an
/// administrator without any way to sign in is invited by that.
///
/// # Errors
/// `NotFound`, `StatusTransition` for somebody who has come already, `Invalid` without an address.
pub fn resend(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    lifetime: Option<SignedDuration>,
) -> Result<Made, Error> {
    let now = d.clock.now();
    let expires_at = end(now, lifetime)?;
    let link = Link::draw(d)?;
    let (identity, sent) = d.store.write(&by.author(), |tx| {
        let stored = invited(find_stored(tx, &Selector::Id(id))?, now)?;
        let known = invitations::of(tx, stored.n)?;
        let invitation = match known {
            Some(known) => Invitation { expires_at, ..known },
            None => new_for(&stored.identity, now, expires_at)?,
        };
        let sent = link.send(d, tx, stored.n, invitation)?;
        let event = resent(&sent, "operator");
        Ok::<_, Error>(by.change((stored.identity, sent), event, []))
    })?;
    Ok(made(identity, sent, link))
}

fn new_for(
    identity: &Identity,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Invitation, Error> {
    let mut addresses = identity.verifiable_addresses.iter();
    let address = addresses.find(|one| one.via == Via::Email);
    let address = address.ok_or_else(|| invalid("The identity has no mail address."))?;
    Ok(Invitation {
        identity_id: identity.id,
        email: address.value.clone(),
        authorities: BTreeSet::new(),
        locale: "en".to_owned(),
        message: None,
        created_at: now,
        expires_at,
        delivery: Delivery::Manual,
    })
}

fn resent(invitation: &Invitation, reason: &'static str) -> Event {
    Event::new(EventType::UserInvitationResent)
        .principal(invitation.identity_id)
        .data("expires_at", invitation.expires_at.to_string())
        .data("reason", reason)
}

/// Only whoever has not come yet can be invited again, or no more.
fn invited(stored: Stored, now: Timestamp) -> Result<Stored, Error> {
    if stored.identity.settled_status(now) == Status::Invited {
        return Ok(stored);
    }
    let message = "This identity is not invited: its owner has taken it over already.";
    Err(Error::new(ErrorCode::StatusTransition, message))
}

/// Takes an invitation back: the account that nobody has taken over is removed.
///
/// # Errors
/// `NotFound`, `StatusTransition` for somebody who has come already.
pub fn cancel(d: &Deps, by: &Caller, id: Uuid) -> Result<(), Error> {
    let now = d.clock.now();
    let by = by.noting();
    d.store.write(&by.author(), |tx| {
        let stored = invited(find_stored(tx, &Selector::Id(id))?, now)?;
        identities::delete(tx, stored.n)?;
        erasure::plan(tx, id, erasure::due(d, Erase::Later))?;
        let event =
            Event::new(EventType::UserInvitationCancelled).principal(id).data("reason", "operator");
        Ok::<_, Error>(by.change((), event, []))
    })?;
    gone::note(d, by.places.as_ref());
    Ok(())
}

/// The invitation of somebody.
///
/// # Errors
/// `NotFound`.
pub fn find(d: &Deps, id: Uuid) -> Result<Invitation, Error> {
    let found = d.store.read(|tx| {
        let owner = identities::find(tx, id)?;
        let owner = owner.filter(|owner| owner.identity.status == Status::Invited);
        owner.map_or(Ok(None), |owner| invitations::of(tx, owner.n))
    });
    found
        .map_err(Error::from)?
        .ok_or_else(|| Error::new(ErrorCode::NotFound, "There is no such invitation."))
}

/// The invitations of those among `people` who have not come yet; nothing is asked for where
/// everybody has.
///
/// # Errors
/// A failure of the store.
pub fn of<'a, D: 'a>(
    d: &Deps,
    people: impl Iterator<Item = &'a Identity<D>>,
) -> Result<Vec<Invitation>, Error> {
    let waiting = people.filter(|one| one.status == Status::Invited);
    let ids: Vec<Uuid> = waiting.map(|one| one.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(d.store.read(|tx| invitations::of_many(tx, &ids))?)
}

/// A page of invitations, the oldest first; those whose links work no more are among them.
///
/// # Errors
/// `Invalid` for a size or a token that no page gave.
pub fn list(
    d: &Deps,
    size: Option<u64>,
    page_token: Option<&str>,
) -> Result<Page<Invitation>, Error> {
    let size = page_size(size)?;
    let from = after(page_token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX);
    let mut found = d.store.read(|tx| invitations::page(tx, from, limit.saturating_add(1)))?;
    let more = found.len() as u64 > size;
    found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = found.last().filter(|_| more).map(|(n, _)| token(*n));
    Ok(Page { items: found.into_iter().map(|(_, one)| one).collect(), next_page_token })
}
