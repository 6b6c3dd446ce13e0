//! Conditions of mail: the service knows the mail server that a relation or a secret names, and
//! mail goes out.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use secrecy::SecretString;

use super::events::{Hook, RelationChange};
use super::files::{self, Access};
use super::health;
use super::hooktools::{Level, Revision, ToolError};
use super::reconcile::{CharmError, Finding, Unit};
use super::status::Status;
use super::workload;
use crate::config::{SMTP_FILE, SmtpServer, VERIFICATION_TEMPLATE};

/// Name of the relation in `metadata.yaml`.
pub const RELATION: &str = "smtp";
/// Name of the resource in `metadata.yaml`.
const RESOURCE: &str = "verification-email-template";
/// Largest template that is taken, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Where the mail server comes from.
enum Source {
    /// Nobody names one.
    None,
    /// The relation exists and its other side has said nothing yet.
    Expected,
    /// It is known.
    Known(Box<SmtpServer>),
    /// It cannot be told; the service goes on with the one it has.
    Unusable(Status),
}

/// The service knows the mail server.
pub(super) fn server(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    // Nothing of it changes without another hook, except that a secret may have been granted.
    if unit.hook == &Hook::UpdateStatus && unit.record.mail_settled {
        return Ok(Finding::Holds);
    }
    unit.record.mail_settled = false;
    let in_config = workload::recorded(&unit.record.options).mail.smtp_secret_id;
    let (source, related) = match related(unit)? {
        Source::None => (configured(unit, &in_config)?, false),
        other => (other, true),
    };
    let server = match source {
        Source::Unusable(status) => return Ok(Finding::Fails(status)),
        Source::Known(server) => Some(server),
        Source::None | Source::Expected => None,
    };
    let expected = related && server.is_none();
    let weakness = server.as_ref().and_then(|server| server.weakness());
    keep(unit, SMTP_FILE, server.map(|server| server.to_file()).as_deref().map(String::as_bytes))?;
    unit.record.mail_settled = true;
    let note = if expected {
        Some("Mail is not sent yet: the smtp relation has not named its server".to_owned())
    } else if related && !in_config.is_empty() {
        let app = &unit.context.unit.app;
        Some(format!(
            "Mail goes by the smtp relation and not by smtp_secret_id: remove the relation, or \
             run 'juju config {app} --reset smtp_secret_id'"
        ))
    } else {
        weakness.map(|weakness| format!("Warning: {weakness}"))
    };
    unit.record.mail_note = note;
    Ok(Finding::Holds)
}

/// What the relation says.
fn related(unit: &mut Unit<'_>) -> Result<Source, CharmError> {
    if let Hook::Relation { endpoint, change: RelationChange::Broken } = unit.hook
        && endpoint == RELATION
    {
        return Ok(Source::None);
    }
    let Some(relation) = unit.tools.relation_ids(RELATION)?.into_iter().next() else {
        return Ok(Source::None);
    };
    let Some(app) = unit.tools.relation_app(&relation)? else { return Ok(Source::Expected) };
    let databag = unit.tools.relation_get_app(&relation, &app)?;
    if databag.get("host").is_none_or(String::is_empty) {
        return Ok(Source::Expected);
    }
    let password = match databag.get("password_id").filter(|id| !id.is_empty()) {
        None => None,
        Some(id) => match content(unit, id)? {
            Ok(mut content) => match content.remove("password") {
                Some(password) => Some(password),
                None => {
                    return Ok(unusable(format!(
                        "The secret {id} of {app} has no password: repair it there"
                    )));
                }
            },
            Err(why) => {
                return Ok(unusable(format!("The secret {id} of {app} {why}: relate it again")));
            }
        },
    };
    Ok(match SmtpServer::from_relation(&databag, password) {
        Ok(server) => Source::Known(Box::new(server)),
        Err(why) => unusable(format!("The smtp relation with {app} {why}: correct it there")),
    })
}

/// What the secret of the option says.
fn configured(unit: &Unit<'_>, id: &str) -> Result<Source, CharmError> {
    if id.is_empty() {
        return Ok(Source::None);
    }
    let app = &unit.context.unit.app;
    Ok(match content(unit, id)? {
        Ok(content) => match SmtpServer::from_secret(&content) {
            Ok(server) => Source::Known(Box::new(server)),
            Err(why) => unusable(format!(
                "The secret of option 'smtp_secret_id' {why}: correct it with 'juju update-secret'"
            )),
        },
        Err(why) => unusable(format!(
            "The secret of option 'smtp_secret_id' {why}: run 'juju grant-secret NAME {app}', or \
             'juju config {app} smtp_secret_id=...'"
        )),
    })
}

fn unusable(text: String) -> Source {
    Source::Unusable(Status::blocked(text))
}

type Content = BTreeMap<String, SecretString>;

/// A secret's content, or why there is none.
fn content(unit: &Unit<'_>, id: &str) -> Result<Result<Content, &'static str>, CharmError> {
    // Its newest revision is also the one to begin with when it was refused before.
    match unit.tools.secret_get(id, Revision::Newest) {
        Ok(content) => Ok(Ok(content)),
        Err(error) => refusal(&error).map(Err).ok_or_else(|| error.into()),
    }
}

fn refusal(error: &ToolError) -> Option<&'static str> {
    let said = error.stderr();
    if said.contains("permission denied") {
        return Some("is denied to this application");
    }
    (said.contains("not found") || said.contains("not valid")).then_some("does not exist")
}

/// Puts a file beside the record, or takes it away; the service is told of what is new.
fn keep(unit: &mut Unit<'_>, name: &str, content: Option<&[u8]>) -> Result<(), CharmError> {
    let path = unit.context.paths.real(&unit.context.paths.unit_dir).join(name);
    let access = Access { mode: 0o640, owner: unit.user.map(|user| (0.into(), user.gid)) };
    let is = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        other => Some(other?),
    };
    if is.as_deref() != content {
        unit.record.reload_due = true;
    }
    // Also makes the directory of the first hooks.
    unit.save()?;
    match content {
        Some(content) => files::write(&path, content, access).map(drop)?,
        None if is.is_some() => drop(files::remove(&path)?),
        None => {}
    }
    Ok(())
}

/// The operator's verification mail is where the service reads it.
pub(super) fn template(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    // A new one comes with upgrade-charm; the other hooks would ask in vain.
    if !matches!(unit.hook, Hook::Install | Hook::UpgradeCharm | Hook::ConfigChanged) {
        return Ok(Finding::Holds);
    }
    let text = match unit.tools.resource_get(RESOURCE)? {
        None => String::new(),
        Some(path) => match fs::metadata(&path)?.len() {
            0..=LARGEST => match String::from_utf8(fs::read(&path)?) {
                Ok(text) => text,
                Err(_) => return Ok(refused("is not UTF-8")),
            },
            _ => return Ok(refused("is larger than 256 KiB")),
        },
    };
    if let Err(why) = workload::check_mail_template(&text) {
        return Ok(refused(&format!("cannot be used: {why}")));
    }
    let content = (!text.trim().is_empty()).then_some(text.as_bytes());
    keep(unit, VERIFICATION_TEMPLATE, content)?;
    Ok(Finding::Holds)
}

fn refused(why: &str) -> Finding {
    Finding::Fails(Status::blocked(format!(
        "Resource {RESOURCE} {why}: attach another one with 'juju attach-resource'"
    )))
}

/// Mail goes out. The service does everything else without, so this blocks nothing.
#[expect(clippy::unnecessary_wraps, reason = "all conditions have one shape")]
pub(super) fn goes_out(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let socket = unit.context.paths.real(&unit.context.paths.health_socket);
    if let Some(trouble) = health::mail_trouble(&socket) {
        unit.log(Level::Warning, &trouble);
        return Ok(Finding::Fails(Status::active(trouble)));
    }
    Ok(match &unit.record.mail_note {
        Some(note) => Finding::Fails(Status::active(note)),
        None => Finding::Holds,
    })
}
