//! `hold-identity` and `release-identity`: keep somebody's personal values in the ledger, or no more.

use serde_json::json;
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::Who;
use super::table::Action;
use crate::service::erasure;

struct Order {
    who: Who,
    note: Option<String>,
}

impl Order {
    fn parse(params: &Params) -> Result<Self, Failure> {
        let note = params.filled("note").map(str::to_owned);
        Ok(Self { who: Who::parse(params)?, note })
    }

    fn run(self, cx: &mut Context<'_>, hold: bool) -> Result<Results, Failure> {
        let (verb, use_case): (&str, fn(&_, &_, _, Option<&str>) -> _) =
            if hold { ("hold", erasure::hold) } else { ("release", erasure::release) };
        let sentence = |id: Uuid| format!("Failed to {verb} the identity {id}");
        let id = match &self.who {
            // An id may be of someone who was deleted: the ledger still knows them.
            Who::Id(id) => *id,
            who @ Who::Email(_) => who.find(cx, sentence)?.id,
        };
        let changed = use_case(&cx.deps, &cx.by, id, self.note.as_deref())
            .map_err(|error| cx.failed(&sentence(id), &error))?;
        cx.recorded = changed;
        let state = if hold { "held" } else { "not held" };
        cx.host.log(&format!("Personal values of the identity {id} are {state}"));
        let document = json!({"id": id, "held": hold, "changed": changed});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

pub(super) struct HoldIdentity(Order);

impl Action for HoldIdentity {
    const NAME: &'static str = "hold-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, true)
    }
}

pub(super) struct ReleaseIdentity(Order);

impl Action for ReleaseIdentity {
    const NAME: &'static str = "release-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, false)
    }
}
