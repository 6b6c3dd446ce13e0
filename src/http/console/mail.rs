//! `/console/mail`: messages on their way, and what can be done about those that wait. What they say is
//! for their recipients only.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

use super::at::At;
use super::circles::Sheet;
use super::who::Mark;
use crate::domain::mail_fault::MailFault;
use crate::domain::message::{Mail, MessageStatus};
use crate::http::pages::{Link, Time, Turn, plain};
use crate::service::courier::ListMessages;
use crate::service::outbox;
use crate::service::sending::{self, Trouble};

/// Messages on a page.
const PAGE: u32 = 25;

#[derive(Serialize)]
struct List {
    here: String,
    rows: Vec<Row>,
    filters: Vec<Link>,
    status: String,
    recipient: String,
    any: bool,
    newest: Option<String>,
    older: Option<String>,
    trouble: Option<String>,
}

#[derive(Serialize)]
struct Row {
    href: String,
    recipient: String,
    about: String,
    status: Mark,
    attempts: i64,
    created: Time,
    next: Option<Time>,
    error: Option<String>,
}

/// What happened and what to do, in the reader's language.
fn said(at: &At<'_>, fault: MailFault) -> String {
    let key = format!("console.mail.fault.{}", fault.kind.as_str());
    at.text_with(&key, &[("reply", &fault.reply_text())])
}

fn row(at: &At<'_>, mail: &Mail) -> Row {
    let word = mail.message.status.as_str();
    Row {
        href: at.at(&format!("/console/mail/{}", mail.message.id)),
        recipient: plain(&mail.message.recipient),
        about: at.text(&format!("console.mail.template.{}", mail.message.template.as_str())),
        status: Mark { word, text: at.text(&format!("console.mail.status.{word}")) },
        attempts: mail.message.send_count,
        created: Time::of(mail.message.created_at),
        next: mail.next_at.map(Time::of),
        error: mail.last_error.map(|fault| said(at, fault)),
    }
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let status = at.query().text("status").and_then(MessageStatus::parse);
    let recipient = at.query().text("recipient").unwrap_or_default().trim().to_owned();
    let token = at.query().text("page_token").map(str::to_owned);
    let newest = token.is_some();
    let request = ListMessages {
        status,
        recipient: Some(recipient.clone()).filter(|text| !text.is_empty()),
        page_size: PAGE,
        page_token: token,
    };
    let found = outbox::list(at.d(), &request)?;
    let word = status.map(MessageStatus::as_str).unwrap_or_default();
    let address = |status: &str, token: Option<&str>| {
        let mut query = Serializer::new(String::new());
        for (name, value) in [("status", status), ("recipient", recipient.as_str())] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(token) = token {
            query.append_pair("page_token", token);
        }
        at.at(&format!("/console/mail?{}", query.finish()))
    };
    let filter = |this: &str, key: String| {
        let link = Link::new(address(this, None), at.text(&key));
        Link { current: this == word, ..link }
    };
    let mut filters = vec![filter("", "console.history.any".to_owned())];
    filters.extend(
        MessageStatus::ALL.iter().map(|status| {
            filter(status.as_str(), format!("console.mail.status.{}", status.as_str()))
        }),
    );
    let content = List {
        here: at.at("/console/mail"),
        rows: found.items.iter().map(|mail| row(at, mail)).collect(),
        filters,
        older: found.next_page_token.map(|token| address(word, Some(&token))),
        newest: newest.then(|| address(word, None)),
        status: word.to_owned(),
        any: !word.is_empty() || !recipient.is_empty(),
        recipient,
        trouble: sending::trouble(at.d())?.map(|trouble| match trouble {
            Trouble::NoServer => at.text("console.mail.no_server"),
            Trouble::Server(fault) => {
                at.text_with("console.mail.trouble", &[("why", &said(at, fault))])
            }
        }),
    };
    let frame = at.frame(at.text("console.nav.mail")).lead(at.text("console.mail.lead"));
    at.page("console/mail.html", frame, &content)
}

#[derive(Serialize)]
struct One {
    back: Link,
    row: Row,
    id: String,
    expires: Option<Time>,
    changed: Time,
    tried: Vec<(Time, Option<String>)>,
    ways: Vec<Way>,
}

#[derive(Serialize)]
struct Way {
    link: Link,
    about: String,
    bad: bool,
}

fn id(at: &At<'_>) -> Result<Uuid, Turn> {
    at.part("message").parse().map_err(|_| At::missing())
}

/// The page of one message.
pub fn one(at: &At<'_>) -> Result<Response, Turn> {
    let (mail, tried) = outbox::find(at.d(), id(at)?)?;
    let waits = mail.waits(at.d().clock.now());
    let row = row(at, &mail);
    let way = |(word, bad): (&str, bool)| Way {
        link: Link::new(format!("{}/{word}", row.href), at.text(&format!("console.mail.{word}"))),
        about: at.text(&format!("console.mail.{word}.short")),
        bad,
    };
    let content = One {
        back: Link::new(at.at("/console/mail"), at.text("console.nav.mail")),
        ways: if waits { [("retry", false), ("give-up", true)].map(way).into() } else { vec![] },
        id: mail.message.id.to_string(),
        expires: mail.expires_at.map(Time::of),
        changed: Time::of(mail.message.updated_at),
        tried: tried
            .iter()
            .map(|one| (Time::exact(one.created_at), one.error.map(|fault| said(at, fault))))
            .collect(),
        row,
    };
    at.page("console/mail-one.html", at.frame(content.row.about.clone()), &content)
}

/// What is wished for, by the last part of the path.
fn word(at: &At<'_>) -> &'static str {
    if at.route.path.ends_with("/retry") { "retry" } else { "give-up" }
}

/// Before it is tried again, or given up.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let (mail, _) = outbox::find(at.d(), id(at)?)?;
    if !mail.waits(at.d().clock.now()) {
        return Err(Turn::Wrong(StatusCode::CONFLICT, "console.mail.done"));
    }
    let row = row(at, &mail);
    let word = word(at);
    let values = [("about", row.about.as_str()), ("to", row.recipient.as_str())];
    let sheet = Sheet {
        title: at.text(&format!("console.mail.{word}")),
        about: Some(at.text_with(&format!("console.mail.{word}.about"), &values)),
        effects: Vec::new(),
        fields: Vec::new(),
        submit: at.text(&format!("console.mail.{word}")),
        bad: word == "give-up",
        back: row.href,
        problem: None,
    };
    sheet.page(at, StatusCode::OK, None)
}

/// Does it.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let id = id(at)?;
    match word(at) {
        "retry" => outbox::retry(at.d(), &at.by, id),
        _ => outbox::give_up(at.d(), &at.by, id),
    }
    .map_err(|error| match error.code() {
        crate::error::ErrorCode::StatusTransition => {
            Turn::Wrong(StatusCode::CONFLICT, "console.mail.done")
        }
        _ => error.into(),
    })?;
    Err(at.done(&format!("/console/mail/{id}")))
}
