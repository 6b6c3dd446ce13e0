//! Small file systems for faults that only a file system can have; they need root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file system of a few megabytes; unmounted when dropped.
pub struct Small {
    home: tempfile::TempDir,
}

impl Small {
    /// Mounts one; nothing, with a printed reason, where that is not permitted.
    pub fn mount(size: &str) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let mount = ["-t", "tmpfs", "-o", &format!("size={size},mode=0755"), "tmpfs"];
        if !succeeds(Command::new("mount").args(mount).arg(home.path())) {
            super::skipped("a small file system cannot be mounted here (it takes root)");
            return None;
        }
        Some(Self { home })
    }

    pub fn path(&self) -> &Path {
        self.home.path()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        for size in [1 << 16, 4096, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives it back. The file is cut before it goes: a program that another test starts at this
    /// moment may hold it open until it runs, and what is held open keeps its room.
    pub fn make_room(&self) {
        std::fs::File::create(self.ballast()).unwrap();
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.home.path().join("ballast")
    }

    /// Makes it read-only, or writable again.
    pub fn read_only(&self, on: bool) {
        let options = if on { "remount,ro" } else { "remount,rw" };
        assert!(succeeds(Command::new("mount").args(["-o", options]).arg(self.home.path())));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        succeeds(Command::new("umount").arg("-l").arg(self.home.path()));
    }
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
