//! What requests say about an identity, and what that means to the use cases.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::credential::CredentialType;
use crate::domain::identity::Via;
use crate::domain::status::Status;
use crate::http::content::Keys;
use crate::http::failure::Failure;
use crate::service::identities::{
    AddressProof, CreateIdentity, GivenCredential, Patch, UpdateIdentity,
};

/// A new identity, or one that takes the place of another.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = createIdentityBody)]
pub struct IdentityBody {
    schema_id: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    traits: Value,
    /// `active` or `inactive`.
    state: Option<String>,
    external_id: Option<String>,
    #[serde(default)]
    metadata_public: Value,
    #[serde(default)]
    metadata_admin: Value,
    /// There are no organizations; null.
    organization_id: Option<Uuid>,
    credentials: Option<CredentialsBody>,
    verifiable_addresses: Option<Vec<AddressBody>>,
    /// Accepted; which addresses there are follows from the traits.
    #[expect(dead_code, reason = "accepted, and without a meaning of its own")]
    #[schema(value_type = Option<Vec<Object>>)]
    recovery_addresses: Option<Vec<Value>>,
}

/// Credentials to begin with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = identityWithCredentials)]
pub struct CredentialsBody {
    password: Option<Configured<PasswordBody>>,
    oidc: Option<Configured<OidcBody>>,
    #[schema(value_type = Option<Object>)]
    saml: Option<Value>,
    totp: Option<Configured<TotpBody>>,
    lookup_secret: Option<Configured<LookupBody>>,
    webauthn: Option<Configured<KeysBody>>,
    passkey: Option<Configured<KeysBody>>,
}

/// What is kept for a credential.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Configured<T> {
    config: Option<T>,
}

/// A password, in clear or hashed elsewhere.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = identityWithCredentialsPasswordConfig)]
pub struct PasswordBody {
    password: Option<String>,
    hashed_password: Option<String>,
    use_password_migration_hook: Option<bool>,
}

impl std::fmt::Debug for PasswordBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordBody { .. }")
    }
}

/// Accounts at other providers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = identityWithCredentialsOidcConfig)]
pub struct OidcBody {
    providers: Option<Vec<AccountBody>>,
}

/// An account at another provider.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = identityWithCredentialsOidcConfigProvider)]
pub struct AccountBody {
    provider: String,
    subject: String,
    use_auto_link: Option<bool>,
    organization: Option<String>,
}

/// A generator of one-time passwords.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct TotpBody {
    totp_url: Option<String>,
}

/// Backup codes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct LookupBody {
    codes: Option<Vec<LookupCode>>,
}

/// A backup code.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct LookupCode {
    code: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

/// Security keys.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct KeysBody {
    #[schema(value_type = Option<Vec<Object>>)]
    credentials: Option<Vec<Value>>,
    user_handle: Option<String>,
}

/// What is known about an address that the traits hold.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = verifiableAddressBody)]
pub struct AddressBody {
    value: String,
    via: String,
    verified: Option<bool>,
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
}

const CREDENTIALS: Keys = Keys::Object(&[
    (
        "password",
        Keys::Object(&[(
            "config",
            Keys::Object(&[
                ("password", Keys::Any),
                ("hashed_password", Keys::Any),
                ("use_password_migration_hook", Keys::Any),
            ]),
        )]),
    ),
    (
        "oidc",
        Keys::Object(&[(
            "config",
            Keys::Object(&[
                ("config", Keys::Any),
                (
                    "providers",
                    Keys::Items(&Keys::Object(&[
                        ("provider", Keys::Any),
                        ("subject", Keys::Any),
                        ("use_auto_link", Keys::Any),
                        ("organization", Keys::Any),
                    ])),
                ),
            ]),
        )]),
    ),
    ("saml", Keys::Any),
    ("totp", Keys::Object(&[("config", Keys::Object(&[("totp_url", Keys::Any)]))])),
    ("lookup_secret", Keys::Object(&[("config", Keys::Object(&[("codes", Keys::Any)]))])),
    ("webauthn", Keys::Object(&[("config", KEYS)])),
    ("passkey", Keys::Object(&[("config", KEYS)])),
]);
const KEYS: Keys = Keys::Object(&[("credentials", Keys::Any), ("user_handle", Keys::Any)]);

/// The keys of a new identity.
pub const CREATE: Keys = Keys::Object(&[
    ("schema_id", Keys::Any),
    ("traits", Keys::Any),
    ("state", Keys::Any),
    ("external_id", Keys::Any),
    ("metadata_public", Keys::Any),
    ("metadata_admin", Keys::Any),
    ("organization_id", Keys::Any),
    ("credentials", CREDENTIALS),
    (
        "verifiable_addresses",
        Keys::Items(&Keys::Object(&[
            ("id", Keys::Any),
            ("value", Keys::Any),
            ("verified", Keys::Any),
            ("via", Keys::Any),
            ("status", Keys::Any),
            ("verified_at", Keys::Any),
            ("created_at", Keys::Any),
            ("updated_at", Keys::Any),
        ])),
    ),
    (
        "recovery_addresses",
        Keys::Items(&Keys::Object(&[
            ("id", Keys::Any),
            ("value", Keys::Any),
            ("via", Keys::Any),
            ("created_at", Keys::Any),
            ("updated_at", Keys::Any),
        ])),
    ),
]);

impl IdentityBody {
    /// Whether a password has to be hashed.
    pub fn hashes(&self) -> bool {
        let password = self.credentials.as_ref().and_then(|given| given.password.as_ref());
        let config = password.and_then(|given| given.config.as_ref());
        config.is_some_and(|config| config.clear().is_some())
    }

    /// As a new identity.
    ///
    /// # Errors
    /// 400.
    pub fn create(self) -> Result<CreateIdentity, Failure> {
        self.refuse_organization()?;
        let status = match active(self.state.as_deref())? {
            None => None,
            Some(true) => Some(Status::Active),
            Some(false) => Some(Status::Blocked),
        };
        let (password, credentials) = self.credentials.unwrap_or_default().given()?;
        let proofs = self.verifiable_addresses.into_iter().flatten().filter_map(|address| {
            let AddressBody { value, via, verified, verified_at } = address;
            let verified = verified.unwrap_or(false);
            Some(AddressProof { via: Via::parse(&via)?, value, verified, verified_at })
        });
        Ok(CreateIdentity {
            schema_id: self.schema_id.filled(),
            traits: self.traits,
            external_id: self.external_id.filled(),
            metadata_public: self.metadata_public,
            metadata_admin: self.metadata_admin,
            status,
            password,
            credentials,
            proofs: proofs.collect(),
            ..CreateIdentity::default()
        })
    }

    /// In place of what there is: what is not said is cleared, but for schema and state.
    ///
    /// # Errors
    /// 400.
    pub fn replace(self) -> Result<UpdateIdentity, Failure> {
        self.refuse_organization()?;
        let (password, credentials) = self.credentials.unwrap_or_default().given()?;
        Ok(UpdateIdentity {
            schema_id: self.schema_id.filled(),
            traits: Some(Patch::Replace(self.traits)),
            external_id: Some(self.external_id.filled()),
            metadata_public: Some(Patch::Replace(self.metadata_public)),
            metadata_admin: Some(Patch::Replace(self.metadata_admin)),
            active: active(self.state.as_deref())?,
            password,
            credentials,
            ..UpdateIdentity::default()
        })
    }

    fn refuse_organization(&self) -> Result<(), Failure> {
        match self.organization_id {
            None => Ok(()),
            Some(_) => Err(Failure::invalid("There are no organizations; leave out the key.")),
        }
    }
}

impl CredentialsBody {
    fn given(self) -> Result<(Option<SecretString>, Vec<GivenCredential>), Failure> {
        if self.saml.is_some_and(|saml| !saml.is_null()) {
            return Err(Failure::invalid("Accounts at SAML providers cannot be imported."));
        }
        let mut all = Vec::new();
        let mut push = |kind, identifiers: Vec<String>, config: Value| {
            all.push(GivenCredential { kind, identifiers, config });
        };
        let mut clear = None;
        if let Some(password) = self.password.and_then(|given| given.config) {
            if let Some(hash) = &password.hashed_password.filled() {
                push(CredentialType::Password, Vec::new(), json!({"hashed_password": hash}));
            } else if let Some(text) = password.clear() {
                clear = Some(SecretString::from(text));
            } else if password.use_password_migration_hook == Some(true) {
                let kept = json!({"use_password_migration_hook": true});
                push(CredentialType::Password, Vec::new(), kept);
            }
        }
        let accounts = self.oidc.and_then(|given| given.config?.providers).unwrap_or_default();
        if !accounts.is_empty() {
            let entries: Vec<Value> = accounts.into_iter().map(AccountBody::entry).collect();
            push(CredentialType::Oidc, Vec::new(), json!({"providers": entries}));
        }
        if let Some(url) = self.totp.and_then(|given| given.config?.totp_url.filled()) {
            push(CredentialType::Totp, Vec::new(), json!({"totp_url": url}));
        }
        let codes = self.lookup_secret.and_then(|given| given.config?.codes).unwrap_or_default();
        if !codes.is_empty() {
            let codes: Vec<Value> = codes.into_iter().map(LookupCode::entry).collect();
            push(CredentialType::LookupSecret, Vec::new(), json!({"recovery_codes": codes}));
        }
        let keys =
            [(CredentialType::Webauthn, self.webauthn), (CredentialType::Passkey, self.passkey)];
        for (kind, keys) in keys {
            let Some(KeysBody { credentials, user_handle }) = keys.and_then(|given| given.config)
            else {
                continue;
            };
            let handle = user_handle.filled();
            let kept =
                json!({"credentials": credentials.unwrap_or_default(), "user_handle": handle});
            push(kind, handle.into_iter().collect(), kept);
        }
        Ok((clear, all))
    }
}

impl PasswordBody {
    /// The password, when it is not hashed yet.
    fn clear(&self) -> Option<String> {
        match self.hashed_password.filled() {
            Some(_) => None,
            None => self.password.filled(),
        }
    }
}

/// Empty text says as much as none.
trait Filled {
    fn filled(&self) -> Option<String>;
}

impl Filled for Option<String> {
    fn filled(&self) -> Option<String> {
        self.clone().filter(|text| !text.is_empty())
    }
}

impl LookupCode {
    /// As it is kept; what says nothing is left out.
    fn entry(self) -> Value {
        let mut entry = Map::new();
        entry.insert("code".to_owned(), self.code.into());
        if let Some(at) = self.used_at {
            entry.insert("used_at".to_owned(), at.to_string().into());
        }
        Value::Object(entry)
    }
}

impl AccountBody {
    /// As it is kept; what says nothing is left out.
    fn entry(self) -> Value {
        let mut entry = Map::new();
        entry.insert("subject".to_owned(), self.subject.into());
        entry.insert("provider".to_owned(), self.provider.into());
        if let Some(organization) = self.organization.filled() {
            entry.insert("organization".to_owned(), organization.into());
        }
        if self.use_auto_link == Some(true) {
            entry.insert("use_auto_link".to_owned(), true.into());
        }
        Value::Object(entry)
    }
}

/// The two states there are.
///
/// # Errors
/// 400 for another word.
pub fn active(state: Option<&str>) -> Result<Option<bool>, Failure> {
    match state {
        None | Some("") => Ok(None),
        Some("active") => Ok(Some(true)),
        Some("inactive") => Ok(Some(false)),
        Some(_) => Err(Failure::invalid("The state must be `active` or `inactive`.")),
    }
}
