//! The keys of the application: made once by the leader, kept in a secret that the application
//! owns, and written for the service beside its data. They never stand on a command line.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::events::Hook;
use super::files::{self, Access};
use super::hooktools::{Level, Revision, ToolError};
use super::reconcile::{CharmError, Unit};
use super::record::Role;
use super::workload;
use crate::app;

/// Label of the secret.
pub const LABEL: &str = "doorward-keys";
/// Key in the secret, and name of the file.
const NAMES: [(&str, &str); 4] = [
    ("data-key", "data"),
    ("cookie-key", "cookie"),
    ("ledger-key", "ledger"),
    ("token-key", "token"),
];

/// Why the keys are not in place; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Something else went wrong.
    #[error(transparent)]
    Charm(#[from] CharmError),
    /// The secret may not be read.
    #[error(
        "The secret with the keys is denied to this unit; it is tried again by itself, see \
         'juju show-secret {0}'"
    )]
    Denied(String),
    /// There is no such secret any more.
    #[error(
        "The secret {0} with the keys is missing: restore it or deploy anew from a backup; the \
         service goes on with the keys it has"
    )]
    Missing(String),
    /// The secret lacks a key.
    #[error("The secret {0} has no {1}: it was changed by hand; restore its content")]
    Incomplete(String, &'static str),
    /// The data were written under other keys.
    #[error(
        "The keys beside the data in {0} are not this application's: move the data away or \
         deploy with the application they belong to"
    )]
    Foreign(String),
}

impl From<io::Error> for KeysError {
    fn from(error: io::Error) -> Self {
        Self::Charm(error.into())
    }
}

/// Makes the secret of the application and returns its id. Keys that are beside the data already
/// are taken into it, so that a database brought from elsewhere stays readable.
///
/// # Errors
/// When a key cannot be made or written, or the secret cannot be added.
pub fn publish(unit: &mut Unit<'_>) -> Result<String, CharmError> {
    // An earlier leader may have got this far before it lost the lead.
    if let Some(id) = unit.tools.secret_id_of_label(LABEL)? {
        return Ok(id);
    }
    let staging = unit.context.paths.real(&unit.context.paths.unit_dir).join("keys.new");
    let own = own_state(unit);
    let dir = own.as_deref().unwrap_or(&staging);
    make_missing(unit, dir, own.is_some())?;
    let files: Vec<(&str, PathBuf)> =
        NAMES.iter().map(|(key, file)| (*key, app::key_path(dir, file))).collect();
    let id =
        unit.tools.secret_add(LABEL, "Keys of Doorward: data, cookies, ledger, tokens", &files);
    if own.is_none() {
        fs::remove_dir_all(&staging)?;
    }
    Ok(id?)
}

/// The directory of the data, if this unit holds them.
fn own_state(unit: &Unit<'_>) -> Option<PathBuf> {
    let state_dir = unit.record.state_dir.as_deref()?;
    (unit.record.role == Some(Role::Store) && unit.holds("state-directory"))
        .then(|| unit.context.paths.real(state_dir))
}

/// Makes the keys that are missing in `dir`; it belongs to the service, or to root for a moment.
fn make_missing(unit: &Unit<'_>, dir: &Path, for_service: bool) -> Result<(), CharmError> {
    let made = match unit.user {
        Some(user) if for_service => unit.acting.as_user(user, || app::make_keys(dir))?,
        _ => {
            unit.record.save(&unit.context.paths, unit.user)?;
            files::directory(dir, Access::mode(0o700))?;
            app::make_keys(dir)
        }
    };
    made.map_err(|error| io::Error::other(error).into())
}

/// Writes the keys of the secret `id` for the service.
///
/// # Errors
/// When the secret cannot be read, or the data were written under other keys.
pub fn install(unit: &mut Unit<'_>, id: &str) -> Result<(), KeysError> {
    let Some(state_dir) = unit.record.state_dir.clone() else { return Ok(()) };
    let Some(user) = unit.user else { return Ok(()) };
    let dir = unit.context.paths.real(&state_dir).join("keys");
    let changed = unit.hook == &Hook::SecretChanged
        && unit.context.secret_id.as_deref().is_some_and(|changed| same_secret(changed, id));
    let present = unit.acting.as_user(user, || present(&dir))??;
    if present.len() == NAMES.len() && unit.record.keys_secret.as_deref() == Some(id) && !changed {
        return Ok(());
    }
    let revision = if changed { Revision::Newest } else { Revision::Tracked };
    let content = unit.tools.secret_get(id, revision).map_err(|error| refusal(id, error))?;
    let mut wanted = BTreeMap::new();
    for (key, file) in NAMES {
        let value = content.get(key).ok_or_else(|| KeysError::Incomplete(id.to_owned(), key))?;
        wanted.insert(file, value);
    }
    let differs = present
        .iter()
        .any(|(file, value)| wanted.get(file).is_some_and(|wanted| !same(wanted, value)));
    if differs && !changed && workload::has_database(&unit.context.paths.real(&state_dir)) {
        return Err(KeysError::Foreign(state_dir.display().to_string()));
    }
    if differs || present.len() < NAMES.len() {
        write_all(unit, &dir, &wanted)?;
    }
    unit.record.keys_secret = Some(id.to_owned());
    Ok(())
}

fn write_all(
    unit: &mut Unit<'_>,
    dir: &Path,
    wanted: &BTreeMap<&str, &SecretString>,
) -> Result<(), KeysError> {
    let Some(user) = unit.user else { return Ok(()) };
    unit.restart_due()?;
    unit.acting.as_user(user, || -> io::Result<()> {
        files::directory(dir, Access::mode(0o700))?;
        for (file, value) in wanted {
            let bytes = value.expose_secret().as_bytes();
            files::write(&dir.join(file), bytes, Access::mode(0o600))?;
        }
        Ok(())
    })??;
    unit.log(Level::Info, "the keys were written for the service");
    Ok(())
}

/// The key files that are there.
fn present(dir: &Path) -> io::Result<BTreeMap<&'static str, SecretString>> {
    let mut found = BTreeMap::new();
    for (_, file) in NAMES {
        match fs::read_to_string(dir.join(file)) {
            Ok(value) if !value.is_empty() => found.insert(file, SecretString::from(value)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => None,
        };
    }
    Ok(found)
}

fn same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}

/// Whether two references name one secret: Juju writes them in several forms that end alike.
fn same_secret(a: &str, b: &str) -> bool {
    let bare = |text: &str| text.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
    bare(a) == bare(b)
}

fn refusal(id: &str, error: ToolError) -> KeysError {
    let said = error.stderr();
    if said.contains("permission denied") {
        return KeysError::Denied(id.to_owned());
    }
    if said.contains("not found") {
        return KeysError::Missing(id.to_owned());
    }
    KeysError::Charm(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_in_every_form_of_its_uri() {
        let id = "9m4e2mr0ui3e8a215n4g";
        for form in [
            "secret:9m4e2mr0ui3e8a215n4g",
            "secret://0b3f6a0e-5a64-4a2b-9a53-8d6f6f6b8a11/9m4e2mr0ui3e8a215n4g",
            "0b3f6a0e-5a64-4a2b-9a53-8d6f6f6b8a11/9m4e2mr0ui3e8a215n4g",
        ] {
            assert!(same_secret(form, id), "{form}");
        }
        assert!(!same_secret("secret:9m4e2mr0ui3e8a215n40", id));
    }
}
