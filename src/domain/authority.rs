//! Rights inside the identity system itself.

use serde::{Deserialize, Serialize};

/// A right of an identity in the realm; `ROLE_USER` is everybody's and never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Authority {
    /// May manage applications.
    #[serde(rename = "ROLE_DEVELOPER")]
    Developer,
    /// May manage everything.
    #[serde(rename = "ROLE_ADMINISTRATOR")]
    Administrator,
}

impl Authority {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Developer => "ROLE_DEVELOPER",
            Self::Administrator => "ROLE_ADMINISTRATOR",
        }
    }

    /// Reads the word; `ROLE_ADMIN`, as AAC's code writes it, and short lower-case forms are
    /// accepted.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "ROLE_DEVELOPER" | "developer" => Some(Self::Developer),
            "ROLE_ADMINISTRATOR" | "ROLE_ADMIN" | "administrator" => Some(Self::Administrator),
            _ => None,
        }
    }
}
