//! `list-oidc-accounts`: the accounts at external providers that are linked to an identity.

use serde_json::{Value, json};
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::links;

pub(super) struct ListOidcAccounts {
    who: Who,
}

impl Action for ListOidcAccounts {
    const NAME: &'static str = "list-oidc-accounts";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to fetch the identity OIDC credentials for {id}");
        let id = self.who.find(cx, sentence)?.id;
        let linked = links::list(&cx.deps, id).map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        if linked.is_empty() {
            cx.host.log("Identity OIDC credentials not found");
            return Ok(Results::new());
        }
        cx.host.log("Successfully fetched the identity OIDC credentials");
        let document = json!({"identifiers": linked.join("\n"), "identifiers-json": Value::from(linked).to_string()});
        Ok(document.as_object().cloned().unwrap_or_default())
    }
}
