//! Export: JSON Lines of canonical entries (a line without its newline is the leaf's input), the
//! newest checkpoint as a signed note, all checkpoints, and on request the personal values.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{AuditError, Progress};
use crate::domain::ledger::Hash;
use crate::store::sql::{ledger, pruning};
use crate::store::{Store, Tx};

/// How many rows are read at a time.
const BATCH: u64 = 1000;

/// The files of an export, which lie beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Canonical entries, one per line.
    pub entries: PathBuf,
    /// The newest checkpoint: a signed note that generic tools verify.
    pub checkpoint: PathBuf,
    /// All checkpoints, one JSON object per line; they narrow a fault down.
    pub checkpoints: PathBuf,
    /// Personal values, one JSON object per line; only on request.
    pub disclosures: PathBuf,
    /// The tree of what was pruned, as one JSON object; only where something was.
    pub pruned: PathBuf,
}

impl Files {
    /// The name of the entries' file in a folder that was named in its place.
    pub const NAME: &'static str = "ledger.jsonl";

    /// The files that belong to the entries in `entries`, which may be a folder that exists.
    #[must_use]
    pub fn beside(entries: &Path) -> Self {
        let inside = entries.is_dir().then(|| entries.join(Self::NAME));
        let entries = inside.as_deref().unwrap_or(entries);
        let with = |suffix: &str| {
            let mut name = OsString::from(entries);
            name.push(suffix);
            PathBuf::from(name)
        };
        Self {
            entries: entries.to_owned(),
            checkpoint: with(".checkpoint"),
            checkpoints: with(".checkpoints"),
            disclosures: with(".disclosures"),
            pruned: with(".pruned"),
        }
    }

    /// One of them that exists.
    #[must_use]
    pub fn existing(&self) -> Option<&Path> {
        let all =
            [&self.entries, &self.checkpoint, &self.checkpoints, &self.disclosures, &self.pruned];
        all.into_iter().find(|path| path.symlink_metadata().is_ok()).map(PathBuf::as_path)
    }
}

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many entries the ledger has.
    pub size: u64,
    /// How many of them, the oldest, are not among those written because they were pruned.
    pub pruned: u64,
    /// The root over them.
    pub root: Hash,
    /// How many of them the newest checkpoint covers.
    pub signed_size: u64,
    /// How many personal values.
    pub disclosures: u64,
    /// The files written.
    pub files: Vec<PathBuf>,
}

/// Writes the whole ledger to `target` and the files beside it, from one consistent view. Only the
/// caller may read them (mode 0600); each appears whole or not at all. Make a checkpoint first, so
/// that the export's end is signed.
///
/// # Errors
/// When the store or a file fails; files already complete stay.
pub fn export(
    store: &Store,
    target: &Path,
    with_disclosures: bool,
    progress: Progress<'_>,
) -> Result<Exported, AuditError> {
    let files = Files::beside(target);
    store.read_long(|tx| {
        let (size, root, signed_size) = ledger::size_and_root(tx)?;
        let mut written = vec![files.entries.clone()];
        write_file(&files.entries, |out| write_entries(tx, out, &files.entries, size, progress))?;
        if let Some(newest) = ledger::last_checkpoint(tx)? {
            write_file(&files.checkpoint, |out| put(out, &files.checkpoint, &newest.note))?;
            write_file(&files.checkpoints, |out| {
                put(out, &files.checkpoints, &checkpoints(tx, size)?)
            })?;
            written.extend([files.checkpoint.clone(), files.checkpoints.clone()]);
        }
        let line = pruned(tx)?;
        if !line.is_empty() {
            write_file(&files.pruned, |out| put(out, &files.pruned, &line))?;
            written.push(files.pruned.clone());
        }
        let mut disclosures = 0;
        if with_disclosures {
            write_file(&files.disclosures, |out| {
                disclosures = write_disclosures(tx, out, &files.disclosures, size)?;
                Ok(())
            })?;
            written.push(files.disclosures.clone());
        }
        let pruned = pruning::kept_from(tx)?;
        Ok(Exported { size, pruned, root, signed_size, disclosures, files: written })
    })
}

fn write_entries(
    tx: &Tx<'_>,
    out: &mut dyn Write,
    path: &Path,
    size: u64,
    progress: Progress<'_>,
) -> Result<(), AuditError> {
    let mut from = pruning::kept_from(tx)?;
    while from < size {
        let (lines, next) = entries(tx, from, size)?;
        put(out, path, &lines)?;
        progress(next, Some(size));
        from = next;
    }
    Ok(())
}

fn write_disclosures(
    tx: &Tx<'_>,
    out: &mut dyn Write,
    path: &Path,
    size: u64,
) -> Result<u64, AuditError> {
    let (mut from, mut count) = (pruning::kept_from(tx)?, 0);
    while from < size {
        let (lines, next) = disclosures(tx, from, size)?;
        put(out, path, &lines)?;
        count += u64::try_from(lines.lines().count()).unwrap_or(u64::MAX);
        from = next;
    }
    Ok(count)
}

/// The lines of some entries from `from` on and below `size`, and where to go on.
///
/// # Errors
/// When the store fails.
pub fn entries(tx: &Tx<'_>, from: u64, size: u64) -> Result<(String, u64), AuditError> {
    let from = from.max(pruning::kept_from(tx)?);
    let found = ledger::scan(tx, from, BATCH.min(size.saturating_sub(from)))?;
    let next = found.last().map_or(size, |last| last.seq.saturating_add(1));
    let mut lines = String::with_capacity(found.iter().map(|entry| entry.json.len() + 1).sum());
    for entry in &found {
        lines.push_str(&entry.json);
        lines.push('\n');
    }
    Ok((lines, next))
}

/// The lines of all checkpoints over at most `size` entries.
///
/// # Errors
/// When the store fails.
pub fn checkpoints(tx: &Tx<'_>, size: u64) -> Result<String, AuditError> {
    let mut lines = String::new();
    for one in ledger::checkpoints(tx)?.iter().filter(|one| one.size <= size) {
        let line = json!({"note": one.note, "root": hex::encode(one.root), "size": one.size});
        lines.push_str(&format!("{line}\n"));
    }
    Ok(lines)
}

/// The lines of the personal values of some entries from `from` on and below `size`, and where to
/// go on.
///
/// # Errors
/// When the store fails.
pub fn disclosures(tx: &Tx<'_>, from: u64, size: u64) -> Result<(String, u64), AuditError> {
    let from = from.max(pruning::kept_from(tx)?);
    let next = from.saturating_add(BATCH).min(size).max(from);
    let mut lines = String::new();
    for one in ledger::disclosures_between(tx, from, next.saturating_sub(1))? {
        let line = json!({"disclosure": one.encoded, "name": one.name, "seq": one.seq});
        lines.push_str(&format!("{line}\n"));
    }
    Ok((lines, next))
}

/// The line about what was pruned; nothing where nothing was.
///
/// # Errors
/// When the store fails.
pub fn pruned(tx: &Tx<'_>) -> Result<String, AuditError> {
    let Some(base) = pruning::base(tx)? else { return Ok(String::new()) };
    let edge: Vec<String> = base.frontier.hashes().iter().map(hex::encode).collect();
    let line = json!({
        "before": base.frontier.size(), "frontier": edge, "leaf": hex::encode(base.leaf),
    });
    Ok(format!("{line}\n"))
}

fn put(out: &mut dyn Write, path: &Path, text: &str) -> Result<(), AuditError> {
    out.write_all(text.as_bytes()).map_err(|source| failed(path, source))
}

pub(super) fn failed(path: &Path, source: io::Error) -> AuditError {
    AuditError::File { path: path.display().to_string(), source }
}

/// Writes a file under another name and puts it in place when it is complete and on disk.
fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    let mut name = OsString::from(path);
    name.push(".partial");
    let partial = PathBuf::from(name);
    let written = write_partial(&partial, fill)
        .and_then(|()| put_in_place(&partial, path).map_err(|source| failed(path, source)));
    // The failure that is reported is the first one; a leftover is only untidy.
    let _ = fs::remove_file(&partial);
    written
}

/// Gives a file its name, unless there is one of that name: somebody may have been faster.
fn put_in_place(partial: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(partial, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Not every file system has second names.
        Err(_) if path.symlink_metadata().is_err() => fs::rename(partial, path),
        linked => linked,
    }
}

fn write_partial(
    partial: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), AuditError>,
) -> Result<(), AuditError> {
    match fs::remove_file(partial) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(failed(partial, source));
        }
        _ => {}
    }
    // Created anew: a file or link that somebody else put there must not be written through.
    let file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)
        .map_err(|source| failed(partial, source))?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(|error| failed(partial, error.into_error()))?;
    file.sync_all().map_err(|source| failed(partial, source))
}
