//! `list-admin-tokens`: which tokens there are, and whether they are in use.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::domain::api_token::{ApiToken, State};
use crate::service::tokens;

pub(super) struct ListAdminTokens {
    all: bool,
}

impl Action for ListAdminTokens {
    const NAME: &'static str = "list-admin-tokens";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { all: params.flag("all") })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let found = tokens::list(&cx.deps)
            .map_err(|error| cx.failed("Failed to list the admin tokens", &error))?;
        let now = cx.deps.clock.now();
        let shown: Map<String, Value> = found
            .iter()
            .filter(|token| self.all || token.state(now) == State::Active)
            .map(|token| (token.id.to_string(), document(token, now)))
            .collect();
        cx.host.log("Successfully listed the admin tokens");
        let document = json!({"count": shown.len(), "tokens": shown});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

fn document(token: &ApiToken, now: Timestamp) -> Value {
    let mut document = json!({
        "name": token.name,
        "scope": token.scope.as_str(),
        "state": token.state(now).as_str(),
        "created_at": token.created_at,
    });
    let times = [
        ("expires_at", token.expires_at),
        ("last_used_at", token.last_used_at),
        ("revoked_at", token.revoked_at),
    ];
    for (name, at) in times {
        if let (Some(at), Some(map)) = (at, document.as_object_mut()) {
            map.insert(name.to_owned(), results::time(at));
        }
    }
    document
}
