//! Creating identities: one, or many at once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use uuid::Uuid;

use super::Caller;
use super::attributes::values::judge;
use super::given::{AddressProof, GivenCredential, add, check, prove};
use super::recovery::{self, RecoveryCode};
use super::shape::{
    apply_addresses, check_documents, check_external_id, object_or_empty, project,
    projected_credentials, set_password_hash,
};
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::domain::credential::CredentialType;
use crate::domain::flow::Client;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::policy::within_limit;
use crate::domain::status::{Status, StatusDetail};
use crate::error::{Error, ErrorCode};
use crate::store::sql::insert::{self, Rows};
use crate::store::{Change, StoreError};

/// A new identity.
#[derive(Debug, Default)]
pub struct CreateIdentity {
    /// Its id, for an account brought from elsewhere; a new one otherwise.
    pub id: Option<Uuid>,
    /// Schema of the traits; the default one otherwise.
    pub schema_id: Option<String>,
    /// The traits.
    pub traits: Value,
    /// A key of some other system.
    pub external_id: Option<String>,
    /// Readable by the person.
    pub metadata_public: Value,
    /// Readable by administrators.
    pub metadata_admin: Value,
    /// A first password.
    pub password: Option<SecretString>,
    /// Rights.
    pub authorities: BTreeSet<Authority>,
    /// Whether to make a recovery code with it, in the same transaction.
    pub recovery: bool,
    /// A status to begin with. Active and invited are told apart by whether there is a way to sign
    /// in; that is also what decides when nothing is said.
    pub status: Option<Status>,
    /// By whom and why it has that status; the caller otherwise.
    pub status_detail: Option<StatusDetail>,
    /// When the account ends.
    pub expires_at: Option<Timestamp>,
    /// When it was created, for an account brought from elsewhere.
    pub created_at: Option<Timestamp>,
    /// Ways to sign in and second factors made elsewhere.
    pub credentials: Vec<GivenCredential>,
    /// What is known already about addresses that the traits hold.
    pub proofs: Vec<AddressProof>,
}

/// What became of [`create`].
#[derive(Debug)]
pub struct Created {
    /// The identity.
    pub identity: Identity,
    /// The code, when one was asked for.
    pub recovery: Option<RecoveryCode>,
}

/// Creates an identity: active with a password, invited without a way to sign in. The recovery
/// code, when asked for, is made in the same transaction.
///
/// # Errors
/// `Invalid` for traits that break the schema, `Conflict` for an identifier, address or external id
/// that is taken, `WeakPassword` for a password that cannot be hashed.
pub fn create(d: &Deps, by: &Caller, request: CreateIdentity) -> Result<Created, Error> {
    let now = d.clock.now();
    let with_code = request.recovery;
    let identity = assemble(d, by, request, now)?;
    let code = with_code.then(|| recovery::draw(d, now)).transpose()?;
    let created = Registered::of(&identity).event();
    d.store.write(&by.author(), |tx| {
        let mut more = judge(tx, identity.id, &Value::Null, &identity.metadata_admin)?;
        let n = insert::insert(tx, &identity)?;
        if let Some(code) = &code {
            recovery::record(tx, (n, identity.id), code, Client::Browser, None, now)?;
            more.push(recovery::requested(identity.id, code));
        }
        Ok::<_, Error>(by.change((), created, more))
    })?;
    Ok(Created { identity, recovery: code.map(recovery::Drawn::hand_out) })
}

/// Creates many identities in one transaction; one that is refused leaves the others alone. Tells
/// of each, in their order, what became of it.
///
/// # Errors
/// What concerns all of them, and a password hash of no known format: nothing was created then.
pub fn create_many(
    d: &Deps,
    by: &Caller,
    requests: Vec<CreateIdentity>,
) -> Result<Vec<Result<Uuid, Error>>, Error> {
    let now = d.clock.now();
    let mut drafts = Vec::with_capacity(requests.len());
    for given in requests.iter().flat_map(|request| &request.credentials) {
        check(given)?;
    }
    for request in requests {
        drafts.push(match assemble(d, by, request, now) {
            Err(error) if !concerns_one(&error) => return Err(error),
            draft => draft,
        });
    }
    d.store.write(&by.author(), |tx| {
        let (mut results, mut events) = (Vec::with_capacity(drafts.len()), Vec::new());
        for draft in drafts {
            let created = draft.and_then(|identity| {
                let rows = Rows::of(&identity);
                if let Some(table) = rows.taken(tx)? {
                    return Err(StoreError::Conflict { table: table.to_owned() }.into());
                }
                let kept = judge(tx, identity.id, &Value::Null, &identity.metadata_admin)?;
                rows.insert(tx)?;
                events.push(Registered::of(&identity).event());
                events.extend(kept);
                Ok(identity.id)
            });
            match created {
                Err(error) if !concerns_one(&error) => return Err(error),
                created => results.push(created),
            }
        }
        let mut events = events.into_iter();
        Ok(match events.next() {
            None => Change::none(results),
            Some(first) => by.change(results, first, events),
        })
    })
}

/// Whether a failure is about one request and not about the whole house.
fn concerns_one(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Invalid | ErrorCode::Conflict | ErrorCode::WeakPassword)
}

/// What the ledger says of a new identity.
pub(super) struct Registered {
    id: Uuid,
    schema_id: String,
    status: Status,
    first_factors: Vec<CredentialType>,
    authorities: Vec<Authority>,
    address: Option<String>,
    belongs: Vec<(&'static str, Vec<String>)>,
}

impl Registered {
    pub(super) fn of(identity: &Identity) -> Self {
        let usable = identity.credentials.iter().filter(|one| one.first_factors() > 0);
        Self {
            id: identity.id,
            schema_id: identity.schema_id.clone(),
            status: identity.status,
            first_factors: usable.map(|credential| credential.kind).collect(),
            authorities: identity.authorities.iter().copied().collect(),
            address: identity.verifiable_addresses.first().map(|address| address.value.clone()),
            belongs: Vec::new(),
        }
    }

    /// Says to what roles and groups it belongs and the like.
    pub(super) fn with(mut self, belongs: Vec<(&'static str, Vec<String>)>) -> Self {
        self.belongs = belongs;
        self
    }

    pub(super) fn event(self) -> Event {
        let kind = match self.status {
            Status::Invited => EventType::UserInvited,
            _ => EventType::UserRegistered,
        };
        let factors: Vec<&str> = self.first_factors.iter().map(|kind| kind.as_str()).collect();
        let mut event = Event::new(kind)
            .principal(self.id)
            .data("schema", self.schema_id)
            .data("status", self.status.as_str())
            .data("credentials", factors);
        if !self.authorities.is_empty() {
            let words: Vec<&str> = self.authorities.iter().map(|one| one.as_str()).collect();
            event = event.data("authorities", words);
        }
        for (name, words) in self.belongs.into_iter().filter(|(_, words)| !words.is_empty()) {
            event = event.data(name, words);
        }
        match self.address {
            Some(address) => event.personal("email", address),
            None => event,
        }
    }
}

/// Puts a new identity together; nothing is written.
pub(super) fn assemble(
    d: &Deps,
    by: &Caller,
    request: CreateIdentity,
    now: Timestamp,
) -> Result<Identity, Error> {
    let schema_id = request.schema_id.unwrap_or_else(|| d.schemas.default_id().to_owned());
    let traits = object_or_empty(request.traits);
    check_documents(&traits, &request.metadata_public, &request.metadata_admin)?;
    check_external_id(request.external_id.as_deref())?;
    let projection = project(d, &schema_id, &traits)?;
    let mut identity = Identity {
        id: request.id.map_or_else(|| d.rng.uuid_v7(now), Ok)?,
        external_id: request.external_id,
        schema_id,
        traits,
        metadata_public: request.metadata_public,
        metadata_admin: request.metadata_admin,
        status: Status::Invited,
        status_changed_at: Some(now),
        status_detail: request
            .status_detail
            .unwrap_or_else(|| StatusDetail { by: Some(by.label()), ..StatusDetail::default() }),
        expires_at: request.expires_at,
        authorities: request.authorities,
        created_at: request.created_at.unwrap_or(now),
        updated_at: now,
        verifiable_addresses: Vec::new(),
        recovery_addresses: Vec::new(),
        credentials: projected_credentials(&projection, now),
    };
    apply_addresses(&mut identity, &projection, now, &d.rng)?;
    for given in request.credentials {
        add(d, &mut identity, given, now)?;
    }
    prove(&mut identity, &request.proofs, now);
    // Hashing is slow, so it comes after everything that may be refused.
    if let Some(password) = &request.password {
        let hash = hash_given(d, password)?;
        set_password_hash(&mut identity, &hash, now);
    }
    let usable = if identity.first_factors() > 0 { Status::Active } else { Status::Invited };
    identity.status = match request.status {
        None | Some(Status::Active | Status::Invited) => usable,
        Some(status) => status,
    };
    Ok(identity)
}

/// The hash of a password that an operator chose, which is not held to the policy for people.
pub(super) fn hash_given(d: &Deps, password: &SecretString) -> Result<String, Error> {
    within_limit(password.expose_secret())?;
    Ok(d.hashers.hash(password)?)
}
