//! `list-identities`: list or search identities, a page at a time.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::domain::identity::Identity;
use crate::domain::session::LastLogin;
use crate::service::identities::{self, ListIdentities};
use crate::service::sessions;

pub(super) struct ListIdentitiesAction {
    request: ListIdentities,
}

impl Action for ListIdentitiesAction {
    const NAME: &'static str = "list-identities";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let text = |name| params.filled(name).map(str::to_owned);
        let request = ListIdentities {
            search: text("search"),
            state: text("state"),
            schema_id: text("schema-id"),
            provider: text("provider"),
            role: text("role"),
            group: text("group"),
            page_size: params.count("page-size"),
            page_token: text("page-token"),
            ..ListIdentities::default()
        };
        Ok(Self { request })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let page = identities::list(&cx.deps, &self.request)
            .map_err(|error| cx.failed("Failed to list the identities", &error))?;
        let ids: Vec<_> = page.items.iter().map(|identity| identity.id).collect();
        let logins = sessions::last_logins(&cx.deps, &ids)
            .map_err(|error| cx.failed("Failed to list the identities", &error))?;
        let now = cx.deps.clock.now();
        let identities: Map<String, Value> = page
            .items
            .iter()
            .map(|identity| {
                (identity.id.to_string(), shown(identity, logins.get(&identity.id), now))
            })
            .collect();
        let mut document = json!({"count": page.items.len(), "identities": identities});
        if let (Some(map), Some(token)) = (document.as_object_mut(), page.next_page_token) {
            map.insert("next_page_token".to_owned(), Value::String(token));
        }
        cx.host.log("Successfully listed the identities");
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

fn shown(identity: &Identity, login: Option<&LastLogin>, now: jiff::Timestamp) -> Value {
    json!({
        "schema_id": identity.schema_id,
        "status": identity.effective_status(now).as_str(),
        "email": identity.traits.get("email"),
        "name": identity.traits.get("name"),
        "username": identity.traits.get("username"),
        "external_id": identity.external_id,
        "created_at": identity.created_at,
        "updated_at": identity.updated_at,
        "expires_at": identity.expires_at,
        "last_login": login.map(results::login),
    })
}
