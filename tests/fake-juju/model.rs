//! What the controller knows: the committed layer.

use crate::event::Event;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Everything but tasks, logs and faults, which have files of their own.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Model {
    pub name: String,
    pub uuid: String,
    /// 3 or 4: which Juju is played.
    pub mode: u8,
    pub version: String,
    pub app: String,
    /// The directory that units get their charm from.
    pub charm: PathBuf,
    /// Options set by the operator, not the defaults.
    pub config: BTreeMap<String, Value>,
    pub leader: Option<String>,
    pub trusted: bool,
    pub app_status: Option<Status>,
    pub app_version: String,
    pub units: BTreeMap<String, Unit>,
    pub relations: BTreeMap<u32, Relation>,
    pub secrets: BTreeMap<String, Secret>,
    pub resources: BTreeMap<String, PathBuf>,
    /// Variables a test adds to the environment of 1.3.
    pub extra_env: BTreeMap<String, String>,
    /// Words put before the path of `dispatch`, e.g. `prlimit --fsize=4096`.
    pub wrap: Vec<String>,
    pub next_relation: u32,
    /// The task last made; operations and tasks share one sequence, as in Juju.
    pub sequence: u32,
    pub secrets_made: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub status: String,
    pub message: String,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Unit {
    pub machine: u32,
    pub status: Status,
    /// Whether the charm ever called `status-set`.
    pub status_set: bool,
    /// The hook to be retried; while it is there no other hook runs.
    pub error: Option<Event>,
    pub started: bool,
    pub storage: BTreeMap<String, Storage>,
    pub ports: BTreeSet<String>,
    pub state: BTreeMap<String, String>,
    /// Secret id to the revision this unit reads.
    pub tracked: BTreeMap<String, u64>,
    /// Label to secret id, for secrets of others.
    pub labels: BTreeMap<String, String>,
    pub addresses: Vec<String>,
    pub reboot: bool,
    /// What this unit has been told, so that `settle` knows what is due.
    pub seen: BTreeMap<String, u64>,
    pub storage_requests: u32,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Storage {
    pub kind: String,
    pub location: PathBuf,
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Relation {
    pub endpoint: String,
    pub remote_app: String,
    pub peer: bool,
    pub remote_units: Vec<String>,
    /// Application or unit name to its databag.
    pub data: BTreeMap<String, BTreeMap<String, String>>,
    /// Counts the changes of each databag.
    pub versions: BTreeMap<String, u64>,
}

impl Relation {
    pub fn set(&mut self, member: &str, key: &str, value: &str) {
        let bag = self.data.entry(member.to_owned()).or_default();
        let before = bag.get(key).cloned();
        if value.is_empty() {
            bag.remove(key);
        } else {
            bag.insert(key.to_owned(), value.to_owned());
        }
        if before.as_deref().unwrap_or("") != value {
            *self.versions.entry(member.to_owned()).or_default() += 1;
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    User,
    Application(String),
    Unit(String),
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Secret {
    pub owner: Owner,
    /// The label of the owner, or the name a user chose.
    pub label: String,
    pub description: String,
    pub rotate: String,
    pub expire: String,
    #[serde(default)]
    pub created: Timestamp,
    #[serde(default)]
    pub updated: Timestamp,
    /// Revision to content; values are base64, as in Juju.
    pub revisions: BTreeMap<u64, Content>,
    /// Application or unit names.
    pub grants: BTreeSet<String>,
}

/// Key to base64 value.
pub type Content = BTreeMap<String, String>;

impl Secret {
    pub fn latest(&self) -> u64 {
        self.revisions.last_key_value().map_or(0, |(n, _)| *n)
    }

    /// Adds a revision unless the content is the latest one already (Juju 3.6).
    pub fn revise(&mut self, content: Content) {
        let latest = self.latest();
        if self.revisions.get(&latest) != Some(&content) {
            self.revisions.insert(latest + 1, content);
            self.updated = Timestamp::now();
        }
    }

    pub fn owned_by(&self, unit: &str) -> bool {
        match &self.owner {
            Owner::User => false,
            Owner::Application(app) => app == application_of(unit),
            Owner::Unit(owner) => owner == unit,
        }
    }

    pub fn readable_by(&self, unit: &str) -> bool {
        self.owned_by(unit)
            || self.grants.contains(unit)
            || self.grants.contains(application_of(unit))
    }
}

impl Model {
    pub fn is_leader(&self, unit: &str) -> bool {
        self.leader.as_deref() == Some(unit)
    }

    /// `app/leader` becomes the unit that leads now.
    pub fn resolve(&self, unit: &str) -> Option<String> {
        let found = match unit.strip_suffix("/leader") {
            Some(app) if app == self.app => self.leader.clone()?,
            _ => unit.to_owned(),
        };
        self.units.contains_key(&found).then_some(found)
    }

    /// A fresh 20-character secret id, an xid as Juju makes them.
    pub fn new_secret_id(&mut self) -> String {
        self.secrets_made += 1;
        let now = jiff::Timestamp::now().as_second() as u32;
        let mut bytes = [0u8; 12];
        bytes[..4].copy_from_slice(&now.to_be_bytes());
        bytes[4..8].copy_from_slice(&std::process::id().to_be_bytes());
        bytes[8..].copy_from_slice(&self.secrets_made.to_be_bytes());
        xid(&bytes)
    }

    pub fn find_secret(&self, name_or_uri: &str) -> Option<String> {
        secret_id(name_or_uri).filter(|id| self.secrets.contains_key(id)).or_else(|| {
            let named = |s: &Secret| s.owner == Owner::User && s.label == name_or_uri;
            self.secrets.iter().find(|(_, s)| named(s)).map(|(id, _)| id.clone())
        })
    }
}

/// Base32hex without padding, lowercase: 12 bytes become 20 characters.
fn xid(bytes: &[u8; 12]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let mut number = 0u128;
    for byte in bytes {
        number = number << 8 | u128::from(*byte);
    }
    number <<= 4;
    (0..20).rev().map(|i| DIGITS[(number >> (i * 5) & 31) as usize] as char).collect()
}

/// The bare id of a secret URI in any of its four forms.
pub fn secret_id(uri: &str) -> Option<String> {
    let bare = uri.strip_prefix("secret:").unwrap_or(uri).trim_start_matches("//");
    let id = bare.rsplit('/').next()?.split('?').next()?;
    let valid =
        id.len() == 20 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b));
    valid.then(|| id.to_owned())
}

/// At least three alphanumerics, lowercase, single hyphens between them.
pub fn valid_secret_key(key: &str) -> bool {
    let alnum = key.bytes().filter(u8::is_ascii_alphanumeric).count();
    alnum >= 3
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && !key.ends_with('-')
        && !key.contains("--")
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

pub fn application_of(unit: &str) -> &str {
    unit.split('/').next().unwrap_or(unit)
}

/// `kratos/0` as a file name.
pub fn tag(unit: &str) -> String {
    unit.replace('/', "-")
}

pub fn encode(value: &[u8]) -> String {
    BASE64_STANDARD.encode(value)
}

pub fn decode(value: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(value).unwrap_or_default()
}

/// Reads `k=v`, `k#base64=v` and `k#file=path`, and `--file`, into a secret's content.
pub fn secret_content(pairs: &[String], file: Option<&str>) -> Result<Content, String> {
    let mut content = Content::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|e| file_error(path, &e))?;
        let value = crate::text::yaml_in::block(&text)?;
        for (key, value) in value.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            insert(&mut content, key, text.as_bytes())?;
        }
    }
    for pair in pairs {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key.is_empty() || value.is_empty() {
            return Err(format!("key value {pair:?} not valid"));
        }
        match key.split_once('#') {
            None => insert(&mut content, key, value.as_bytes())?,
            Some((key, "base64")) => {
                let bytes = BASE64_STANDARD.decode(value);
                insert(&mut content, key, &bytes.map_err(|e| e.to_string())?)?;
            }
            Some((key, "file")) => {
                let bytes = std::fs::read(value).map_err(|e| file_error(value, &e))?;
                insert(&mut content, key, &bytes)?;
            }
            Some(_) => return Err(format!("key {key:?} not valid")),
        }
    }
    let size: usize = content.values().map(String::len).sum();
    if size > 1_000_000 {
        return Err(format!("secret content size {size} exceeds the limit of 1000000"));
    }
    Ok(content)
}

fn file_error(path: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("reading secret file {path:?}: open {path}: no such file or directory")
        }
        _ => format!("reading secret file {path:?}: {error}"),
    }
}

fn insert(content: &mut Content, key: &str, value: &[u8]) -> Result<(), String> {
    if !valid_secret_key(key) {
        return Err(format!("key {key:?} not valid"));
    }
    content.insert(key.to_owned(), encode(value));
    Ok(())
}
