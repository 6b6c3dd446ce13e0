//! Options of signing in.

use serde_json::Value;
use url::Url;

use super::reader::Reader;
use crate::domain::flow::FlowKind;

/// How the first step of signing in looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginStyle {
    /// It asks who somebody is, and then for the rest.
    #[default]
    IdentifierFirst,
    /// It asks for everything at once.
    Unified,
}

impl LoginStyle {
    /// The word of the option.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentifierFirst => "identifier_first",
            Self::Unified => "unified",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::IdentifierFirst, Self::Unified].into_iter().find(|one| one.as_str() == word)
    }
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Nobody.
    #[default]
    Closed,
    /// Those who were invited.
    Invitation,
    /// Everybody.
    Open,
}

impl Registration {
    /// The word of the option.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Invitation => "invitation",
            Self::Open => "open",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Closed, Self::Invitation, Self::Open].into_iter().find(|one| one.as_str() == word)
    }
}

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Whether everybody needs a second factor.
    pub enforce_mfa: bool,
    /// How the first step looks.
    pub login_style: LoginStyle,
    /// Who may make an account.
    pub registration: Registration,
    /// Identity schemas that people may choose when they sign up, beside the default one.
    pub registration_schemas: Vec<String>,
    /// Whether an address must be verified before its owner signs in with a password or a passkey.
    pub require_verified_address: bool,
    /// How long a flow lasts, in minutes.
    pub flow_minutes: u32,
    /// How long a code works that was sent, in minutes.
    pub code_minutes: u32,
    /// For how long after signing in a person may change what protects the account, in minutes.
    pub privileged_session_minutes: u32,
    /// Where people go in the end; empty for a page of our own.
    pub default_return_url: String,
    /// Where they may be sent.
    pub allowed_return_urls: Vec<Url>,
    /// Other pages in place of our own, by kind of flow, and last the one for errors; empty for our
    /// own.
    pub ui_urls: [String; 6],
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            enforce_mfa: true,
            login_style: LoginStyle::IdentifierFirst,
            registration: Registration::Closed,
            registration_schemas: Vec::new(),
            require_verified_address: false,
            flow_minutes: 60,
            code_minutes: 10,
            privileged_session_minutes: 60,
            default_return_url: String::new(),
            allowed_return_urls: Vec::new(),
            ui_urls: Default::default(),
        }
    }
}

impl SignIn {
    /// The names of the options, in the order of `config.yaml`.
    pub(super) const NAMES: [&'static str; 16] = [
        "enforce_mfa",
        "login_style",
        "registration",
        "registration_schemas",
        "require_verified_address",
        "flow_minutes",
        "code_minutes",
        "privileged_session_minutes",
        "default_return_url",
        "allowed_return_urls",
        "login_ui_url",
        "registration_ui_url",
        "recovery_ui_url",
        "verification_ui_url",
        "settings_ui_url",
        "error_ui_url",
    ];

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        Self {
            enforce_mfa: reader.flag("enforce_mfa", default.enforce_mfa),
            login_style: reader.word(
                "login_style",
                &["identifier_first", "unified"],
                LoginStyle::parse,
            ),
            registration: reader.word(
                "registration",
                &["closed", "invitation", "open"],
                Registration::parse,
            ),
            registration_schemas: reader.names("registration_schemas"),
            require_verified_address: reader
                .flag("require_verified_address", default.require_verified_address),
            flow_minutes: reader.number("flow_minutes", 1, 1440, default.flow_minutes),
            code_minutes: reader.number("code_minutes", 1, 60, default.code_minutes),
            privileged_session_minutes: reader.number(
                "privileged_session_minutes",
                1,
                1440,
                default.privileged_session_minutes,
            ),
            default_return_url: reader.url("default_return_url"),
            allowed_return_urls: reader.urls("allowed_return_urls"),
            ui_urls: [
                reader.url("login_ui_url"),
                reader.url("registration_ui_url"),
                reader.url("recovery_ui_url"),
                reader.url("verification_ui_url"),
                reader.url("settings_ui_url"),
                reader.url("error_ui_url"),
            ],
        }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        let allowed: Vec<&str> = self.allowed_return_urls.iter().map(Url::as_str).collect();
        let mut values = vec![
            self.enforce_mfa.into(),
            self.login_style.as_str().into(),
            self.registration.as_str().into(),
            self.registration_schemas.join(" ").into(),
            self.require_verified_address.into(),
            self.flow_minutes.into(),
            self.code_minutes.into(),
            self.privileged_session_minutes.into(),
            self.default_return_url.as_str().into(),
            allowed.join(" ").into(),
        ];
        values.extend(self.ui_urls.iter().map(|url| Value::from(url.as_str())));
        values
    }

    /// The page in place of our own for a kind of flow.
    #[must_use]
    pub fn ui_url(&self, kind: FlowKind) -> Option<&str> {
        let [login, registration, recovery, verification, settings, _] = &self.ui_urls;
        let url = match kind {
            FlowKind::Login => login,
            FlowKind::Registration => registration,
            FlowKind::Recovery => recovery,
            FlowKind::Verification => verification,
            FlowKind::Settings => settings,
        };
        Some(url.as_str()).filter(|url| !url.is_empty())
    }

    /// The page in place of our own for errors.
    #[must_use]
    pub fn error_ui_url(&self) -> Option<&str> {
        self.ui_urls.last().map(String::as_str).filter(|url| !url.is_empty())
    }
}
