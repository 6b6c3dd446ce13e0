//! What an error on the line means: which of our own words says it.

use std::error::Error as StdError;
use std::io::{Error as IoError, ErrorKind};

use lettre::transport::smtp::Error as SmtpError;
use rustls::{CertificateError, Error as TlsError};

use crate::domain::mail_fault::{FaultKind, MailFault, Reply};

/// Where in a conversation an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Before and while the server says who it is.
    Greeting,
    /// While the connection becomes an encrypted one.
    Starttls,
    /// While we sign in.
    Login,
    /// When we say whom a mail is from.
    Sender,
    /// When we say whom it is for.
    Recipient,
    /// When we hand it over.
    Message,
}

/// The fault that an error is.
pub(super) fn fault(step: Step, error: &SmtpError) -> MailFault {
    if let Some(code) = error.status() {
        let said = error.source().map(ToString::to_string).unwrap_or_default();
        let code = u16::from(code);
        return MailFault { kind: answered(step, code), reply: Some(Reply::new(code, &said)) };
    }
    if error.is_client() {
        return own(step).into();
    }
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<TlsError>() {
            return encrypted(tls).into();
        }
        if let Some(io) = cause.downcast_ref::<IoError>() {
            return socket(io).into();
        }
        next = cause.source();
    }
    if error.is_tls() { FaultKind::Tls } else { FaultKind::Dropped }.into()
}

/// The fault that a server answers with.
const fn answered(step: Step, code: u16) -> FaultKind {
    use FaultKind as Kind;
    let later = code < 500;
    match (code, step) {
        (421, _) => Kind::Away,
        (_, Step::Starttls) => Kind::NoStarttls,
        (_, Step::Login) if later => Kind::LoginLater,
        (_, Step::Login) => Kind::Credentials,
        (530 | 534 | 535 | 538, _) => Kind::LoginNeeded,
        (_, Step::Greeting) if later => Kind::Away,
        (_, Step::Greeting) => Kind::Unwilling,
        (_, Step::Sender) if later => Kind::SenderLater,
        (_, Step::Sender) => Kind::Sender,
        (_, Step::Recipient) if later => Kind::RecipientLater,
        (_, Step::Recipient) => Kind::Recipient,
        (_, Step::Message) if later => Kind::MessageLater,
        (_, Step::Message) => Kind::Message,
    }
}

/// What our own side misses in what a server offers.
const fn own(step: Step) -> FaultKind {
    match step {
        Step::Starttls => FaultKind::NoStarttls,
        Step::Login => FaultKind::NoMechanism,
        Step::Greeting | Step::Sender | Step::Recipient | Step::Message => FaultKind::Dropped,
    }
}

/// The fault that an error of a connection is.
pub(super) fn socket(error: &IoError) -> FaultKind {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        return encrypted(tls);
    }
    match error.kind() {
        // A socket whose patience is at its end says that it would block.
        ErrorKind::TimedOut | ErrorKind::WouldBlock => FaultKind::Silent,
        ErrorKind::ConnectionRefused => FaultKind::Refused,
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::PermissionDenied => FaultKind::Unreachable,
        _ => FaultKind::Dropped,
    }
}

fn encrypted(error: &TlsError) -> FaultKind {
    match error {
        TlsError::InvalidCertificate(why) => certificate(why),
        _ => FaultKind::Tls,
    }
}

fn certificate(why: &CertificateError) -> FaultKind {
    match why {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => FaultKind::TlsExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            FaultKind::TlsName
        }
        // Whoever signed it is unknown, or may not sign, or took it back.
        _ => FaultKind::TlsUntrusted,
    }
}
