//! `get-identity`: show one identity.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Loosely};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::identities::{self, Selector};
use crate::service::{sessions, terms};

pub(super) struct GetIdentity {
    who: Loosely,
}

impl Action for GetIdentity {
    const NAME: &'static str = "get-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: selector::parse_loosely(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let not_found = || Failure::new("Identity not found");
        let (wanted, typed) = match self.who {
            Loosely::Id(id) => (Selector::Id(selector::parse_id(&id).ok_or_else(not_found)?), id),
            Loosely::Identifier(name) => (Selector::Identifier(name.clone()), name),
        };
        let identity = identities::find(&cx.deps, &wanted).map_err(|error| match error.code() {
            ErrorCode::NotFound => not_found(),
            ErrorCode::Ambiguous => selector::ambiguous(&typed),
            _ => cx.failed(&format!("Failed to fetch the identity for {typed}."), &error),
        })?;
        let known = sessions::last_login(&cx.deps, identity.id)
            .and_then(|login| Ok((login, terms::of(&cx.deps, identity.id)?)));
        let (login, standing) = known.map_err(|error| {
            cx.failed(&format!("Failed to fetch the identity for {typed}."), &error)
        })?;
        cx.host.log("Successfully fetched the identity.");
        let mut shown = cx.shown(&identity);
        if let Some(login) = login {
            shown.insert("last-login".to_owned(), results::login(&login));
        }
        // Where nobody is asked there is nothing to say.
        if standing.asked.is_some() || standing.last.is_some() {
            shown.insert("terms".to_owned(), results::terms(&standing));
        }
        Ok(shown)
    }
}
