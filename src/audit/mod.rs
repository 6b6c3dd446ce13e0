//! Reading the ledger back: verification and export.
