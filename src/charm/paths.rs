//! Where the charm keeps its files. Every name carries the unit, because two units may share a
//! machine.

use std::path::{Path, PathBuf};

use super::context::UnitName;

/// The system user the service runs as.
pub const SERVICE_USER: &str = "doorward";

/// The paths of one unit, as the service sees them, and a way to reach them under a private root.
#[derive(Clone, Debug)]
pub struct Paths {
    root: Option<PathBuf>,
    /// `doorward-0`: the name of the systemd service, without `.service`.
    pub service: String,
    /// Everything the charm remembers about this unit.
    pub unit_dir: PathBuf,
    /// What hooks tell actions and the service.
    pub record: PathBuf,
    /// The data, when the unit has no storage of its own.
    pub default_state: PathBuf,
    /// Where the service's copy of the binary is.
    pub binary_dir: PathBuf,
    /// The service's copy of the binary.
    pub binary: PathBuf,
    /// The systemd unit.
    pub unit_file: PathBuf,
    /// Where the service tells how it is; systemd makes the directory.
    pub health_socket: PathBuf,
}

impl Paths {
    /// The paths of `unit`; `root` is put before each of them when a test gives one.
    #[must_use]
    pub fn new(root: Option<PathBuf>, unit: &UnitName) -> Self {
        let name = unit.dashed();
        let service = if unit.app.starts_with("doorward") {
            name.clone()
        } else {
            format!("doorward-{name}")
        };
        let unit_dir = Path::new("/var/lib/doorward").join(&name);
        let binary_dir = Path::new("/usr/local/lib/doorward").join(&name);
        Self {
            root,
            record: unit_dir.join("unit.json"),
            default_state: unit_dir.join("state"),
            binary: binary_dir.join("doorward"),
            health_socket: Path::new("/run").join(&service).join("health.sock"),
            unit_file: Path::new("/etc/systemd/system").join(format!("{service}.service")),
            unit_dir,
            binary_dir,
            service,
        }
    }

    /// The place of `path` on this machine: itself, or below the private root.
    #[must_use]
    pub fn real(&self, path: &Path) -> PathBuf {
        match &self.root {
            Some(root) if !path.starts_with(root) => {
                root.join(path.strip_prefix("/").unwrap_or(path))
            }
            _ => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_always_carries_the_name_of_the_product() {
        let named = |name| UnitName::parse(name).expect("a unit");
        assert_eq!(Paths::new(None, &named("doorward/0")).service, "doorward-0");
        assert_eq!(Paths::new(None, &named("kratos/3")).service, "doorward-kratos-3");
    }

    #[test]
    fn a_private_root_is_put_before_a_path_once() {
        let unit = UnitName::parse("doorward/0").expect("a unit");
        let paths = Paths::new(Some("/tmp/r".into()), &unit);
        let once = paths.real(Path::new("/etc/passwd"));
        assert_eq!(once, Path::new("/tmp/r/etc/passwd"));
        assert_eq!(paths.real(&once), once);
    }
}
