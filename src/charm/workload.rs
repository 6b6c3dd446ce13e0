//! What hooks and actions ask of the rest of the program, in one place.

use std::path::Path;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::context::UnitName;
use crate::app::{self, Deps, Migrated, Settings};
use crate::config::{LOCAL_SECRET, Options, Problem, SMTP_FILE, SmtpServer, VERIFICATION_TEMPLATE};
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::error::Error;
use crate::service::Caller;
use crate::service::courier::{check_template, check_templates};

/// The release of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Checks the options of the application as far as that is possible without the data.
///
/// # Errors
/// Each option that cannot be used.
pub fn check_options(options: &Map<String, Value>) -> Result<Options, Vec<Problem>> {
    let options = Options::from_map(options)?;
    options.check_schemas().map_err(|problem| vec![problem])?;
    check_templates(&options).map_err(|problem| vec![problem])?;
    if options.mail.smtp_secret_id.starts_with(LOCAL_SECRET) {
        let message = "must be the id of a Juju secret; files are for local runs".to_owned();
        return Err(vec![Problem { option: "smtp_secret_id".to_owned(), message }]);
    }
    Ok(options)
}

/// Checks a mail that the operator wrote.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn check_mail_template(text: &str) -> Result<(), String> {
    check_template(text)
}

/// The options that were in force when the record was written.
#[must_use]
pub fn recorded(options: &Map<String, Value>) -> Options {
    // They were valid once; an older release may have allowed what this one does not.
    Options::from_map(options).unwrap_or_default()
}

/// Makes or upgrades the database in `state_dir`, with an entry in its ledger.
///
/// # Errors
/// `NewerDatabase` when a later release wrote it; the data are then untouched.
pub fn migrate(
    state_dir: &Path,
    options: &Map<String, Value>,
    caller: &Caller,
) -> Result<(Deps, Migrated), Error> {
    app::prepare(&Settings::embedded(state_dir, recorded(options)), &caller.author())
}

/// A hook of this unit, as the ledger names it.
#[must_use]
pub fn hook(unit: &UnitName) -> Caller {
    Caller::local(Actor::new(ActorKind::System, unit.to_string()))
}

/// Opens the database in `state_dir`. What the charm wrote about mail is in `unit_dir`; a mail
/// server that cannot be read there counts as none.
///
/// # Errors
/// When it is missing, damaged or newer than this release.
pub fn open(
    state_dir: &Path,
    options: &Map<String, Value>,
    unit_dir: &Path,
) -> Result<Deps, Error> {
    let text = |name: &str| std::fs::read_to_string(unit_dir.join(name)).ok();
    let mut settings = Settings::embedded(state_dir, recorded(options));
    settings.smtp =
        text(SMTP_FILE).map(Zeroizing::new).and_then(|text| SmtpServer::from_file(&text).ok());
    settings.verification_template = text(VERIFICATION_TEMPLATE);
    app::open(&settings)
}

/// Whether `state_dir` holds a database.
#[must_use]
pub fn has_database(state_dir: &Path) -> bool {
    state_dir.join(app::DATABASE).exists()
}

/// An error with its causes, for the log.
#[must_use]
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
