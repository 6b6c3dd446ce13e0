//! The one error a use case returns: a closed code for programs, a sentence for people, and the
//! cause for the log.

use std::fmt;

/// What went wrong, as far as a caller may act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// There is no such thing.
    NotFound,
    /// The selector fits several things.
    Ambiguous,
    /// Something with that identifier, address or external id exists already.
    Conflict,
    /// Somebody else changed it since it was read.
    Changed,
    /// The input breaks a rule; the sentence says which.
    Invalid,
    /// The new password breaks the password policy.
    WeakPassword,
    /// The change would remove the last way to sign in.
    LastCredential,
    /// The change would leave the realm without an administrator.
    LastAdministrator,
    /// An administrator may not do this to themselves.
    SelfAction,
    /// The status does not allow this change.
    StatusTransition,
    /// The store is busy; the same call may succeed in a moment.
    Busy,
    /// The ledger could not be written, so nothing was changed.
    AuditUnavailable,
    /// The database was written by a newer release.
    NewerDatabase,
    /// The database or a file is damaged.
    Corrupt,
    /// Something this needs has not been set up yet.
    NotReady,
    /// The caller may not do this.
    Forbidden,
    /// Our fault.
    Internal,
}

/// A failure of a use case.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with the sentence its reader will see: no secret, no personal record, no SQL.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the cause says, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.source.as_ref().map(ToString::to_string)
    }

    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}
