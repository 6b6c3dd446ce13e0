//! Where a command works: the state directory, the unit's name and the options.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::args::Global;
use super::exit::Stop;
use super::{secret, values};
use crate::app::Settings;
use crate::config::{LOCAL_SECRET, Options, Problem, SMTP_FILE, SmtpServer, VERIFICATION_TEMPLATE};
use crate::service::courier::check_templates;

/// The unit a local run pretends to be.
const UNIT: &str = "doorward/0";

/// The place and its options.
#[derive(Debug, Clone)]
pub struct Place {
    /// The unit's name.
    pub unit: String,
    /// State directory, options and clock.
    pub settings: Settings,
}

/// What the charm wrote about a unit; it holds more than is read here.
#[derive(Deserialize)]
struct UnitRecord {
    unit: String,
    state_dir: Option<PathBuf>,
    #[serde(default)]
    options: Map<String, Value>,
}

impl Place {
    /// The place that the command line names. Options of the unit record come first, then those
    /// of the options file, then those set one by one.
    ///
    /// # Errors
    /// When a file cannot be read, an option is malformed, or no state directory can be told.
    pub fn of(global: &Global) -> Result<Self, Stop> {
        let record = global.unit_record.as_deref().map(unit_record).transpose()?;
        let (unit, recorded, mut options) = match record {
            Some(record) => (record.unit, record.state_dir, record.options),
            None => (UNIT.to_owned(), None, Map::new()),
        };
        if let Some(path) = &global.options {
            let text = read_text(path)?;
            let file = values::file(&text)
                .map_err(|error| Stop::Failed(format!("{}: {error}", path.display())))?;
            options.extend(file);
        }
        for pair in &global.sets.set {
            let (name, text) = pair
                .split_once('=')
                .ok_or_else(|| Stop::Usage(format!("--set takes OPTION=VALUE, not {pair:?}")))?;
            options.insert(name.to_owned(), Value::String(text.to_owned()));
        }
        let named = global.state_dir.clone().filter(|dir| !dir.as_os_str().is_empty());
        let state_dir = match named.or(recorded) {
            Some(dir) => absolute(&dir)?,
            None => default_state_dir()?,
        };
        let mut settings = Settings::embedded(state_dir, checked(&options)?);
        settings.smtp = smtp(&settings.options, global.unit_record.as_deref())?;
        settings.verification_template = match &global.unit_record {
            Some(record) => beside(record, VERIFICATION_TEMPLATE)?,
            None => None,
        };
        Ok(Self { unit, settings })
    }

    /// Directory with the database and the keys.
    pub fn state_dir(&self) -> &Path {
        &self.settings.state_dir
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }
}

fn unit_record(path: &Path) -> Result<UnitRecord, Stop> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| Stop::Failed(format!("{} is not a unit record: {error}", path.display())))
}

/// The mail server: from a file on a local run, and under Juju from the one the charm wrote beside
/// the record of the unit.
fn smtp(options: &Options, record: Option<&Path>) -> Result<Option<SmtpServer>, Stop> {
    let id = &options.mail.smtp_secret_id;
    if id.starts_with(LOCAL_SECRET) {
        let content = secret::read(id)
            .map_err(|fault| Stop::Failed(format!("option 'smtp_secret_id': {fault}")))?;
        let server = SmtpServer::from_secret(&content);
        return server.map(Some).map_err(|why| Stop::Failed(format!("{id} {why}")));
    }
    let Some(record) = record else {
        if id.is_empty() {
            return Ok(None);
        }
        return Err(Stop::Usage(
            "option 'smtp_secret_id': a local run reads secrets from file:PATH".to_owned(),
        ));
    };
    let Some(text) = beside(record, SMTP_FILE)?.map(Zeroizing::new) else { return Ok(None) };
    let server = SmtpServer::from_file(&text);
    server.map(Some).map_err(|why| Stop::Failed(format!("{SMTP_FILE} {why}")))
}

/// The text of a file that may stand beside the record of the unit.
fn beside(record: &Path, name: &str) -> Result<Option<String>, Stop> {
    let path = record.with_file_name(name);
    if path.exists() { read_text(&path).map(Some) } else { Ok(None) }
}

/// Numbers may come as text here; `config` reads both.
fn checked(options: &Map<String, Value>) -> Result<Options, Stop> {
    let usage = |problems: Vec<Problem>| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Stop::Usage(all.join("; "))
    };
    let options = Options::from_map(options).map_err(usage)?;
    check_templates(&options).map_err(|problem| usage(vec![problem]))?;
    Ok(options)
}

/// The text of a file of moderate size.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Stop> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| Stop::file("read", path, &error))?;
    file.take(values::LARGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(|error| Stop::file("read", path, &error))?;
    if text.len() as u64 > values::LARGEST_FILE {
        return Err(Stop::Failed(format!("{} is larger than 16 MiB", path.display())));
    }
    Ok(text)
}

/// The path from the root; the process may become somebody who cannot see where it started.
///
/// # Errors
/// When the path is empty or there is no working directory.
pub fn absolute(path: &Path) -> Result<PathBuf, Stop> {
    std::path::absolute(path).map_err(|error| Stop::file("use", path, &error))
}

fn default_state_dir() -> Result<PathBuf, Stop> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    variable("XDG_STATE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("doorward"))
        .ok_or_else(|| Stop::Usage("give --state-dir: there is no home directory".to_owned()))
}
