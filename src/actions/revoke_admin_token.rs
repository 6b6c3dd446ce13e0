//! `revoke-admin-token`: withdraw a token for the admin port.

use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::tokens;

pub(super) struct RevokeAdminToken {
    id: Uuid,
}

impl Action for RevokeAdminToken {
    const NAME: &'static str = "revoke-admin-token";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let id = params.text("token-id").and_then(|text| Uuid::parse_str(text.trim()).ok());
        let id = id.ok_or_else(|| {
            Failure::new("Parameter 'token-id' must be the id of a token, a UUID; never the token")
        })?;
        Ok(Self { id })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let id = self.id;
        let revoked = tokens::revoke(&cx.deps, &cx.by, id).map_err(|error| match error.code() {
            ErrorCode::NotFound => Failure::new(format!("Admin token {id} does not exist")),
            _ => cx.failed(&format!("Failed to revoke the admin token {id}"), &error),
        })?;
        if revoked {
            cx.recorded = true;
            cx.host.log(&format!("Successfully revoked the admin token: {id}"));
        } else {
            cx.host.log(&format!("Admin token {id} was revoked before"));
        }
        Ok(Results::new())
    }
}
