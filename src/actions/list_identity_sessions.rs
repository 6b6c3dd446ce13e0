//! `list-identity-sessions`: the sessions of an identity.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use crate::domain::session::Session;
use crate::error::ErrorCode;
use crate::service::sessions;

pub(super) struct ListIdentitySessions {
    who: Who,
}

impl Action for ListIdentitySessions {
    const NAME: &'static str = "list-identity-sessions";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to list the sessions of identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let found = sessions::list(&cx.deps, id).map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        let now = cx.deps.clock.now();
        let sessions: Map<String, Value> =
            found.iter().map(|session| (session.id.to_string(), shown(session, now))).collect();
        cx.host.log("Successfully listed the sessions");
        let document = json!({"identity_id": id, "count": found.len(), "sessions": sessions});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

fn shown(session: &Session, now: jiff::Timestamp) -> Value {
    let device = session.devices.last();
    json!({
        "active": session.is_active(now),
        "authenticator_assurance_level": session.aal,
        "authentication_methods": session.methods,
        "authenticated_at": session.authenticated_at,
        "issued_at": session.issued_at,
        "expires_at": session.expires_at,
        "last_seen_at": session.last_seen_at,
        "ip_address": device.and_then(|device| device.ip_address.as_deref()),
        "user_agent": device.and_then(|device| device.user_agent.as_deref()),
    })
}
