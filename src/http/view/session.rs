//! A session in the shape of the Kratos API.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::identity::{IdentityDocument, Show, identity};
use crate::domain::document::{Document, Shown};
use crate::domain::identity::Identity;
use crate::domain::session::{Device, Method, Session};

/// A session as clients read it; the order of the keys is that of the wire.
#[derive(Serialize, ToSchema)]
#[schema(as = session)]
pub struct SessionDocument<'a> {
    id: Uuid,
    /// Whether it works: neither revoked nor over, and its owner may have sessions.
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    expires_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    authenticated_at: Timestamp,
    /// `aal0`, `aal1` or `aal2`.
    authenticator_assurance_level: &'static str,
    #[schema(value_type = Vec<Object>)]
    authentication_methods: Shown<'a, [Method]>,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "super::moment::always")]
    issued_at: Timestamp,
    #[schema(nullable)]
    identity: Option<IdentityDocument<'a>>,
    #[schema(value_type = Option<Vec<Object>>, nullable)]
    devices: Option<Shown<'a, [Device]>>,
    /// When it was last used, to about ten minutes, where sessions are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Timestamp>,
    /// The session as a signed token, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenized: Option<String>,
}

impl SessionDocument<'_> {
    /// The same with a signed token.
    #[must_use]
    pub fn tokenized(self, token: String) -> Self {
        Self { tokenized: Some(token), ..self }
    }
}

/// A session as it is at `now`, with its owner and devices where they are to be shown.
#[must_use]
pub fn session<'a, D: Document>(
    base_url: &'a str,
    now: Timestamp,
    session: &'a Session<impl Document<[Method]>, impl Document<[Device]>>,
    owner: Option<&'a Identity<D>>,
    with_devices: bool,
) -> SessionDocument<'a> {
    SessionDocument {
        id: session.id,
        active: session.is_active(now),
        expires_at: session.expires_at,
        authenticated_at: session.authenticated_at,
        authenticator_assurance_level: session.aal.as_str(),
        authentication_methods: session.methods.shown(),
        issued_at: session.issued_at,
        identity: owner.map(|owner| identity(base_url, now, owner, Show::Person)),
        devices: with_devices.then(|| session.devices.shown()),
        last_seen_at: session.last_seen_at,
        tokenized: None,
    }
}
