//! `list-audit-events`: entries of the ledger, a page at a time.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::Who;
use super::table::Action;
use super::times;
use crate::service::ledger::{self, EventFilter};

const FAILED: &str = "Failed to list the audit events";

pub(super) struct ListAuditEvents {
    who: Option<Who>,
    kind: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    page_size: Option<u64>,
    page_token: Option<String>,
}

impl Action for ListAuditEvents {
    const NAME: &'static str = "list-audit-events";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let text = |name| params.filled(name).map(str::to_owned);
        let kind = text("type");
        let (page_size, page_token) = (params.count("page-size"), text("page-token"));
        let (since, until) = (times::parse(params, "since")?, times::parse(params, "until")?);
        Ok(Self { who: Who::parse_optional(params)?, kind, since, until, page_size, page_token })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let principal = match &self.who {
            // An id may be of someone who was deleted: the ledger still knows them.
            Some(Who::Id(id)) => Some(*id),
            Some(who) => Some(who.find(cx, |_| FAILED.to_owned())?.id),
            None => None,
        };
        let filter = EventFilter {
            principal,
            kinds: self.kind.into_iter().collect(),
            since: self.since,
            until: self.until,
            page_size: self.page_size,
            page_token: self.page_token,
            ..EventFilter::default()
        };
        let page = ledger::list(&cx.deps, &filter).map_err(|error| cx.failed(FAILED, &error))?;
        let events: Map<String, Value> =
            page.items.iter().map(|row| (format!("{:012}", row.seq), shown(&row.json))).collect();
        let mut document = json!({"count": page.items.len(), "events": events});
        if let (Some(map), Some(token)) = (document.as_object_mut(), page.next_page_token) {
            map.insert("next_page_token".to_owned(), Value::String(token));
        }
        cx.host.log("Successfully listed the audit events");
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

/// What people look for first, and the sealed entry itself.
fn shown(entry: &str) -> Value {
    let fields: Value = serde_json::from_str(entry).unwrap_or_default();
    let mut shown = Map::new();
    for name in ["time", "type", "outcome", "actor", "principal"] {
        if let Some(value) = fields.get(name) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    shown.insert("entry_json".to_owned(), Value::String(entry.to_owned()));
    Value::Object(shown)
}
