//! Tokens with which programs that are not on this machine use the admin port, and what each kind of
//! token may do there.

use jiff::Timestamp;
use uuid::Uuid;

/// How every admin token begins, so that people and secret scanners know one when they see it.
pub const PREFIX: &str = "dw_admin_";
/// Longest name, in characters.
pub const NAME_MAX: usize = 64;

/// How much a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read the metrics, which tell nothing about any person.
    Metrics,
    /// Read the ledger.
    Audit,
    /// Read everything but what lets its reader sign in as somebody else.
    Read,
    /// Everything.
    Write,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// To read the metrics.
    Metrics,
    /// To read the ledger.
    Audit,
    /// To read accounts, sessions, schemas, or which messages were sent.
    Read,
    /// To read what signs its reader in as somebody else, such as credentials.
    Secrets,
    /// To change something.
    Write,
}

impl Scope {
    /// Every scope, from the least to the most.
    pub const ALL: [Self; 4] = [Self::Metrics, Self::Audit, Self::Read, Self::Write];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Audit => "audit",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scope with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// Whether a token of this scope is enough.
    #[must_use]
    pub const fn allows(self, need: Need) -> bool {
        match self {
            Self::Metrics => matches!(need, Need::Metrics),
            Self::Audit => matches!(need, Need::Audit),
            Self::Read => matches!(need, Need::Metrics | Need::Audit | Need::Read),
            Self::Write => true,
        }
    }
}

impl Need {
    /// The word for the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Audit => "audit",
            Self::Read => "read",
            Self::Secrets => "secrets",
            Self::Write => "write",
        }
    }
}

/// Whether a token can be used, and if not, why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// An operator withdrew it.
    Revoked,
}

impl State {
    /// The word for people and for the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A token as it is kept: everything but the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id, by which it is named in lists and in the ledger.
    pub id: Uuid,
    /// What the operator called it.
    pub name: String,
    /// How much it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working; nothing for a token that works until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour or so.
    pub last_used_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it can be used at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        if self.revoked_at.is_some() {
            State::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            State::Expired
        } else {
            State::Active
        }
    }
}

/// Whether a text has the form of an admin token: the prefix and 43 characters of base64url.
#[must_use]
pub fn is_well_formed(token: &str) -> bool {
    token.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == 43 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_allows_what_it_says_and_nothing_more() {
        let needs = [Need::Metrics, Need::Audit, Need::Read, Need::Secrets, Need::Write];
        for (scope, allowed) in [
            (Scope::Metrics, [true, false, false, false, false]),
            (Scope::Audit, [false, true, false, false, false]),
            (Scope::Read, [true, true, true, false, false]),
            (Scope::Write, [true; 5]),
        ] {
            assert_eq!(needs.map(|need| scope.allows(need)), allowed, "{scope:?}");
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::parse("admin"), None);
    }

    #[test]
    fn a_token_ends_at_its_expiry_and_a_revoked_one_is_revoked_whatever_the_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut token = ApiToken {
            id: Uuid::nil(),
            name: "x".to_owned(),
            scope: Scope::Read,
            created_at: at("2026-01-01T00:00:00Z"),
            expires_at: Some(at("2026-02-01T00:00:00Z")),
            last_used_at: None,
            revoked_at: None,
        };
        assert_eq!(token.state(at("2026-01-31T23:59:59Z")), State::Active);
        assert_eq!(token.state(at("2026-02-01T00:00:00Z")), State::Expired);
        token.revoked_at = Some(at("2026-01-15T00:00:00Z"));
        assert_eq!(token.state(at("2026-01-10T00:00:00Z")), State::Revoked);
    }

    #[test]
    fn the_form_of_a_token() {
        let good = format!("{PREFIX}{}", "a-_0".repeat(10) + "abc");
        assert!(is_well_formed(&good));
        for bad in
            ["", "dw_admin_", &good[1..], &good[..51], &format!("{good}a"), &good.replace('-', "+")]
        {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
