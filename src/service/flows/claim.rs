//! What somebody brings who signs up with the address of an account that waits for its owner (E15):
//! how they want to sign in, and what they say about themselves. It waits, sealed, in the flow in
//! which they show that the address is theirs, and nothing of it counts before.
//!
//! Such a flow belongs to the browser that signed up. If the code could be typed anywhere, as for a
//! mere verification, whoever is invited would confirm with it the password of a stranger who knew
//! that they are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Refusal, Visitor, pending};
use crate::app::Deps;
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::flow::Flow;
use crate::domain::identity::{Identity, Via};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::{EffectiveStatus, Status};
use crate::error::{Error, ErrorCode};
use crate::service::identities::{Patch, UpdateIdentity, update};
use crate::service::invitations;
use crate::service::passwords::{Chosen, Others, choose};
use crate::service::sessions::as_person;
use crate::store::sql::identities::Stored;
use crate::store::sql::{addresses, credentials, identities, invitations as rows};
use crate::store::{StoreError, Tx, WriteTx};

/// Under which name a flow keeps it.
const NAME: &str = "claim";

/// What waits for the proof of an address.
#[derive(Serialize, Deserialize)]
pub(super) struct Claim {
    /// Whose account it is; nobody's where none waits for the address, which is told to nobody.
    who: Option<Uuid>,
    /// The address.
    address: String,
    /// What they say about themselves.
    traits: Value,
    /// How they want to sign in.
    kind: String,
    /// With which names.
    identifiers: Vec<String>,
    /// What is kept for that.
    config: Value,
}

impl Claim {
    /// What the maker of an account brings, for the address that is to be proven.
    pub(super) fn of(made: &Identity, who: Option<Uuid>, address: &str) -> Option<Self> {
        let credential = made.credentials.iter().find(|one| one.first_factors() > 0)?;
        Some(Self {
            who,
            address: address.to_owned(),
            traits: made.traits.clone(),
            kind: credential.kind.as_str().to_owned(),
            identifiers: credential.identifiers.clone(),
            config: credential.config.clone(),
        })
    }

    /// Puts it into the flow in which the address is proven.
    pub(super) fn put(&self, d: &Deps, flow: &mut Flow) -> Result<(), Error> {
        let text = serde_json::to_vec(self).map_err(|error| damaged().because(error))?;
        let sealed = d.seal(&context(flow.id), &text)?;
        pending::put(flow, NAME, sealed);
        Ok(())
    }

    /// What waits in a flow for the proof that `address` is `who`'s.
    pub(super) fn waiting(
        d: &Deps,
        flow: &Flow,
        who: Uuid,
        address: &str,
    ) -> Result<Option<Self>, Error> {
        let Some(sealed) = pending::get(flow, NAME) else { return Ok(None) };
        let text = d.unseal(&context(flow.id), &sealed)?;
        let claim: Self =
            serde_json::from_slice(&text).map_err(|error| damaged().because(error))?;
        Ok(Some(claim).filter(|claim| claim.who == Some(who) && claim.address == address))
    }

    /// Makes the account theirs, within the transaction in which the address is proven. Says what the
    /// ledger is to hold; nothing when somebody has come already by another way.
    pub(super) fn settle(
        &self,
        tx: &WriteTx<'_>,
        owner: &mut Stored,
        now: Timestamp,
    ) -> Result<Option<Vec<Event>>, Error> {
        if owner.identity.settled_status(now) != Status::Invited {
            return Ok(None);
        }
        let id = owner.identity.id;
        let kind = CredentialType::parse(&self.kind).ok_or_else(damaged)?;
        if kind == CredentialType::Password {
            let hash = self.config.get("hashed_password").and_then(Value::as_str);
            let chosen = Chosen::hashed(hash.ok_or_else(damaged)?);
            return choose(tx, id, &chosen, Others::Keep, now).map(Some);
        }
        let (identifiers, config) = (self.identifiers.clone(), self.config.clone());
        let credential = Credential { kind, identifiers, config, created_at: now, updated_at: now };
        credentials::insert(tx, owner.n, &credential)?;
        let added =
            Event::new(EventType::CredentialAdded).principal(id).data("credential", kind.as_str());
        let activated = invitations::complete(tx, owner, kind.as_str(), now)?;
        Ok(Some(std::iter::once(added).chain(activated).collect()))
    }

    /// Adds what they said about themselves to what is known, as a change of their own. What whoever
    /// invited them said stays, and what does not fit or is taken is left out: they see it in
    /// their settings.
    pub(super) fn tell(&self, d: &Deps, v: &Visitor, who: Uuid) -> Result<(), Refusal> {
        let known = d.store.read(|tx| identities::find(tx, who))?;
        let known = known.map(|owner| owner.identity.traits).unwrap_or_default();
        let (Some(said), Some(mut all)) = (self.traits.as_object(), known.as_object().cloned())
        else {
            return Ok(());
        };
        for (key, value) in said {
            all.entry(key.clone()).or_insert_with(|| value.clone());
        }
        if Value::Object(all.clone()) == known {
            return Ok(());
        }
        let traits = Some(Patch::Replace(Value::Object(all)));
        let request = UpdateIdentity { traits, ..UpdateIdentity::default() };
        match update(d, &as_person(&v.by, who), who, request) {
            Err(error) if !matches!(error.code(), ErrorCode::Conflict | ErrorCode::Invalid) => {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a flow belongs to the browser it was made for, although it only proves an address.
pub(super) fn is_claimed(flow: &Flow) -> bool {
    pending::get(flow, NAME).is_some()
}

/// An account that waits for the owner of one of the addresses of a new account.
pub(super) struct Waiting {
    /// The account.
    pub owner: Stored,
    /// The address.
    pub address: String,
}

/// The account that waits for whoever makes this one, if any does. One whose invitation is over waits
/// no more.
pub(super) fn waits_for(
    tx: &Tx<'_>,
    made: &Identity,
    now: Timestamp,
) -> Result<Option<Waiting>, StoreError> {
    for address in made.verifiable_addresses.iter().filter(|one| one.via == Via::Email) {
        let Some(n) = addresses::verifiable_owner(tx, &address.value)? else { continue };
        let Some(owner) = identities::find_row(tx, n)? else { continue };
        let waits = owner.identity.effective_status(now) == EffectiveStatus::Invited;
        if waits && rows::of(tx, n)?.is_none_or(|invitation| !invitation.is_over(now)) {
            return Ok(Some(Waiting { owner, address: address.value.clone() }));
        }
    }
    Ok(None)
}

fn context(flow: Uuid) -> String {
    format!("claim:{flow}")
}

fn damaged() -> Error {
    Error::new(ErrorCode::Internal, "What waited for an address is damaged.")
}
