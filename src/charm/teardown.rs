//! The hooks that undo what the others made. People's accounts are never among the things undone:
//! deleting them has to be asked for by itself.

use std::fs;

use super::files;
use super::hooktools::Level;
use super::machine::STORAGE;
use super::reconcile::{CharmError, Unit};
use super::service;
use super::status::Status;
use super::systemd::Service;
use crate::config::{SMTP_FILE, VERIFICATION_TEMPLATE};

/// `stop`: the service ends and its port closes.
///
/// # Errors
/// When systemd or a hook tool does not do its part; Juju then repeats the hook.
pub fn stop(unit: &mut Unit<'_>) -> Result<(), CharmError> {
    halt(unit)?;
    unit.record.wanted = false;
    keep_record(unit)?;
    service::set_ports(unit, None)?;
    let text = "Stopped; the unit is being removed";
    unit.tools
        .status_set(&Status { level: super::status::Level::Maintenance, text: text.into() })?;
    Ok(())
}

/// `<storage>-storage-detaching`: nothing may have the storage open when the hook ends.
///
/// # Errors
/// As [`stop`].
pub fn storage_detaching(unit: &mut Unit<'_>, name: &str) -> Result<(), CharmError> {
    let id = unit.context.storage_id.clone();
    let ours = name == STORAGE
        && unit
            .record
            .storage
            .as_ref()
            .is_some_and(|known| id.as_ref().is_none_or(|id| *id == known.id));
    if !ours {
        return Ok(());
    }
    halt(unit)?;
    if let Some(storage) = &mut unit.record.storage {
        storage.attached = false;
    }
    unit.save()?;
    service::set_ports(unit, None)?;
    let storage = id.unwrap_or_else(|| STORAGE.to_owned());
    unit.tools.status_set(&Status::blocked(format!(
        "The data are on storage {storage}, which is detached: attach it again with \
         'juju attach-storage {} {storage}'",
        unit.context.unit
    )))?;
    Ok(())
}

/// `remove`: what the charm put on the machine goes. The data stay, and so does the service user,
/// which owns them and may serve another unit.
///
/// # Errors
/// As [`stop`].
pub fn remove(unit: &mut Unit<'_>) -> Result<(), CharmError> {
    let paths = &unit.context.paths;
    halt(unit)?;
    if files::remove(&paths.real(&paths.unit_file))? {
        Service::daemon_reload()?;
    }
    let binary_dir = paths.real(&paths.binary_dir);
    if binary_dir.exists() {
        fs::remove_dir_all(&binary_dir)?;
    }
    let unit_dir = paths.real(&paths.unit_dir);
    files::remove(&paths.real(&paths.record))?;
    for name in [SMTP_FILE, VERIFICATION_TEMPLATE] {
        files::remove(&unit_dir.join(name))?;
        files::remove(&unit_dir.join(format!(".{name}.new")))?;
    }
    // Left by an attempt that was interrupted.
    files::remove(&unit_dir.join(".unit.json.new"))?;
    if unit_dir.join("keys.new").exists() {
        fs::remove_dir_all(unit_dir.join("keys.new"))?;
    }
    // An empty state directory holds nobody's account.
    files::remove_if_empty(&paths.real(&paths.default_state))?;
    for dir in
        [Some(unit_dir.as_path()), unit_dir.parent(), binary_dir.parent()].into_iter().flatten()
    {
        files::remove_if_empty(dir)?;
    }
    if let Some(state_dir) = unit.record.state_dir.as_ref().filter(|dir| paths.real(dir).exists()) {
        unit.log(
            Level::Info,
            &format!(
                "the data stay in {}; delete that directory to delete them",
                state_dir.display()
            ),
        );
    }
    Ok(())
}

/// Ends the service and keeps it from starting with the machine.
fn halt(unit: &mut Unit<'_>) -> Result<(), CharmError> {
    let known =
        unit.record.enabled || unit.context.paths.real(&unit.context.paths.unit_file).exists();
    if known {
        Service(&unit.context.paths.service).disable_now()?;
    }
    unit.record.enabled = false;
    Ok(())
}

/// Remembers, unless there is nothing to remember: a unit that was never set up leaves no record.
fn keep_record(unit: &mut Unit<'_>) -> Result<(), CharmError> {
    if unit.context.paths.real(&unit.context.paths.record).exists() {
        unit.save()?;
    }
    Ok(())
}
