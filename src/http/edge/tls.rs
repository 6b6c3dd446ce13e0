//! TLS: the certificate from its files, again whenever they change, and who the client is.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinHandle;

use crate::config::Options;
use crate::http::asked::PeerCertificate;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or does not hold what it should.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Certificate, key and authorities do not go together.
    #[error("the certificate cannot be used: {0}")]
    Unusable(String),
    /// Whoever may use the admin listener was decided with what it spoke at the start.
    #[error("only a restart switches TLS on or off")]
    Switched,
}

/// What the two listeners speak; nothing means plain HTTP.
#[derive(Clone, Debug, Default)]
struct Configs {
    public: Option<Arc<ServerConfig>>,
    admin: Option<Arc<ServerConfig>>,
}

impl Configs {
    const fn sides(&self) -> (bool, bool) {
        (self.public.is_some(), self.admin.is_some())
    }
}

/// Which listener a connection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The public one.
    Public,
    /// The admin one.
    Admin,
    /// The one that only tells whether the service is well.
    Health,
}

impl Side {
    /// Its name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Admin => "admin",
            Self::Health => "health",
        }
    }
}

/// The certificates in force.
#[derive(Debug)]
pub struct Tls {
    configs: RwLock<Configs>,
    watched: Mutex<Watched>,
}

/// The files the certificates in force came from, and how they looked then.
#[derive(Debug, Default)]
struct Watched {
    files: Files,
    stamps: Vec<Stamp>,
}

/// Tells whether a file is the one that was read: device, inode, size, and change in nanoseconds.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The files that the options name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Files {
    pair: Option<(PathBuf, PathBuf)>,
    client_ca: Option<PathBuf>,
    /// Whether the admin listener speaks TLS even without authorities for its clients.
    admin: bool,
}

impl Files {
    fn of(options: &Options, admin_is_local: bool) -> Self {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        Self {
            pair: path(&options.tls_certificate).zip(path(&options.tls_key)),
            client_ca: path(&options.admin_client_ca),
            admin: !admin_is_local,
        }
    }

    fn stamps(&self) -> Vec<Stamp> {
        let pair = self.pair.iter().flat_map(|(certificate, key)| [certificate, key]);
        pair.chain(&self.client_ca).map(|path| stamp(path)).collect()
    }

    fn load(&self) -> Result<Configs, TlsError> {
        let Some((certificate, key)) = &self.pair else { return Ok(Configs::default()) };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unreadable(key, &error, "a private key"))?;
        let public = config(&provider, chain.clone(), key.clone_key(), None)?;
        let admin = match &self.client_ca {
            None if !self.admin => None,
            None => Some(config(&provider, chain, key, None)?),
            Some(path) => {
                let verifier = verifier(&provider, path)?;
                Some(config(&provider, chain, key, Some(verifier))?)
            }
        };
        Ok(Configs { public: Some(public), admin })
    }
}

fn stamp(path: &Path) -> Stamp {
    let is = fs::metadata(path).ok()?;
    Some((is.dev(), is.ino(), is.size(), is.mtime(), is.mtime_nsec()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let found = read().map_err(|error| unreadable(path, &error, "certificates"))?;
    if found.is_empty() {
        let reason = "it holds no certificate in PEM form".to_owned();
        return Err(TlsError::File { path: path.to_owned(), reason });
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error, what: &str) -> TlsError {
    let reason = match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        // Says nothing of the content: it may be a key.
        _ => format!("it does not hold {what} in PEM form"),
    };
    TlsError::File { path: path.to_owned(), reason }
}

/// Clients may show a certificate; one that they show has to be good.
fn verifier(
    provider: &Arc<CryptoProvider>,
    path: &Path,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::File { path: path.to_owned(), reason: error.to_string() })?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| TlsError::Unusable(error.to_string()))
}

fn config(
    provider: &Arc<CryptoProvider>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl Tls {
    /// Reads what the options name.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(options: &Options, admin_is_local: bool) -> Result<Self, TlsError> {
        let files = Files::of(options, admin_is_local);
        // Before they are read: a change in between is then seen.
        let stamps = files.stamps();
        let configs = RwLock::new(files.load()?);
        Ok(Self { configs, watched: Mutex::new(Watched { files, stamps }) })
    }

    /// What a new connection speaks.
    pub fn current(&self, side: Side) -> Option<Arc<ServerConfig>> {
        let configs = self.configs.read().unwrap_or_else(PoisonError::into_inner);
        match side {
            Side::Public => configs.public.clone(),
            Side::Admin => configs.admin.clone(),
            Side::Health => None,
        }
    }

    /// Puts what `options` name in place for new connections; if that cannot be used, what there
    /// was stays, and a log line says why.
    pub fn replace(&self, options: &Options, admin_is_local: bool) {
        self.load(Files::of(options, admin_is_local));
    }

    fn load(&self, files: Files) {
        let stamps = files.stamps();
        let loaded = files.load().and_then(|configs| {
            let now = self.configs.read().unwrap_or_else(PoisonError::into_inner);
            if configs.sides() == now.sides() { Ok(configs) } else { Err(TlsError::Switched) }
        });
        let plain = loaded.as_ref().is_ok_and(|configs| configs.public.is_none());
        // Noted in either case: a broken file is tried again when it changes, and not before.
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Watched { files, stamps };
        match loaded {
            Ok(configs) => {
                *self.configs.write().unwrap_or_else(PoisonError::into_inner) = configs;
                if !plain {
                    tracing::info!("TLS certificate read");
                }
            }
            Err(error) => tracing::error!(%error, "the TLS certificate stays as it was"),
        }
    }

    /// Reads the files again if they are not those that were read last.
    fn look(&self) {
        let files = {
            let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            if watched.files.stamps() == watched.stamps {
                return;
            }
            watched.files.clone()
        };
        self.load(files);
    }
}

/// Looks at the files now and then.
pub fn watch(tls: Arc<Tls>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            let tls = Arc::clone(&tls);
            // The files may be on something slow.
            let _ = tokio::task::spawn_blocking(move || tls.look()).await;
        }
    })
}

/// What a request should know of the certificate its client proved to own.
///
/// # Errors
/// When the certificate, which was verified before, cannot be read.
pub fn peer_certificate(certificate: &CertificateDer<'_>) -> io::Result<PeerCertificate> {
    let parsed = webpki::EndEntityCert::try_from(certificate).map_err(io::Error::other)?;
    let names = parsed.valid_dns_names().chain(parsed.valid_uri_names());
    Ok(PeerCertificate {
        fingerprint: hex::encode(Sha256::digest(certificate)),
        names: names.map(str::to_owned).collect(),
    })
}
