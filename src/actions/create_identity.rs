//! `create-identity`: create an identity with any schema.

use serde_json::Value;

use super::context::{self, Context};
use super::created;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::identities::{self, CreateIdentity};

pub(super) struct CreateIdentityAction {
    request: CreateIdentity,
    secret_id: Option<String>,
}

impl Action for CreateIdentityAction {
    const NAME: &'static str = "create-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let document = |name| params.map(name).cloned().map(Value::Object);
        let request = CreateIdentity {
            schema_id: params.filled("schema-id").map(str::to_owned),
            traits: document("traits").unwrap_or_default(),
            external_id: params.filled("external-id").map(str::to_owned),
            metadata_public: document("metadata-public").unwrap_or_default(),
            metadata_admin: document("metadata-admin").unwrap_or_default(),
            ..CreateIdentity::default()
        };
        Ok(Self { request, secret_id: context::secret_id(params) })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let password = cx.password_from(self.secret_id.as_deref())?;
        let request = CreateIdentity { recovery: password.is_none(), password, ..self.request };
        let created =
            identities::create(&cx.deps, &cx.by, request).map_err(|error| match error.code() {
                ErrorCode::Conflict => Failure::because("The identity already exists", &error),
                _ => cx.failed("Failed to create the identity", &error),
            })?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully created the identity: {}", created.identity.id));
        Ok(created::results(&created))
    }
}
