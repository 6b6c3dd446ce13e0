//! Copies of the whole deployment's data, and putting one back.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{Caller, gone, trailer};
use crate::app::{self, DATABASE, Deps, Settings};
use crate::audit::Reason;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::store::sql::ledger;
use crate::store::{Dialect, Ledger, Location, SCHEMA_VERSION, Store, StoreError};

/// A backup that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupInfo {
    /// Size of the file.
    pub bytes: u64,
    /// Version of its schema.
    pub schema_version: i64,
}

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Entries in the restored ledger.
    pub ledger_size: u64,
    /// Where the database that was there before now lies.
    pub previous: Option<PathBuf>,
    /// How many people it brought back who were deleted or erased since; see [`gone::again`].
    pub back: usize,
}

/// Copies the live database into a new private file; writers go on meanwhile. The keys are not in
/// it: they are in the state directory and in the Juju secret.
///
/// # Errors
/// `Conflict` when the file exists, `AuditUnavailable` when it cannot be written.
pub fn create(d: &Deps, by: &Caller, path: &Path) -> Result<BackupInfo, Error> {
    create_with(d, by, path, &mut |_, _| {})
}

/// As [`create`], telling `progress` how many pages of how many are done.
///
/// # Errors
/// As [`create`].
pub fn create_with(
    d: &Deps,
    by: &Caller,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BackupInfo, Error> {
    if d.store.dialect() == Dialect::Postgres {
        let message = "A PostgreSQL database is backed up with its own tools, such as pg_dump.";
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    // A checkpoint goes into the copy, so that it can be verified by itself.
    d.store.checkpoint()?;
    let partial = reserve(path)?;
    let result = d.store.copy_to(&partial, progress).map_err(Error::from);
    let result = result.and_then(|()| trailer::write(&partial));
    let result = result.and_then(|()| settle(&partial, path));
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    let bytes = result?;
    let done = d.store.write(&by.author(), |_| {
        let event = Event::new(EventType::AdminExport)
            .data("what", "backup")
            .data("format", "sqlite")
            .data("personal", true)
            .data("credentials", true);
        Ok::<_, Error>(by.change((), event, Vec::new()))
    });
    if done.is_err() {
        // What is not in the ledger did not happen.
        let _ = fs::remove_file(path);
    }
    done?;
    Ok(BackupInfo { bytes, schema_version: SCHEMA_VERSION })
}

/// Puts a backup in the place of the database, after checking it; the database that was there is
/// kept beside it. The service must be stopped.
///
/// # Errors
/// `Corrupt` for a file that is damaged or no backup, `NewerDatabase` for one of a newer release.
pub fn restore(settings: &Settings, by: &Caller, from: &Path) -> Result<Restored, Error> {
    let candidate = settings.state_dir.join("restore.partial");
    let database = settings.state_dir.join(DATABASE);
    let prepared = remove_database(&candidate).and_then(|()| {
        copy_private(from, &candidate)?;
        trailer::check_and_remove(&candidate)?;
        let ledger_size = examine(&candidate, settings)?;
        if let Ok(present) = open_alone(&database, settings) {
            gone::take_over(&present, &settings.state_dir)?;
        }
        Ok((ledger_size, set_aside(&database, settings)?))
    });
    if prepared.is_err() {
        let _ = remove_database(&candidate);
    }
    let (ledger_size, previous) = prepared?;
    // From here on there is always a whole database under that name: the old one or the new.
    settle(&candidate, &database)?;
    let (deps, _) = app::prepare(settings, &by.author())?;
    deps.store.write(&by.author(), |tx| {
        let (_, root, _) = ledger::size_and_root(tx)?;
        let event = Event::new(EventType::LedgerRestored)
            .data("backup_size", ledger_size)
            .data("backup_root", hex::encode(root));
        Ok::<_, Error>(by.change((), event, Vec::new()))
    })?;
    let back = gone::missing(&deps)?.len();
    Ok(Restored { ledger_size, previous, back })
}

/// Opens a candidate and checks it as a database and as one of ours; says how many ledger entries
/// it has.
fn examine(candidate: &Path, settings: &Settings) -> Result<u64, Error> {
    let unusable = |error: Error| match error.code() {
        ErrorCode::NewerDatabase => error,
        _ => Error::new(
            ErrorCode::Corrupt,
            "The file is not a backup that can be restored; nothing was changed.",
        )
        .because(error),
    };
    let store = open_alone(candidate, settings).map_err(|error| unusable(error.into()))?;
    let problem = store.integrity_problem().map_err(|error| unusable(error.into()))?;
    if let Some(problem) = problem {
        let message = format!("The backup is damaged ({problem}); nothing was changed.");
        return Err(Error::new(ErrorCode::Corrupt, message));
    }
    let report = super::verification::verify_store(&store).map_err(unusable)?;
    // The index can be made again from the entries.
    if report.first_bad.as_ref().is_some_and(|bad| bad.reason != Reason::Index) {
        let message = format!("The backup's ledger is {}; nothing was changed.", report.summary());
        return Err(Error::new(ErrorCode::Corrupt, message));
    }
    Ok(report.size)
}

/// Opens a database by itself: no key, no schemas.
fn open_alone(database: &Path, settings: &Settings) -> Result<Store, StoreError> {
    let ledger = Ledger {
        clock: settings.clock.clone(),
        rng: crate::rng::Rng::default(),
        realm: settings.options.realm.clone(),
        signer: None,
    };
    Store::open(&Location::File(database.to_owned()), ledger)
}

/// Gives the present database a second name, under which it stays when the first is given to
/// another one, and makes sure that no log is left that would be read into the other.
fn set_aside(database: &Path, settings: &Settings) -> Result<Option<PathBuf>, Error> {
    if !database.exists() {
        return Ok(None);
    }
    // Whoever closes a database last folds its log into it.
    let sound = open_alone(database, settings).map(drop).is_ok();
    let log = companion(database, "-wal");
    if sound && log.exists() {
        let message = "The database is in use; stop the service and try again.";
        return Err(Error::new(ErrorCode::Busy, message));
    }
    let stamp = settings.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let name = |n: u32| match n {
        1 => database.with_extension(format!("before-restore-{stamp}.db")),
        n => database.with_extension(format!("before-restore-{stamp}-{n}.db")),
    };
    let Some(aside) = (1..1000).map(name).find(|aside| !aside.exists()) else {
        return Err(Error::new(ErrorCode::Conflict, "There are too many databases set aside."));
    };
    fs::hard_link(database, &aside).map_err(|error| unwritable(&aside, error))?;
    if log.exists() {
        // Of a damaged database: kept with it.
        let kept = companion(&aside, "-wal");
        fs::rename(&log, &kept).map_err(|error| unwritable(&kept, error))?;
    }
    let _ = fs::remove_file(companion(database, "-shm"));
    Ok(Some(aside))
}

/// A file that SQLite keeps beside a database.
fn companion(database: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", database.display()))
}

/// Removes a database that was never in use, with what an interrupted run may have left beside it.
fn remove_database(database: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = companion(database, suffix);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unwritable(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes a private empty file beside `path`, which must not exist, and the directories above it.
pub(super) fn reserve(path: &Path) -> Result<PathBuf, Error> {
    if path.exists() {
        let message = format!("{} exists already; name another file.", path.display());
        return Err(Error::new(ErrorCode::Conflict, message));
    }
    make_room(path)?;
    let partial = PathBuf::from(format!("{}.partial", path.display()));
    let _ = fs::remove_file(&partial);
    private(&partial)?;
    Ok(partial)
}

/// Makes the directories above a file.
pub(super) fn make_room(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(parent);
    made.map_err(|error| unwritable(parent, error))
}

/// A new file only its owner may read.
pub(super) fn private(path: &Path) -> Result<File, Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| unwritable(path, error))
}

/// Makes a finished file durable and gives it its name; says how large it is.
pub(super) fn settle(partial: &Path, path: &Path) -> Result<u64, Error> {
    let settle = || -> std::io::Result<u64> {
        let file = File::open(partial)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(partial, path)?;
        if let Some(parent) = path.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(bytes)
    };
    settle().map_err(|error| unwritable(path, error))
}

fn copy_private(from: &Path, to: &Path) -> Result<(), Error> {
    let mut source = File::open(from).map_err(|error| {
        Error::new(ErrorCode::NotFound, format!("{} cannot be read.", from.display()))
            .because(error)
    })?;
    let mut target = private(to)?;
    std::io::copy(&mut source, &mut target).map_err(|error| unwritable(to, error))?;
    target.sync_all().map_err(|error| unwritable(to, error))
}

pub(super) fn unwritable(path: &Path, error: std::io::Error) -> Error {
    let message = format!("{} cannot be written.", path.display());
    Error::new(ErrorCode::AuditUnavailable, message).because(error)
}
