//! Conditions of the running service: up, reachable, named.

use std::fs;

use super::health::{self, Health};
use super::hooktools::Level;
use super::paths::Paths;
use super::reconcile::{CharmError, Finding, Unit};
use super::record::Role;
use super::status::Status;
use super::systemd::{Service, SystemdError};
use super::workload;
use crate::config::AdminPlace;

/// A unit that does not hold the store runs no service.
pub(super) fn not_a_spare(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let idle = unit.record.role == Some(Role::Spare)
        || unit.record.storage.as_ref().is_some_and(|storage| !storage.attached);
    if idle && unit.record.enabled {
        Service(&unit.context.paths.service).disable_now()?;
        unit.record.enabled = false;
        unit.save()?;
    }
    Ok(if idle { Finding::NotNow } else { Finding::Holds })
}

/// The service runs, with everything that was written for it.
pub(super) fn running(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    if !unit.record.wanted {
        return Ok(Finding::NotNow);
    }
    let name = unit.context.paths.service.clone();
    let service = Service(&name);
    let active = service.is_active()?;
    if active && unit.record.enabled && !unit.record.restart_due {
        if unit.record.reload_due {
            service.reload()?;
            unit.record.reload_due = false;
            unit.save()?;
        }
        match ask(unit, service)? {
            Health::Silent => unit.log(
                Level::Warning,
                &format!("the service {name} does not answer; starting it again"),
            ),
            health => return Ok(found(health, unit)),
        }
    }
    if !active && let Some((option, port)) = taken_port(unit) {
        return Ok(Finding::Fails(Status::blocked(format!(
            "Port {port} is in use on this machine: free it, or choose another one with \
             'juju config {} {option}=PORT'",
            unit.context.unit.app
        ))));
    }
    unit.save()?;
    if unit.record.restart_due || !unit.record.enabled {
        Service::daemon_reload()?;
    }
    if !unit.record.enabled {
        service.enable()?;
        unit.record.enabled = true;
    }
    if !active && !unit.record.restart_due {
        unit.log(Level::Warning, &format!("the service {name} was not running; starting it"));
    }
    service.restart()?;
    let health = ask(unit, service)?;
    if health != Health::Silent {
        unit.record.restart_due = false;
        unit.record.reload_due = false;
        unit.save()?;
    }
    Ok(found(health, unit))
}

/// Asks the service how it is, for as long as it runs.
fn ask(unit: &Unit<'_>, service: Service<'_>) -> Result<Health, SystemdError> {
    let paths = &unit.context.paths;
    health::ask(&paths.real(&paths.health_socket), || service.is_active())
}

/// What the health of the service means for the unit.
fn found(health: Health, unit: &Unit<'_>) -> Finding {
    let look = format!(
        "look at 'juju ssh {} journalctl -u {}'",
        unit.context.unit, unit.context.paths.service
    );
    match health {
        Health::Well => Finding::Holds,
        Health::NotReady(why) => {
            unit.log(Level::Error, &format!("the service cannot work: {why}"));
            Finding::Fails(Status::blocked(format!("The service cannot work: {why} ({look})")))
        }
        Health::Silent => {
            Finding::Fails(Status::blocked(format!("The service does not stay up: {look}")))
        }
    }
}

/// The public port is open exactly while the service is up.
pub(super) fn ports(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let wanted =
        (unit.record.wanted && unit.record.enabled && unit.record.role == Some(Role::Store))
            .then(|| format!("{}/tcp", workload::recorded(&unit.record.options).public_port));
    if unit.holds("service") || wanted.is_none() {
        set_ports(unit, wanted.as_deref())?;
    }
    Ok(Finding::Holds)
}

/// Opens `wanted` and closes everything else.
pub(super) fn set_ports(unit: &Unit<'_>, wanted: Option<&str>) -> Result<(), CharmError> {
    let open = unit.tools.opened_ports()?;
    if let Some(port) = wanted
        && !open.iter().any(|known| known == port)
    {
        unit.tools.open_port(port)?;
    }
    for port in open.iter().filter(|port| Some(port.as_str()) != wanted) {
        unit.tools.close_port(port)?;
    }
    Ok(())
}

/// `juju status` shows the release.
pub(super) fn version(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    if unit.record.version.as_deref() != Some(workload::VERSION) {
        unit.tools.application_version_set(workload::VERSION)?;
        unit.record.version = Some(workload::VERSION.to_owned());
    }
    Ok(Finding::Holds)
}

/// The first of our ports that somebody else listens on; asked only while our service is down.
fn taken_port(unit: &Unit<'_>) -> Option<(&'static str, u16)> {
    let options = workload::recorded(&unit.record.options);
    let taken = listening(&unit.context.paths);
    let on_port = matches!(options.admin_place(), AdminPlace::Address(_));
    let admin = on_port.then_some(("admin_port", options.admin_port));
    [("public_port", options.public_port)]
        .into_iter()
        .chain(admin)
        .find(|(_, port)| taken.contains(port))
}

/// TCP ports that are listened on (proc(5), `/proc/net/tcp`: local address, then state `0A`).
fn listening(paths: &Paths) -> Vec<u16> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let read = |table: &str| fs::read_to_string(paths.real(table.as_ref())).unwrap_or_default();
    tables.into_iter().flat_map(|table| listening_in(&read(table))).collect()
}

fn listening_in(table: &str) -> Vec<u16> {
    let port = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next()?;
        (fields.nth(1)? == "0A").then_some(())?;
        u16::from_str_radix(local.rsplit(':').next()?, 16).ok()
    };
    table.lines().filter_map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_take_a_port() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
                     0: 00000000:1151 00000000:0000 0A 00000000:00000000\n\
                     1: 0100007F:1152 0100007F:9999 01 00000000:00000000\n";
        assert_eq!(listening_in(table), vec![4433]);
    }
}
