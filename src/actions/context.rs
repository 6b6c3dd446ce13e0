//! What an action works with: the open store, who asks, and the host it answers through.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::failure::{Failure, one_line};
use super::host::{Host, SecretFault};
use super::params::Params;
use super::results::{self, Results};
use crate::app::Deps;
use crate::domain::identity::Identity;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;

/// An action in progress.
pub struct Context<'a> {
    /// The place it runs in.
    pub host: &'a mut dyn Host,
    /// Store, clock and options.
    pub deps: Deps,
    /// Who runs it, with its name and parameters for the ledger.
    pub by: Caller,
    /// Whether a use case has already recorded the action together with its change.
    pub recorded: bool,
    /// The version the database was just migrated to, for `run-migration`.
    pub migrated_to: Option<i64>,
}

impl Context<'_> {
    /// Logs what a person cannot act on, and makes the failure for the operator.
    pub fn failed(&mut self, sentence: &str, error: &Error) -> Failure {
        if error.code() == ErrorCode::Internal {
            self.host.warn(&causes(error));
        }
        Failure::because(sentence, error)
    }

    /// Reads the password from the secret the operator named; `None` when none was named.
    ///
    /// # Errors
    /// When the secret does not exist, may not be read, or holds no password.
    pub fn password_from(
        &mut self,
        secret_id: Option<&str>,
    ) -> Result<Option<SecretString>, Failure> {
        let Some(id) = secret_id else { return Ok(None) };
        let password = self.secret_of(id, "password")?;
        self.judge(&password);
        Ok(Some(password))
    }

    /// Reads one key of a secret the operator named.
    ///
    /// # Errors
    /// When the secret does not exist, may not be read, or does not hold it.
    pub fn secret_of(&mut self, id: &str, key: &str) -> Result<SecretString, Failure> {
        let mut content = self.host.secret(id).map_err(|fault| match fault {
            SecretFault::NotFound => Failure::new("Juju secret not found"),
            SecretFault::Denied(why) | SecretFault::Other(why) => {
                Failure::new(format!("An error occurred when fetching the juju secret: {why}"))
            }
        })?;
        let value = content
            .remove(key)
            .ok_or_else(|| Failure::new(format!("The juju secret has no key '{key}'")))?;
        if value.expose_secret().is_empty() {
            return Err(Failure::new(format!("The {key} in the juju secret is empty")));
        }
        Ok(value)
    }

    /// Tells the operator when people would not be allowed the password; operators are.
    pub fn judge(&mut self, password: &SecretString) {
        if let Err(problem) =
            self.deps.password_policy().check(password.expose_secret(), &[], &Value::Null)
        {
            self.host.warn(&format!("People may not choose such a password: {problem}"));
        }
    }

    /// The whole identity as results.
    #[must_use]
    pub fn shown(&self, identity: &Identity) -> Results {
        results::identity(identity, self.deps.clock.now(), &self.deps.options.base_url())
    }
}

/// `password-secret-id`, when it was given and is not empty.
#[must_use]
pub fn secret_id(params: &Params) -> Option<String> {
    params.filled("password-secret-id").map(str::to_owned)
}

/// An error with all its causes, on one line, for the log.
#[must_use]
pub fn causes(error: &Error) -> String {
    let mut text = error.message().to_owned();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    one_line(&text)
}
