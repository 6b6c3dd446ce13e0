//! `reset-terms`: ask somebody once more to accept the terms of service.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::terms;

pub(super) struct ResetTerms {
    who: Who,
}

impl Action for ResetTerms {
    const NAME: &'static str = "reset-terms";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self { who: Who::parse(params)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |_| "Failed to reset the terms of service".to_owned();
        let id = self.who.find(cx, sentence)?.id;
        let changed = terms::reset(&cx.deps, &cx.by, id).map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        if changed {
            cx.recorded = true;
            cx.host.log(&format!("Successfully reset the terms of service for identity {id}"));
        } else {
            cx.host.log(&format!("Identity {id} has not answered to the terms of service."));
        }
        Ok(Results::new())
    }
}
