//! `send-test-email`: try whether mail goes out.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::service::sending;

pub(super) struct SendTestEmail {
    email: String,
    language: String,
}

impl Action for SendTestEmail {
    const NAME: &'static str = "send-test-email";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self {
            email: params.text("email").unwrap_or_default().to_owned(),
            language: params.text("language").unwrap_or_default().to_owned(),
        })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        if let Some(weakness) = cx.deps.smtp.as_ref().and_then(|server| server.weakness()) {
            cx.host.warn(weakness);
        }
        let tried = sending::try_out(&cx.deps, &self.email, &self.language)
            .map_err(|error| cx.failed("Failed to send the test mail", &error))?;
        cx.host.log(&format!("The mail server took the test mail for {}", self.email));
        let mut results = Results::new();
        results.insert("server".to_owned(), json!(tried.server));
        results.insert("transport-security".to_owned(), json!(tried.security));
        results.insert("sender".to_owned(), json!(tried.sender));
        results.insert("answer".to_owned(), json!(tried.answer));
        Ok(results)
    }
}
