//! The audit ledger as a format: canonical entries, their tree, checkpoints. No I/O.
