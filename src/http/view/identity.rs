//! An identity in the shape of the Kratos API.

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::credential::{Credential, CredentialType};
use crate::domain::document::{Document, Shown};
use crate::domain::identity::{Identity, RecoveryAddress, VerifiableAddress};
use crate::domain::lookup_codes::LookupCodes;

/// How much of an identity is shown.
#[derive(Clone, Copy, Debug)]
pub enum Show<'a> {
    /// What belongs into a session and may be read by the person: no credentials, and nothing that
    /// is for administrators.
    Person,
    /// To administrators, without credentials.
    Plain,
    /// To administrators, with credentials; what is kept for those of the kinds named here.
    Credentials(&'a [CredentialType]),
    /// As the answer of its creation: with credentials, and without metadata that is not there.
    Created,
}

/// An identity as clients read it; the order of the keys is that of the wire.
#[derive(Serialize, ToSchema)]
#[schema(as = identity)]
pub struct IdentityDocument<'a> {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    credentials: Option<BTreeMap<&'static str, CredentialDocument<'a>>>,
    schema_id: &'a str,
    #[schema(value_type = String)]
    schema_url: SchemaUrl<'a>,
    /// `active` or `inactive`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "super::moment::sometimes")]
    state_changed_at: Option<Timestamp>,
    #[schema(value_type = Object)]
    traits: Shown<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "verifiable")]
    #[schema(value_type = Vec<VerifiableDocument>)]
    verifiable_addresses: &'a [VerifiableAddress],
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "recovery")]
    #[schema(value_type = Vec<RecoveryDocument>)]
    recovery_addresses: &'a [RecoveryAddress],
    #[schema(value_type = Value, nullable)]
    metadata_public: Shown<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    metadata_admin: Option<Shown<'a>>,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    updated_at: Timestamp,
    /// There are no organizations; always null.
    organization_id: Option<Uuid>,
}

/// A credential; `config` only where it was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = identityCredentials)]
pub struct CredentialDocument<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    identifiers: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    updated_at: Timestamp,
}

/// An address whose owner can prove it.
#[derive(Serialize, ToSchema)]
#[schema(as = verifiableIdentityAddress)]
pub struct VerifiableDocument<'a> {
    id: Uuid,
    value: &'a str,
    verified: bool,
    via: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "super::moment::sometimes")]
    verified_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    updated_at: Timestamp,
}

/// An address for recovery.
#[derive(Serialize, ToSchema)]
#[schema(as = recoveryIdentityAddress)]
pub struct RecoveryDocument<'a> {
    id: Uuid,
    value: &'a str,
    via: &'static str,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    updated_at: Timestamp,
}

/// An identity as it is at `now`; `base_url` is where people reach the public listener.
#[must_use]
pub fn identity<'a>(
    base_url: &'a str,
    now: Timestamp,
    identity: &'a Identity<impl Document>,
    show: Show<'_>,
) -> IdentityDocument<'a> {
    let admin = identity.metadata_admin.shown();
    IdentityDocument {
        id: identity.id,
        external_id: identity.external_id.as_deref(),
        credentials: credentials(identity, show),
        schema_id: &identity.schema_id,
        schema_url: SchemaUrl { base_url, id: &identity.schema_id },
        state: identity.effective_status(now).kratos_state(),
        state_changed_at: identity.status_changed_at,
        traits: identity.traits.shown(),
        verifiable_addresses: &identity.verifiable_addresses,
        recovery_addresses: &identity.recovery_addresses,
        metadata_public: identity.metadata_public.shown(),
        metadata_admin: match show {
            Show::Person => None,
            Show::Created if admin.is_null() => None,
            _ => Some(admin),
        },
        created_at: identity.created_at,
        updated_at: identity.updated_at,
        organization_id: None,
    }
}

/// Where a schema is read. Most people of a list share theirs, so the last one is kept.
struct SchemaUrl<'a> {
    base_url: &'a str,
    id: &'a str,
}

thread_local! {
    /// Where people reach the public listener, a schema, and where that is read.
    static LAST: RefCell<[String; 3]> = const { RefCell::new([const { String::new() }; 3]) };
}

impl Serialize for SchemaUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        LAST.with_borrow_mut(|[base_url, id, url]| {
            if url.is_empty() || (base_url.as_str(), id.as_str()) != (self.base_url, self.id) {
                self.base_url.clone_into(base_url);
                self.id.clone_into(id);
                *url = format!("{base_url}/schemas/{}", URL_SAFE_NO_PAD.encode(&*id));
            }
            serializer.serialize_str(url)
        })
    }
}

fn credentials<'a, D>(
    identity: &'a Identity<D>,
    show: Show<'_>,
) -> Option<BTreeMap<&'static str, CredentialDocument<'a>>> {
    let revealed: &[CredentialType] = match show {
        Show::Person | Show::Plain => return None,
        Show::Created => &[],
        Show::Credentials(kinds) => kinds,
    };
    let all = identity.credentials.iter().map(|credential| {
        let document = CredentialDocument {
            kind: credential.kind.as_str(),
            identifiers: &credential.identifiers,
            config: revealed.contains(&credential.kind).then(|| config(credential)),
            version: credential.kind.version(),
            created_at: credential.created_at,
            updated_at: credential.updated_at,
        };
        (credential.kind.as_str(), document)
    });
    Some(all.collect::<BTreeMap<_, _>>()).filter(|all| !all.is_empty())
}

/// What is kept for a credential, but for seeds and digests of codes, which nobody needs to see: a
/// generator shows an empty address, backup codes only when they were used. Clients count on tokens of an account at a provider to be there,
/// if only as empty text.
fn config(credential: &Credential) -> Value {
    match credential.kind {
        CredentialType::Oidc => {}
        CredentialType::Totp => return json!({"totp_url": ""}),
        CredentialType::LookupSecret => return lookup_secret(credential),
        _ => return credential.config.clone(),
    }
    let entries = credential.config.get("providers").and_then(Value::as_array);
    let entries = entries.into_iter().flatten().filter_map(Value::as_object).map(|entry| {
        let mut full = Map::new();
        for token in ["initial_id_token", "initial_access_token", "initial_refresh_token"] {
            let text = entry.get(token).and_then(Value::as_str).unwrap_or_default();
            full.insert(token.to_owned(), text.into());
        }
        for (key, value) in entry {
            full.entry(key.as_str()).or_insert_with(|| value.clone());
        }
        Value::Object(full)
    });
    json!({"providers": entries.collect::<Vec<_>>()})
}

fn lookup_secret(credential: &Credential) -> Value {
    let codes = LookupCodes::of(&credential.config).codes.into_iter().map(|code| {
        let used_at = code.used_at.map(|at| Value::from(at.to_string()));
        Value::Object(used_at.map(|at| ("used_at".to_owned(), at)).into_iter().collect())
    });
    json!({"recovery_codes": codes.collect::<Vec<_>>()})
}

fn verifiable<S: Serializer>(all: &[VerifiableAddress], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|address| VerifiableDocument {
        id: address.id,
        value: &address.value,
        verified: address.verified,
        via: address.via.as_str(),
        status: if address.verified { "completed" } else { "pending" },
        verified_at: address.verified_at,
        created_at: address.created_at,
        updated_at: address.updated_at,
    }))
}

fn recovery<S: Serializer>(all: &[RecoveryAddress], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|address| RecoveryDocument {
        id: address.id,
        value: &address.value,
        via: address.via.as_str(),
        created_at: address.created_at,
        updated_at: address.updated_at,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::Via;
    use crate::domain::status::{Status, StatusDetail};

    fn somebody() -> Identity {
        let at = Timestamp::UNIX_EPOCH;
        Identity {
            id: Uuid::nil(),
            external_id: None,
            schema_id: "social_user_v0".to_owned(),
            traits: json!({"email": "Ada@example.org"}),
            metadata_public: Value::Null,
            metadata_admin: Value::Null,
            status: Status::Active,
            status_changed_at: Some(at),
            status_detail: StatusDetail::default(),
            expires_at: None,
            authorities: std::collections::BTreeSet::new(),
            created_at: at,
            updated_at: at,
            verifiable_addresses: vec![VerifiableAddress {
                id: Uuid::nil(),
                value: "ada@example.org".to_owned(),
                via: Via::Email,
                verified: true,
                verified_at: Some(at),
                created_at: at,
                updated_at: at,
            }],
            recovery_addresses: Vec::new(),
            credentials: vec![Credential {
                kind: CredentialType::Oidc,
                identifiers: vec!["google:1".to_owned()],
                config: json!({"providers": [{"subject": "1", "provider": "google"}]}),
                created_at: at,
                updated_at: at,
            }],
        }
    }

    fn text(identity: &Identity, show: Show<'_>) -> String {
        let base = "https://id.example.org";
        let document = super::identity(base, Timestamp::UNIX_EPOCH, identity, show);
        serde_json::to_string(&document).unwrap()
    }

    #[test]
    fn keys_are_those_of_the_wire_in_its_order() {
        let mut ada = somebody();
        ada.external_id = Some("emp-7".to_owned());
        assert_eq!(
            text(&ada, Show::Credentials(&[CredentialType::Oidc])),
            concat!(
                r#"{"id":"00000000-0000-0000-0000-000000000000","external_id":"emp-7","#,
                r#""credentials":{"oidc":{"type":"oidc","identifiers":["google:1"],"#,
                r#""config":{"providers":[{"initial_id_token":"","initial_access_token":"","#,
                r#""initial_refresh_token":"","subject":"1","provider":"google"}]},"version":0,"#,
                r#""created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-01T00:00:00Z"}},"#,
                r#""schema_id":"social_user_v0","#,
                r#""schema_url":"https://id.example.org/schemas/c29jaWFsX3VzZXJfdjA","#,
                r#""state":"active","state_changed_at":"1970-01-01T00:00:00Z","#,
                r#""traits":{"email":"Ada@example.org"},"#,
                r#""verifiable_addresses":[{"id":"00000000-0000-0000-0000-000000000000","#,
                r#""value":"ada@example.org","verified":true,"via":"email","status":"completed","#,
                r#""verified_at":"1970-01-01T00:00:00Z","created_at":"1970-01-01T00:00:00Z","#,
                r#""updated_at":"1970-01-01T00:00:00Z"}],"metadata_public":null,"#,
                r#""metadata_admin":null,"created_at":"1970-01-01T00:00:00Z","#,
                r#""updated_at":"1970-01-01T00:00:00Z","organization_id":null}"#
            )
        );
    }

    #[test]
    fn a_person_sees_neither_credentials_nor_what_is_for_administrators() {
        let ada = Identity { metadata_admin: json!({"team": "ops"}), ..somebody() };
        let seen = text(&ada, Show::Person);
        assert!(!seen.contains("credentials") && !seen.contains("admin"), "{seen}");
        assert!(seen.contains(r#""metadata_public":null"#), "{seen}");
        assert!(text(&ada, Show::Plain).contains(r#""metadata_admin":{"team":"ops"}"#));
        assert!(!text(&ada, Show::Plain).contains("credentials"));
        assert!(!text(&somebody(), Show::Created).contains("metadata_admin"));
    }

    #[test]
    fn what_is_kept_for_a_credential_is_shown_only_when_it_is_named() {
        for show in
            [Show::Created, Show::Credentials(&[]), Show::Credentials(&[CredentialType::Totp])]
        {
            let seen = text(&somebody(), show);
            assert!(seen.contains(r#""identifiers":["google:1"]"#), "{seen}");
            assert!(!seen.contains("config"), "{seen}");
        }
    }

    #[test]
    fn a_blocked_or_expired_person_is_inactive_and_a_locked_one_is_not() {
        let cases = [
            (Status::Blocked, "inactive"),
            (Status::Locked, "active"),
            (Status::Invited, "active"),
        ];
        for (status, state) in cases {
            let seen = text(&Identity { status, ..somebody() }, Show::Person);
            assert!(seen.contains(&format!(r#""state":"{state}""#)), "{seen}");
        }
        let over = Identity { expires_at: Some(Timestamp::UNIX_EPOCH), ..somebody() };
        assert!(text(&over, Show::Person).contains(r#""state":"inactive""#));
    }
}
