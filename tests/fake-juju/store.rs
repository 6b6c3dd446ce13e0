//! The state directory: where things lie, and the lock around the committed layer.

use crate::model::{Model, tag};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The directory given by `--state`.
#[derive(Clone)]
pub struct Store {
    pub dir: PathBuf,
}

pub type Result<T> = std::result::Result<T, String>;

impl Store {
    pub fn load(&self) -> Result<Model> {
        let path = self.dir.join("model.json");
        let text =
            fs::read(&path).map_err(|e| format!("{}: {e}; run `init` first", path.display()))?;
        serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Changes the model under its lock; an error changes nothing.
    pub fn update<T>(&self, change: impl FnOnce(&mut Model) -> Result<T>) -> Result<T> {
        let _lock = self.lock("model")?;
        let mut model = self.load()?;
        let value = change(&mut model)?;
        self.save(&model)?;
        Ok(value)
    }

    pub fn save(&self, model: &Model) -> Result<()> {
        let text = serde_json::to_vec_pretty(model).map_err(|e| e.to_string())?;
        write_whole(&self.dir.join("model.json"), &text)
    }

    /// Waits for the named lock; it is released when the file is dropped.
    pub fn lock(&self, name: &str) -> Result<File> {
        let path = self.dir.join(format!("{name}.lock"));
        let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        file.lock().map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(file)
    }

    pub fn unit_dir(&self, unit: &str) -> PathBuf {
        self.dir.join("units").join(tag(unit))
    }

    pub fn charm_dir(&self, unit: &str) -> PathBuf {
        self.unit_dir(unit).join("charm")
    }

    pub fn tools_dir(&self, unit: &str) -> PathBuf {
        self.unit_dir(unit).join("tools")
    }

    /// The private root of the machine a unit is on.
    pub fn root(&self, machine: u32) -> PathBuf {
        self.dir.join("machines").join(machine.to_string()).join("root")
    }

    pub fn task_file(&self, id: u32) -> PathBuf {
        self.dir.join("tasks").join(format!("{id}.json"))
    }

    /// Adds a line to one of the records: `calls`, `log`, `events`.
    pub fn record(&self, name: &str, line: &serde_json::Value) {
        append(&self.dir.join(format!("{name}.jsonl")), line);
    }
}

/// Appends one JSON line in one write, so that lines of several writers do not mix.
pub fn append(path: &Path, line: &serde_json::Value) {
    if let Ok(mut file) = File::options().append(true).create(true).open(path) {
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

/// Replaces a file at once.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, path))
        .map_err(|e| format!("{}: {e}", path.display()))
}

/// Where the agent of a unit listens. The address of a socket has room for 107 bytes only.
pub fn socket_path(unit_dir: &Path) -> PathBuf {
    let near = unit_dir.join("agent.socket");
    if near.as_os_str().len() < 100 {
        return near;
    }
    let hash =
        near.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
        });
    PathBuf::from(format!("/tmp/fake-juju-{hash:016x}.socket"))
}
