//! Finding, creating, changing and deleting identities.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Caller;
use super::failure::no_identity;
use super::recovery::{self, RecoveryCode};
use crate::app::Deps;
use crate::crypto::password;
use crate::domain::authority::Authority;
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identifier::{canonical, has_control};
use crate::domain::identity::{
    DOCUMENT_MAX_BYTES, EXTERNAL_ID_MAX_CHARS, Identity, RecoveryAddress, VerifiableAddress,
};
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::policy::within_limit;
use crate::domain::schema::Projection;
use crate::domain::status::{Status, StatusDetail};
use crate::error::{Error, ErrorCode};
use crate::rng::Rng;
use crate::store::Tx;
use crate::store::sql::identities::Stored;
use crate::store::sql::{codes, credentials, identities, insert, sessions};

pub use super::listing::{ListIdentities, list};

/// Which identity is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// By its id.
    Id(Uuid),
    /// By anything it signs in with.
    Identifier(String),
}

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
}

/// What became of [`create`].
#[derive(Debug)]
pub struct Created {
    /// The identity.
    pub identity: Identity,
    /// The code, when one was asked for.
    pub recovery: Option<RecoveryCode>,
}

/// How a document is changed.
#[derive(Clone, Debug)]
pub enum Patch {
    /// Key by key (RFC 7396): what is not named stays, null removes.
    Merge(Value),
    /// As a whole.
    Replace(Value),
}

/// A change of an identity; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct UpdateIdentity {
    /// Another schema.
    pub schema_id: Option<String>,
    /// Traits.
    pub traits: Option<Patch>,
    /// Another external id, or none.
    pub external_id: Option<Option<String>>,
    /// Public metadata.
    pub metadata_public: Option<Patch>,
    /// Administrators' metadata.
    pub metadata_admin: Option<Patch>,
}

/// The identity that is meant.
///
/// # Errors
/// `NotFound`, or `Ambiguous` when an identifier belongs to several.
pub fn find(d: &Deps, who: &Selector) -> Result<Identity, Error> {
    d.store.read(|tx| Ok(find_stored(tx, who)?.identity))
}

/// The identity that is meant, with its row.
pub(super) fn find_stored(tx: &Tx<'_>, who: &Selector) -> Result<Stored, Error> {
    match who {
        Selector::Id(id) => identities::find(tx, *id)?.ok_or_else(no_identity),
        // Nobody has one with a NUL, and PostgreSQL cannot even be asked.
        Selector::Identifier(typed) if typed.contains('\0') => Err(no_identity()),
        Selector::Identifier(typed) => {
            // Subjects at other providers keep their case; everything else is canonical.
            let mut owners = credentials::owners(tx, &canonical(typed))?;
            if owners.is_empty() {
                owners = credentials::owners(tx, typed.trim())?;
            }
            match owners.as_slice() {
                [] => Err(no_identity()),
                [n] => identities::find_row(tx, *n)?.ok_or_else(no_identity),
                _ => Err(Error::new(
                    ErrorCode::Ambiguous,
                    "Several identities sign in with this identifier.",
                )),
            }
        }
    }
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
    let identity = build(d, by, request, now)?;
    let code = with_code.then(|| recovery::draw(d, now)).transpose()?;
    let created = Registered::of(&identity).event();
    d.store.write(&by.author(), |tx| {
        let n = insert::insert(tx, &identity)?;
        let mut more = Vec::new();
        if let Some(code) = &code {
            recovery::record(tx, n, code, now)?;
            more.push(recovery::requested(identity.id, code));
        }
        Ok::<_, Error>(by.change((), created, more))
    })?;
    Ok(Created { identity, recovery: code.map(recovery::Drawn::hand_out) })
}

/// What the ledger says of a new identity.
pub(super) struct Registered {
    id: Uuid,
    schema_id: String,
    status: Status,
    first_factors: Vec<CredentialType>,
    authorities: Vec<Authority>,
    address: Option<String>,
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
        }
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
        match self.address {
            Some(address) => event.personal("email", address),
            None => event,
        }
    }
}

fn build(
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
    let hash = match &request.password {
        None => None,
        Some(password) => {
            within_limit(password.expose_secret())?;
            Some(password::hash(password, &d.argon2())?)
        }
    };
    let status = if hash.is_some() { Status::Active } else { Status::Invited };
    let mut identity = Identity {
        id: request.id.map_or_else(|| d.rng.uuid_v7(now), Ok)?,
        external_id: request.external_id,
        schema_id,
        traits,
        metadata_public: request.metadata_public,
        metadata_admin: request.metadata_admin,
        status,
        status_changed_at: Some(now),
        status_detail: StatusDetail { by: Some(by.label()), ..StatusDetail::default() },
        expires_at: None,
        authorities: request.authorities,
        created_at: now,
        updated_at: now,
        verifiable_addresses: Vec::new(),
        recovery_addresses: Vec::new(),
        credentials: projected_credentials(&projection, now),
    };
    apply_addresses(&mut identity, &projection, now, &d.rng)?;
    if let Some(hash) = hash {
        set_password_hash(&mut identity, &hash, now);
    }
    Ok(identity)
}

/// What the traits amount to under a schema.
pub(super) fn project(d: &Deps, schema_id: &str, traits: &Value) -> Result<Projection, Error> {
    let schema = d.schemas.get(schema_id).ok_or_else(|| {
        let known: Vec<&str> = d.schemas.iter().map(crate::domain::schema::Schema::id).collect();
        Error::new(
            ErrorCode::Invalid,
            format!("There is no identity schema '{schema_id}'; there are: {}.", known.join(", ")),
        )
    })?;
    Ok(schema.project(traits)?)
}

/// One credential for each kind that the schema gives identifiers; without secret material yet, as
/// in Kratos, so that an identity is found by its identifiers before it has a password.
pub(super) fn projected_credentials(projection: &Projection, now: Timestamp) -> Vec<Credential> {
    projection
        .identifiers
        .iter()
        .map(|(kind, identifiers)| Credential {
            kind: *kind,
            identifiers: identifiers.clone(),
            config: json!({}),
            created_at: now,
            updated_at: now,
        })
        .collect()
}

/// Puts a hash into the password credential, which is made when the schema named no identifier.
pub(super) fn set_password_hash(identity: &mut Identity, hash: &str, now: Timestamp) {
    let config = json!({"hashed_password": hash});
    let known = identity.credentials.iter_mut().find(|c| c.kind == CredentialType::Password);
    match known {
        Some(credential) => {
            credential.config = config;
            credential.updated_at = now;
        }
        None => identity.credentials.push(Credential {
            kind: CredentialType::Password,
            identifiers: Vec::new(),
            config,
            created_at: now,
            updated_at: now,
        }),
    }
}

/// Recomputes the addresses: those that stay keep id, age and proof, others come and go.
pub(super) fn apply_addresses(
    identity: &mut Identity,
    projection: &Projection,
    now: Timestamp,
    rng: &Rng,
) -> Result<(), Error> {
    let mut ids = BTreeMap::new();
    for (via, value) in projection.verifiable.iter().chain(&projection.recovery) {
        let known = identity
            .verifiable_addresses
            .iter()
            .map(|a| (a.via, &a.value, a.id))
            .chain(identity.recovery_addresses.iter().map(|a| (a.via, &a.value, a.id)))
            .find(|(v, text, _)| v == via && *text == value)
            .map(|(_, _, id)| id);
        if let Entry::Vacant(entry) = ids.entry((*via, value.as_str())) {
            entry.insert(known.map_or_else(|| rng.uuid_v7(now), Ok)?);
        }
    }
    let id_of = |via, value: &String| ids.get(&(via, value.as_str())).copied().unwrap_or_default();
    let verifiable = projection.verifiable.iter().map(|(via, value)| {
        let known = identity.verifiable_addresses.iter();
        let known = known.clone().find(|a| a.via == *via && a.value == *value).cloned();
        known.unwrap_or_else(|| VerifiableAddress {
            id: id_of(*via, value),
            value: value.clone(),
            via: *via,
            verified: false,
            verified_at: None,
            created_at: now,
            updated_at: now,
        })
    });
    let verifiable: Vec<_> = verifiable.collect();
    let recovery = projection.recovery.iter().map(|(via, value)| {
        let known = identity.recovery_addresses.iter();
        let known = known.clone().find(|a| a.via == *via && a.value == *value).cloned();
        known.unwrap_or_else(|| RecoveryAddress {
            id: id_of(*via, value),
            value: value.clone(),
            via: *via,
            created_at: now,
            updated_at: now,
        })
    });
    identity.recovery_addresses = recovery.collect();
    identity.verifiable_addresses = verifiable;
    Ok(())
}

/// Changes what is given and nothing else.
///
/// # Errors
/// `NotFound`, `Invalid` for traits that break the schema, `Conflict` for what is taken.
pub fn update(d: &Deps, by: &Caller, id: Uuid, request: UpdateIdentity) -> Result<Identity, Error> {
    if let Some(external_id) = &request.external_id {
        check_external_id(external_id.as_deref())?;
    }
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let before = find_stored(tx, &Selector::Id(id))?;
        let mut after = before.identity.clone();
        apply(&mut after, request);
        check_documents(&after.traits, &after.metadata_public, &after.metadata_admin)?;
        let changed = changed_fields(&before.identity, &after);
        let projection = project(d, &after.schema_id, &after.traits)?;
        apply_addresses(&mut after, &projection, now, &d.rng)?;
        let credentials = merge_identifiers(&mut after, &projection, now);
        after.updated_at = now;
        // What stays the same must not fail on what others hold, so only differences are written.
        for kind in credentials {
            write_identifiers(tx, &before, &after, kind)?;
        }
        identities::update(tx, &before, &after)?;
        let event = Event::new(EventType::UserUpdated)
            .principal(id)
            .data("changed", json!(changed.keys().collect::<Vec<_>>()))
            .personal("changes", Value::Object(changed));
        Ok::<_, Error>(by.change(after, event, Vec::new()))
    })
}

fn apply(identity: &mut Identity, request: UpdateIdentity) {
    if let Some(schema_id) = request.schema_id {
        identity.schema_id = schema_id;
    }
    if let Some(external_id) = request.external_id {
        identity.external_id = external_id;
    }
    let documents = [
        (request.traits, &mut identity.traits),
        (request.metadata_public, &mut identity.metadata_public),
        (request.metadata_admin, &mut identity.metadata_admin),
    ];
    for (patch, document) in documents {
        match patch {
            None => {}
            Some(Patch::Replace(value)) => *document = value,
            Some(Patch::Merge(value)) => merge(document, value),
        }
    }
    identity.traits = object_or_empty(std::mem::take(&mut identity.traits));
}

/// RFC 7396.
fn merge(document: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *document = patch;
        return;
    };
    if !document.is_object() {
        *document = json!({});
    }
    let Some(document) = document.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            document.shift_remove(&key);
        } else {
            merge(document.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// The fields that differ, each with its old and new value; personal data.
fn changed_fields(before: &Identity, after: &Identity) -> Map<String, Value> {
    let fields = [
        ("schema_id", json!(before.schema_id), json!(after.schema_id)),
        ("external_id", json!(before.external_id), json!(after.external_id)),
        ("metadata_public", before.metadata_public.clone(), after.metadata_public.clone()),
        ("metadata_admin", before.metadata_admin.clone(), after.metadata_admin.clone()),
    ];
    let mut changed = Map::new();
    for (name, old, new) in fields {
        if old != new {
            changed.insert(name.to_owned(), json!({"from": old, "to": new}));
        }
    }
    let names = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (old, new) = (names(&before.traits), names(&after.traits));
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        let (from, to) = (old.get(name), new.get(name));
        if from != to {
            changed.insert(format!("traits.{name}"), json!({"from": from, "to": to}));
        }
    }
    changed
}

/// Gives the credentials the identifiers that the traits now yield; returns the kinds concerned.
fn merge_identifiers(
    identity: &mut Identity,
    projection: &Projection,
    now: Timestamp,
) -> Vec<CredentialType> {
    let kinds = [CredentialType::Password, CredentialType::Webauthn, CredentialType::Code];
    for kind in kinds {
        let wanted = projection.identifiers.get(&kind).cloned().unwrap_or_default();
        match identity.credentials.iter_mut().find(|credential| credential.kind == kind) {
            Some(credential) => credential.identifiers = wanted,
            None if wanted.is_empty() => {}
            None => identity.credentials.push(Credential {
                kind,
                identifiers: wanted,
                config: json!({}),
                created_at: now,
                updated_at: now,
            }),
        }
    }
    kinds.to_vec()
}

fn write_identifiers(
    tx: &crate::store::WriteTx<'_>,
    before: &Stored,
    after: &Identity,
    kind: CredentialType,
) -> Result<(), Error> {
    let sorted = |credential: &Credential| {
        let mut identifiers = credential.identifiers.clone();
        identifiers.sort();
        identifiers
    };
    match (before.identity.credential(kind), after.credential(kind)) {
        (None, Some(new)) => credentials::insert(tx, before.n, new)?,
        (Some(old), Some(new)) if sorted(old) != sorted(new) => {
            credentials::replace_identifiers(tx, before.n, kind, &new.identifiers)?;
        }
        _ => {}
    }
    Ok(())
}

/// Removes an identity with everything that hangs on it; its id stays in the ledger.
///
/// # Errors
/// `NotFound`, `LastAdministrator`, `SelfAction`.
pub fn delete(d: &Deps, by: &Caller, id: Uuid) -> Result<(), Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let stored = find_stored(tx, &Selector::Id(id))?;
        super::authorities::must_not_be_last(tx, &stored, by, now, "deleted")?;
        let ended = sessions::delete_all(tx, stored.n, now)?;
        codes::withdraw(tx, stored.n, recovery::PURPOSE)?;
        identities::delete(tx, stored.n)?;
        let event = Event::new(EventType::UserDeleted)
            .principal(id)
            .data("from", stored.identity.effective_status(now).as_str())
            .data("schema", stored.identity.schema_id.as_str())
            .data("sessions_revoked", ended.live.len());
        Ok::<_, Error>(by.change((), event, Vec::new()))
    })
}

/// Nothing is an empty object.
pub(super) fn object_or_empty(value: Value) -> Value {
    if value.is_null() { json!({}) } else { value }
}

/// Documents have a limit, and traits are an object.
pub(super) fn check_documents(
    traits: &Value,
    metadata_public: &Value,
    metadata_admin: &Value,
) -> Result<(), Error> {
    if !traits.is_object() {
        return Err(Error::new(ErrorCode::Invalid, "The traits must be an object."));
    }
    let all = [
        ("traits", traits),
        ("public metadata", metadata_public),
        ("admin metadata", metadata_admin),
    ];
    for (name, document) in all {
        if document.to_string().len() > DOCUMENT_MAX_BYTES {
            let limit = DOCUMENT_MAX_BYTES / 1024;
            let message = format!("The {name} are larger than {limit} KiB.");
            return Err(Error::new(ErrorCode::Invalid, message));
        }
    }
    Ok(())
}

/// The limits of an external id.
pub(super) fn check_external_id(id: Option<&str>) -> Result<(), Error> {
    let Some(id) = id else { return Ok(()) };
    if id.is_empty() || id.chars().count() > EXTERNAL_ID_MAX_CHARS || has_control(id) {
        let message = format!(
            "An external id has 1 to {EXTERNAL_ID_MAX_CHARS} characters, none of them a control \
             character."
        );
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    Ok(())
}
