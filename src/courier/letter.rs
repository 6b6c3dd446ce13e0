//! A mail as it goes over the wire.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use uuid::Uuid;

use super::texts::Written;
use crate::domain::identifier::has_control;
use crate::domain::mail_fault::FaultKind;

/// Whom mails come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address.
    pub address: String,
    /// The name beside it.
    pub name: String,
}

/// A mail that can be sent.
pub struct Letter(Message);

impl Letter {
    /// Puts a mail together. Its id is made of the message's, so that an attempt that is repeated
    /// is one and the same mail to those who receive it.
    ///
    /// # Errors
    /// Which address is none, or that the mail lacks something.
    pub fn new(
        id: Uuid,
        at: Timestamp,
        from: &Sender,
        to: &str,
        written: Written,
    ) -> Result<Self, FaultKind> {
        let name = Some(one_line(&from.name)).filter(|name| !name.is_empty());
        let address = address(&from.address).ok_or(FaultKind::SenderAddress)?;
        let message_id = format!("<{id}@{}>", address.domain());
        let mut message = Message::builder()
            .from(Mailbox::new(name, address))
            .to(Mailbox::new(None, self::address(to).ok_or(FaultKind::Address)?))
            .subject(one_line(&written.subject))
            .message_id(Some(message_id))
            .date(SystemTime::from(at))
            .multipart(MultiPart::alternative_plain_html(written.text, written.html))
            .map_err(|_| FaultKind::Unwritten)?;
        // So that no machine answers (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(Self(message))
    }

    /// Its text, with all headers.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        self.0.formatted()
    }

    pub(super) fn envelope(&self) -> &lettre::address::Envelope {
        self.0.envelope()
    }
}

fn address(text: &str) -> Option<Address> {
    if has_control(text) { None } else { text.parse().ok() }
}

/// Nothing in a header may begin another one, or hide what it says.
fn one_line(text: &str) -> String {
    let clean = |c: char| if has_control(c.encode_utf8(&mut [0; 4])) { ' ' } else { c };
    text.chars().map(clean).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
