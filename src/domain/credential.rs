//! What a credential is: its kind, who it answers to, and what is kept for it.

use jiff::Timestamp;
use serde_json::Value;

/// The kind of a credential; names as in the Kratos API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CredentialType {
    /// A password.
    Password,
    /// Accounts at other identity providers.
    Oidc,
    /// A time-based one-time password generator (RFC 6238).
    Totp,
    /// Backup codes.
    LookupSecret,
    /// Security keys.
    Webauthn,
    /// Passkeys.
    Passkey,
    /// Codes sent by mail.
    Code,
}

impl CredentialType {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Password,
        Self::Oidc,
        Self::Totp,
        Self::LookupSecret,
        Self::Webauthn,
        Self::Passkey,
        Self::Code,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Totp => "totp",
            Self::LookupSecret => "lookup_secret",
            Self::Webauthn => "webauthn",
            Self::Passkey => "passkey",
            Self::Code => "code",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The number Kratos gives the format of a credential's configuration.
    #[must_use]
    pub const fn version(self) -> i64 {
        match self {
            Self::Webauthn | Self::Code => 1,
            _ => 0,
        }
    }
}

/// One credential of an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Its kind; an identity has at most one of each.
    pub kind: CredentialType,
    /// The canonical identifiers it answers to; for `oidc` each is `provider:subject`.
    pub identifiers: Vec<String>,
    /// What is kept for it, in the shape of the Kratos API; secret material where the kind has
    /// any, so never shown unless asked for by name.
    pub config: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Credential {
    /// How many ways to start a sign-in this credential offers: a password with a hash, each
    /// provider account, each passwordless key.
    #[must_use]
    pub fn first_factors(&self) -> usize {
        match self.kind {
            CredentialType::Password => usize::from(self.password_hash().is_some()),
            CredentialType::Oidc => self.identifiers.len(),
            CredentialType::Webauthn | CredentialType::Passkey => {
                self.keys().filter(|key| is_passwordless(self.kind, key)).count()
            }
            CredentialType::Totp | CredentialType::LookupSecret | CredentialType::Code => 0,
        }
    }

    /// Whether it can be the second factor of a sign-in; see [`is_second_factor`].
    #[must_use]
    pub fn is_second_factor(&self) -> bool {
        is_second_factor(self.kind, &self.config)
    }

    /// The stored hash of a password credential; `None` when no password was ever set.
    #[must_use]
    pub fn password_hash(&self) -> Option<&str> {
        stored_hash(&self.config)
    }

    /// Removes the keys of a `webauthn` credential that serve as second factor.
    ///
    /// Returns how many there were; passwordless keys stay.
    pub fn remove_second_factor_keys(&mut self) -> usize {
        let before = self.keys().count();
        if let Some(Value::Array(keys)) = self.config.get_mut("credentials") {
            keys.retain(|key| is_passwordless(CredentialType::Webauthn, key));
        }
        before - self.keys().count()
    }

    fn keys(&self) -> impl Iterator<Item = &Value> {
        keys(&self.config)
    }
}

/// The hash in what is kept for a password; nothing when none was ever set.
#[must_use]
pub fn stored_hash(config: &Value) -> Option<&str> {
    config.get("hashed_password").and_then(Value::as_str).filter(|hash| !hash.is_empty())
}

/// Whether what is kept for a credential makes it a second factor of a sign-in: a generator, unused
/// backup codes, or a key that is not passwordless. The store keeps the answer beside it.
#[must_use]
pub fn is_second_factor(kind: CredentialType, config: &Value) -> bool {
    match kind {
        CredentialType::Totp => true,
        CredentialType::LookupSecret => {
            let codes = config.get("recovery_codes").and_then(Value::as_array);
            codes.into_iter().flatten().any(|code| code.get("used_at").is_none_or(Value::is_null))
        }
        CredentialType::Webauthn => keys(config).any(|key| !is_passwordless(kind, key)),
        CredentialType::Password
        | CredentialType::Oidc
        | CredentialType::Passkey
        | CredentialType::Code => false,
    }
}

fn keys(config: &Value) -> impl Iterator<Item = &Value> {
    config.get("credentials").and_then(Value::as_array).into_iter().flatten()
}

fn is_passwordless(kind: CredentialType, key: &Value) -> bool {
    kind == CredentialType::Passkey
        || key.get("is_passwordless").and_then(Value::as_bool).unwrap_or(false)
}
