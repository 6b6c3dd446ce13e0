//! `list-messages`: mail on its way, without what it says.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::domain::message::{Mail, MessageStatus};
use crate::service::courier;
use crate::service::outbox;

const PAGE_SIZE: u64 = 50;

pub(super) struct ListMessages {
    status: Option<MessageStatus>,
    recipient: Option<String>,
    page_size: u32,
    page_token: Option<String>,
}

impl Action for ListMessages {
    const NAME: &'static str = "list-messages";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let page_size = params.count("page-size").unwrap_or(PAGE_SIZE);
        Ok(Self {
            status: params.filled("status").and_then(MessageStatus::parse),
            recipient: params.filled("recipient").map(str::to_owned),
            page_size: u32::try_from(page_size).unwrap_or(u32::MAX),
            page_token: params.filled("page-token").map(str::to_owned),
        })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let Self { status, recipient, page_size, page_token } = self;
        let request = courier::ListMessages { status, recipient, page_size, page_token };
        let page = outbox::list(&cx.deps, &request)
            .map_err(|error| cx.failed("Failed to list the messages", &error))?;
        let messages: Map<String, Value> =
            page.items.iter().map(|mail| (mail.message.id.to_string(), shown(mail))).collect();
        cx.host.log("Successfully listed the messages");
        let document = json!({
            "count": page.items.len(),
            "messages": messages,
            "next_page_token": page.next_page_token,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

fn shown(mail: &Mail) -> Value {
    json!({
        "status": mail.message.status.as_str(),
        "recipient": mail.message.recipient,
        "template": mail.message.template.as_str(),
        "attempts": mail.message.send_count,
        "next_at": mail.next_at,
        "expires_at": mail.expires_at,
        "last_error": mail.last_error.map(|fault| fault.to_string()),
        "created_at": mail.message.created_at,
    })
}
