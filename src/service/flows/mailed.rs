//! Codes that are mailed: drawn for one flow, tried a few times, and sent no more often than anybody
//! needs.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Body, Refusal, Visitor, field, new_flow};
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::flow::Flow;
use crate::domain::flow::text::{self, Text};
use crate::domain::identifier::{canonical, is_email};
use crate::domain::message::Template;
use crate::error::Error;
use crate::service::{courier, throttle};
use crate::store::sql::codes::{self, OpenCode};
use crate::store::sql::flows;
use crate::store::{ScratchTx, WriteTx};

/// How often a code may be typed wrong in one flow (ABUSE-03).
pub(super) const TRIES: u32 = 5;
/// Longest code that is looked at; people type spaces into them.
const LONGEST: usize = 32;

/// A code that was drawn for a flow.
pub(super) struct Code {
    flow: Uuid,
    purpose: &'static str,
    secret: SecretString,
    digest: String,
    expires_at: Timestamp,
}

/// Draws a code. Of it only a digest is kept that holds for this flow alone and that nobody can try
/// out without the data key.
pub(super) fn draw(d: &Deps, purpose: &'static str, flow: Uuid) -> Result<Code, Error> {
    let secret = SecretString::from(token::one_time_code(&d.rng)?);
    let digest = d.keyed_digest(&context(purpose, flow), secret.expose_secret())?;
    let expires_at = super::later(d.clock.now(), d.options.signin.code_minutes)?;
    Ok(Code { flow, purpose, secret, digest, expires_at })
}

fn context(purpose: &str, flow: Uuid) -> String {
    format!("{purpose}:{flow}")
}

impl Code {
    /// When it stops working.
    pub(super) const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Keeps the code and queues its mail, within the transaction of what they are for. An earlier
    /// code of the flow dies, those of other flows do not.
    pub(super) fn send(
        &self,
        d: &Deps,
        tx: &WriteTx<'_>,
        owner: i64,
        letter: &Letter<'_>,
    ) -> Result<(), Error> {
        let now = d.clock.now();
        codes::put(tx, self.flow, owner, self.purpose, &self.digest, now, self.expires_at)?;
        let mut content = Map::new();
        let mut put = |key: &str, value: Value| content.insert(key.to_owned(), value);
        put(letter.name, self.secret.expose_secret().into());
        put("ExpiresInMinutes", d.options.signin.code_minutes.into());
        put("RequestURL", letter.request_url.into());
        if let Some(link) = letter.link {
            let url = format!("{link}?flow={}&code={}", self.flow, self.secret.expose_secret());
            put("VerificationURL", url.into());
        }
        courier::queue_mail(d, tx, letter.to, letter.template, letter.language, content).map(drop)
    }
}

/// What a mail with a code is like.
pub(super) struct Letter<'l> {
    /// Where it goes.
    pub to: &'l str,
    /// What it says.
    pub template: Template,
    /// Under which name its template knows the code.
    pub name: &'static str,
    /// In which language.
    pub language: &'l str,
    /// With which address it was asked for.
    pub request_url: &'l str,
    /// The address that takes the code from a link.
    pub link: Option<&'l str>,
}

/// Keeps what became of the flow, but never fewer tries than were made meanwhile.
pub(super) fn update(tx: &ScratchTx<'_>, flow: &mut Flow) -> Result<(), Refusal> {
    let fresh = flows::find(tx, flow.kind, flow.id)?.ok_or(Refusal::NotFound)?;
    flow.attempts = fresh.attempts;
    Ok(flows::update(tx, flow)?)
}

/// Keeps the flow and counts a mail to the address; says whether it may be sent (ABUSE-05). Mails
/// that never go out, because nobody has the address, are counted too.
pub(super) fn count(d: &Deps, v: &Visitor, flow: &mut Flow, to: &str) -> Result<bool, Refusal> {
    let ip = v.by.origin.ip.as_deref();
    d.store.scratch(|tx| {
        update(tx, flow)?;
        Ok(throttle::may_mail(d, tx, to, ip)?)
    })
}

/// The address that was typed, as it is looked up; the form says what is wrong with it otherwise.
pub(super) fn address(flow: &mut Flow, body: &Body) -> Option<String> {
    let typed = field(body, "email").map(str::trim).unwrap_or_default();
    if typed.is_empty() {
        flow.form.complain("email", text::REQUIRED.of("property", "email"));
        return None;
    }
    let address = canonical(typed);
    // What a mail server could take for more than an address is none.
    if address.contains(['\0', '\r', '\n']) || !is_email(&address) {
        flow.form.complain("email", text::NO_EMAIL.of("value", typed));
        flow.form.values.insert("email".to_owned(), typed.into());
        return None;
    }
    Some(address)
}

/// What became of a try.
pub(super) enum Tried {
    /// There are no tries left.
    TooOften,
    /// The code is that of the flow.
    Right(OpenCode),
    /// It is wrong, was used, or has expired; whose it is, if there is one.
    Wrong(Option<Uuid>),
}

/// Takes one try away from the flow and looks whether the code is right. The try is gone before
/// anything is compared, so that many at once are no way to have more of them.
pub(super) fn take(
    d: &Deps,
    flow: &mut Flow,
    purpose: &str,
    typed: &str,
    wrong: Text,
) -> Result<Tried, Refusal> {
    let counted = d.store.scratch(|tx| {
        let fresh = flows::find(tx, flow.kind, flow.id)?.ok_or(Refusal::NotFound)?;
        if fresh.attempts >= TRIES {
            return Ok(false);
        }
        *flow = fresh;
        flow.attempts += 1;
        flow.form.clear();
        flow.form.messages.push(wrong);
        flows::update(tx, flow)?;
        Ok::<_, Refusal>(true)
    })?;
    if !counted {
        return Ok(Tried::TooOften);
    }
    let open = d.store.read(|tx| codes::find(tx, flow.id, purpose))?;
    let Some(open) = open else { return Ok(Tried::Wrong(None)) };
    let typed: String = typed.chars().take(LONGEST).filter(|c| !c.is_whitespace()).collect();
    let digest = d.keyed_digest(&context(purpose, flow.id), &typed)?;
    let right = token::equal(&digest, &open.digest) && d.clock.now() < open.expires_at;
    Ok(if right { Tried::Right(open) } else { Tried::Wrong(Some(open.identity_id)) })
}

/// In place of a flow that was tried too often, another that begins from the start.
pub(super) fn begin_anew(d: &Deps, v: &Visitor, old: &Flow, told: Text) -> Result<Flow, Refusal> {
    let mut flow = new_flow(d, v, old.kind, old.form.client, d.clock.now())?;
    flow.form.request_url.clone_from(&old.form.request_url);
    flow.form.return_to.clone_from(&old.form.return_to);
    flow.form.messages = vec![told];
    Ok(flow)
}

/// What is said when a code was typed wrong too often.
pub(super) fn too_often() -> Text {
    text::FAILED.of("reason", "The code was typed wrong too often. Please ask for another one.")
}
