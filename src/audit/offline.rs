//! Verification of an exported ledger: needs the files and a verifier key, no database and no
//! service.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::iter::Peekable;
use std::path::Path;

use serde::Deserialize;

use super::check::{Candidate, Checker, Value};
use super::export::{Files, failed};
use super::redactions::Redactions;
use super::report::Report;
use super::verify::Evidence;
use super::{AuditError, Progress};
use crate::domain::ledger::StoredCheckpoint;
use crate::domain::ledger::checkpoint::{Checkpoint, parse_note};
use crate::domain::ledger::entry::disclosure_digest;
use crate::domain::ledger::merkle::{Frontier, Hash, leaf_hash};

/// Longer lines are no entries.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct CheckpointLine {
    size: u64,
    root: String,
    note: String,
}

#[derive(Deserialize)]
struct PrunedLine {
    before: u64,
    frontier: Vec<String>,
    leaf: String,
}

#[derive(Deserialize)]
struct DisclosureLine {
    seq: u64,
    name: String,
    disclosure: String,
    #[serde(skip)]
    digest: String,
}

impl DisclosureLine {
    fn value(&self) -> Value<'_> {
        Value { seq: self.seq, name: &self.name, digest: &self.digest }
    }
}

/// Verifies the export whose entries are in `entries`, or in the folder of that name, with what
/// lies beside it.
///
/// # Errors
/// When a file cannot be read or the evidence is of no use.
pub fn verify(
    entries: &Path,
    evidence: &Evidence,
    progress: Progress<'_>,
) -> Result<Report, AuditError> {
    let files = Files::beside(entries);
    let since = evidence.since()?;
    let checkpoints = checkpoints(&files)?;
    let origin = origin(&files.entries, evidence, since.as_ref(), &checkpoints)?;
    evidence.check_origin(&origin, since.as_ref())?;
    let base = pruned(&files)?;
    let mut known = Redactions::default();
    loop {
        let mut checker = Checker::new(&origin, &evidence.keys, &checkpoints, since.clone(), known);
        if let Some((edge, leaf)) = &base {
            checker.begin_at(edge.clone(), *leaf);
        }
        read_all(&files, &mut checker, progress)?;
        if !checker.wants_second_reading() {
            return Ok(checker.finish(None));
        }
        known = checker.learnt();
    }
}

/// The ledger's name: what the evidence says, or else what the first entry says about itself.
fn origin(
    entries: &Path,
    evidence: &Evidence,
    since: Option<&Checkpoint>,
    checkpoints: &[StoredCheckpoint],
) -> Result<String, AuditError> {
    if let Some(key) = evidence.keys.first() {
        return Ok(key.origin().to_owned());
    }
    if let Some(since) = since {
        return Ok(since.origin.clone());
    }
    let line = Lines::open(entries)?.next().transpose()?.flatten().unwrap_or_default();
    let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
    let named = entry.pointer("/data/origin").and_then(serde_json::Value::as_str);
    // The entry that names it may have been pruned; then the newest note does.
    let signed = checkpoints.last().and_then(|one| {
        let note = parse_note(&one.note).ok()?;
        Some(Checkpoint::parse_body(&note.text).ok()?.origin)
    });
    Ok(named.map(str::to_owned).or(signed).unwrap_or_default())
}

fn checkpoints(files: &Files) -> Result<Vec<StoredCheckpoint>, AuditError> {
    let mut found = Vec::new();
    if files.checkpoints.exists() {
        for line in Lines::open(&files.checkpoints)? {
            let line = line?.unwrap_or_default();
            let parsed: CheckpointLine = serde_json::from_str(&line)
                .map_err(|error| failed(&files.checkpoints, error.into()))?;
            let root = hex::decode(&parsed.root).ok().and_then(|root| root.try_into().ok());
            let root = root.unwrap_or_default();
            found.push(StoredCheckpoint { size: parsed.size, root, note: parsed.note });
        }
    }
    if files.checkpoint.exists() {
        let note = read_text(&files.checkpoint)?;
        // A note that is none still counts: as a checkpoint nobody can believe.
        let body = parse_note(&note).and_then(|parsed| Checkpoint::parse_body(&parsed.text));
        let (size, root) = body.map_or((0, [0; 32]), |body| (body.size, body.root));
        if !found.iter().any(|one| one.note == note) {
            found.push(StoredCheckpoint { size, root, note });
        }
    }
    Ok(found)
}

/// The tree of what was pruned, and the hash of the last entry of that.
fn pruned(files: &Files) -> Result<Option<(Frontier, Hash)>, AuditError> {
    if !files.pruned.exists() {
        return Ok(None);
    }
    let text = read_text(&files.pruned)?;
    let read = || -> Option<(Frontier, Hash)> {
        let line: PrunedLine = serde_json::from_str(&text).ok()?;
        let leaf = hex::decode(line.leaf).ok()?.try_into().ok()?;
        let edge = hex::decode(line.frontier.concat()).ok()?;
        Some((Frontier::from_bytes(line.before, &edge)?, leaf))
    };
    let damaged = || failed(&files.pruned, std::io::ErrorKind::InvalidData.into());
    read().ok_or_else(damaged).map(Some)
}

fn read_text(path: &Path) -> Result<String, AuditError> {
    let file = File::open(path).map_err(|source| failed(path, source))?;
    let mut text = String::new();
    file.take(LONGEST_LINE).read_to_string(&mut text).map_err(|source| failed(path, source))?;
    Ok(text)
}

fn read_all(
    files: &Files,
    checker: &mut Checker,
    progress: Progress<'_>,
) -> Result<(), AuditError> {
    let mut values = if files.disclosures.exists() {
        Some(Values(Lines::open(&files.disclosures)?, &files.disclosures).peekable())
    } else {
        None
    };
    if values.is_none() {
        checker.without_disclosures();
    }
    for line in Lines::open(&files.entries)? {
        let Some(line) = line? else {
            checker.unreadable();
            return Ok(());
        };
        let own = match &mut values {
            Some(values) => values_of(values, checker)?,
            None => Vec::new(),
        };
        let own: Vec<Value<'_>> = own.iter().map(DisclosureLine::value).collect();
        let hash = leaf_hash(line.as_bytes());
        if !checker.take(Candidate { json: &line, hash, stored: None, filed: None }, &own) {
            return Ok(());
        }
        if checker.taken().is_multiple_of(1000) {
            progress(checker.taken(), None);
        }
    }
    for stray in values.into_iter().flatten().take(1) {
        checker.stray_disclosure(stray?.value());
    }
    progress(checker.taken(), None);
    Ok(())
}

/// The personal values of the next entry; ones for earlier entries come too late and are stray.
fn values_of(
    values: &mut Peekable<Values<'_>>,
    checker: &mut Checker,
) -> Result<Vec<DisclosureLine>, AuditError> {
    let at = checker.taken();
    let mut own = Vec::new();
    while let Some(next) = values.next_if(|one| one.as_ref().map_or(true, |one| one.seq <= at)) {
        let next = next?;
        if next.seq == at { own.push(next) } else { checker.stray_disclosure(next.value()) }
    }
    Ok(own)
}

/// Reads lines as bytes: a line that is not UTF-8, or absurdly long, is no text but also no
/// failure of the file.
struct Lines<'a> {
    reader: BufReader<File>,
    path: &'a Path,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self, AuditError> {
        let file = File::open(path).map_err(|source| failed(path, source))?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, file), path })
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<Option<String>, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        let read = self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        match read {
            Err(source) => Some(Err(failed(self.path, source))),
            Ok(0) => None,
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Some(Ok(String::from_utf8(line).ok()))
            }
        }
    }
}

struct Values<'a>(Lines<'a>, &'a Path);

impl Iterator for Values<'_> {
    type Item = Result<DisclosureLine, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match self.0.next()? {
            Ok(line) => line.unwrap_or_default(),
            Err(error) => return Some(Err(error)),
        };
        let parsed: Result<DisclosureLine, _> = serde_json::from_str(&line);
        Some(parsed.map_err(|error| failed(self.1, error.into())).map(|mut one| {
            one.digest = disclosure_digest(&one.disclosure);
            one
        }))
    }
}
