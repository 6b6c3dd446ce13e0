//! How a command ends: what it prints to stderr and with which status.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::error::{Error, ErrorCode};

/// Statuses a script may rely on; `--help` documents them.
pub mod status {
    /// Done.
    pub const DONE: u8 = 0;
    /// Refused or failed; for `audit verify`, the ledger was altered.
    pub const FAILED: u8 = 1;
    /// The command line is wrong; for `audit verify`, it cannot tell.
    pub const USAGE: u8 = 2;
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Stop {
    /// The reader of stdout went away. Not a failure: it has seen enough.
    BrokenPipe,
    /// The command line is wrong.
    Usage(String),
    /// Anything else, as a sentence.
    Failed(String),
    /// The command has said everything itself and ends with this status.
    Status(u8),
}

impl Stop {
    /// A file that cannot be read or written.
    #[must_use]
    pub fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::Failed(format!("cannot {doing} {}: {}", path.display(), reason(error)))
    }

    /// Prints what there is to say and gives the status to end with.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        match self {
            Self::BrokenPipe => ExitCode::from(status::DONE),
            Self::Usage(sentence) => say(sentence, status::USAGE),
            Self::Failed(sentence) => say(sentence, status::FAILED),
            Self::Status(code) => ExitCode::from(*code),
        }
    }
}

fn say(sentence: &str, code: u8) -> ExitCode {
    // Nobody is left to tell when stderr is closed as well.
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("ERROR {sentence}\n"));
    ExitCode::from(code)
}

/// The plain reason of an I/O error, without the number the system gives it.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::AlreadyExists => "it exists already".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenPipe => f.write_str("the reader went away"),
            Self::Usage(sentence) | Self::Failed(sentence) => f.write_str(sentence),
            Self::Status(code) => write!(f, "status {code}"),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::Failed(format!("cannot write the output: {}", reason(&error)))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match (error.code(), std::error::Error::source(&error)) {
            // The person at the keyboard is the operator, so the cause helps when it is our fault.
            (ErrorCode::Internal | ErrorCode::Corrupt | ErrorCode::NotReady, Some(cause)) => {
                Self::Failed(format!("{} ({cause})", error.message()))
            }
            _ => Self::Failed(error.message().to_owned()),
        }
    }
}
