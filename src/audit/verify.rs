//! Verification of a ledger in its database, on one consistent view of it.

use std::sync::mpsc::{TrySendError, channel, sync_channel};

use super::check::{Candidate, Checker, Value};
use super::index::{Alike, Index};
use super::redactions::Redactions;
use super::report::Report;
use super::{AuditError, Progress};
use crate::crypto::sign::{VerifierKey, verify_any};
use crate::domain::ledger::checkpoint::Checkpoint;
use crate::domain::ledger::stored::Stretch;
use crate::store::sql::{ledger, pruning};
use crate::store::{Store, StoreError, Tx};

/// How many entries are read at a time.
const BATCH: u64 = 1000;
/// How many such stretches may wait to be judged.
const STRETCHES_WAITING: usize = 4;

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
    store.read_long(|tx| verify_in(tx, evidence, progress))
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
    let base = pruning::base(tx)?;
    let mut known = Redactions::default();
    loop {
        let mut checker = Checker::new(&origin, &evidence.keys, &checkpoints, since.clone(), known);
        if let Some(base) = &base {
            checker.begin_at(base.frontier.clone(), base.leaf);
        }
        let checker = read_all(tx, checker, size, progress)?;
        if !checker.wants_second_reading() {
            return Ok(checker.finish(Some((size, root))));
        }
        known = checker.learnt();
    }
}

/// Reads on this thread and judges on another.
fn read_all(
    tx: &Tx<'_>,
    mut checker: Checker,
    size: u64,
    progress: Progress<'_>,
) -> Result<Checker, AuditError> {
    let (mut from, mut index) = (checker.taken(), Index::default());
    checker.gathered();
    let (mut checker, goes_on) = std::thread::scope(|threads| {
        let (sender, stretches) = sync_channel::<Stretch>(STRETCHES_WAITING);
        let (gather, gathered) = channel();
        let judge = threads.spawn(move || {
            let goes_on = stretches.iter().all(|mut stretch| {
                stretch.hash();
                let goes_on = judge_stretch(&mut checker, &stretch);
                // Nobody listens once there is something to report.
                let _ = gather.send(checker.gathered());
                goes_on
            });
            (checker, goes_on)
        });
        let read = loop {
            let stretch = match ledger::stretch(tx, from, BATCH) {
                Ok(stretch) => stretch,
                Err(error) => break Err(error),
            };
            let Some((_, last)) = stretch.ends() else { break Ok(()) };
            if let Err(error) = find(tx, &mut index, gathered.try_iter()) {
                break Err(error);
            }
            from = last.saturating_add(1);
            let sent = sender.try_send(stretch).or_else(|refused| match refused {
                TrySendError::Full(mut stretch) => {
                    // Whoever has time computes the hashes.
                    stretch.hash();
                    sender.send(stretch).map_err(drop)
                }
                TrySendError::Disconnected(_) => Err(()),
            });
            if sent.is_err() {
                // The judge has seen enough.
                break Ok(());
            }
            progress(from, Some(size.max(from)));
        };
        drop(sender);
        let judged = judge.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read?;
        find(tx, &mut index, gathered.try_iter())?;
        Ok::<_, AuditError>(judged)
    })?;
    if let Some((seq, what)) = index.first {
        checker.hidden(seq, what.as_str());
    }
    if goes_on {
        for stray in ledger::disclosures(tx, from, 1)? {
            checker.stray_disclosure(Value { seq: stray.seq, name: &stray.name, digest: "" });
        }
    }
    Ok(checker)
}

/// Looks for the marks of what was gathered, until one is missing.
fn find(
    tx: &Tx<'_>,
    index: &mut Index,
    mut gathered: impl Iterator<Item = Vec<Alike>>,
) -> Result<(), StoreError> {
    while index.first.is_none()
        && let Some(alike) = gathered.next()
    {
        index.find(tx, &alike)?;
    }
    Ok(())
}

/// Judges some entries, whose hashes are computed; says whether to go on.
fn judge_stretch(checker: &mut Checker, stretch: &Stretch) -> bool {
    let values: Vec<Value<'_>> = stretch
        .disclosures()
        .zip(stretch.digests())
        .map(|(one, digest)| Value { seq: one.seq, name: one.name, digest })
        .collect();
    let mut values = values.as_slice();
    stretch.entries().zip(stretch.hashes()).all(|(entry, hash)| {
        let own = take_values(&mut values, entry.seq, checker);
        let stored = Some((entry.seq, entry.leaf));
        let filed = Some((entry.kind, entry.principal));
        checker.take(Candidate { json: entry.json, hash: *hash, stored, filed }, own)
    })
}

/// The values of entry `seq`, from the front of `values`; earlier ones belong to no entry.
fn take_values<'v, 'a>(
    values: &mut &'v [Value<'a>],
    seq: u64,
    checker: &mut Checker,
) -> &'v [Value<'a>] {
    let stray = values.iter().take_while(|one| one.seq < seq).count();
    let (strays, rest) = values.split_at(stray);
    for one in strays {
        checker.stray_disclosure(*one);
    }
    let (own, rest) = rest.split_at(rest.iter().take_while(|one| one.seq == seq).count());
    *values = rest;
    own
}
