//! What a JSON Patch changes of an identity as administrators see it.

use jiff::Timestamp;
use json_patch::{Patch, PatchOperation};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::credential::CredentialType;
use crate::domain::identity::Identity;
use crate::error::{Error, ErrorCode};
use crate::http::content::Content;
use crate::http::failure::Failure;
use crate::http::view::identity::{Show, identity};
use crate::service::identities::{self, AddressProof, GivenCredential, UpdateIdentity};

/// One step of a patch, for the description of the API.
#[derive(ToSchema)]
#[schema(as = jsonPatch)]
#[expect(dead_code, reason = "only described; the library reads the steps")]
pub struct Operation {
    /// `add`, `remove`, `replace`, `move`, `copy` or `test`.
    op: String,
    /// A JSON pointer.
    path: String,
    /// A JSON pointer.
    from: Option<String>,
    /// Any JSON.
    value: Option<Value>,
}

/// Places that no patch may touch, with what is below them.
const DENIED: [&str; 4] = ["/id", "/stateChangedAt", "/credentials/oidc", "/credentials/saml"];

/// Reads a patch and refuses one that touches what it must not.
///
/// # Errors
/// 400.
pub fn read(content: &Content) -> Result<Patch, Failure> {
    let patch: Patch = serde_json::from_value(content.value()?)
        .map_err(|_| Failure::invalid("The request is not a JSON Patch (RFC 6902)."))?;
    for operation in patch.iter() {
        let from = match operation {
            PatchOperation::Move(one) => Some(one.from.to_string()),
            PatchOperation::Copy(one) => Some(one.from.to_string()),
            _ => None,
        };
        for path in std::iter::once(operation.path().to_string()).chain(from) {
            let below = |denied: &&str| {
                path.strip_prefix(*denied)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if path.is_empty() || path == "/credentials" || DENIED.iter().any(below) {
                let path: String = path.chars().take(100).collect();
                return Err(Failure::invalid(format!("patch includes denied path: {path}")));
            }
        }
    }
    Ok(patch)
}

/// The change that a patch amounts to.
///
/// # Errors
/// `Invalid` for a patch that does not fit, or changes what follows from other things.
pub fn plan(
    base_url: &str,
    now: Timestamp,
    before: &Identity,
    patch: &Patch,
) -> Result<UpdateIdentity, Error> {
    let shown = identity(base_url, now, before, Show::Credentials(&CredentialType::ALL));
    let mut old = serde_json::to_value(shown).map_err(|error| {
        Error::new(ErrorCode::Internal, "The identity cannot be written as JSON.").because(error)
    })?;
    give_room(&mut old, patch);
    let mut new = old.clone();
    json_patch::patch(&mut new, patch)
        .map_err(|error| invalid(format!("The patch does not fit: {}.", error.kind)))?;
    must_leave_the_rest(&old, &new)?;
    let mut change = UpdateIdentity::default();
    let differs = |name: &str| Some(new.get(name)).filter(|value| *value != old.get(name));
    let whole =
        |value: Option<&Value>| identities::Patch::Replace(value.cloned().unwrap_or(Value::Null));
    change.traits = differs("traits").map(whole);
    change.metadata_public = differs("metadata_public").map(whole);
    change.metadata_admin = differs("metadata_admin").map(whole);
    if let Some(value) = differs("external_id") {
        let text = match value {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            Some(_) => return Err(invalid("The external id must be text.")),
        };
        change.external_id = Some(text);
    }
    if let Some(value) = differs("schema_id") {
        let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
        change.schema_id = Some(text.ok_or_else(|| invalid("The schema id must be text."))?.into());
    }
    if let Some(value) = differs("state") {
        change.active = match value.and_then(Value::as_str) {
            Some("active") => Some(true),
            Some("inactive") => Some(false),
            _ => return Err(invalid("The state must be `active` or `inactive`.")),
        };
    }
    change.proofs = proofs(before, &old, &new)?;
    change.credentials = credentials(before, &old, &new)?;
    Ok(change)
}

/// Puts the places where something may be added, though there is nothing yet.
fn give_room(document: &mut Value, patch: &Patch) {
    let Some(document) = document.as_object_mut() else { return };
    document.entry("external_id").or_insert(Value::Null);
    for name in ["metadata_public", "metadata_admin"] {
        let below = format!("/{name}/");
        let needed = patch.iter().any(|operation| operation.path().as_str().starts_with(&below));
        if needed && document.get(name).is_some_and(Value::is_null) {
            document.insert(name.to_owned(), json!({}));
        }
    }
}

/// What follows from other things cannot be patched, and to pass over it in silence would be a lie.
fn must_leave_the_rest(old: &Value, new: &Value) -> Result<(), Error> {
    let (old, new) = (rest(old), rest(new));
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return Err(invalid("The patch leaves no identity."));
    };
    let names = old.keys().chain(new.keys());
    match names.into_iter().find(|name| old.get(*name) != new.get(*name)) {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().take(100).collect();
            Err(invalid(format!("`{name}` cannot be patched in this way.")))
        }
    }
}

/// A document without what a patch may change.
fn rest(document: &Value) -> Value {
    let mut rest = document.clone();
    let Some(map) = rest.as_object_mut() else { return rest };
    for name in ["traits", "state", "schema_id", "external_id", "metadata_public", "metadata_admin"]
    {
        map.shift_remove(name);
    }
    let addresses = map.get_mut("verifiable_addresses").and_then(Value::as_array_mut);
    for address in addresses.into_iter().flatten().filter_map(Value::as_object_mut) {
        for name in ["verified", "verified_at", "status"] {
            address.shift_remove(name);
        }
    }
    let credentials = map.get_mut("credentials").and_then(Value::as_object_mut);
    for credential in credentials.into_iter().flat_map(|all| all.values_mut()) {
        credential.as_object_mut().map(|one| one.shift_remove("config"));
    }
    rest
}

fn proofs(before: &Identity, old: &Value, new: &Value) -> Result<Vec<AddressProof>, Error> {
    let mut proofs = Vec::new();
    for (index, address) in before.verifiable_addresses.iter().enumerate() {
        let at =
            |document: &Value| document.pointer(&format!("/verifiable_addresses/{index}")).cloned();
        let (was, is) = (at(old).unwrap_or_default(), at(new).unwrap_or_default());
        if was == is {
            continue;
        }
        let verified = is.get("verified").and_then(Value::as_bool);
        let verified = verified.ok_or_else(|| invalid("`verified` must be true or false."))?;
        let own = if verified { "completed" } else { "pending" };
        let word = is.get("status");
        if word != was.get("status") && word.and_then(Value::as_str) != Some(own) {
            return Err(invalid("The status of an address follows from `verified`."));
        }
        let time = is.get("verified_at").filter(|time| was.get("verified_at") != Some(time));
        let verified_at = match time {
            Some(Value::String(text)) => {
                let time = text.parse::<Timestamp>();
                Some(time.map_err(|_| invalid("`verified_at` must be an RFC 3339 time."))?)
            }
            _ => None,
        };
        let (via, value) = (address.via, address.value.clone());
        proofs.push(AddressProof { via, value, verified, verified_at });
    }
    Ok(proofs)
}

fn credentials(before: &Identity, old: &Value, new: &Value) -> Result<Vec<GivenCredential>, Error> {
    let mut all = Vec::new();
    for credential in &before.credentials {
        let place = format!("/credentials/{}/config", credential.kind.as_str());
        let config = new.pointer(&place);
        if config == old.pointer(&place) {
            continue;
        }
        let config = config.filter(|config| config.is_object()).cloned();
        all.push(GivenCredential {
            kind: credential.kind,
            identifiers: credential.identifiers.clone(),
            config: config.ok_or_else(|| invalid("The content of a credential is an object."))?,
        });
    }
    Ok(all)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::Invalid, message)
}
