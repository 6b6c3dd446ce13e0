//! The systemd unit of the service, and the few `systemctl` calls the charm makes.

use std::path::Path;
use std::time::Duration;

use super::paths::{Paths, SERVICE_USER};
use super::process::{self, Fault};

/// Longest time one `systemctl` call may take: above the unit's own limits for start and stop.
const LIMIT: Duration = Duration::from_secs(100);

/// `systemctl` did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("systemctl {verb} {fault}")]
pub struct SystemdError {
    verb: &'static str,
    fault: Fault,
}

/// The service of one unit.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a>(pub &'a str);

impl Service<'_> {
    /// Makes systemd read unit files again.
    ///
    /// # Errors
    /// When systemd refuses or does not answer; so for every function here.
    pub fn daemon_reload() -> Result<(), SystemdError> {
        call("daemon-reload", &[])
    }

    /// Starts the service with the machine.
    ///
    /// # Errors
    /// As above.
    pub fn enable(self) -> Result<(), SystemdError> {
        call("enable", &[&self.unit()])
    }

    /// Stops the service now and no longer starts it with the machine. A service systemd has
    /// never heard of is as good as disabled.
    ///
    /// # Errors
    /// As above.
    pub fn disable_now(self) -> Result<(), SystemdError> {
        match call("disable", &["--now", &self.unit()]) {
            Err(SystemdError { fault: Fault::Exit { stderr, .. }, .. })
                if stderr.contains("does not exist") || stderr.contains("not loaded") =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// Starts the service, or starts it again.
    ///
    /// # Errors
    /// As above.
    pub fn restart(self) -> Result<(), SystemdError> {
        // Earlier failures would count against the limit of starts; there may be none to forget.
        let _ = call("reset-failed", &[&self.unit()]);
        call("restart", &[&self.unit()])
    }

    /// Whether the service runs.
    ///
    /// # Errors
    /// When there is no answer; "no" is an answer.
    pub fn is_active(self) -> Result<bool, SystemdError> {
        match call("is-active", &["--quiet", &self.unit()]) {
            Ok(()) => Ok(true),
            Err(SystemdError { fault: Fault::Exit { .. }, .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Makes the service read its options again.
    ///
    /// # Errors
    /// As above.
    pub fn reload(self) -> Result<(), SystemdError> {
        call("reload", &[&self.unit()])
    }

    fn unit(self) -> String {
        format!("{}.service", self.0)
    }
}

fn call(verb: &'static str, args: &[&str]) -> Result<(), SystemdError> {
    let args: Vec<&str> = std::iter::once(verb).chain(args.iter().copied()).collect();
    process::run("systemctl", &args, LIMIT).map(drop).map_err(|fault| SystemdError { verb, fault })
}

/// What the service may not do on the machine.
const CONFINED: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
";

/// The text of the unit file. The service reads its addresses and other options from the record;
/// `ports` only decide whether it needs leave to listen below 1024.
#[must_use]
pub fn unit_file(paths: &Paths, unit: &str, state_dir: &Path, ports: [u16; 2]) -> String {
    let binary = word(&paths.binary);
    let state = word(state_dir);
    let record = word(&paths.record);
    let (health, service) = (word(&paths.health_socket), &paths.service);
    let low = ports.iter().any(|port| *port < 1024);
    let bind = if low { "CAP_NET_BIND_SERVICE" } else { "" };
    format!(
        "\
# Written by the charm of {unit}; changes made here are overwritten.
[Unit]
Description=Doorward identity provider ({unit})
After=network-online.target
Wants=network-online.target
RequiresMountsFor={state}
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=notify
User={SERVICE_USER}
Group={SERVICE_USER}
ExecStart={binary} serve --state-dir {state} --unit-record {record} --health-socket {health}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=60
Restart=on-failure
RestartSec=2
TimeoutStartSec=30
TimeoutStopSec=60
LimitNOFILE=65536
UMask=0077
RuntimeDirectory={service}
RuntimeDirectoryMode=0750
ReadWritePaths={state}
AmbientCapabilities={bind}
CapabilityBoundingSet={bind}
{CONFINED}
[Install]
WantedBy=multi-user.target
"
    )
}

/// A path as one word of a unit file: `%` starts a specifier there and blanks end a word.
fn word(path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%%");
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.%+".contains(c)) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::context::UnitName;
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_unit_file() {
        assert_eq!(word(Path::new("/srv/a b%c")), "\"/srv/a b%%c\"");
        assert_eq!(word(Path::new("/srv/data-0")), "/srv/data-0");
    }

    #[test]
    fn ops_05_the_service_is_confined() {
        let unit = UnitName::parse("doorward/0").expect("a unit");
        let paths = Paths::new(None, &unit);
        let text = unit_file(&paths, "doorward/0", Path::new("/srv/x"), [4433, 4434]);
        for line in [
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "CapabilityBoundingSet=\n",
            "PrivateTmp=yes",
            "SystemCallFilter=@system-service",
            "User=doorward",
            "ReadWritePaths=/srv/x",
            "Type=notify",
            "WatchdogSec=60",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "--health-socket /run/doorward-0/health.sock",
            "RuntimeDirectory=doorward-0",
        ] {
            assert!(text.contains(line), "{line}");
        }
        assert!(text.contains(
            "ExecStart=/usr/local/lib/doorward/doorward-0/doorward serve --state-dir /srv/x "
        ));
    }
}
