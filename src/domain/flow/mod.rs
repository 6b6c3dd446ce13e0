//! A flow: one attempt of somebody to sign in, to make an account, to recover one, to verify an
//! address or to change settings. It lives for a while and is nobody's account.

pub mod text;
pub mod ui;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::session::Aal;
use text::Text;

/// What somebody tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowKind {
    /// To sign in.
    Login,
    /// To make an account.
    Registration,
    /// To change their account.
    Settings,
    /// To get back into their account.
    Recovery,
    /// To show that an address is theirs.
    Verification,
}

impl FlowKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Login, Self::Registration, Self::Settings, Self::Recovery, Self::Verification];

    /// The word that is stored, and part of addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Registration => "registration",
            Self::Settings => "settings",
            Self::Recovery => "recovery",
            Self::Verification => "verification",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What is said when the flow's time is over.
    #[must_use]
    pub const fn expired(self) -> text::Known {
        match self {
            Self::Login => text::LOGIN_EXPIRED,
            Self::Registration => text::REGISTRATION_EXPIRED,
            Self::Settings => text::SETTINGS_EXPIRED,
            Self::Recovery => text::RECOVERY_EXPIRED,
            Self::Verification => text::VERIFICATION_EXPIRED,
        }
    }

    /// What is said when no known method was chosen.
    #[must_use]
    pub const fn no_method(self) -> text::Known {
        match self {
            Self::Login => text::NO_LOGIN_METHOD,
            Self::Registration => text::NO_REGISTRATION_METHOD,
            Self::Settings => text::NO_SETTINGS_METHOD,
            Self::Recovery => text::NO_RECOVERY_METHOD,
            Self::Verification => text::NO_VERIFICATION_METHOD,
        }
    }
}

/// For whom a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// A browser, with cookies.
    Browser,
    /// A program, without.
    Api,
}

/// Where a flow stands; the words are those of the Kratos API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing was proved yet.
    ChooseMethod,
    /// A code was sent.
    SentEmail,
    /// The code was right.
    PassedChallenge,
    /// Settings are shown.
    ShowForm,
    /// Settings were saved.
    Success,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: Uuid,
    /// What is tried.
    pub kind: FlowKind,
    /// Whose settings, or who is asked for a second factor or once more.
    pub identity_id: Option<Uuid>,
    /// When it began.
    pub issued_at: Timestamp,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// Wrong codes so far.
    pub attempts: u32,
    /// What its form shows.
    pub form: Form,
    /// Secrets that wait to be confirmed, sealed with the data key.
    pub sealed: Option<String>,
}

/// What a flow's form shows. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// For whom.
    pub client: Client,
    /// Where it stands.
    pub state: State,
    /// The method that was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The address with which it was asked for.
    pub request_url: String,
    /// Where to go afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
    /// Digest of the secret in the cookie of the browser it belongs to; a flow without one belongs
    /// to whoever knows its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<String>,
    /// Whether the person is to show once more who they are.
    #[serde(default)]
    pub refresh: bool,
    /// What level is asked for.
    #[serde(default)]
    pub requested_aal: Aal,
    /// Who wants to sign in, once they have said so; or the address a code went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// What was typed into fields that are not secret.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
    /// What is to be said about the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Text>,
    /// What is wrong with single fields, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_messages: BTreeMap<String, Vec<Text>>,
    /// What a program gave along; it is handed back and never kept with the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transient_payload: Option<Value>,
    /// The identity schema of an account to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_id: Option<String>,
}

impl Form {
    /// Forgets what was said and shown about the last attempt.
    pub fn clear(&mut self) {
        self.clear_messages();
        self.values.clear();
    }

    /// Forgets what was said about the last attempt.
    pub fn clear_messages(&mut self) {
        self.messages.clear();
        self.field_messages.clear();
    }

    /// Says something about one field.
    pub fn complain(&mut self, field: &str, text: Text) {
        self.field_messages.entry(field.to_owned()).or_default().push(text);
    }
}

impl Flow {
    /// Whether its time is over at `now`.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}
