//! `update-identity`: change traits, metadata, external id or schema; leave the rest.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::identities::{self, Patch, UpdateIdentity};

pub(super) struct UpdateIdentityAction {
    who: Who,
    request: UpdateIdentity,
}

impl Action for UpdateIdentityAction {
    const NAME: &'static str = "update-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let map = |name| params.map(name).cloned();
        let replace = params.flag("replace-traits");
        let request = UpdateIdentity {
            schema_id: params.filled("schema-id").map(str::to_owned),
            traits: map("traits").map(|traits| patch(traits, replace)),
            external_id: params
                .text("external-id")
                .map(|id| Some(id.to_owned()).filter(|id| !id.is_empty())),
            metadata_public: map("metadata-public").map(|metadata| patch(metadata, false)),
            metadata_admin: map("metadata-admin").map(|metadata| patch(metadata, false)),
            ..UpdateIdentity::default()
        };
        let who = Who::parse(params)?;
        if replace && request.traits.is_none() {
            return Err(Failure::new("Parameter 'replace-traits' needs 'traits'"));
        }
        Ok(Self { who, request })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to update the identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let identity =
            identities::update(&cx.deps, &cx.by, id, self.request).map_err(|error| match error
                .code()
            {
                ErrorCode::NotFound => selector::missing(id),
                _ => cx.failed(&sentence(id), &error),
            })?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully updated the identity: {id}"));
        Ok(cx.shown(&identity))
    }
}

fn patch(given: Map<String, Value>, replace: bool) -> Patch {
    if replace { Patch::Replace(Value::Object(given)) } else { Patch::Merge(Value::Object(given)) }
}
