//! The machine's programs that a charm runs: systemd and the user database, on a private root.

mod accounts;
mod service;
pub mod stand_in;
mod systemctl;

use crate::tools::Output;
use std::path::Path;

/// Programs placed beside the hook tools.
pub const NAMES: &[&str] = &["systemctl", "useradd", "userdel", "groupadd", "groupdel", "getent"];

/// Runs a program against the private root.
pub fn run(root: &Path, name: &str, args: &[String]) -> Output {
    match name {
        "systemctl" => systemctl::run(root, args),
        _ => accounts::run(root, name, args),
    }
}

/// Makes the directories and files every machine has.
pub fn prepare(root: &Path) -> std::io::Result<()> {
    for dir in
        ["etc/systemd/system", "run", "tmp", "usr/local/lib", "usr/local/bin", "var/lib", "var/log"]
    {
        std::fs::create_dir_all(root.join(dir))?;
    }
    if !root.join("etc/passwd").exists() {
        std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n")?;
        std::fs::write(root.join("etc/group"), "root:x:0:\n")?;
    }
    Ok(())
}

fn ok(stdout: impl Into<String>) -> Output {
    Output { code: 0, stdout: stdout.into(), stderr: String::new() }
}

fn fails(code: i32, stderr: impl Into<String>) -> Output {
    Output { code, stdout: String::new(), stderr: format!("{}\n", stderr.into()) }
}
