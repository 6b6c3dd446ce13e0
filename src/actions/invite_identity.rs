//! `invite-identity`: invite somebody, or once more.

use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::set_authorities;
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::invitations::{self, Invite, Made};

pub(super) struct InviteIdentity {
    invite: Invite,
    resend: bool,
    expires_in: Option<SignedDuration>,
}

impl Action for InviteIdentity {
    const NAME: &'static str = "invite-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let given = params.value("authorities").cloned().unwrap_or_default();
        let hours = params.count("expires-in-hours").and_then(|hours| i64::try_from(hours).ok());
        let expires_in = hours.map(SignedDuration::from_hours);
        let invite = Invite {
            email: params.text("email").unwrap_or_default().to_owned(),
            traits: params.map("traits").cloned().map(Value::Object).unwrap_or_default(),
            schema_id: params.filled("schema-id").map(str::to_owned),
            authorities: set_authorities::parse(&given)?,
            expires_in,
            locale: params.filled("language").map(str::to_owned),
        };
        Ok(Self { invite, resend: params.flag("resend"), expires_in })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = "Failed to invite the identity";
        let made = if self.resend {
            let who = Who::Email(self.invite.email);
            let id = who.find(cx, |_| sentence.to_owned())?.id;
            invitations::resend(&cx.deps, &cx.by, id, self.expires_in).map_err(
                |error| match error.code() {
                    ErrorCode::NotFound => selector::missing(id),
                    _ => cx.failed(sentence, &error),
                },
            )?
        } else {
            invitations::invite(&cx.deps, &cx.by, self.invite).map_err(|error| {
                match error.code() {
                    ErrorCode::Conflict => Failure::because("The identity already exists", &error),
                    _ => cx.failed(sentence, &error),
                }
            })?
        };
        cx.recorded = true;
        let id = made.identity.id;
        match &made.link {
            None => cx.host.log(&format!("Invited the identity {id}; the link is on its way")),
            Some(_) => cx.host.log(&format!(
                "Invited the identity {id}. There is no mail server: hand the link over"
            )),
        }
        Ok(shown(&made))
    }
}

/// The link is shown where somebody has to hand it over, and only then.
fn shown(made: &Made) -> Results {
    let mut results = Results::new();
    results.insert("identity-id".to_owned(), json!(made.identity.id));
    results.insert("delivery".to_owned(), json!(made.invitation.delivery.as_str()));
    results.insert("expires-at".to_owned(), results::time(made.invitation.expires_at));
    if let Some(link) = &made.link {
        results.insert("activation-link".to_owned(), json!(link.expose_secret()));
    }
    results
}
