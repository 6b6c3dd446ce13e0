//! A line to the mail server. Every step of a conversation has a limit, so that a server that
//! accepts and never answers costs a while and nothing more.

use std::io::ErrorKind;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;

use super::letter::Letter;
use crate::config::{Security, SmtpServer};

/// Longest wait for a connection, and for each answer on the way to being signed in.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for each answer to a mail: many servers look at it before they take it.
const PATIENCE_WITH_MAIL: Duration = Duration::from_secs(30);
/// Longest text of a server's that is kept.
const LONGEST: usize = 300;

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This mail will never be taken.
    Never(String),
    /// This mail was not taken now.
    Later(String),
    /// The server cannot be used at the moment, for this mail and for any other.
    Server(String),
}

impl Refusal {
    /// What the server or the system said.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Never(said) | Self::Later(said) | Self::Server(said) => said,
        }
    }
}

/// A conversation with a mail server that has accepted us.
pub struct Line(SmtpConnection);

impl Line {
    /// Calls the server and signs in.
    ///
    /// # Errors
    /// What went wrong, as the end of a sentence.
    pub fn open(server: &SmtpServer) -> Result<Self, String> {
        Self::call(server).map_err(|error| said(&error))
    }

    fn call(server: &SmtpServer) -> Result<Self, SmtpError> {
        let me = ClientId::default();
        let tls = match server.security {
            Security::Off => None,
            Security::Tls | Security::Starttls => {
                let tls = TlsParameters::builder(server.host.clone());
                // Both: a certificate that nobody vouches for usually has another name too.
                let tls = tls
                    .dangerous_accept_invalid_certs(!server.verify)
                    .dangerous_accept_invalid_hostnames(!server.verify);
                Some(tls.build()?)
            }
        };
        let at = (server.host.as_str(), server.port);
        let wrapped = tls.as_ref().filter(|_| server.security == Security::Tls);
        let mut line = SmtpConnection::connect(at, Some(PATIENCE), &me, wrapped, None)?;
        if let Some(tls) = tls.filter(|_| server.security == Security::Starttls) {
            // Fails where the server does not offer it: nothing is said in the clear then.
            line.starttls(&tls, &me)?;
        }
        if let Some((user, password)) = &server.login {
            let password = password.expose_secret().to_owned();
            let credentials = Credentials::new(user.clone(), password);
            line.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)?;
        }
        Ok(Self(line))
    }

    /// Hands a mail over; what the server said when it took it.
    ///
    /// # Errors
    /// Why it was not taken. After [`Refusal::Server`] the line is of no more use.
    pub fn send(&mut self, letter: &Letter) -> Result<String, Refusal> {
        let dead = |error: std::io::Error| Refusal::Server(error.to_string());
        self.0.set_timeout(Some(PATIENCE_WITH_MAIL)).map_err(dead)?;
        match self.0.send(letter.envelope(), &letter.text()) {
            Ok(response) => Ok(short(&response.message().collect::<Vec<_>>().join(" "))),
            Err(error) => Err(judge(&error)),
        }
    }

    /// Whether it can be used for another mail.
    #[must_use]
    pub fn is_good(&mut self) -> bool {
        !self.0.has_broken()
            && self.0.set_timeout(Some(PATIENCE)).is_ok()
            && self.0.test_connected()
    }

    /// Says good-bye.
    pub fn close(mut self) {
        self.0.abort();
    }
}

/// What a failure means for the mail and for the server.
fn judge(error: &SmtpError) -> Refusal {
    let said = said(error);
    let Some(code) = error.status() else {
        // What our own side finds wrong is about the mail: an address the server has no way to take.
        return if error.is_client() { Refusal::Never(said) } else { Refusal::Server(said) };
    };
    match u16::from(code) {
        // The server goes away (RFC 5321, 3.8), or wants us to be somebody else (RFC 4954, 6).
        421 | 454 | 530 | 534 | 535 | 538 => Refusal::Server(said),
        // There is no such mailbox, or none that takes mail.
        550 | 551 | 553 | 556 => Refusal::Never(said),
        _ => Refusal::Later(said),
    }
}

/// An error with its causes, in a form that is fit for a log and a status.
fn said(error: &SmtpError) -> String {
    if timed_out(error) {
        return "the server does not answer in time".to_owned();
    }
    short(&error.to_string())
}

/// A socket whose patience is at its end says that it would block.
fn timed_out(error: &SmtpError) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return matches!(io.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        }
        next = cause.source();
    }
    false
}

/// On one line and of moderate length.
fn short(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(LONGEST).collect()
}
