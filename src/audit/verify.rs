//! Verification of a ledger in its database, on one consistent view of it.

use super::check::{Candidate, Checker};
use super::redactions::Redactions;
use super::report::Report;
use super::{AuditError, Progress};
use crate::crypto::sign::{VerifierKey, verify_any};
use crate::domain::ledger::StoredDisclosure;
use crate::domain::ledger::checkpoint::Checkpoint;
use crate::store::sql::ledger;
use crate::store::{Store, Tx};

/// How many entries are read at a time.
const BATCH: u64 = 1000;

/// What to hold a ledger against.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Verifier keys kept outside the machine, or at least outside the database. Several after a
    /// change of keys.
    pub keys: Vec<VerifierKey>,
    /// A checkpoint kept outside: proves that the ledger only grew since.
    pub since: Option<String>,
}

impl Evidence {
    /// Reads the kept checkpoint, if there is one. Without keys it is taken at its word, for it
    /// comes from the operator and not from the ledger.
    pub(super) fn since(&self) -> Result<Option<Checkpoint>, AuditError> {
        let Some(note) = &self.since else { return Ok(None) };
        let read = if self.keys.is_empty() {
            use crate::domain::ledger::checkpoint::parse_note;
            parse_note(note)
                .and_then(|parsed| Checkpoint::parse_body(&parsed.text))
                .map_err(Into::into)
        } else {
            verify_any(&self.keys, note)
        };
        read.map(Some).map_err(AuditError::Since)
    }

    /// Checks that keys and kept checkpoint speak of the ledger `origin`.
    pub(super) fn check_origin(
        &self,
        origin: &str,
        since: Option<&Checkpoint>,
    ) -> Result<(), AuditError> {
        let named = self.keys.iter().map(VerifierKey::origin);
        let kept = since.map(|checkpoint| checkpoint.origin.as_str());
        match named.chain(kept).find(|name| *name != origin) {
            Some(other) => Err(AuditError::OtherLedger(other.to_owned())),
            None => Ok(()),
        }
    }
}

/// Recomputes everything and reports what is wrong first.
///
/// # Errors
/// When the ledger cannot be read or the evidence is of no use; nothing is said about the ledger
/// then.
pub fn verify(
    store: &Store,
    evidence: &Evidence,
    progress: Progress<'_>,
) -> Result<Report, AuditError> {
    store.read(|tx| verify_in(tx, evidence, progress))
}

/// As [`verify`], within a transaction that is already open.
///
/// # Errors
/// As [`verify`].
pub fn verify_in(
    tx: &Tx<'_>,
    evidence: &Evidence,
    progress: Progress<'_>,
) -> Result<Report, AuditError> {
    let since = evidence.since()?;
    let origin = ledger::origin(tx)?;
    evidence.check_origin(&origin, since.as_ref())?;
    let checkpoints = ledger::checkpoints(tx)?;
    let (size, root, _) = ledger::size_and_root(tx)?;
    let mut known = Redactions::default();
    loop {
        let mut checker = Checker::new(&origin, &evidence.keys, &checkpoints, since.clone(), known);
        read_all(tx, &mut checker, size, progress)?;
        if !checker.wants_second_reading() {
            return Ok(checker.finish(Some((size, root))));
        }
        known = checker.learnt();
    }
}

fn read_all(
    tx: &Tx<'_>,
    checker: &mut Checker,
    size: u64,
    progress: Progress<'_>,
) -> Result<(), AuditError> {
    let mut from = 0;
    loop {
        let entries = ledger::scan(tx, from, BATCH)?;
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { break };
        let values = ledger::disclosures_between(tx, from.min(first.seq), last.seq)?;
        let mut values = values.as_slice();
        for entry in &entries {
            let own = take_values(&mut values, entry.seq, checker);
            let stored = Some((entry.seq, &entry.leaf));
            let filed = Some((entry.kind.as_str(), entry.principal.as_deref()));
            if !checker.take(Candidate { json: &entry.json, stored, filed }, own) {
                return Ok(());
            }
        }
        from = last.seq.saturating_add(1);
        progress(checker.taken(), Some(size.max(checker.taken())));
    }
    for stray in ledger::disclosures(tx, from, 1)? {
        checker.stray_disclosure(&stray);
    }
    Ok(())
}

/// The values of entry `seq`, from the front of `values`; earlier ones belong to no entry.
pub(super) fn take_values<'a>(
    values: &mut &'a [StoredDisclosure],
    seq: u64,
    checker: &mut Checker,
) -> &'a [StoredDisclosure] {
    let stray = values.iter().take_while(|one| one.seq < seq).count();
    let (strays, rest) = values.split_at(stray);
    for one in strays {
        checker.stray_disclosure(one);
    }
    let (own, rest) = rest.split_at(rest.iter().take_while(|one| one.seq == seq).count());
    *values = rest;
    own
}
