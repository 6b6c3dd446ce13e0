//! The status of an identity and the one table of what may follow what.
//!
//! ```text
//! invited ──activate──► active ◄──unlock── locked
//!                        │  ▲                │
//!                      block unblock       block
//!                        ▼  │                │
//!                       blocked ◄────────────┘
//! ```
//!
//! `expired` is never stored: it is what any status looks like once `expires_at` has passed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A status as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The account exists but its owner has no way to sign in yet.
    Invited,
    /// Normal.
    Active,
    /// Sign-in is refused; sessions and tokens that exist stay.
    Locked,
    /// No access at all.
    Blocked,
}

/// A status as it is seen at a moment: `expired` covers the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectiveStatus {
    /// See [`Status::Invited`].
    Invited,
    /// See [`Status::Active`].
    Active,
    /// See [`Status::Locked`].
    Locked,
    /// See [`Status::Blocked`].
    Blocked,
    /// The account's time is over.
    Expired,
}

impl Status {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Blocked => "blocked",
        }
    }

    /// Reads the word; `inactive`, as Kratos and AAC write it, means `blocked`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "invited" => Some(Self::Invited),
            "active" => Some(Self::Active),
            "locked" => Some(Self::Locked),
            "blocked" | "inactive" => Some(Self::Blocked),
            _ => None,
        }
    }

    /// This status, or `active` once the time until which it holds has passed.
    #[must_use]
    pub fn settled(self, until: Option<Timestamp>, now: Timestamp) -> Self {
        match self {
            Self::Locked | Self::Blocked if until.is_some_and(|until| until <= now) => Self::Active,
            status => status,
        }
    }

    /// What this status amounts to at `now`.
    #[must_use]
    pub fn effective(self, expires_at: Option<Timestamp>, now: Timestamp) -> EffectiveStatus {
        if expires_at.is_some_and(|at| at <= now) {
            return EffectiveStatus::Expired;
        }
        match self {
            Self::Invited => EffectiveStatus::Invited,
            Self::Active => EffectiveStatus::Active,
            Self::Locked => EffectiveStatus::Locked,
            Self::Blocked => EffectiveStatus::Blocked,
        }
    }
}

impl EffectiveStatus {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
        }
    }

    /// Whether sessions that exist go on working.
    #[must_use]
    pub const fn keeps_sessions(self) -> bool {
        matches!(self, Self::Active | Self::Locked)
    }

    /// Whether a session may begin, or its end be put off.
    #[must_use]
    pub const fn grants_sessions(self) -> bool {
        matches!(self, Self::Active)
    }

    /// The two-valued `state` of the Kratos API: only what ends sessions is `inactive`.
    #[must_use]
    pub const fn kratos_state(self) -> &'static str {
        match self {
            Self::Blocked | Self::Expired => "inactive",
            Self::Invited | Self::Active | Self::Locked => "active",
        }
    }
}

/// All that decides what an account is worth at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The stored status.
    pub status: Status,
    /// When a lock or block ends by itself.
    pub until: Option<Timestamp>,
    /// When the account ends.
    pub expires_at: Option<Timestamp>,
}

impl Standing {
    /// The status at `now`. Sign-in, session checks and everything else that depends on a status
    /// ask this.
    #[must_use]
    pub fn effective(self, now: Timestamp) -> EffectiveStatus {
        self.status.settled(self.until, now).effective(self.expires_at, now)
    }
}

/// What an administrator may do to a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Refuse sign-in.
    Lock,
    /// Allow sign-in again.
    Unlock,
    /// End all access.
    Block,
    /// Allow access again; nothing that was revoked comes back.
    Unblock,
}

impl Transition {
    /// The status this transition leads to from `from`; `None` when it is not allowed.
    ///
    /// The same status again is allowed and means that nothing changes.
    #[must_use]
    pub const fn apply(self, from: Status) -> Option<Status> {
        match (self, from) {
            (Self::Lock, Status::Active | Status::Locked) => Some(Status::Locked),
            (Self::Unlock, Status::Locked | Status::Active)
            | (Self::Unblock, Status::Blocked | Status::Active) => Some(Status::Active),
            (Self::Block, Status::Active | Status::Locked | Status::Blocked) => {
                Some(Status::Blocked)
            }
            _ => None,
        }
    }

    /// The verb, for sentences.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Block => "block",
            Self::Unblock => "unblock",
        }
    }
}

/// Why a status was changed; a closed list so that it can be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The person has left.
    Offboarding,
    /// The account may be in other hands.
    Compromise,
    /// A rule demands it.
    Policy,
    /// The person asked for it.
    Request,
    /// None of these; the note may say more.
    #[default]
    Other,
}

impl Reason {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offboarding => "offboarding",
            Self::Compromise => "compromise",
            Self::Policy => "policy",
            Self::Request => "request",
            Self::Other => "other",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Offboarding, Self::Compromise, Self::Policy, Self::Request, Self::Other]
            .into_iter()
            .find(|reason| reason.as_str() == word)
    }
}

/// The longest note on a status change, in characters.
pub const NOTE_MAX_CHARS: usize = 512;

/// When, by whom and why a status was set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusDetail {
    /// The actor, as `kind:id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Reason,
    /// Free text; personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When the status returns to `active` by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transition_is_in_the_table() {
        let table = [
            (Transition::Lock, [None, Some(Status::Locked), Some(Status::Locked), None]),
            (Transition::Unlock, [None, Some(Status::Active), Some(Status::Active), None]),
            (
                Transition::Block,
                [None, Some(Status::Blocked), Some(Status::Blocked), Some(Status::Blocked)],
            ),
            (Transition::Unblock, [None, Some(Status::Active), None, Some(Status::Active)]),
        ];
        let from = [Status::Invited, Status::Active, Status::Locked, Status::Blocked];
        for (transition, expected) in table {
            assert_eq!(from.map(|status| transition.apply(status)), expected, "{transition:?}");
        }
    }

    #[test]
    fn e3_e4_locked_keeps_sessions_and_gets_none_and_the_others_lose_them() {
        let rows = [
            (EffectiveStatus::Active, true, true),
            (EffectiveStatus::Locked, true, false),
            (EffectiveStatus::Blocked, false, false),
            (EffectiveStatus::Expired, false, false),
            (EffectiveStatus::Invited, false, false),
        ];
        for (status, keeps, grants) in rows {
            assert_eq!((status.keeps_sessions(), status.grants_sessions()), (keeps, grants));
        }
    }

    #[test]
    fn a_block_with_an_end_is_over_at_its_end_and_expiry_outlasts_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut standing =
            Standing { status: Status::Blocked, until: Some(at(10)), expires_at: None };
        assert_eq!(standing.effective(at(9)), EffectiveStatus::Blocked);
        assert_eq!(standing.effective(at(10)), EffectiveStatus::Active);
        standing.expires_at = Some(at(12));
        assert_eq!(standing.effective(at(12)), EffectiveStatus::Expired);
        standing.status = Status::Invited;
        assert_eq!(standing.effective(at(11)), EffectiveStatus::Invited);
    }

    #[test]
    fn an_expired_account_is_inactive_whatever_is_stored() {
        let now = Timestamp::UNIX_EPOCH;
        for status in [Status::Invited, Status::Active, Status::Locked, Status::Blocked] {
            let seen = status.effective(Some(now), now);
            assert_eq!((seen.as_str(), seen.kratos_state()), ("expired", "inactive"));
        }
        assert_eq!(Status::Locked.effective(None, now).kratos_state(), "active");
    }
}
