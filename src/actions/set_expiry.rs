//! `set-expiry`: say when an account ends, or that it does not.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use super::times;
use crate::error::ErrorCode;
use crate::service::status;

/// The word for an account that does not end.
const NEVER: &str = "never";

pub(super) struct SetExpiry {
    who: Who,
    expires_at: Option<Timestamp>,
}

impl Action for SetExpiry {
    const NAME: &'static str = "set-expiry";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let expires_at = match params.filled("expires-at") {
            None => {
                let message = "Parameter 'expires-at' is a time, or never";
                return Err(Failure::new(message));
            }
            Some(NEVER) => None,
            Some(_) => times::parse(params, "expires-at")?,
        };
        Ok(Self { who: Who::parse(params)?, expires_at })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to set when the identity {id} expires");
        let before = self.who.find(cx, sentence)?;
        let id = before.id;
        let after = status::set_expiry(&cx.deps, &cx.by, id, self.expires_at);
        let after = after.map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        // What is set once more changes nothing, and then nothing is recorded either.
        let changed = after.expires_at != before.expires_at;
        cx.recorded = changed;
        cx.host.log(&match after.expires_at {
            Some(end) => format!("The identity {id} expires at {end}"),
            None => format!("The identity {id} does not expire"),
        });
        let status = after.effective_status(cx.deps.clock.now()).as_str();
        let mut document = json!({"id": id, "status": status, "changed": changed});
        if let (Some(map), Some(end)) = (document.as_object_mut(), after.expires_at) {
            map.insert("expires_at".to_owned(), results::time(end));
        }
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
