//! `create-admin-token`: make a token for the admin port.

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use super::times;
use crate::domain::api_token::Scope;
use crate::service::tokens::{self, CreateToken};

const SHOWN_ONCE: &str = "The token is in this result and nowhere else. Under Juju the result stays in the history of \
     operations, where others can read it: give it a secret with a token of your own as \
     token-secret-id, or make the token with 'doorward run' on the unit, to keep it out of there";

pub(super) struct CreateAdminToken {
    name: String,
    scope: Scope,
    expires_at: Option<Timestamp>,
    secret_id: Option<String>,
}

impl Action for CreateAdminToken {
    const NAME: &'static str = "create-admin-token";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let scope = params.text("scope").and_then(Scope::parse);
        Ok(Self {
            name: params.text("name").unwrap_or_default().to_owned(),
            // The definition lists the scopes; a test holds it and the code equal.
            scope: scope.ok_or_else(|| Failure::new("Parameter 'scope' is not a scope"))?,
            expires_at: times::parse(params, "expires-at")?,
            secret_id: params.filled("token-secret-id").map(str::to_owned),
        })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let token = match &self.secret_id {
            Some(id) => Some(cx.secret_of(id, "token")?),
            None => None,
        };
        let request =
            CreateToken { name: self.name, scope: self.scope, expires_at: self.expires_at, token };
        let created = tokens::create(&cx.deps, &cx.by, request)
            .map_err(|error| cx.failed("Failed to create the admin token", &error))?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully created the admin token: {}", created.kept.id));
        let kept = &created.kept;
        let mut results = Results::new();
        results.insert("token-id".to_owned(), json!(kept.id));
        results.insert("name".to_owned(), json!(kept.name));
        results.insert("scope".to_owned(), json!(kept.scope.as_str()));
        if let Some(at) = kept.expires_at {
            results.insert("expires-at".to_owned(), results::time(at));
        }
        if let Some(token) = &created.token {
            cx.host.warn(SHOWN_ONCE);
            results.insert("token".to_owned(), json!(token.expose_secret()));
        }
        Ok(results)
    }
}
