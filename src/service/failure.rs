//! What a person is told when the store, a schema or a password refuses.

use crate::domain::access::Flaw;
use crate::domain::policy::PasswordProblem;
use crate::domain::schema::SchemaError;
use crate::error::{Error, ErrorCode};
use crate::store::StoreError;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (code, message) = match &error {
            StoreError::Busy => (
                ErrorCode::Busy,
                "The database is busy with another change. Nothing was changed; try again.".into(),
            ),
            StoreError::Unwritable(_) => (
                ErrorCode::AuditUnavailable,
                "The database cannot be written (disk full, read-only, or gone). Nothing was \
                 changed; make room or restore access and try again."
                    .into(),
            ),
            StoreError::Corrupt(_) | StoreError::Row { .. } => (
                ErrorCode::Corrupt,
                "The database is damaged. Nothing was changed; restore a backup.".into(),
            ),
            StoreError::Conflict { table } => (ErrorCode::Conflict, conflict(table).into()),
            StoreError::Newer { found, known } => (
                ErrorCode::NewerDatabase,
                format!(
                    "The database was written by a newer release (schema version {found}, this \
                     release knows {known}). Upgrade Doorward, or restore a backup of this release."
                ),
            ),
            StoreError::Missing => (ErrorCode::NotReady, "There is no database here yet.".into()),
            StoreError::RowsAffected(_) => (
                ErrorCode::Busy,
                "The data changed while this ran. Nothing was changed; try again.".into(),
            ),
            StoreError::Ledger(_) | StoreError::Random(_) | StoreError::Driver(_) => (
                ErrorCode::Internal,
                "The database refused the change. Nothing was changed.".into(),
            ),
        };
        let message: String = message;
        Self::new(code, message).because(error)
    }
}

fn conflict(table: &str) -> &'static str {
    match table {
        "credential_identifiers" => "Another identity signs in with one of these identifiers.",
        "addresses" => "Another identity has one of these addresses.",
        "circles" | "attribute_sets" => "There is another one of this name.",
        _ => "Another identity has this id or external id.",
    }
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        let mut message = error.to_string();
        if let Some(first) = message.get(..1).map(str::to_uppercase) {
            message.replace_range(..1, &first);
        }
        Self::new(ErrorCode::Invalid, format!("{message}."))
    }
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::new(ErrorCode::Invalid, flaw.sentence)
    }
}

impl From<PasswordProblem> for Error {
    fn from(problem: PasswordProblem) -> Self {
        Self::new(ErrorCode::WeakPassword, format!("Refused: {problem}."))
    }
}

/// There is no such identity.
pub(super) fn no_identity() -> Error {
    Error::new(ErrorCode::NotFound, "There is no such identity.")
}
