//! The accounts of a person, as administrators know them: the one that is kept here, and one for each
//! account at another provider. They are read off the credentials and kept nowhere else.

use serde::Serialize;

use crate::domain::credential::CredentialType;
use crate::domain::identity::{Identity, Via};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    #[serde(rename = "type")]
    kind: &'static str,
    authority: &'static str,
    provider: String,
    realm: String,
    /// For an account here what the person signs in with, for another `provider:subject`.
    id: String,
    user_id: String,
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    email: Option<String>,
    email_verified: bool,
}

impl Account {
    /// Whether it is kept here.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.authority == "internal"
    }

    /// Where it is kept.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// What it is known by: what is signed in with, or `provider:subject`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.id
    }

    /// Its address.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Whether the address is proved.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.email_verified
    }
}

/// All of them, the one that is kept here first.
#[must_use]
pub fn of(identity: &Identity, realm: &str) -> Vec<Account> {
    let address = identity.verifiable_addresses.iter().find(|one| one.via == Via::Email);
    let user_id = identity.id.to_string();
    let own = identity.credentials.iter().filter(|one| one.kind != CredentialType::Oidc);
    let mut own: Vec<&String> = own.flat_map(|one| &one.identifiers).collect();
    own.sort_unstable();
    own.dedup();
    let mut all = Vec::new();
    if let Some(name) = own.first() {
        all.push(Account {
            kind: "account:internal",
            authority: "internal",
            provider: "internal".to_owned(),
            realm: realm.to_owned(),
            id: (*name).clone(),
            user_id: user_id.clone(),
            username: Some((*name).clone()),
            subject: None,
            email: address.map(|one| one.value.clone()),
            email_verified: address.is_some_and(|one| one.verified),
        });
    }
    let linked = identity.credential(CredentialType::Oidc);
    for id in linked.into_iter().flat_map(|one| &one.identifiers) {
        let (provider, subject) = id.split_once(':').unwrap_or((id, ""));
        all.push(Account {
            kind: "account:oidc",
            authority: "oidc",
            provider: provider.to_owned(),
            realm: realm.to_owned(),
            id: id.clone(),
            user_id: user_id.clone(),
            username: None,
            subject: Some(subject.to_owned()),
            email: None,
            email_verified: false,
        });
    }
    all
}
