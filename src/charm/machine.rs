//! Conditions of the machine: user, directories, binary, database, unit file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::events::Hook;
use super::files::{self, Access};
use super::hooktools::Level;
use super::reconcile::{CharmError, Finding, Unit};
use super::record::{Stamp, Storage};
use super::status::Status;
use super::systemd;
use super::users::ServiceUser;
use super::workload;
use crate::error::ErrorCode;

/// Name of the storage in `metadata.yaml`.
pub const STORAGE: &str = "data";

/// The system user exists.
pub(super) fn service_user(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    if unit.user.is_none() {
        unit.user = Some(ServiceUser::ensure(&unit.context.paths)?);
    }
    Ok(Finding::Holds)
}

/// It is known where the data are, and that place is mounted.
pub(super) fn storage(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    if let Hook::StorageAttached(name) = unit.hook
        && name == STORAGE
    {
        attached(unit);
    }
    if unit.record.storage.is_none() && unit.record.state_dir.is_none() {
        look_for_storage(unit)?;
    }
    match &unit.record.storage {
        Some(storage) if !storage.attached => Ok(Finding::Fails(Status::blocked(format!(
            "The data are on storage {}, which is detached: attach it again with \
             'juju attach-storage {} {}'",
            storage.id, unit.context.unit, storage.id
        )))),
        _ => Ok(Finding::Holds),
    }
}

/// Notes what a storage-attached hook said. Data that are elsewhere already stay there.
fn attached(unit: &mut Unit<'_>) {
    let context = unit.context;
    let (Some(id), Some(location)) = (&context.storage_id, &context.storage_location) else {
        return;
    };
    match (&unit.record.storage, &unit.record.state_dir) {
        (Some(known), _) if known.attached && known.id != *id => warn_unused(unit, id),
        (None, Some(_)) => warn_unused(unit, id),
        (known, _) => {
            let storage = Storage { id: id.clone(), location: location.clone(), attached: true };
            if known.as_ref() != Some(&storage) {
                unit.record.state_dir = None;
                unit.record.storage = Some(storage);
            }
        }
    }
}

fn warn_unused(unit: &Unit<'_>, id: &str) {
    let place = unit.record.state_dir.clone().unwrap_or_default();
    unit.log(
        Level::Warning,
        &format!("storage {id} is not used: the data stay in {}", place.display()),
    );
}

/// Asks Juju for storage whose hook this unit never saw.
fn look_for_storage(unit: &mut Unit<'_>) -> Result<(), CharmError> {
    let Some(id) = unit.tools.storage_list(STORAGE)?.into_iter().next() else { return Ok(()) };
    if let Some(location) = unit.tools.storage_location(&id)? {
        unit.record.storage = Some(Storage { id, location, attached: true });
    }
    Ok(())
}

/// The directory of the data exists and belongs to the service alone.
pub(super) fn state_directory(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let Some(user) = unit.user else { return Ok(Finding::NotNow) };
    let paths = &unit.context.paths;
    let wanted: PathBuf = match &unit.record.storage {
        Some(storage) => storage.location.clone(),
        None => paths.default_state.clone(),
    };
    if let Some(storage) = &unit.record.storage
        && !paths.real(&storage.location).is_dir()
    {
        return Ok(Finding::Fails(Status::waiting(format!(
            "Waiting for storage {} to be mounted at {}",
            storage.id,
            storage.location.display()
        ))));
    }
    // Written first, because the record's directory is the parent of the usual state directory.
    if unit.record.state_dir.as_ref() != Some(&wanted) {
        unit.record.state_dir = Some(wanted.clone());
        unit.restart_due()?;
    }
    files::directory(&unit.context.paths.real(&wanted), Access::owned(0o700, user.uid, user.gid))?;
    Ok(Finding::Holds)
}

/// The database has the shape this release expects.
pub(super) fn database(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let (Some(user), Some(state_dir)) = (unit.user, unit.record.state_dir.clone()) else {
        return Ok(Finding::NotNow);
    };
    let state_dir = unit.context.paths.real(&state_dir);
    if unit.record.migrated.as_deref() == Some(workload::VERSION)
        && workload::has_database(&state_dir)
        && !matches!(unit.hook, Hook::Install | Hook::UpgradeCharm)
    {
        return Ok(Finding::Holds);
    }
    // Only said again once it is known to be true again.
    if unit.record.migrated.take().is_some() {
        unit.save()?;
    }
    let caller = workload::hook(&unit.context.unit);
    let migrate = || workload::migrate(&state_dir, &unit.record.options, &caller).map(drop);
    match unit.acting.as_user(user, migrate)? {
        Ok(()) => {
            unit.record.migrated = Some(workload::VERSION.to_owned());
            unit.save()?;
            Ok(Finding::Holds)
        }
        Err(error) => {
            unit.log(Level::Error, &format!("database: {}", workload::chain(&error)));
            Ok(Finding::Fails(Status::blocked(match error.code() {
                ErrorCode::NewerDatabase => format!(
                    "The database was written by a newer release than {}: refresh the charm to \
                     that release, nothing was changed",
                    workload::VERSION
                ),
                ErrorCode::Corrupt => {
                    "The database is damaged: restore a backup (see 'juju debug-log')".to_owned()
                }
                _ => format!("The database cannot be prepared, nothing was changed: {error}"),
            })))
        }
    }
}

/// The service has its own copy of this release's binary, because Juju replaces the charm
/// directory while the service runs.
pub(super) fn binary(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    if unit.record.state_dir.is_some() && refused_by_database(unit) {
        // The release that wrote the database goes on serving it.
        return Ok(Finding::NotNow);
    }
    let paths = &unit.context.paths;
    let (from, to) = (unit.context.charm_dir.join("dispatch"), paths.real(&paths.binary));
    let is = fs::metadata(&from)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", from.display())))?;
    let stamp = Stamp {
        size: is.len(),
        modified: i128::from(is.mtime()) * 1_000_000_000 + i128::from(is.mtime_nsec()),
    };
    let installed = fs::metadata(&to).is_ok_and(|there| there.len() == stamp.size);
    if installed
        && unit.record.binary == Some(stamp)
        && !matches!(unit.hook, Hook::Install | Hook::UpgradeCharm)
    {
        return Ok(Finding::Holds);
    }
    let dir = paths.real(&paths.binary_dir);
    for level in dir.parent().into_iter().chain([dir.as_path()]) {
        files::directory(level, Access::owned(0o755, 0.into(), 0.into()))?;
    }
    // Noted first: a copy that is replaced just before the hook is killed would go unnoticed.
    if unit.record.binary != Some(stamp) || !installed {
        unit.restart_due()?;
    }
    if files::copy(&from, &to, Access::owned(0o755, 0.into(), 0.into()))? {
        unit.restart_due()?;
    }
    unit.record.binary = Some(stamp);
    Ok(Finding::Holds)
}

/// Whether the database was looked at in this hook and not accepted.
fn refused_by_database(unit: &Unit<'_>) -> bool {
    unit.holds("keys") && unit.holds("settings") && !unit.holds("database")
}

/// systemd knows how to run the service.
pub(super) fn unit_file(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let Some(state_dir) = unit.record.state_dir.clone() else { return Ok(Finding::NotNow) };
    let paths = &unit.context.paths;
    let options = workload::recorded(&unit.record.options);
    let ports = [options.public_port, options.admin_port];
    let text = systemd::unit_file(paths, &unit.record.unit, &state_dir, ports);
    let path = paths.real(&paths.unit_file);
    if fs::read(&path).is_ok_and(|is| is == text.as_bytes()) {
        return Ok(Finding::Holds);
    }
    unit.restart_due()?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    files::write(&path, text.as_bytes(), Access::owned(0o644, 0.into(), 0.into()))?;
    Ok(Finding::Holds)
}
