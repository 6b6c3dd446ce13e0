//! `audit-erasures`: whose personal values were erased, and whose will be.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use super::times;
use crate::service::erasure;

pub(super) struct AuditErasures {
    since: Option<Timestamp>,
    page_token: Option<String>,
}

impl Action for AuditErasures {
    const NAME: &'static str = "audit-erasures";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let page_token = params.filled("page-token").map(str::to_owned);
        Ok(Self { since: times::parse(params, "since")?, page_token })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let found = erasure::list(&cx.deps, self.since, self.page_token)
            .map_err(|error| cx.failed("Failed to list the erasures", &error))?;
        let done: Map<String, Value> = found
            .done
            .items
            .iter()
            .map(|row| {
                let entry: Value = serde_json::from_str(&row.json).unwrap_or_default();
                let part = |pointer: &str| entry.pointer(pointer).cloned().unwrap_or_default();
                let shown = json!({
                    "identity": part("/principal"),
                    "time": part("/time"),
                    "count": part("/data/count"),
                });
                (format!("{:012}", row.seq), shown)
            })
            .collect();
        let waiting: Map<String, Value> = found
            .waiting
            .iter()
            .map(|(id, at)| (id.to_string(), Value::from(at.to_string())))
            .collect();
        let mut document = json!({"count": done.len(), "done": done, "waiting": waiting});
        if let (Some(map), Some(token)) = (document.as_object_mut(), found.done.next_page_token) {
            map.insert("next_page_token".to_owned(), Value::String(token));
        }
        cx.host.log("Successfully listed the erasures");
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
