//! The composition root: the only place that knows how the rooms are put together.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;
use zeroize::Zeroizing;

use crate::audit::running::Verifying;
use crate::capacity;
use crate::clock::Clock;
use crate::config::{Options, SmtpServer};
use crate::courier::Outbox;
use crate::crypto::jwt::TokenKey;
use crate::crypto::password::{Argon2Params, Hashers};
use crate::crypto::seal::SealingKey;
use crate::crypto::sign::SigningKey;
use crate::crypto::token;
use crate::domain::policy::PasswordPolicy;
use crate::domain::schema::Schemas;
use crate::domain::sightings::Sightings;
use crate::domain::throttle::InFlight;
use crate::error::{Error, ErrorCode};
use crate::rng::Rng;
use crate::store::sql::rarity::LastLook;
use crate::store::{Author, Dialect, Ledger, Location, Store};

/// The file that holds an embedded database, inside the state directory.
pub const DATABASE: &str = "doorward.db";
/// The names of the keys, files below `keys/` in the state directory.
pub const KEYS: [&str; 4] = ["data", "cookie", "ledger", "token"];

/// The share of the machine's memory that hashing may take: one part of so many.
const HASHING_SHARE: u64 = 4;

/// What is needed to open a deployment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where database and keys are.
    pub state_dir: PathBuf,
    /// The options in force.
    pub options: Options,
    /// A PostgreSQL server in place of the embedded database; a secret.
    pub database_url: Option<String>,
    /// Where "now" comes from.
    pub clock: Clock,
    /// The mail server; without one no mail is sent.
    pub smtp: Option<SmtpServer>,
    /// The operator's verification mail in HTML, in place of our own.
    pub verification_template: Option<String>,
}

/// Everything a use case works with. A clone is another handle on the same.
#[derive(Clone)]
pub struct Deps {
    /// The data and its ledger.
    pub store: Store,
    /// The options in force.
    pub options: Options,
    /// The identity schemas in force.
    pub schemas: Arc<Schemas>,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
    /// What hashes passwords.
    pub hashers: Arc<Hashers>,
    data_key: Arc<OnceLock<Zeroizing<Vec<u8>>>>,
    /// Attempts to sign in that are being made.
    pub attempts: Arc<InFlight>,
    /// Sessions that were used, until it is written down.
    pub sightings: Arc<Sightings>,
    /// How rare parts of words are, for a service that searches often.
    pub rarity: Option<Arc<LastLook>>,
    /// The verification of the ledger that runs, or ran last.
    pub verifying: Arc<Verifying>,
    /// Where database, keys, backups and exports are.
    pub state_dir: PathBuf,
    /// The mail server; without one no mail is sent.
    pub smtp: Option<Arc<SmtpServer>>,
    /// The operator's verification mail in HTML, in place of our own.
    pub verification_template: Option<Arc<str>>,
    /// The bell of those who send mail, and what they have to say.
    pub outbox: Outbox,
}

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version before; 0 for a database that was created.
    pub from: i64,
    /// The version now.
    pub to: i64,
}

impl Settings {
    /// Settings for a state directory with an embedded database.
    #[must_use]
    pub fn embedded(state_dir: impl Into<PathBuf>, options: Options) -> Self {
        Self {
            state_dir: state_dir.into(),
            options,
            database_url: None,
            clock: Clock::System,
            smtp: None,
            verification_template: None,
        }
    }

    fn location(&self) -> Location {
        match &self.database_url {
            Some(url) => Location::Server(url.clone()),
            None => Location::File(self.state_dir.join(DATABASE)),
        }
    }

    fn ledger(&self) -> Ledger {
        let path = key_path(&self.state_dir, "ledger");
        Ledger {
            clock: self.clock.clone(),
            rng: Rng::default(),
            realm: self.options.realm.clone(),
            // The key is read when a checkpoint is due, which most short runs never see.
            signer: Some(Box::new(move |origin, size, root| {
                let key = signing_key(&path)?;
                key.sign_checkpoint(origin, size, root).map_err(|error| {
                    Error::new(
                        ErrorCode::AuditUnavailable,
                        "The ledger checkpoint cannot be signed.",
                    )
                    .because(error)
                })
            })),
        }
    }
}

impl Deps {
    /// Prepares for many who work at once, as a service does; see [`Store::share`].
    #[must_use]
    pub fn shared(self) -> Self {
        self.store.share();
        Self { rarity: Some(Arc::default()), ..self }
    }

    /// The same, for look-ups of microseconds; see [`Store::quick`].
    #[must_use]
    pub fn quick(&self) -> Self {
        Self { store: self.store.quick(), ..self.clone() }
    }

    /// Whether the data is in a file of our own, and asking for it a matter of microseconds.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.store.dialect() == Dialect::Sqlite
    }

    /// The rule for passwords that people choose.
    #[must_use]
    pub fn password_policy(&self) -> PasswordPolicy {
        let words = self.options.forbidden_words().map(str::to_owned).collect();
        PasswordPolicy { min_length: self.options.password_min_length, words }
    }

    /// The data key; its file is read once.
    fn data_key(&self) -> Result<&[u8], Error> {
        if let Some(key) = self.data_key.get() {
            return Ok(key);
        }
        let key = read_key(&key_path(&self.state_dir, "data"))?;
        Ok(self.data_key.get_or_init(|| key))
    }

    /// A digest of something short that only the holder of the data key can try out.
    ///
    /// # Errors
    /// When the data key cannot be read.
    pub fn keyed_digest(&self, context: &str, secret: &str) -> Result<String, Error> {
        Ok(token::keyed_digest(self.data_key()?, context, secret))
    }

    /// How long a session lasts.
    #[must_use]
    pub fn session_lifespan(&self) -> SignedDuration {
        SignedDuration::from_mins(self.options.session_lifespan_minutes.into())
    }

    /// How near its end a session must be to be extended; nothing when it may be at any time.
    #[must_use]
    pub fn session_extend_window(&self) -> Option<SignedDuration> {
        let minutes = self.options.session_extend_window_minutes;
        (minutes > 0).then(|| SignedDuration::from_mins(minutes.into()))
    }

    /// Seals what must be read back, with the data key; `context` says what it is and whose.
    ///
    /// # Errors
    /// When the data key cannot be read or there is no randomness.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<String, Error> {
        let key = self.data_key()?;
        let sealed = SealingKey::new(key).and_then(|key| key.seal(&self.rng, context, secret));
        sealed.map_err(|error| {
            Error::new(ErrorCode::Internal, "A value cannot be sealed.").because(error)
        })
    }

    /// Opens what [`Deps::seal`] sealed in the same context.
    ///
    /// # Errors
    /// When the data key cannot be read or is another one, or the value is damaged.
    pub fn unseal(&self, context: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = self.data_key()?;
        SealingKey::new(key).and_then(|key| key.open(context, sealed)).map_err(|error| {
            Error::new(ErrorCode::Internal, "A sealed value cannot be opened.").because(error)
        })
    }

    /// What tells the data key from others, and reveals nothing else about it.
    ///
    /// # Errors
    /// When the data key cannot be read.
    pub fn data_key_id(&self) -> Result<String, Error> {
        let key = self.data_key()?;
        let key = SealingKey::new(key).map_err(|error| {
            Error::new(ErrorCode::NotReady, "The data key cannot be used.").because(error)
        })?;
        Ok(key.id().to_owned())
    }

    /// The key with which tokens of sessions are signed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn token_key(&self) -> Result<TokenKey, Error> {
        let der = read_key(&key_path(&self.state_dir, "token"))?;
        TokenKey::from_pkcs8(&der).map_err(|error| {
            let message = "The token key cannot be read: its file does not hold a key.";
            Error::new(ErrorCode::NotReady, message).because(error)
        })
    }

    /// The key with which checkpoints are signed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn ledger_key(&self) -> Result<SigningKey, Error> {
        signing_key(&key_path(&self.state_dir, "ledger"))
    }
}

/// Opens a deployment that was prepared.
///
/// # Errors
/// `NotReady` when there is none, `NewerDatabase` when a newer release wrote it.
pub fn open(settings: &Settings) -> Result<Deps, Error> {
    let store = Store::open(&settings.location(), settings.ledger())?;
    assemble(settings, store)
}

/// Makes the state directory, the keys and the database where they are missing, brings an older
/// database up to date, and opens the deployment.
///
/// # Errors
/// As [`open`], and when a file cannot be written.
pub fn prepare(settings: &Settings, author: &Author) -> Result<(Deps, Migrated), Error> {
    make_directory(&settings.state_dir)?;
    make_keys(&settings.state_dir)?;
    if settings.database_url.is_none() {
        touch(&settings.state_dir.join(DATABASE))?;
    }
    let (store, from, to) = Store::migrate(&settings.location(), settings.ledger(), author)?;
    Ok((assemble(settings, store)?, Migrated { from, to }))
}

fn assemble(settings: &Settings, store: Store) -> Result<Deps, Error> {
    let schemas = settings.options.schemas().map_err(|problem| {
        Error::new(ErrorCode::Invalid, format!("The configuration cannot be used: {problem}."))
    })?;
    Ok(Deps {
        store,
        options: settings.options.clone(),
        schemas: Arc::new(schemas),
        clock: settings.clock.clone(),
        rng: Rng::default(),
        hashers: Arc::new(hashers(&settings.options)),
        data_key: Arc::default(),
        attempts: Arc::default(),
        sightings: Arc::default(),
        rarity: None,
        verifying: Arc::default(),
        state_dir: settings.state_dir.clone(),
        smtp: settings.smtp.clone().map(Arc::new),
        verification_template: settings.verification_template.as_deref().map(Arc::from),
        outbox: Outbox::default(),
    })
}

/// As many hashes at once as there are cores, unless their memory would be too much for the machine.
fn hashers(options: &Options) -> Hashers {
    let cost = Argon2Params {
        memory_kib: options.argon2_memory_kib,
        iterations: options.argon2_iterations,
        parallelism: options.argon2_parallelism,
    };
    let bytes = u64::from(cost.memory_kib) * 1024;
    let fit = capacity::memory() / HASHING_SHARE / bytes.max(1);
    let threads = capacity::cores().min(usize::try_from(fit).unwrap_or(usize::MAX)).max(1);
    Hashers::new(threads, cost)
}

/// Makes the keys that are missing; those that exist are never touched.
///
/// # Errors
/// When a file cannot be written or there is no randomness.
pub fn make_keys(state_dir: &Path) -> Result<(), Error> {
    let keys = state_dir.join("keys");
    make_directory(&keys)?;
    sweep(&keys);
    for name in KEYS {
        let path = key_path(state_dir, name);
        if path.exists() {
            continue;
        }
        let content = new_key(name)?;
        write_private(&path, &content)?;
    }
    Ok(())
}

/// Removes what a process that was killed while it made a key has left behind: half a key, or a whole
/// one that nobody uses.
fn sweep(keys: &Path) {
    let Ok(entries) = fs::read_dir(keys) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let maker = name.strip_suffix(".partial").and_then(|rest| rest.rsplit('.').next());
        if maker.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // It is tried again the next time.
            let _ = fs::remove_file(&path);
        }
    }
}

/// Where a key is.
#[must_use]
pub fn key_path(state_dir: &Path, name: &str) -> PathBuf {
    state_dir.join("keys").join(name)
}

/// Keys are kept as one line of base64, so that they pass unharmed through Juju's secrets.
fn new_key(name: &str) -> Result<Zeroizing<String>, Error> {
    use base64::Engine as _;
    let encode =
        |bytes: &[u8]| Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(bytes));
    if name == "ledger" {
        let failed = |error: crate::crypto::sign::SignError| {
            Error::new(ErrorCode::Internal, "The ledger key cannot be made.").because(error)
        };
        let key = SigningKey::generate().map_err(failed)?;
        return Ok(encode(&key.to_pkcs8().map_err(failed)?));
    }
    if name == "token" {
        let der = TokenKey::generate().map_err(|error| {
            Error::new(ErrorCode::Internal, "The token key cannot be made.").because(error)
        })?;
        return Ok(encode(&der));
    }
    let mut bytes = Zeroizing::new([0u8; 32]);
    Rng::default().fill(bytes.as_mut())?;
    Ok(encode(bytes.as_ref()))
}

fn read_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    use base64::Engine as _;
    let unusable = |why: &str| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Error::new(ErrorCode::NotReady, format!("The {name} key cannot be read: {why}."))
    };
    let text = fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| unusable("its file is missing or unreadable").because(error))?;
    base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .map(Zeroizing::new)
        .map_err(|_| unusable("its file does not hold a key"))
}

fn signing_key(path: &Path) -> Result<SigningKey, Error> {
    SigningKey::from_pkcs8(&read_key(path)?).map_err(|error| {
        Error::new(
            ErrorCode::NotReady,
            "The ledger key cannot be read: its file does not hold a key.",
        )
        .because(error)
    })
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    let message = format!("{} cannot be written.", path.display());
    Error::new(ErrorCode::AuditUnavailable, message).because(error)
}

/// Makes a directory that only its owner may enter.
fn make_directory(path: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| cannot_write(path, error))
}

/// Makes the database file before SQLite does, so that it and its companions are private.
fn touch(path: &Path) -> Result<(), Error> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| cannot_write(path, error))
}

/// Makes a private file, whole or not at all; of several processes that try at once the first wins.
fn write_private(path: &Path, content: &str) -> Result<(), Error> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let write = || -> std::io::Result<()> {
        let _ = fs::remove_file(&partial);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        file.write_all(content.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // Unlike a rename, a link never takes the place of a file that is there.
        let linked = fs::hard_link(&partial, path);
        fs::remove_file(&partial)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
    };
    write().map_err(|error| cannot_write(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashing_is_bounded_by_cores_and_by_memory() {
        let options = Options::default();
        assert_eq!(hashers(&options).threads(), capacity::cores());
        let dear = Options { argon2_memory_kib: u32::MAX, ..options };
        assert_eq!(hashers(&dear).threads(), 1, "one at a time when memory allows no more");
    }

    #[test]
    fn what_a_killed_process_left_of_a_key_goes_and_what_a_living_one_makes_stays() {
        let dir = tempfile::tempdir().unwrap();
        make_keys(dir.path()).unwrap();
        let keys = dir.path().join("keys");
        let [dead, alive] =
            [u32::MAX, std::process::id()].map(|pid| keys.join(format!("ledger.{pid}.partial")));
        fs::write(&dead, "").unwrap();
        fs::write(&alive, "").unwrap();
        make_keys(dir.path()).unwrap();
        assert_eq!((dead.exists(), alive.exists()), (false, true));
        assert!(KEYS.iter().all(|name| keys.join(name).exists()));
    }
}
