//! An identity: one person's account, with everything the realm knows about it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::authority::Authority;
use super::credential::{Credential, CredentialType};
use super::status::{EffectiveStatus, Standing, Status, StatusDetail};

/// Longest external id, in characters (as the Kratos API).
pub const EXTERNAL_ID_MAX_CHARS: usize = 64;
/// Largest traits or metadata document, in bytes of JSON.
pub const DOCUMENT_MAX_BYTES: usize = 64 * 1024;

/// How an address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// Mail.
    Email,
    /// Text message.
    Sms,
}

impl Via {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "email" => Some(Self::Email),
            "sms" => Some(Self::Sms),
            _ => None,
        }
    }
}

/// An address whose owner can prove it is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiableAddress {
    /// Its own id.
    pub id: Uuid,
    /// The address in canonical form.
    pub value: String,
    /// How it is reached.
    pub via: Via,
    /// Whether the proof was given.
    pub verified: bool,
    /// When it was given.
    pub verified_at: Option<Timestamp>,
    /// When the address was recorded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An address that may receive a recovery code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryAddress {
    /// Its own id.
    pub id: Uuid,
    /// The address in canonical form.
    pub value: String,
    /// How it is reached.
    pub via: Via,
    /// When the address was recorded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One person's account. `D` is the form of its documents: [`Raw`](super::document::Raw) where they
/// are only passed on.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity<D = Value> {
    /// Its id, `sub` in tokens; never used again, not even after deletion.
    pub id: Uuid,
    /// A key of some other system, unique in the realm.
    pub external_id: Option<String>,
    /// The schema that the traits satisfy.
    pub schema_id: String,
    /// What the person says about themselves.
    pub traits: D,
    /// Readable by the person and by applications.
    pub metadata_public: D,
    /// Readable by administrators only.
    pub metadata_admin: D,
    /// The stored status; ask [`Identity::effective_status`] what it amounts to.
    pub status: Status,
    /// When the status was last set.
    pub status_changed_at: Option<Timestamp>,
    /// By whom and why.
    pub status_detail: StatusDetail,
    /// When the account ends.
    pub expires_at: Option<Timestamp>,
    /// Rights in the realm.
    pub authorities: BTreeSet<Authority>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Addresses whose owner can prove them.
    pub verifiable_addresses: Vec<VerifiableAddress>,
    /// Addresses for recovery.
    pub recovery_addresses: Vec<RecoveryAddress>,
    /// Ways to sign in and second factors.
    pub credentials: Vec<Credential>,
}

impl<D> Identity<D> {
    /// All that decides what the account is worth.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        Standing {
            status: self.status,
            until: self.status_detail.until,
            expires_at: self.expires_at,
        }
    }

    /// Makes somebody who was only invited active. That is their own doing, so what was noted about the
    /// invitation - by whom, and why - is not said of it.
    pub fn activate(&mut self, now: Timestamp) {
        self.status = Status::Active;
        self.status_changed_at = Some(now);
        self.status_detail = StatusDetail::default();
    }

    /// The status at `now`: expiry and an `until` that has passed included.
    #[must_use]
    pub fn effective_status(&self, now: Timestamp) -> EffectiveStatus {
        self.standing().effective(now)
    }

    /// The stored status, or `active` once its `until` has passed.
    #[must_use]
    pub fn settled_status(&self, now: Timestamp) -> Status {
        self.status.settled(self.status_detail.until, now)
    }

    /// The credential of one kind.
    #[must_use]
    pub fn credential(&self, kind: CredentialType) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.kind == kind)
    }

    /// How many ways to start a sign-in there are.
    #[must_use]
    pub fn first_factors(&self) -> usize {
        self.credentials.iter().map(Credential::first_factors).sum()
    }

    /// Whether the identity holds a right.
    #[must_use]
    pub fn has(&self, authority: Authority) -> bool {
        self.authorities.contains(&authority)
    }
}
