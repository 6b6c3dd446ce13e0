//! `systemctl` that keeps what is enabled and active in the private root.
//!
//! Enabled is a link in `multi-user.target.wants`, as with systemd; active is a file in
//! `run/fake-systemd/active`, which a reboot of the machine empties.

use super::{fails, ok, service};
use crate::tools::Output;
use std::fs;
use std::path::{Path, PathBuf};

struct Systemd<'a> {
    root: &'a Path,
}

pub fn run(root: &Path, args: &[String]) -> Output {
    let flag = |names: &[&str]| args.iter().any(|a| names.contains(&a.as_str()));
    let quiet = flag(&["--quiet", "-q"]);
    let now = flag(&["--now"]);
    let mut words = words(args).into_iter();
    let verb = words.next().unwrap_or("list-units".into());
    let units: Vec<String> = words.map(|u| unit_name(&u)).collect();
    let systemd = Systemd { root };
    if ["daemon-reload", "daemon-reexec", "reset-failed", "list-units"].contains(&verb.as_str()) {
        return ok("");
    }
    if units.is_empty() {
        return fails(1, "Too few arguments.");
    }
    let mut result = ok("");
    for unit in &units {
        let one = systemd.apply(&verb, unit, now, args);
        result.stdout.push_str(if quiet { "" } else { &one.stdout });
        result.stderr.push_str(&one.stderr);
        result.code = result.code.max(one.code);
    }
    result
}

fn words(args: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut skip = false;
    for arg in args {
        if skip {
            skip = false;
        } else if ["-p", "--property", "-n", "-t", "--type", "-s", "--signal"]
            .contains(&arg.as_str())
        {
            skip = true;
        } else if !arg.starts_with('-') {
            found.push(arg.clone());
        }
    }
    found
}

fn unit_name(name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{name}.service") }
}

impl Systemd<'_> {
    fn file(&self, unit: &str) -> PathBuf {
        self.root.join("etc/systemd/system").join(unit)
    }

    fn wants(&self, unit: &str) -> PathBuf {
        self.root.join("etc/systemd/system/multi-user.target.wants").join(unit)
    }

    fn known(&self, unit: &str) -> bool {
        self.file(unit).exists()
    }

    fn enabled(&self, unit: &str) -> bool {
        self.wants(unit).symlink_metadata().is_ok()
    }

    fn apply(&self, verb: &str, unit: &str, now: bool, args: &[String]) -> Output {
        match verb {
            "enable" if !self.known(unit) => {
                fails(1, format!("Failed to enable unit: Unit file {unit} does not exist."))
            }
            "enable" => {
                let _ = fs::create_dir_all(
                    self.root.join("etc/systemd/system/multi-user.target.wants"),
                );
                let _ = std::os::unix::fs::symlink(self.file(unit), self.wants(unit));
                if now { self.start(unit) } else { ok("") }
            }
            "disable" if !self.known(unit) && !self.enabled(unit) => {
                fails(1, format!("Failed to disable unit: Unit file {unit} does not exist."))
            }
            "disable" => {
                let _ = fs::remove_file(self.wants(unit));
                if now { self.stop(unit) } else { ok("") }
            }
            "start" => self.start(unit),
            "stop" => self.stop(unit),
            "restart" | "reload-or-restart" => {
                self.stop(unit);
                self.start(unit)
            }
            "try-restart" if !service::active(self.root, unit) => ok(""),
            "try-restart" => {
                self.stop(unit);
                self.start(unit)
            }
            "reload" if !service::active(self.root, unit) => {
                let text = format!("{unit} is not active, cannot reload.");
                fails(1, text)
            }
            "reload" => {
                service::signal(self.root, unit, nix::sys::signal::Signal::SIGHUP);
                ok("")
            }
            "kill" | "mask" | "unmask" => ok(""),
            _ => self.ask(verb, unit, args),
        }
    }

    fn start(&self, unit: &str) -> Output {
        if !self.known(unit) {
            return fails(5, format!("Failed to start {unit}: Unit {unit} not found."));
        }
        match service::start(self.root, unit, &self.file(unit)) {
            Ok(()) => ok(""),
            Err(_) => fails(
                1,
                format!(
                    "Job for {unit} failed because the control process exited with error code.\n\
                     See \"systemctl status {unit}\" and \"journalctl -xeu {unit}\" for details."
                ),
            ),
        }
    }

    fn stop(&self, unit: &str) -> Output {
        let active = service::active(self.root, unit);
        service::stop(self.root, unit);
        if !active && !self.known(unit) {
            return fails(5, format!("Failed to stop {unit}: Unit {unit} not loaded."));
        }
        ok("")
    }

    fn ask(&self, verb: &str, unit: &str, args: &[String]) -> Output {
        let active = service::active(self.root, unit);
        let failed = service::failed(self.root, unit);
        let word = if active {
            "active"
        } else if failed {
            "failed"
        } else {
            "inactive"
        };
        let says = |code: i32, text: &str| Output { code, ..ok(format!("{text}\n")) };
        match verb {
            "is-active" if active => says(0, word),
            "is-active" if self.known(unit) => says(3, word),
            "is-active" => says(4, word),
            "is-failed" => says(i32::from(!failed), word),
            "is-enabled" if self.enabled(unit) => says(0, "enabled"),
            "is-enabled" if self.known(unit) => says(1, "disabled"),
            "is-enabled" => says(4, "not-found"),
            "status" if !self.known(unit) => fails(4, format!("Unit {unit} could not be found.")),
            "status" => says(if active { 0 } else { 3 }, &format!("{unit}\n     Active: {word}")),
            "show" => self.show(unit, word, args),
            "cat" => match fs::read_to_string(self.file(unit)) {
                Ok(text) => ok(text),
                Err(_) => fails(1, format!("No files found for {unit}.")),
            },
            other => fails(1, format!("Unknown command verb {other}.")),
        }
    }

    fn show(&self, unit: &str, word: &str, args: &[String]) -> Output {
        let wanted: Vec<&str> = args
            .iter()
            .enumerate()
            .filter_map(|(at, a)| match a.as_str() {
                "-p" | "--property" => args.get(at + 1).map(String::as_str),
                _ => a.strip_prefix("--property=").or(a.strip_prefix("-p")),
            })
            .flat_map(|list| list.split(','))
            .collect();
        let only_value = args.iter().any(|a| a == "--value");
        let load = if self.known(unit) { "loaded" } else { "not-found" };
        let enabled = if self.enabled(unit) { "enabled" } else { "disabled" };
        let sub = if word == "active" { "running" } else { "dead" };
        let pid = service::pid(self.root, unit).unwrap_or(0).to_string();
        let all = [
            ("Id", unit),
            ("LoadState", load),
            ("ActiveState", word),
            ("SubState", sub),
            ("UnitFileState", enabled),
            ("MainPID", &pid),
            ("NeedDaemonReload", "no"),
        ];
        let shown = all.iter().filter(|(k, _)| wanted.is_empty() || wanted.contains(k));
        let line = |(k, v): &(&str, &str)| {
            if only_value { format!("{v}\n") } else { format!("{k}={v}\n") }
        };
        ok(shown.map(line).collect::<String>())
    }
}
