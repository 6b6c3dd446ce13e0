//! What the parts of an identity must be, and what follows from them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::Deps;
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identifier::has_control;
use crate::domain::identity::{
    DOCUMENT_MAX_BYTES, EXTERNAL_ID_MAX_CHARS, Identity, RecoveryAddress, VerifiableAddress,
};
use crate::domain::schema::Projection;
use crate::error::{Error, ErrorCode};
use crate::rng::Rng;

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
            identifiers: in_order(identifiers),
            config: json!({}),
            created_at: now,
            updated_at: now,
        })
        .collect()
}

/// As they are read back, so that an answer says the same before and after.
pub(super) fn in_order(identifiers: &[String]) -> Vec<String> {
    let mut identifiers = identifiers.to_vec();
    identifiers.sort_unstable();
    identifiers
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

/// Gives the credentials the identifiers that the traits now yield.
pub(super) fn merge_identifiers(identity: &mut Identity, projection: &Projection, now: Timestamp) {
    let kinds = [CredentialType::Password, CredentialType::Webauthn, CredentialType::Code];
    for kind in kinds {
        let wanted = projection.identifiers.get(&kind).map(|all| in_order(all)).unwrap_or_default();
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
