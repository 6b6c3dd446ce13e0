//! Options of mail: who it comes from, and where the mail server is found.

use serde_json::Value;
use url::Url;

use super::reader::Reader;
use super::{Options, problem};
use crate::domain::identifier::{has_control, is_email};

/// How a local run names a secret.
pub const LOCAL_SECRET: &str = "file:";
/// The file, beside the record of a unit, in which the charm hands the mail server to the service.
pub const SMTP_FILE: &str = "smtp.json";
/// The file, beside the record of a unit, with the operator's verification mail.
pub const VERIFICATION_TEMPLATE: &str = "verification-email-template.gotmpl";

/// Mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOptions {
    /// The secret with the mail server, as the operator wrote its id; empty when there is none.
    pub smtp_secret_id: String,
    /// Where mails come from; empty for [`Options::mail_from`] to decide.
    pub sender_email: String,
    /// The name beside that address.
    pub sender_name: String,
    /// How often a mail is tried again.
    pub message_retries: u32,
    /// The recovery mail in HTML, in place of our own; empty for our own.
    pub recovery_email_template: String,
}

impl Default for MailOptions {
    fn default() -> Self {
        Self {
            smtp_secret_id: String::new(),
            sender_email: String::new(),
            sender_name: "Doorward".to_owned(),
            message_retries: 5,
            recovery_email_template: String::new(),
        }
    }
}

impl MailOptions {
    /// The names of the options, in the order of `config.yaml`.
    pub(super) const NAMES: [&'static str; 5] = [
        "smtp_secret_id",
        "sender_email",
        "sender_name",
        "message_retries",
        "recovery_email_template",
    ];

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        Self {
            smtp_secret_id: reader.secret_id("smtp_secret_id"),
            sender_email: reader.email("sender_email"),
            sender_name: reader.line("sender_name", 100, default.sender_name),
            message_retries: reader.number("message_retries", 0, 20, default.message_retries),
            recovery_email_template: reader.text("recovery_email_template", String::new()),
        }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        vec![
            self.smtp_secret_id.as_str().into(),
            self.sender_email.as_str().into(),
            self.sender_name.as_str().into(),
            self.message_retries.into(),
            self.recovery_email_template.as_str().into(),
        ]
    }
}

impl Options {
    /// The address that mails come from: the operator's, or else the one the mail server wants, or
    /// else one on the host that people know.
    #[must_use]
    pub fn mail_from(&self, server: Option<&str>) -> String {
        if !self.mail.sender_email.is_empty() {
            return self.mail.sender_email.clone();
        }
        let host = Url::parse(&self.base_url())
            .ok()
            .and_then(|url| url.domain().map(|domain| format!("no-reply@{domain}")));
        server
            .map(str::to_owned)
            .or(host)
            .filter(|address| is_email(address))
            .unwrap_or_else(|| "no-reply@localhost".to_owned())
    }
}

impl Reader<'_> {
    pub(super) fn email(&mut self, name: &str) -> String {
        let address = self.text(name, String::new());
        if address.is_empty() || is_email(&address) {
            return address;
        }
        let message = "must be a mail address such as no-reply@example.com".to_owned();
        self.problems.push(problem(name, message));
        String::new()
    }

    /// Text on one line.
    pub(super) fn line(&mut self, name: &str, longest: usize, default: String) -> String {
        let text = self.text(name, default.clone());
        if !has_control(&text) && text.chars().count() <= longest {
            return if text.is_empty() { default } else { text };
        }
        let message = format!("must be one line of at most {longest} characters");
        self.problems.push(problem(name, message));
        default
    }

    /// The id of a Juju secret, or a file for a local run.
    pub(super) fn secret_id(&mut self, name: &str) -> String {
        let id = self.text(name, String::new());
        let bare = id.rsplit(['/', ':']).next().unwrap_or_default();
        let juju = bare.len() == 20
            && bare.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if id.is_empty() || id.starts_with(LOCAL_SECRET) || (juju && !has_control(&id)) {
            return id;
        }
        let message = "must be the id of a Juju secret such as secret:9m4e2mr0ui3e8a215n4g, or \
                       file:PATH on a local run";
        self.problems.push(problem(name, message.to_owned()));
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(map: &Value) -> Result<Options, Vec<super::super::Problem>> {
        Options::from_map(map.as_object().unwrap())
    }

    #[test]
    fn mail_comes_from_the_operators_address_or_one_that_fits() {
        let named = read(&json!({"sender_email": "a@b.example"})).unwrap();
        assert_eq!(named.mail_from(Some("x@y.example")), "a@b.example");
        let hosted = read(&json!({"external_url": "https://id.example.com"})).unwrap();
        assert_eq!(hosted.mail_from(Some("x@y.example")), "x@y.example");
        assert_eq!(hosted.mail_from(None), "no-reply@id.example.com");
        assert_eq!(Options::default().mail_from(None), "no-reply@localhost");
        let by_address = read(&json!({"external_url": "http://10.0.0.1:4433"})).unwrap();
        assert_eq!(by_address.mail_from(None), "no-reply@localhost");
    }

    #[test]
    fn input_05_no_option_of_mail_takes_a_second_line() {
        assert!(read(&json!({"sender_name": "A\nBcc: x"})).is_err());
        assert!(read(&json!({"sender_email": "a@b.example\r\nX: y"})).is_err());
        assert!(read(&json!({"smtp_secret_id": "hunter2"})).is_err());
        assert!(read(&json!({"smtp_secret_id": "file:/etc/smtp.yaml"})).is_ok());
    }
}
