//! Changing identities.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Caller;
use super::attributes::values::judge;
use super::creating::hash_given;
use super::given::{AddressProof, GivenCredential, add, prove};
use super::identities::{Selector, find};
use super::invitations::keep_promise;
use super::recovery;
use super::shape::{
    apply_addresses, check_documents, check_external_id, merge_identifiers, object_or_empty,
    project, set_password_hash,
};
use super::status::set_active;
use super::unchanged::find_to_change;
use crate::app::Deps;
use crate::crypto::password;
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::status::Status;
use crate::error::Error;
use crate::store::sql::identities::Stored;
use crate::store::sql::{codes, credentials, identities, sessions};
use crate::store::{Change, WriteTx};

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
    /// The two-valued state of the Kratos API: `false` blocks, `true` unblocks.
    pub active: Option<bool>,
    /// Another password, which an operator chose.
    pub password: Option<SecretString>,
    /// Credentials made elsewhere; see [`GivenCredential`].
    pub credentials: Vec<GivenCredential>,
    /// What is known about addresses that the traits hold.
    pub proofs: Vec<AddressProof>,
}

/// Changes what is given and nothing else, all of it or nothing.
///
/// # Errors
/// `NotFound`, `Invalid` for traits that break the schema, `Conflict` for what is taken.
pub fn update(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    mut request: UpdateIdentity,
) -> Result<Identity, Error> {
    let mut hash = None;
    if let Some(password) = request.password.take() {
        // Nobody waits for the hash of a password that nobody gets.
        find(d, &Selector::Id(id))?;
        // Hashing is slow, so it happens before the transaction.
        hash = Some(hash_given(d, &password)?);
    }
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let before = find_to_change(tx, by, id)?;
        amend(d, by, tx, &before, Wanted { request, hash, now })
    })
}

/// As [`update`], for a change that depends on what there is: `plan` sees the identity as nobody can
/// change it any more before the plan is carried out.
///
/// # Errors
/// As [`update`], and what `plan` returns.
pub fn update_with(
    d: &Deps,
    by: &Caller,
    id: Uuid,
    plan: impl FnOnce(&Identity) -> Result<UpdateIdentity, Error>,
) -> Result<Identity, Error> {
    let now = d.clock.now();
    d.store.write(&by.author(), |tx| {
        let before = find_to_change(tx, by, id)?;
        let mut request = plan(&before.identity)?;
        let hash = request.password.take().map(|password| hash_given(d, &password)).transpose()?;
        amend(d, by, tx, &before, Wanted { request, hash, now })
    })
}

/// What is asked for, once everything slow is done.
struct Wanted {
    request: UpdateIdentity,
    hash: Option<String>,
    now: Timestamp,
}

fn amend(
    d: &Deps,
    by: &Caller,
    tx: &WriteTx<'_>,
    before: &Stored,
    Wanted { mut request, hash, now }: Wanted,
) -> Result<Change<Identity>, Error> {
    let old = &before.identity;
    let mut new = old.clone();
    if let Some(external_id) = &request.external_id {
        check_external_id(external_id.as_deref())?;
    }
    let (given, proofs) =
        (std::mem::take(&mut request.credentials), std::mem::take(&mut request.proofs));
    let active = request.active;
    apply(&mut new, request);
    check_documents(&new.traits, &new.metadata_public, &new.metadata_admin)?;
    let projection = project(d, &new.schema_id, &new.traits)?;
    apply_addresses(&mut new, &projection, now, &d.rng)?;
    merge_identifiers(&mut new, &projection, now);
    prove(&mut new, &proofs, now);
    for given in given {
        add(d, &mut new, given, now)?;
    }
    if let Some(hash) = hash {
        set_password_hash(&mut new, &hash, now);
    }
    new.updated_at = now;
    let mut events = write_credentials(tx, before, &new, now)?;
    events.extend(proof_events(old, &new));
    events.extend(judge(tx, old.id, &old.metadata_admin, &new.metadata_admin)?);
    if old.status == Status::Invited && new.first_factors() > 0 {
        new.activate(now);
        events.push(activated(old, &new));
        events.extend(keep_promise(tx, before.n, &mut new, now)?);
    }
    if let Some(active) = active {
        events.extend(set_active(tx, before, &mut new, active, by, now)?);
    }
    identities::update(tx, before, &new)?;
    let changed = changed_fields(old, &new);
    if !changed.is_empty() || events.is_empty() {
        let event = Event::new(EventType::UserUpdated)
            .principal(old.id)
            .data("changed", json!(changed.keys().collect::<Vec<_>>()))
            .personal("changes", Value::Object(changed));
        return Ok(by.change(new, event, events));
    }
    let first = events.remove(0);
    Ok(by.change(new, first, events))
}

/// Writes the credentials that differ and says what happened to them. What stays the same must not
/// fail on what others hold, so nothing else is written.
fn write_credentials(
    tx: &WriteTx<'_>,
    before: &Stored,
    after: &Identity,
    now: Timestamp,
) -> Result<Vec<Event>, Error> {
    let sorted = |credential: &Credential| {
        let mut identifiers = credential.identifiers.clone();
        identifiers.sort();
        identifiers
    };
    let mut events = Vec::new();
    for new in &after.credentials {
        let old = before.identity.credential(new.kind);
        match old {
            None => credentials::insert(tx, before.n, new)?,
            Some(old) => {
                if sorted(old) != sorted(new) {
                    credentials::replace_identifiers(tx, before.n, new.kind, &new.identifiers)?;
                }
                if old.config != new.config {
                    credentials::update_config(tx, before.n, new.kind, &new.config, now)?;
                }
            }
        }
        let empty = json!({});
        if old.map_or(&empty, |old| &old.config) == &new.config {
            continue;
        }
        let mut ended = None;
        if new.kind == CredentialType::Password {
            // As any reset by an operator does.
            ended = Some(sessions::delete_all(tx, before.n, now)?.live.len());
            codes::withdraw(tx, before.n, recovery::PURPOSE)?;
        }
        events.extend(credential_events(after, old, new, ended));
    }
    Ok(events)
}

fn credential_events(
    identity: &Identity,
    old: Option<&Credential>,
    new: &Credential,
    sessions_revoked: Option<usize>,
) -> Vec<Event> {
    let event = |kind| Event::new(kind).principal(identity.id);
    match new.kind {
        CredentialType::Password => vec![
            event(EventType::CredentialReset)
                .data("credential", new.kind.as_str())
                .data("algorithm", new.password_hash().map(password::algorithm))
                .data("sessions_revoked", sessions_revoked),
        ],
        CredentialType::Oidc => {
            let known =
                |account: &&String| old.is_some_and(|old| old.identifiers.contains(account));
            let linked = new.identifiers.iter().filter(|account| !known(account)).map(|account| {
                event(EventType::AccountLinked)
                    .provider(account.split(':').next().unwrap_or_default())
                    .data("method", "operator")
                    .personal("identifier", account.as_str())
            });
            let linked: Vec<_> = linked.collect();
            if linked.is_empty() {
                return vec![event(EventType::AccountUpdated).data("reason", "operator")];
            }
            linked
        }
        kind => {
            let is_new = old.is_none_or(|old| old.config == json!({}));
            let done =
                if is_new { EventType::CredentialAdded } else { EventType::CredentialChanged };
            vec![event(done).data("credential", kind.as_str()).data("reason", "operator")]
        }
    }
}

/// What happened to the proofs of addresses that stay.
fn proof_events(old: &Identity, new: &Identity) -> Vec<Event> {
    let events = new.verifiable_addresses.iter().filter_map(|address| {
        let was = old.verifiable_addresses.iter().find(|was| was.id == address.id);
        if was.is_some_and(|was| was.verified) == address.verified {
            return None;
        }
        let event = if address.verified {
            Event::new(EventType::AccountConfirmed).data("method", "operator")
        } else {
            Event::new(EventType::AccountUnconfirmed).data("reason", "operator")
        };
        Some(event.principal(new.id).personal("email", address.value.as_str()))
    });
    events.collect()
}

fn activated(old: &Identity, new: &Identity) -> Event {
    let usable = new.credentials.iter().find(|credential| credential.first_factors() > 0);
    Event::new(EventType::UserActivated)
        .principal(new.id)
        .data("from", old.status.as_str())
        .data("method", usable.map(|credential| credential.kind.as_str()))
}

/// Puts the documents of a request in place.
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
