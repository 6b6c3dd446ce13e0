//! A session: one sign-in on one device.

use jiff::Timestamp;
use uuid::Uuid;

/// One sign-in; the token that carries it is kept only as a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its public id; never the token.
    pub id: Uuid,
    /// Whose it is.
    pub identity_id: Uuid,
    /// Whether it has not been revoked; a session past `expires_at` is over all the same.
    pub active: bool,
    /// The level reached: `aal1` or `aal2`.
    pub aal: String,
    /// The methods used, as JSON.
    pub methods: String,
    /// When the person signed in.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub issued_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Address it was last seen from.
    pub ip: Option<String>,
    /// Browser it was last seen with.
    pub user_agent: Option<String>,
}
