//! `create-admin-account`: create an administrator.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::context::{self, Context};
use super::created;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::authority::Authority;
use crate::error::ErrorCode;
use crate::service::identities::{self, CreateIdentity};

const SCHEMA: &str = "admin_v0";
const PASSWORD_IN_CLEAR: &str = "The password was given in clear: Juju keeps it in the history of operations, where \
     others can read it. Use password-secret-id with a Juju secret instead, and change this password";

pub(super) struct CreateAdminAccount {
    traits: Map<String, Value>,
    secret_id: Option<String>,
    password: Option<SecretString>,
}

impl Action for CreateAdminAccount {
    const NAME: &'static str = "create-admin-account";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let phone = one_of(params, "phone-number", "phone_number")?;
        let given = [
            ("username", params.text("username")),
            ("email", params.text("email")),
            ("name", params.filled("name")),
            ("phone_number", phone),
        ];
        let traits = given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
            .collect();
        let secret_id = context::secret_id(params);
        let password = params.password().cloned();
        if secret_id.is_some() && password.is_some() {
            return Err(Failure::new(
                "Provide only one of 'password-secret-id' or 'password', not both",
            ));
        }
        Ok(Self { traits, secret_id, password })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let password = match self.password {
            Some(password) => {
                cx.host.warn(PASSWORD_IN_CLEAR);
                cx.judge(&password);
                Some(password)
            }
            None => cx.password_from(self.secret_id.as_deref())?,
        };
        let request = CreateIdentity {
            schema_id: Some(SCHEMA.to_owned()),
            traits: Value::Object(self.traits),
            authorities: BTreeSet::from([Authority::Administrator]),
            recovery: password.is_none(),
            password,
            ..CreateIdentity::default()
        };
        let created =
            identities::create(&cx.deps, &cx.by, request).map_err(|error| match error.code() {
                ErrorCode::Conflict => Failure::new("The account already exists"),
                _ => cx.failed("Failed to create the admin account", &error),
            })?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully created the admin account: {}", created.identity.id));
        Ok(created::results(&created))
    }
}

/// A parameter with an older spelling beside it.
fn one_of<'a>(
    params: &'a Params,
    now: &'static str,
    before: &'static str,
) -> Result<Option<&'a str>, Failure> {
    match (params.filled(now), params.filled(before)) {
        (Some(_), Some(_)) => {
            Err(Failure::new(format!("Provide only one of '{now}' or '{before}', not both")))
        }
        (given, older) => Ok(given.or(older)),
    }
}
