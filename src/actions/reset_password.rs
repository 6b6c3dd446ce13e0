//! `reset-password`: set a password from a secret, or make a recovery code.

use super::context::{self, Context};
use super::created;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::{Error, ErrorCode};
use crate::service::{passwords, recovery};

pub(super) struct ResetPassword {
    who: Who,
    secret_id: Option<String>,
}

impl Action for ResetPassword {
    const NAME: &'static str = "reset-password";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { secret_id: context::secret_id(params), who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        // The secret comes first, as upstream: its failures must not depend on who is asked for.
        let password = cx.password_from(self.secret_id.as_deref())?;
        let sentence = |_| "Failed to request Kratos API".to_owned();
        let id = self.who.find(cx, sentence)?.id;
        let Some(password) = password else {
            let code = recovery::issue_code(&cx.deps, &cx.by, id)
                .map_err(|error| failure(cx, id, &error))?;
            cx.recorded = true;
            cx.host.log(
                "Recovery code created successfully. Use the returned link to reset the identity's password",
            );
            return Ok(created::recovery(&code));
        };
        let identity = passwords::set(&cx.deps, &cx.by, id, &password)
            .map_err(|error| failure(cx, id, &error))?;
        cx.recorded = true;
        cx.host.log("Password was changed successfully");
        Ok(cx.shown(&identity))
    }
}

fn failure(cx: &mut Context<'_>, id: uuid::Uuid, error: &Error) -> Failure {
    match error.code() {
        ErrorCode::NotFound => selector::missing(id),
        ErrorCode::WeakPassword => Failure::because("The password was refused", error),
        _ => cx.failed("Failed to request Kratos API", error),
    }
}
