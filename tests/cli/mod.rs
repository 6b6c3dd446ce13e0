//! The command line, through the real binary.

mod actions;
mod audit;
mod data;
mod help;
mod hostile;
mod owner;
mod serve;
mod values;

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A laptop: one directory, and commands that work in it.
pub struct Laptop {
    home: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Laptop {
    pub fn new() -> Self {
        Self { home: TempDir::new().expect("a directory") }
    }

    pub fn with_administrator() -> Self {
        let laptop = Self::new();
        laptop.administrator();
        laptop
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command, not yet started, in an environment with nothing of the tester's.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("doorward"));
        command.args(args).current_dir(self.home()).env_clear();
        command.env("HOME", self.home()).env("PATH", "/usr/bin:/bin");
        command.env("DOORWARD_STATE_DIR", self.home().join("state"));
        command
    }

    pub fn doorward(&self, args: &[&str]) -> Ran {
        ran(&self.command(args).output().expect("the program starts"))
    }

    /// Writes a file and gives its path as text.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.home().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// An action that must succeed; its results.
    pub fn action(&self, args: &[&str]) -> serde_json::Value {
        let mut all = vec!["run"];
        all.extend(args);
        all.extend(["--format", "json"]);
        let ran = self.doorward(&all);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let document: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
        let task = document["doorward/0"].clone();
        assert_eq!(task["status"], "completed", "{ran:?}");
        task["results"].clone()
    }

    /// An administrator; the id.
    pub fn administrator(&self) -> String {
        let results =
            self.action(&["create-admin-account", "username=ada", "email=ada@example.com"]);
        results["identity-id"].as_str().expect("an id").to_owned()
    }
}

pub fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
