//! An invitation: an account that waits for its owner.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::authority::Authority;

/// What became of the mail with the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// There was no mail: an operator hands the link over.
    Manual,
    /// It waits for its turn.
    Queued,
    /// A mail server took it.
    Sent,
    /// It was tried too often.
    Failed,
    /// It is too long ago to know.
    Unknown,
}

impl Delivery {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// An invitation, without the secret of its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub identity_id: Uuid,
    /// The address that its link verifies.
    pub email: String,
    /// What they may administer once they have come.
    pub authorities: BTreeSet<Authority>,
    /// In which language they are written to.
    pub locale: String,
    /// The mail with the link.
    pub message: Option<Uuid>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// What became of the mail.
    pub delivery: Delivery,
}

impl Invitation {
    /// Whether the link works no more at `now`.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}
