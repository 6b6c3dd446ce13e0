//! The audit ledger as a format: canonical entries, their tree, checkpoints. No I/O.
//!
//! What is written here may never change its meaning: every release has to verify the ledgers of
//! every earlier one. Basis: RFC 8785 (canonical JSON), RFC 6962 section 2.1 (tree), C2SP
//! signed-note and tlog-checkpoint (checkpoints), RFC 9901 section 4.2 (salted disclosures).

pub mod canonical;
pub mod checkpoint;
pub mod entry;
pub mod event;
pub mod merkle;
pub mod proof;
mod registry;
pub mod stored;

pub use checkpoint::Checkpoint;
pub use entry::{Disclosure, Frame, Sealed, genesis_prev, seal};
pub use event::{Actor, ActorKind, Event, Outcome};
pub use merkle::{Frontier, Hash};
pub use registry::{EventType, PERSONAL_NAMES};
pub use stored::{StoredCheckpoint, StoredDisclosure, StoredEntry};

/// Why something has no place in the ledger. Each of these is a mistake of the program, not of the
/// person using it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFormatError {
    /// RFC 8785 writes numbers as IEEE 754 doubles; the ledger avoids the question.
    #[error("a ledger entry holds no fractional numbers")]
    Float,
    /// An integer that a double cannot hold exactly (RFC 7493 section 2.2).
    #[error("a ledger entry holds no integers beyond 2^53 - 1")]
    IntegerRange,
    /// More nesting than every JSON reader accepts.
    #[error("a ledger entry is nested at most {} levels deep", canonical::MAX_DEPTH)]
    Depth,
    /// The event type does not list this data key.
    #[error("event type {kind} has no data key `{key}`")]
    UnknownKey {
        /// The event type.
        kind: &'static str,
        /// The key that was refused.
        key: String,
    },
    /// Not one of [`PERSONAL_NAMES`].
    #[error("event type {kind} cannot carry the personal value `{name}`")]
    UnknownPersonal {
        /// The event type.
        kind: &'static str,
        /// The name that was refused.
        name: String,
    },
}
