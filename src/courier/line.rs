//! A line to the mail server. Every step of a conversation has a limit, so that a server that
//! accepts and never answers costs a while and nothing more.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret as _;

use super::fault::{Step, fault, socket};
use super::letter::Letter;
use crate::config::{Security, SmtpServer};
use crate::domain::mail_fault::{FaultKind, MailFault};

/// Longest wait for a connection, and for each answer on the way to being signed in.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait for each answer to a mail: many servers look at it before they take it.
const PATIENCE_WITH_MAIL: Duration = Duration::from_secs(30);
/// Longest text of a server's that is shown.
const LONGEST: usize = 300;

/// Why a mail was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This mail will never be taken.
    Never(MailFault),
    /// This mail was not taken now.
    Later(MailFault),
    /// The server cannot be used at the moment, for this mail and for any other.
    Server(MailFault),
}

impl Refusal {
    /// What happened.
    #[must_use]
    pub const fn fault(self) -> MailFault {
        match self {
            Self::Never(fault) | Self::Later(fault) | Self::Server(fault) => fault,
        }
    }
}

/// A conversation with a mail server that has accepted us.
pub struct Line(SmtpConnection);

impl Line {
    /// Calls the server and signs in.
    ///
    /// # Errors
    /// What went wrong.
    pub fn open(server: &SmtpServer) -> Result<Self, MailFault> {
        let me = ClientId::default();
        let at = |step| move |error: SmtpError| fault(step, &error);
        let tls = match server.security {
            Security::Off => None,
            Security::Tls | Security::Starttls => {
                let tls = TlsParameters::builder(server.host.clone());
                // Both: a certificate that nobody vouches for usually has another name too.
                let tls = tls
                    .dangerous_accept_invalid_certs(!server.verify)
                    .dangerous_accept_invalid_hostnames(!server.verify);
                Some(tls.build().map_err(at(Step::Starttls))?)
            }
        };
        let addresses: Vec<SocketAddr> = (server.host.as_str(), server.port)
            .to_socket_addrs()
            .map_err(|_| FaultKind::Name)?
            .collect();
        if addresses.is_empty() {
            return Err(FaultKind::Name.into());
        }
        let wrapped = tls.as_ref().filter(|_| server.security == Security::Tls);
        let mut line =
            SmtpConnection::connect(addresses.as_slice(), Some(PATIENCE), &me, wrapped, None)
                .map_err(at(Step::Greeting))?;
        if let Some(tls) = tls.filter(|_| server.security == Security::Starttls) {
            // Fails where the server does not offer it: nothing is said in the clear then.
            line.starttls(&tls, &me).map_err(at(Step::Starttls))?;
        }
        if let Some((user, password)) = &server.login {
            let password = password.expose_secret().to_owned();
            let credentials = Credentials::new(user.clone(), password);
            line.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .map_err(at(Step::Login))?;
        }
        Ok(Self(line))
    }

    /// Hands a mail over; what the server said when it took it.
    ///
    /// # Errors
    /// Why it was not taken. The line is of no more use then.
    pub fn send(&mut self, letter: &Letter) -> Result<String, Refusal> {
        let dead = |error: std::io::Error| Refusal::Server(socket(&error).into());
        self.0.set_timeout(Some(PATIENCE_WITH_MAIL)).map_err(dead)?;
        let answer = self.hand_over(letter).inspect_err(|_| self.0.abort())?;
        Ok(short(&answer.message().collect::<Vec<_>>().join(" ")))
    }

    /// The steps of a mail (RFC 5321, 3.3) one by one, so that it is known which of them was refused.
    fn hand_over(&mut self, letter: &Letter) -> Result<Response, Refusal> {
        let at = |step| move |error: SmtpError| judge(step, &error);
        let (envelope, text) = (letter.envelope(), letter.text());
        let from = envelope.from().cloned();
        let mut how = Vec::new();
        if !from.iter().chain(envelope.to()).all(|address| AsRef::<str>::as_ref(address).is_ascii())
        {
            self.must_take(Extension::SmtpUtfEight)?;
            how.push(MailParameter::SmtpUtfEight);
        }
        if !text.is_ascii() {
            self.must_take(Extension::EightBitMime)?;
            how.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.0.command(Mail::new(from, how)).map_err(at(Step::Sender))?;
        for to in envelope.to() {
            let recipient = Rcpt::new(to.clone(), Vec::new());
            self.0.command(recipient).map_err(at(Step::Recipient))?;
        }
        self.0.command(Data).map_err(at(Step::Message))?;
        self.0.message(&text).map_err(at(Step::Message))
    }

    fn must_take(&self, what: Extension) -> Result<(), Refusal> {
        let takes = self.0.server_info().supports_feature(what);
        if takes { Ok(()) } else { Err(Refusal::Never(FaultKind::Letters.into())) }
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
fn judge(step: Step, error: &SmtpError) -> Refusal {
    let fault = fault(step, error);
    let Some(code) = error.status() else { return Refusal::Server(fault) };
    match u16::from(code) {
        // The server goes away (RFC 5321, 3.8), or wants us to be somebody else (RFC 4954, 6).
        421 | 454 | 530 | 534 | 535 | 538 => Refusal::Server(fault),
        // There is no such mailbox, or none that takes mail.
        550 | 551 | 553 | 556 => Refusal::Never(fault),
        _ => Refusal::Later(fault),
    }
}

/// On one line and of moderate length.
fn short(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").chars().take(LONGEST).collect()
}
