//! A session: one sign-in on one device, and how sure it is who signed in.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::authority::Authority;
use super::status::Standing;

/// How sure a session is who it belongs to (authenticator assurance level).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Aal {
    /// Nothing was proved.
    #[default]
    #[serde(rename = "aal0")]
    None,
    /// One factor.
    #[serde(rename = "aal1")]
    One,
    /// Two factors.
    #[serde(rename = "aal2")]
    Two,
}

impl Aal {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "aal0",
            Self::One => "aal1",
            Self::Two => "aal2",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::One, Self::Two].into_iter().find(|aal| aal.as_str() == word)
    }

    /// What a session has reached by these methods: two factors only when one of them was a first
    /// and another a second.
    #[must_use]
    pub fn reached(methods: &[Method]) -> Self {
        let used = |aal: Self| methods.iter().any(|method| method.aal == aal);
        match (methods.is_empty(), used(Self::One) && used(Self::Two)) {
            (true, _) => Self::None,
            (false, false) => Self::One,
            (false, true) => Self::Two,
        }
    }
}

/// How sure a session check must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredAal {
    /// One factor is enough.
    One,
    /// Two factors of everybody who has a second one.
    #[default]
    HighestAvailable,
}

impl RequiredAal {
    /// The word of the option.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "aal1",
            Self::HighestAvailable => "highest_available",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::One, Self::HighestAvailable].into_iter().find(|level| level.as_str() == word)
    }
}

/// By what somebody showed who they are; the words are those of the Kratos API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// A password.
    Password,
    /// An account at another identity provider.
    Oidc,
    /// A time-based one-time password.
    Totp,
    /// A backup code.
    LookupSecret,
    /// A security key.
    Webauthn,
    /// A passkey.
    Passkey,
    /// A code that was sent.
    Code,
    /// A recovery link.
    LinkRecovery,
    /// A recovery code.
    CodeRecovery,
}

impl MethodKind {
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
            Self::LinkRecovery => "link_recovery",
            Self::CodeRecovery => "code_recovery",
        }
    }
}

/// A step of a sign-in that was completed. Written as the Kratos API writes it, and kept so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// By what.
    pub method: MethodKind,
    /// Whether as a first factor or as a second; the same code can be either.
    pub aal: Aal,
    /// When.
    pub completed_at: Timestamp,
    /// The provider, when the account is at another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

impl Method {
    /// A step completed at `completed_at`.
    #[must_use]
    pub const fn new(method: MethodKind, aal: Aal, completed_at: Timestamp) -> Self {
        Self { method, aal, completed_at, provider: None }
    }
}

/// From where a session was used. Written as the Kratos API writes it, and kept so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its own id.
    pub id: Uuid,
    /// The address.
    pub ip_address: Option<String>,
    /// The browser or program.
    pub user_agent: Option<String>,
    /// The place; nothing looks it up yet.
    pub location: Option<String>,
}

/// A person's last sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastLogin {
    /// When.
    pub at: Timestamp,
    /// The first factor.
    pub method: String,
    /// The provider, when the account is at another one.
    pub provider: Option<String>,
    /// From which address; personal data.
    pub ip: Option<String>,
}

/// One sign-in; the secret that carries it is kept only as a digest. `M` and `V` are the forms of its
/// documents: [`Raw`](super::document::Raw) where they are only passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session<M = Vec<Method>, V = Vec<Device>> {
    /// Its public id; never the secret.
    pub id: Uuid,
    /// Whose it is.
    pub identity_id: Uuid,
    /// What its owner's account is worth.
    pub owner: Standing,
    /// Whether it has not been revoked; ask [`Session::is_active`] whether it works.
    pub active: bool,
    /// The level reached.
    pub aal: Aal,
    /// The steps of the sign-in, in the order in which they were completed.
    pub methods: M,
    /// When the person last showed who they are.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub issued_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// From where it was used, the latest last.
    pub devices: V,
    /// When it was last used, to about ten minutes; nothing where it was not looked up.
    pub last_seen_at: Option<Timestamp>,
    /// The rights its owner held at `authenticated_at`. One that was granted later opens nothing to
    /// this session, and one that was withdrawn neither.
    pub authorities: BTreeSet<Authority>,
}

impl<M, V> Session<M, V> {
    /// Whether it works at `now`: neither revoked nor over, and its owner may have sessions.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active && self.expires_at > now && self.owner.effective(now).keeps_sessions()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_two_only_with_a_first_and_a_second_factor() {
        let used = |aals: &[Aal]| {
            let methods: Vec<Method> = aals
                .iter()
                .map(|aal| Method::new(MethodKind::Code, *aal, Timestamp::UNIX_EPOCH))
                .collect();
            Aal::reached(&methods)
        };
        assert_eq!(used(&[]), Aal::None);
        assert_eq!(used(&[Aal::One]), Aal::One);
        assert_eq!(used(&[Aal::One, Aal::One]), Aal::One);
        assert_eq!(used(&[Aal::Two]), Aal::One);
        assert_eq!(used(&[Aal::Two, Aal::One]), Aal::Two);
        assert!(Aal::None < Aal::One && Aal::One < Aal::Two);
    }

    #[test]
    fn words_are_the_same_when_stored_and_when_shown() {
        for aal in [Aal::None, Aal::One, Aal::Two] {
            assert_eq!(serde_json::to_value(aal).unwrap(), aal.as_str());
            assert_eq!(Aal::parse(aal.as_str()), Some(aal));
        }
        for kind in [
            MethodKind::Password,
            MethodKind::Oidc,
            MethodKind::Totp,
            MethodKind::LookupSecret,
            MethodKind::Webauthn,
            MethodKind::Passkey,
            MethodKind::Code,
            MethodKind::LinkRecovery,
            MethodKind::CodeRecovery,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
