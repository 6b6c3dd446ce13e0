//! Reading the ledger back: verification and export.
//!
//! [`check`] is the judge: it is fed entries in order, from wherever they come, and knows no
//! store. [`verify`] feeds it from the database, [`offline`] from an exported file.

pub mod check;
pub mod export;
pub mod index;
mod judged;
mod leaf;
pub mod offline;
pub mod proof;
mod redactions;
pub mod report;
pub mod running;
pub mod verify;

pub use report::{Finding, Reason, Report, Verdict};

use crate::crypto::sign::SignError;
use crate::error::{Error, ErrorCode};
use crate::store::StoreError;

/// Why nothing can be said about a ledger, or an export not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store failed.
    #[error("the ledger could not be read")]
    Store(#[from] StoreError),
    /// A file failed.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The verifier keys belong to a different ledger, or to several.
    #[error("the verifier key belongs to a different ledger ({0})")]
    OtherLedger(String),
    /// A proof cannot be made, or would prove nothing.
    #[error("the ledger's tree does not fit its entries")]
    Tree,
    /// A proof would need entries that were pruned.
    #[error("the entries were pruned")]
    Pruned,
    /// The checkpoint to compare with is of no use.
    #[error("the checkpoint to compare with cannot be used: {0}")]
    Since(SignError),
}

impl From<AuditError> for Error {
    fn from(error: AuditError) -> Self {
        let (code, sentence) = match &error {
            AuditError::Store(StoreError::Busy) => {
                (ErrorCode::Busy, "The ledger is busy. Please try again.".to_owned())
            }
            AuditError::Store(_) => {
                (ErrorCode::Internal, "The ledger could not be read.".to_owned())
            }
            AuditError::File { path, source } => {
                (ErrorCode::Invalid, format!("The file {path} cannot be used: {source}."))
            }
            AuditError::OtherLedger(_) => {
                (ErrorCode::Invalid, "The verifier key belongs to a different ledger.".to_owned())
            }
            AuditError::Tree => (
                ErrorCode::Corrupt,
                "The ledger does not prove itself; verify it to learn what was altered.".to_owned(),
            ),
            AuditError::Pruned => (
                ErrorCode::NotFound,
                "This needs entries that were pruned and are no longer kept.".to_owned(),
            ),
            AuditError::Since(reason) => (
                ErrorCode::Invalid,
                format!("The checkpoint to compare with cannot be used: {reason}."),
            ),
        };
        Self::new(code, sentence).because(error)
    }
}

/// Told how many entries are done, and of how many when that is known.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);
