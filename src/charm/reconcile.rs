//! Makes the unit what it should be: a list of named conditions, each checked and, where it does
//! not hold, made to hold. Every hook but the last ones walks the whole list, so a hook that was
//! lost, repeated or killed is made good by the next.

use std::collections::BTreeSet;
use std::io;

use super::context::Context;
use super::events::Hook;
use super::hooktools::{HookTools, Level, ToolError};
use super::record::Record;
use super::status::{self, Status};
use super::systemd::SystemdError;
use super::users::{Acting, ServiceUser, UserError};
use super::{application, machine, mail, pages, service};

/// Why a condition could not even be checked, or why it could not be made to hold.
#[derive(Debug, thiserror::Error)]
pub enum CharmError {
    /// A hook tool gave no usable answer; Juju runs the hook again.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The machine does not let us; the operator has to look at it.
    #[error(transparent)]
    Machine(#[from] io::Error),
    /// There is no service user.
    #[error(transparent)]
    User(#[from] UserError),
    /// systemd does not do its part.
    #[error(transparent)]
    Systemd(#[from] SystemdError),
}

/// What checking a condition found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Holds,
    /// It does not, and this is what the status should say.
    Fails(Status),
    /// It does not hold, and that is as it should be at this moment.
    NotNow,
}

/// One thing that has to be true of the unit.
pub struct Condition {
    /// Its name, for the log and for conditions that need it.
    pub name: &'static str,
    /// Conditions without which this one is not looked at.
    pub needs: &'static [&'static str],
    /// Checks it and makes it hold.
    pub ensure: fn(&mut Unit<'_>) -> Result<Finding, CharmError>,
}

/// All conditions, in the order in which they are looked at.
pub const CONDITIONS: &[Condition] = &[
    Condition { name: "service-user", needs: &[], ensure: machine::service_user },
    Condition { name: "pages", needs: &[], ensure: pages::related },
    Condition { name: "options", needs: &[], ensure: application::options },
    Condition { name: "peers", needs: &[], ensure: application::peers },
    Condition { name: "store-unit", needs: &["peers"], ensure: application::store_unit },
    Condition { name: "storage", needs: &[], ensure: machine::storage },
    Condition {
        name: "state-directory",
        needs: &["service-user", "storage"],
        ensure: machine::state_directory,
    },
    Condition {
        name: "shared-keys",
        needs: &["peers", "service-user"],
        ensure: application::shared_keys,
    },
    Condition {
        name: "keys",
        needs: &["store-unit", "state-directory", "shared-keys"],
        ensure: application::keys,
    },
    Condition { name: "settings", needs: &[], ensure: application::settings },
    Condition { name: "mail-server", needs: &["service-user", "settings"], ensure: mail::server },
    Condition { name: "mail-template", needs: &["service-user"], ensure: mail::template },
    Condition { name: "database", needs: &["keys", "settings"], ensure: machine::database },
    Condition { name: "binary", needs: &["service-user"], ensure: machine::binary },
    Condition {
        name: "unit-file",
        needs: &["binary", "state-directory", "settings"],
        ensure: machine::unit_file,
    },
    Condition { name: "not-a-spare", needs: &["service-user"], ensure: service::not_a_spare },
    Condition {
        name: "service",
        needs: &["store-unit", "keys", "database", "unit-file"],
        ensure: service::running,
    },
    Condition { name: "mail", needs: &["service"], ensure: mail::goes_out },
    Condition { name: "ports", needs: &["settings"], ensure: service::ports },
    Condition { name: "version", needs: &[], ensure: service::version },
];

/// The unit while one hook is at work on it.
pub struct Unit<'a> {
    /// What Juju said.
    pub context: &'a Context,
    /// The hook.
    pub hook: &'a Hook,
    /// The hook tools.
    pub tools: &'a HookTools,
    /// What the unit remembers.
    pub record: Record,
    /// The service user, once it exists.
    pub user: Option<ServiceUser>,
    /// Who the process acts as.
    pub acting: Acting,
    /// The peer relation and what its application databag says, once they are known.
    pub peers: application::Peers,
    saved: Record,
    held: BTreeSet<&'static str>,
}

impl<'a> Unit<'a> {
    /// The unit as it was left by the hook before. A record that is lost or spoilt is made anew
    /// from what Juju and the machine know.
    ///
    /// # Errors
    /// When the record is there and cannot be read.
    pub fn load(context: &'a Context, hook: &'a Hook, tools: &'a HookTools) -> io::Result<Self> {
        let saved = match Record::load(&context.paths) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tools.juju_log(Level::Warning, &format!("the record is made anew: {error}"));
                None
            }
            other => other?,
        };
        let lost = saved.is_none();
        let saved = saved.unwrap_or_default();
        let mut record = saved.clone();
        record.unit = context.unit.to_string();
        // Juju sends `start` once; a unit file without a record is that of a started unit.
        record.wanted |= lost && context.paths.real(&context.paths.unit_file).exists();
        let user = ServiceUser::find(&context.paths)?;
        Ok(Self {
            context,
            hook,
            tools,
            record,
            user,
            acting: Acting::default(),
            peers: application::Peers::default(),
            saved,
            held: BTreeSet::new(),
        })
    }

    /// Writes the record if it says something new.
    ///
    /// # Errors
    /// As the file system says.
    pub fn save(&mut self) -> io::Result<()> {
        if self.record != self.saved {
            self.record.save(&self.context.paths, self.user)?;
            self.saved = self.record.clone();
        }
        Ok(())
    }

    /// Notes, before something is changed that the running service does not see by itself, that
    /// it has to be started again.
    ///
    /// # Errors
    /// As [`Unit::save`].
    pub fn restart_due(&mut self) -> io::Result<()> {
        self.record.restart_due = true;
        self.save()
    }

    /// Whether a condition was found to hold in this hook.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.held.contains(name)
    }

    /// Writes a line to the log of the model.
    pub fn log(&self, level: Level, line: &str) {
        self.tools.juju_log(level, line);
    }
}

/// Walks the conditions and sets the status.
///
/// # Errors
/// When a hook tool gives no usable answer, or the record cannot be read: the hook then fails and
/// Juju runs it again.
pub fn reconcile(unit: &mut Unit<'_>) -> Result<(), CharmError> {
    if unit.hook == &Hook::Start {
        unit.record.wanted = true;
    }
    let mut findings = Vec::new();
    for condition in CONDITIONS {
        if !condition.needs.iter().all(|need| unit.held.contains(need)) {
            continue;
        }
        match check(condition, unit)? {
            Finding::Holds => {
                unit.held.insert(condition.name);
            }
            Finding::Fails(status) => findings.push(status),
            Finding::NotNow => {}
        }
    }
    if let Err(error) = unit.save() {
        findings.push(trouble("record", &error.into(), unit));
    }
    if findings.iter().all(|finding| finding.level == status::Level::Active) && !unit.record.wanted
    {
        findings.push(Status::waiting("Installed; Juju starts the service in a moment"));
    }
    unit.tools.status_set(&status::of(&findings))?;
    Ok(())
}

fn check(condition: &Condition, unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    match (condition.ensure)(unit) {
        // The next hook may find the machine in a better state, and nothing was lost, so this is
        // for the operator to see rather than an error for Juju to repeat.
        Err(error @ (CharmError::Machine(_) | CharmError::User(_) | CharmError::Systemd(_))) => {
            Ok(Finding::Fails(trouble(condition.name, &error, unit)))
        }
        other => other,
    }
}

fn trouble(condition: &str, error: &CharmError, unit: &Unit<'_>) -> Status {
    unit.log(Level::Error, &format!("{condition}: {error}"));
    Status::blocked(match error {
        CharmError::Machine(cause) if cause.kind() == io::ErrorKind::StorageFull => {
            format!("The disk is full: free some space on this machine ({cause})")
        }
        CharmError::Machine(cause) if cause.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            format!("The disk is read-only: repair or remount it ({cause})")
        }
        other => format!("Repair this on the machine, the charm then goes on by itself: {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_needs_only_conditions_that_come_before_it() {
        let mut known = BTreeSet::new();
        for condition in CONDITIONS {
            for need in condition.needs {
                assert!(known.contains(need), "{} needs {need}", condition.name);
            }
            assert!(known.insert(condition.name), "{} twice", condition.name);
        }
    }
}
