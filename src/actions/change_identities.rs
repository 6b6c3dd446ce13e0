//! `change-identities`: change the status of all whom a search finds, or delete them.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use super::times;
use crate::domain::status::Reason;
use crate::error::Error;
use crate::service::bulk::{self, Deed, Outcome};
use crate::service::listing::ListIdentities;
use crate::service::status::StatusChange;
use crate::service::typed;

pub(super) struct ChangeIdentities {
    deed: Deed,
    query: String,
    why: StatusChange,
    dry_run: bool,
}

impl Action for ChangeIdentities {
    const NAME: &'static str = "change-identities";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let deed = params.text("action").and_then(Deed::parse);
        let deed = deed.ok_or_else(|| Failure::new("Parameter 'action' is required"))?;
        // Everybody is never meant by saying nothing.
        let query = params.filled("query").filter(|query| !query.trim().is_empty());
        let query = query.ok_or_else(|| Failure::new("Parameter 'query' must not be empty"))?;
        let reason = params.text("reason").and_then(Reason::parse).unwrap_or_default();
        let note = params.filled("note").map(str::to_owned);
        let why = StatusChange { reason, note, until: times::parse(params, "until")? };
        Ok(Self { deed, query: query.to_owned(), why, dry_run: params.flag("dry-run") })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let (outcome, more) = self.carry_out(cx).map_err(|error| {
            cx.failed(&format!("Failed to {} the identities", self.deed.as_str()), &error)
        })?;
        let Outcome { changed, unchanged, refused, sessions } = &outcome;
        cx.host.log(&if self.dry_run {
            format!("Nothing was changed; {changed} identities would be")
        } else {
            format!("Successfully changed {changed} identities")
        });
        if more {
            cx.host.warn("The search finds more identities than are changed at once: run it again");
        }
        let refusals: Map<String, Value> =
            refused.iter().map(|(id, bar)| (id.to_string(), bar.as_str().into())).collect();
        let document = json!({
            "action": self.deed.as_str(),
            "dry_run": self.dry_run,
            "changed": changed,
            "unchanged": unchanged,
            "refused": refused.len(),
            "refusals": refusals,
            "sessions_revoked": sessions,
            "more": more,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

impl ChangeIdentities {
    fn carry_out(&self, cx: &mut Context<'_>) -> Result<(Outcome, bool), Error> {
        let request = typed::with(ListIdentities::default(), &self.query)?;
        let (ids, more) = bulk::matching(&cx.deps, &request)?;
        if ids.is_empty() {
            return Ok((Outcome::default(), false));
        }
        if self.dry_run {
            return Ok((bulk::preview(&cx.deps, &cx.by, self.deed, &ids, &self.why)?, more));
        }
        let outcome = bulk::run(&cx.deps, &cx.by, self.deed, &ids, &self.why)?;
        cx.recorded = true;
        Ok((outcome, more))
    }
}
