//! `confirm-address` and `unconfirm-address`: trust an address without a proof, or no more.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::accounts;
use crate::service::identities::{Selector, find};

/// Which address of whom.
struct Order {
    who: Who,
    address: Option<String>,
}

impl Order {
    fn parse(params: &Params) -> Result<Self, Failure> {
        let address = params.filled("address").map(str::to_owned);
        Ok(Self { who: Who::parse(params)?, address })
    }

    fn run(self, cx: &mut Context<'_>, confirm: bool) -> Result<Results, Failure> {
        let (verb, done) =
            if confirm { ("confirm", "confirmed") } else { ("unconfirm", "unconfirmed") };
        let sentence = |id: Uuid| format!("Failed to {verb} the address of identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let address = self.address.as_deref();
        let changed = if confirm {
            accounts::confirm(&cx.deps, &cx.by, id, address)
        } else {
            accounts::unconfirm(&cx.deps, &cx.by, id, address)
        };
        let changed = changed.map_err(|error| match error.code() {
            ErrorCode::NotFound => Failure::new(format!("Identity {id} has no such address")),
            // An action has another name for the parameter.
            ErrorCode::Invalid if address.is_none() => Failure::new(format!(
                "{}: it has none or several addresses; say which in 'address'",
                sentence(id)
            )),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = changed;
        let told = if changed { "Successfully" } else { "Nothing to do:" };
        cx.host.log(&format!("{told} {done} the address of identity {id}"));
        let after = find(&cx.deps, &Selector::Id(id)).map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        let all = after.verifiable_addresses.iter();
        let confirmed: Vec<&str> =
            all.filter(|one| one.verified).map(|one| one.value.as_str()).collect();
        let document = json!({"id": id, "changed": changed, "confirmed": confirmed});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

pub(super) struct ConfirmAddress(Order);

impl Action for ConfirmAddress {
    const NAME: &'static str = "confirm-address";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, true)
    }
}

pub(super) struct UnconfirmAddress(Order);

impl Action for UnconfirmAddress {
    const NAME: &'static str = "unconfirm-address";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, false)
    }
}
