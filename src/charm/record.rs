//! What hooks remember for the next hook, for actions and for the service: one file per unit,
//! written by root, readable by the group of the service, without secrets.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files::{self, Access};
use super::pages::Pages;
use super::paths::Paths;
use super::users::ServiceUser;

/// What this unit does in its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It holds the embedded store and serves.
    Store,
    /// Another unit does.
    Spare,
}

/// A storage instance of this unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// `data/0`.
    pub id: String,
    /// Where it is mounted.
    pub location: PathBuf,
    /// False between detaching and the next attaching.
    pub attached: bool,
}

/// The file the installed binary was copied from, to tell cheaply whether it is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Change of content, in nanoseconds since 1970.
    pub modified: i128,
}

/// The unit's record.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own in a file")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// `app/n`.
    pub unit: String,
    /// Directory of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// What this unit does; unknown until the application has agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The unit that holds the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_unit: Option<String>,
    /// The last options that were valid, with their defaults.
    pub options: Map<String, Value>,
    /// Address under which other machines reach this unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The storage the data are on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Id of the relation among the units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peers: Option<String>,
    /// The secret the keys came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys_secret: Option<String>,
    /// Whether Juju wants the service to run: true from `start` until `stop`.
    pub wanted: bool,
    /// Whether systemd starts the service with the machine.
    pub enabled: bool,
    /// Something the running service has not seen yet: set before it is changed, cleared after
    /// the restart, so that a hook killed in between is made good by the next one.
    pub restart_due: bool,
    /// Options the running service can take over without a restart, and has not been told of.
    pub reload_due: bool,
    /// Whether the service was given the mail server that relation or option name, or was told that
    /// there is none; if not, the next hook tries again.
    pub mail_settled: bool,
    /// What the status says about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_note: Option<String>,
    /// Pages that related applications put in front, as they name them.
    #[serde(skip_serializing_if = "Pages::is_empty")]
    pub pages: Pages,
    /// What the status says about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages_trouble: Option<String>,
    /// Release that last migrated the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrated: Option<String>,
    /// Release shown in `juju status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the installed binary was copied from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<Stamp>,
}

impl Record {
    /// Reads the record; none was written yet in the first hooks of a unit.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn load(paths: &Paths) -> io::Result<Option<Self>> {
        let path = paths.real(&paths.record);
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| at(&path, &error))?,
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| at(&path, &io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    /// Writes the record, whole or not at all.
    ///
    /// # Errors
    /// As the file system says.
    pub fn save(&self, paths: &Paths, user: Option<ServiceUser>) -> io::Result<()> {
        let access = |mode| Access { mode, owner: user.map(|user| (0.into(), user.gid)) };
        let dir = paths.real(&paths.unit_dir);
        if let Some(parent) = dir.parent() {
            files::directory(parent, Access::mode(0o755))?;
        }
        files::directory(&dir, access(0o750))?;
        let text = serde_json::to_vec_pretty(self)?;
        files::write(&paths.real(&paths.record), &text, access(0o640)).map(drop)
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_release_is_read_with_what_it_has() {
        let old: Record = serde_json::from_str(r#"{"unit":"a/0","later":true}"#).expect("a record");
        assert_eq!(old.unit, "a/0");
        assert_eq!(old.role, None);
    }
}
