//! Options: their meaning, their limits, and what to say when one is wrong. Names, types and
//! defaults are those of `config.yaml`; a test holds the two equal.

mod brand;
mod console;
mod edge;
mod mail;
mod passwords;
mod reader;
mod retention;
mod signin;
mod smtp;
mod templates;
mod terms;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::schema::Schemas;
use crate::domain::session::RequiredAal;
pub use brand::{Brand, PICTURES};
pub use console::Console;
pub use edge::AdminPlace;
pub use mail::{LOCAL_SECRET, MailOptions, SMTP_FILE, VERIFICATION_TEMPLATE};
use reader::Reader;
pub use retention::{PersonalRule, Retention, StreamTo};
pub use signin::{LoginStyle, Registration, SignIn};
pub use smtp::{Security, SmtpServer};
pub use templates::{Subject, TokenTemplate, TokenTemplates};
pub use terms::Terms;

/// An option that cannot be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The option's name.
    pub option: String,
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "option '{}' {}", self.option, self.message)
    }
}

/// How much the service logs.
pub const LOG_LEVELS: [&str; 7] = ["panic", "fatal", "error", "warn", "info", "debug", "trace"];

/// Which requests from other sites carry a cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Those that follow a link.
    #[default]
    Lax,
    /// None.
    Strict,
}

impl SameSite {
    /// The word of the option.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "lax",
            Self::Strict => "strict",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Lax, Self::Strict].into_iter().find(|one| one.as_str() == word)
    }
}

/// The options, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where people reach the public listener; empty when not set. Never ends with a slash.
    pub external_url: String,
    /// TCP port of the public listener.
    pub public_port: u16,
    /// TCP port of the admin listener.
    pub admin_port: u16,
    /// Address of the admin listener, as the operator wrote it; see [`Options::admin_place`].
    pub admin_address: String,
    /// Proxies whose headers are believed, as the operator wrote them; see [`Options::proxies`].
    pub trusted_proxies: String,
    /// File with the certificate of both listeners and its chain; empty for plain HTTP.
    pub tls_certificate: String,
    /// File with its key.
    pub tls_key: String,
    /// File with the authorities that vouch for clients of the admin listener.
    pub admin_client_ca: String,
    /// One of [`LOG_LEVELS`].
    pub log_level: String,
    /// The realm's name.
    pub realm: String,
    /// Schemas in place of the shipped ones, as the operator wrote them.
    pub identity_schemas: String,
    /// The id of the default among them.
    pub default_identity_schema_id: String,
    /// Fewest characters of a password that a person chooses.
    pub password_min_length: usize,
    /// Words that a password may not be close to, as the operator wrote them; see
    /// [`Options::forbidden_words`].
    pub password_forbidden_words: String,
    /// File of passwords that nobody may choose; empty for none.
    pub password_blocklist: String,
    /// Memory of one hash, in KiB.
    pub argon2_memory_kib: u32,
    /// Passes of one hash.
    pub argon2_iterations: u32,
    /// Lanes of one hash.
    pub argon2_parallelism: u32,
    /// How long a recovery code made by an operator works, in minutes.
    pub recovery_code_minutes: u32,
    /// How long a session lasts, in minutes.
    pub session_lifespan_minutes: u32,
    /// How near its end a session must be to be extended, in minutes; 0 for at any time.
    pub session_extend_window_minutes: u32,
    /// How sure a session check must be.
    pub session_required_aal: RequiredAal,
    /// The domain of the session cookie; empty for the host that sets it alone.
    pub session_cookie_domain: String,
    /// Which requests from other sites carry the session cookie.
    pub session_cookie_same_site: SameSite,
    /// What signed tokens of sessions look like.
    pub session_token_templates: TokenTemplates,
    /// How people sign in.
    pub signin: SignIn,
    /// What people must accept first.
    pub terms: Terms,
    /// The console.
    pub console: Console,
    /// How long the ledger is kept.
    pub retention: Retention,
    /// Mail.
    pub mail: MailOptions,
    /// Whose the pages are.
    pub brand: Brand,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            external_url: String::new(),
            public_port: 4433,
            admin_port: 4434,
            admin_address: "127.0.0.1".to_owned(),
            trusted_proxies: String::new(),
            tls_certificate: String::new(),
            tls_key: String::new(),
            admin_client_ca: String::new(),
            log_level: "info".to_owned(),
            realm: "default".to_owned(),
            identity_schemas: String::new(),
            default_identity_schema_id: String::new(),
            password_min_length: 8,
            password_forbidden_words: String::new(),
            password_blocklist: String::new(),
            argon2_memory_kib: 19_456,
            argon2_iterations: 2,
            argon2_parallelism: 1,
            recovery_code_minutes: 60,
            session_lifespan_minutes: 1440,
            session_extend_window_minutes: 0,
            session_required_aal: RequiredAal::HighestAvailable,
            session_cookie_domain: String::new(),
            session_cookie_same_site: SameSite::Lax,
            session_token_templates: TokenTemplates::default(),
            signin: SignIn::default(),
            terms: Terms::default(),
            console: Console::default(),
            retention: Retention::default(),
            mail: MailOptions::default(),
            brand: Brand::default(),
        }
    }
}

impl Options {
    /// The options that stand in no group.
    const NAMES: [&'static str; 25] = [
        "external_url",
        "public_port",
        "admin_port",
        "admin_address",
        "trusted_proxies",
        "tls_certificate",
        "tls_key",
        "admin_client_ca",
        "log_level",
        "realm",
        "identity_schemas",
        "default_identity_schema_id",
        "password_min_length",
        "password_forbidden_words",
        "password_blocklist",
        "argon2_memory_kib",
        "argon2_iterations",
        "argon2_parallelism",
        "recovery_code_minutes",
        "session_lifespan_minutes",
        "session_extend_window_minutes",
        "session_required_aal",
        "session_cookie_domain",
        "session_cookie_same_site",
        "session_token_templates",
    ];

    /// Every option's name, in the order of `config.yaml`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let first = Self::NAMES.into_iter().chain(SignIn::NAMES).chain(Terms::NAMES);
        let first = first.chain(Console::NAMES);
        first.chain(Retention::NAMES).chain(MailOptions::NAMES).chain(Brand::NAMES)
    }

    /// Reads options as `config-get` or a file gives them; what is absent or null is the default.
    ///
    /// # Errors
    /// Every problem there is, so that an operator mends all of them at once.
    pub fn from_map(map: &Map<String, Value>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { map, problems: Vec::new() };
        let default = Self::default();
        let options = Self {
            external_url: reader.url("external_url"),
            public_port: reader.number("public_port", 1, 65_535, default.public_port),
            admin_port: reader.number("admin_port", 1, 65_535, default.admin_port),
            admin_address: reader.admin_address(default.admin_address),
            trusted_proxies: reader.proxies("trusted_proxies"),
            tls_certificate: reader.file("tls_certificate"),
            tls_key: reader.file("tls_key"),
            admin_client_ca: reader.file("admin_client_ca"),
            log_level: reader.log_level(default.log_level),
            realm: reader.realm(default.realm),
            identity_schemas: reader.text("identity_schemas", String::new()),
            default_identity_schema_id: reader.text("default_identity_schema_id", String::new()),
            password_min_length: reader.number("password_min_length", 8, 128, 8),
            password_forbidden_words: reader.text("password_forbidden_words", String::new()),
            password_blocklist: reader.file("password_blocklist"),
            argon2_memory_kib: reader.number("argon2_memory_kib", 19_456, 1_048_576, 19_456),
            argon2_iterations: reader.number("argon2_iterations", 2, 10, 2),
            argon2_parallelism: reader.number("argon2_parallelism", 1, 16, 1),
            recovery_code_minutes: reader.number("recovery_code_minutes", 1, 1440, 60),
            session_lifespan_minutes: reader.number("session_lifespan_minutes", 1, 43_200, 1440),
            session_extend_window_minutes: reader.number(
                "session_extend_window_minutes",
                0,
                43_200,
                0,
            ),
            session_required_aal: reader.word(
                "session_required_aal",
                &["aal1", "highest_available"],
                RequiredAal::parse,
            ),
            session_cookie_domain: reader.domain("session_cookie_domain"),
            session_cookie_same_site: reader.word(
                "session_cookie_same_site",
                &["lax", "strict"],
                SameSite::parse,
            ),
            session_token_templates: reader.templates("session_token_templates"),
            signin: SignIn::read(&mut reader),
            terms: Terms::read(&mut reader),
            console: Console::read(&mut reader),
            retention: Retention::read(&mut reader),
            mail: MailOptions::read(&mut reader),
            brand: Brand::read(&mut reader),
        };
        reader.unknown();
        let mut problems = reader.problems;
        if options.public_port == options.admin_port {
            problems.push(problem("admin_port", "must differ from public_port".to_owned()));
        }
        problems.extend(options.tls_problem());
        if let Err(found) = options.schemas() {
            problems.push(found);
        }
        if problems.is_empty() { Ok(options) } else { Err(problems) }
    }

    /// The options as one document: what [`Options::from_map`] reads back.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        let values: [Value; 25] = [
            self.external_url.as_str().into(),
            self.public_port.into(),
            self.admin_port.into(),
            self.admin_address.as_str().into(),
            self.trusted_proxies.as_str().into(),
            self.tls_certificate.as_str().into(),
            self.tls_key.as_str().into(),
            self.admin_client_ca.as_str().into(),
            self.log_level.as_str().into(),
            self.realm.as_str().into(),
            self.identity_schemas.as_str().into(),
            self.default_identity_schema_id.as_str().into(),
            self.password_min_length.into(),
            self.password_forbidden_words.as_str().into(),
            self.password_blocklist.as_str().into(),
            self.argon2_memory_kib.into(),
            self.argon2_iterations.into(),
            self.argon2_parallelism.into(),
            self.recovery_code_minutes.into(),
            self.session_lifespan_minutes.into(),
            self.session_extend_window_minutes.into(),
            self.session_required_aal.as_str().into(),
            self.session_cookie_domain.as_str().into(),
            self.session_cookie_same_site.as_str().into(),
            self.session_token_templates.as_str().into(),
        ];
        let values = values.into_iter().chain(self.signin.values()).chain(self.terms.values());
        let values = values.chain(self.console.values());
        let values = values.chain(self.retention.values());
        let values = values.chain(self.mail.values()).chain(self.brand.values());
        Self::names().map(ToOwned::to_owned).zip(values).collect()
    }

    /// The identity schemas in force. The shipped ones are compiled when first used; an operator's
    /// own are read here, and checked by [`Options::check_schemas`].
    ///
    /// # Errors
    /// The option that is wrong.
    pub fn schemas(&self) -> Result<Schemas, Problem> {
        let (text, default_id) = (&self.identity_schemas, &self.default_identity_schema_id);
        match (text.trim().is_empty(), default_id.is_empty()) {
            (true, true) => return Ok(Schemas::shipped()),
            (true, false) => {
                let message = "is set without identity_schemas; set both or neither".to_owned();
                return Err(problem("default_identity_schema_id", message));
            }
            (false, true) => {
                let message = "is set without default_identity_schema_id; set both or neither";
                return Err(problem("identity_schemas", message.to_owned()));
            }
            (false, false) => {}
        }
        let documents: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message = format!(
                "is not a JSON object from schema id to schema (line {line}, column {column})"
            );
            problem("identity_schemas", message)
        })?;
        Schemas::custom(documents, default_id).ok_or_else(|| {
            let message = format!("names '{default_id}', which identity_schemas does not contain");
            problem("default_identity_schema_id", message)
        })
    }

    /// Compiles every identity schema, as a change of options must.
    ///
    /// # Errors
    /// The first schema that is no good, by option, id and JSON pointer.
    pub fn check_schemas(&self) -> Result<(), Problem> {
        let schemas = self.schemas()?;
        for schema in schemas.iter() {
            schema
                .check()
                .map_err(|error| problem("identity_schemas", format!("cannot be used: {error}")))?;
        }
        let mut chosen = self.signin.registration_schemas.iter();
        match chosen.find(|id| schemas.get(id).is_none()) {
            None => Ok(()),
            Some(id) => {
                let message = format!("names '{id}', which is none of the identity schemas");
                Err(problem("registration_schemas", message))
            }
        }
    }

    /// Where links begin: the external URL, or an address good enough for a trial.
    #[must_use]
    pub fn base_url(&self) -> String {
        if self.external_url.is_empty() {
            let scheme = if self.tls_certificate.is_empty() { "http" } else { "https" };
            format!("{scheme}://localhost:{}", self.public_port)
        } else {
            self.external_url.clone()
        }
    }
}

fn problem(option: &str, message: String) -> Problem {
    Problem { option: option.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_config_yaml_name_the_same_options_with_the_same_defaults() {
        let file: Value = crate::yaml::from_str(include_str!("../../config.yaml")).unwrap();
        let declared = file["options"].as_object().unwrap();
        let defaults: Map<String, Value> = declared
            .iter()
            .map(|(name, option)| (name.clone(), option["default"].clone()))
            .collect();
        assert_eq!(defaults, Options::default().to_map());
        assert_eq!(Options::from_map(&defaults).unwrap(), Options::default());
        assert_eq!(Options::from_map(&Map::new()).unwrap(), Options::default());
    }

    #[test]
    fn charm_08_each_wrong_option_is_named() {
        let wrong = serde_json::json!({
            "public_port": "many", "log_level": "loud", "realm": "A b", "external_url": "ftp://x",
            "argon2_iterations": 0, "identity_schemas": "{", "default_identity_schema_id": "x",
            "unheard_of": 1, "session_required_aal": "aal3", "session_cookie_domain": ".com",
            "session_cookie_same_site": "none", "session_lifespan_minutes": 0,
            "session_token_templates": "{a: {ttl: never}}",
        });
        let problems = Options::from_map(wrong.as_object().unwrap()).unwrap_err();
        let mut named: Vec<&str> = problems.iter().map(|p| p.option.as_str()).collect();
        named.sort_unstable();
        let expected = [
            "argon2_iterations",
            "external_url",
            "identity_schemas",
            "log_level",
            "public_port",
            "realm",
            "session_cookie_domain",
            "session_cookie_same_site",
            "session_lifespan_minutes",
            "session_required_aal",
            "session_token_templates",
            "unheard_of",
        ];
        assert_eq!(named, expected);
    }

    #[test]
    fn a_float_that_is_whole_is_a_number() {
        let map = serde_json::json!({"public_port": 8443.0});
        assert_eq!(Options::from_map(map.as_object().unwrap()).unwrap().public_port, 8443);
    }
}
