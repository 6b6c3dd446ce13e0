//! The plan of the house as data: who may import whom, and who may name which outside crate.
//! docs/explanation/architecture.md draws the same picture; change both in one commit.

/// A room of `src/` and the rooms it may import. What is not in the row is not allowed.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("clock", &[]),
    ("capacity", &[]),
    ("rng", &["error"]),
    ("yaml", &["error"]),
    ("domain", &["error"]),
    ("crypto", &["domain", "error", "clock", "rng"]),
    ("store", &["domain", "error", "clock", "rng", "crypto"]),
    ("audit", &["domain", "error", "clock", "rng", "crypto", "store"]),
    ("config", &["domain", "error", "yaml"]),
    // What mails say and how they reach a server; it knows neither the store nor who asked.
    ("courier", &["domain", "error", "yaml", "config"]),
    // What is opened and handed to every use case: `Deps`.
    (
        "app",
        &[
            "domain", "error", "clock", "rng", "yaml", "crypto", "store", "audit", "config",
            "courier", "capacity",
        ],
    ),
    (
        "service",
        &[
            "domain", "error", "clock", "rng", "yaml", "crypto", "store", "audit", "config",
            "courier", "app",
        ],
    ),
    // The faces. None of them may reach store, crypto or audit; only `cli serve` starts another, and
    // only the charm draws random bytes: the leader makes the keys.
    ("actions", &["domain", "error", "yaml", "config", "service", "app"]),
    ("charm", &["domain", "error", "rng", "yaml", "config", "service", "app", "actions"]),
    ("cli", &["domain", "error", "yaml", "config", "service", "app", "actions", "http"]),
    ("http", &["domain", "error", "config", "service", "app", "capacity"]),
    ("main", &["charm", "cli"]),
];

/// An outside crate and the places (files, or folders ending in `/`) that may name it.
pub const CRATES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store/sqlite.rs", "store/sqlite/"]),
    ("postgres", &["store/postgres.rs", "store/postgres/"]),
    ("serde_yaml", &["yaml.rs"]),
    ("tokio", &["http/"]),
    ("axum", &["http/"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("minijinja", &["http/pages/", "courier/"]),
    ("woothee", &["http/pages/device.rs"]),
    ("aws_lc_rs", &["crypto/"]),
    ("getrandom", &["rng.rs"]),
    ("lettre", &["courier/fault.rs", "courier/letter.rs", "courier/line.rs"]),
    ("jsonwebtoken", &["crypto/jwt.rs"]),
    ("qrcode", &["service/factors/picture.rs"]),
    ("png", &["service/factors/picture.rs"]),
    ("serde_cbor_2", &["crypto/webauthn.rs"]),
    ("webauthn_rs", &["crypto/webauthn.rs", "crypto/webauthn/"]),
    ("csv", &["service/directory.rs"]),
    ("mimalloc", &["main.rs"]),
    ("rsjsonnet_lang", &["service/jsonnet.rs"]),
    ("argon2", &["crypto/"]),
    ("rustix", &["crypto/password/hashers.rs"]),
    ("blake3", &["service/trailer.rs"]),
    ("bcrypt", &["crypto/"]),
    ("pbkdf2", &["crypto/"]),
    ("scrypt", &["crypto/"]),
    ("sha_crypt", &["crypto/"]),
    ("sha1", &["crypto/"]),
    ("sha3", &["crypto/"]),
    ("md5", &["crypto/"]),
    ("md4", &["crypto/"]),
];

/// The only places whose strings may speak SQL.
pub const SQL: &[&str] = &["store/"];

/// The statements that need no ledger entry, because they are about nobody's account.
pub const SCRATCH: &[&str] = &[
    "store/sql/erasure_lists.rs",
    "store/sql/flow_errors.rs",
    "store/sql/flows.rs",
    "store/sql/leftovers.rs",
    "store/sql/messages.rs",
    "store/sql/personal.rs",
    "store/sql/pruning.rs",
    "store/sql/search_parts.rs",
    "store/sql/sightings.rs",
    "store/sql/throttle.rs",
];

/// Longest file, in lines: beyond it a reader scrolls instead of reading.
pub const MOST_LINES: usize = 600;
