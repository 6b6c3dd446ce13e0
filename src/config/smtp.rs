//! The mail server: where it is, how to speak to it, and as whom. It comes from a secret, from a
//! relation, or from the file in which the charm hands either to the service.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use crate::domain::identifier::{has_control, is_email};

/// How the connection is kept from being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// The server is asked for TLS, and nothing is said to it before it agrees.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    Off,
}

impl Security {
    /// The word of secrets and relations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::Off => "none",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Starttls, Self::Tls, Self::Off].into_iter().find(|one| one.as_str() == word)
    }

    /// Where servers usually listen for it.
    const fn usual_port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::Starttls | Self::Off => 587,
        }
    }
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Whether its certificate must be good.
    pub verify: bool,
    /// As whom to sign in, where it asks for that.
    pub login: Option<(String, SecretString)>,
    /// The address it wants mails to come from, where it says.
    pub sender: Option<String>,
}

/// What a secret may hold.
const KEYS: [&str; 8] = [
    "connection-uri",
    "host",
    "port",
    "user",
    "username",
    "password",
    "transport-security",
    "skip-ssl-verify",
];

type Result<T> = std::result::Result<T, String>;

impl SmtpServer {
    /// Reads the content of a secret: `connection-uri`, or `host` and what goes with it.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence about the secret; it quotes no value.
    pub fn from_secret(content: &BTreeMap<String, SecretString>) -> Result<Self> {
        if let Some(key) = content.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("holds '{key}', which is none of {}", KEYS.join(", ")));
        }
        let text = |key: &str| {
            content
                .get(key)
                .map(|value| value.expose_secret().trim())
                .filter(|text| !text.is_empty())
        };
        if let Some(uri) = text("connection-uri") {
            if content.len() > 1 {
                return Err("holds more than connection-uri; give either that or host".to_owned());
            }
            return Self::from_uri(uri);
        }
        let security = security(text("transport-security"))?;
        let password = content.get("password").filter(|value| !value.expose_secret().is_empty());
        Self {
            host: text("host").ok_or("holds neither connection-uri nor host")?.to_owned(),
            port: port(text("port"), security)?,
            security,
            verify: !yes(text("skip-ssl-verify"), "skip-ssl-verify")?,
            login: login(text("user").or_else(|| text("username")), password.cloned())?,
            sender: None,
        }
        .sane()
    }

    /// Reads an address such as `smtps://user:password@mail.example.com:465/?skip_ssl_verify=true`,
    /// as Kratos takes it.
    fn from_uri(uri: &str) -> Result<Self> {
        let wrong = || {
            "holds a connection-uri that is not smtp://USER:PASSWORD@HOST:PORT/ or smtps://...; \
             write special characters of user and password in their percent form"
                .to_owned()
        };
        let url = Url::parse(uri).map_err(|_| wrong())?;
        let mut security = match url.scheme() {
            "smtp" => Security::Starttls,
            "smtps" => Security::Tls,
            _ => return Err(wrong()),
        };
        let mut verify = true;
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "skip_ssl_verify" => verify = !yes(Some(&value), "skip_ssl_verify")?,
                "disable_starttls" if yes(Some(&value), "disable_starttls")? => {
                    if security == Security::Starttls {
                        security = Security::Off;
                    }
                }
                "disable_starttls" => {}
                other => {
                    return Err(format!("holds a connection-uri with '{other}', which is unknown"));
                }
            }
        }
        let decoded = |text: &str| -> Result<String> {
            Ok(percent_decode_str(text).decode_utf8().map_err(|_| wrong())?.into_owned())
        };
        let user = decoded(url.username())?;
        let password = url.password().map(decoded).transpose()?.map(SecretString::from);
        let host = url.host_str().ok_or_else(wrong)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        Self {
            host: host.to_owned(),
            port: url.port().unwrap_or_else(|| security.usual_port()),
            security,
            verify,
            login: login(Some(user.as_str()).filter(|user| !user.is_empty()), password)?,
            sender: None,
        }
        .sane()
    }

    /// Reads the databag of a relation; `password` is what its secret holds, where it names one.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence about the relation; it quotes no password.
    pub fn from_relation(
        databag: &BTreeMap<String, String>,
        password: Option<SecretString>,
    ) -> Result<Self> {
        let text = |key: &str| databag.get(key).map(|text| text.trim()).filter(|t| !t.is_empty());
        let security = security(text("transport_security"))?;
        let in_clear = || databag.get("password").filter(|text| !text.is_empty());
        let password = password.or_else(|| in_clear().map(|text| text.as_str().into()));
        let login = match text("auth_type") {
            Some("none" | "not_provided") => None,
            None | Some("plain") => login(text("user"), password)?,
            Some(_) => return Err("asks for an auth_type other than plain or none".to_owned()),
        };
        Self {
            host: text("host").ok_or("names no host")?.to_owned(),
            port: port(text("port"), security)?,
            security,
            verify: !yes(text("skip_ssl_verify"), "skip_ssl_verify")?,
            login,
            sender: text("smtp_sender").filter(|address| is_email(address)).map(str::to_owned),
        }
        .sane()
    }

    /// The server as [`SmtpServer::from_file`] reads it back, with the password.
    #[must_use]
    pub fn to_file(&self) -> Zeroizing<String> {
        let login = self.login.as_ref();
        let document = json!({
            "host": self.host,
            "port": self.port,
            "transport_security": self.security.as_str(),
            "verify": self.verify,
            "user": login.map(|(user, _)| user),
            "password": login.map(|(_, password)| password.expose_secret()),
            "sender": self.sender,
        });
        Zeroizing::new(format!("{document:#}\n"))
    }

    /// Reads what [`SmtpServer::to_file`] wrote.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence about the file.
    pub fn from_file(text: &str) -> Result<Self> {
        let document: Value =
            serde_json::from_str(text).map_err(|_| "is not a JSON document".to_owned())?;
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        let port = document.get("port").and_then(Value::as_u64);
        let port = port.and_then(|port| u16::try_from(port).ok()).ok_or("names no port")?;
        Self {
            host: text("host").ok_or("names no host")?.to_owned(),
            port,
            security: security(text("transport_security"))?,
            verify: document.get("verify").and_then(Value::as_bool).unwrap_or(true),
            login: login(text("user"), text("password").map(SecretString::from))?,
            sender: text("sender").map(str::to_owned),
        }
        .sane()
    }

    fn sane(self) -> Result<Self> {
        let fits = |c: char| c.is_alphanumeric() || "-._:".contains(c);
        if self.host.is_empty() || self.host.len() > 253 || !self.host.chars().all(fits) {
            return Err("names a host that is no name and no address".to_owned());
        }
        Ok(self)
    }

    /// What of it an operator should be reminded of.
    #[must_use]
    pub fn weakness(&self) -> Option<&'static str> {
        match (self.security, self.verify) {
            (Security::Off, _) => Some("mail goes unencrypted to the SMTP server"),
            (_, false) => Some("the certificate of the SMTP server is not checked"),
            _ => None,
        }
    }
}

fn security(word: Option<&str>) -> Result<Security> {
    let Some(word) = word else { return Ok(Security::default()) };
    Security::parse(&word.to_lowercase())
        .ok_or_else(|| "asks for a transport security other than starttls, tls or none".to_owned())
}

fn port(text: Option<&str>, security: Security) -> Result<u16> {
    let Some(text) = text else { return Ok(security.usual_port()) };
    let port = text.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| "holds a port that is no number from 1 to 65535".to_owned())
}

fn yes(text: Option<&str>, name: &str) -> Result<bool> {
    match text.unwrap_or("false").to_lowercase().as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(format!("holds a {name} that is neither true nor false")),
    }
}

fn login(
    user: Option<&str>,
    password: Option<SecretString>,
) -> Result<Option<(String, SecretString)>> {
    match (user, password) {
        (Some(user), _) if has_control(user) => {
            Err("holds a user with a control character".to_owned())
        }
        (Some(user), Some(password)) => Ok(Some((user.to_owned(), password))),
        (Some(_), None) => Err("names a user without a password".to_owned()),
        (None, Some(_)) => Err("holds a password without a user".to_owned()),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(pairs: &[(&str, &str)]) -> Result<SmtpServer> {
        let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), SecretString::from(*value));
        SmtpServer::from_secret(&pairs.iter().map(entry).collect())
    }

    fn bag(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn brief(server: &SmtpServer) -> String {
        let login = server.login.as_ref();
        let login = login.map(|(user, password)| format!("{user}/{}", password.expose_secret()));
        let SmtpServer { host, port, security, verify, .. } = server;
        format!("{host} {port} {} {verify} {}", security.as_str(), login.unwrap_or_default())
    }

    #[test]
    fn an_address_as_kratos_takes_it_is_read() {
        for (uri, expected) in [
            ("smtp://u:p@h.example:2525/", "h.example 2525 starttls true u/p"),
            ("smtps://u%40e:p%2Fx%3A@h.example", "h.example 465 tls true u@e/p/x:"),
            ("smtp://h.example/?disable_starttls=true", "h.example 587 none true "),
            ("smtps://h.example?skip_ssl_verify=true", "h.example 465 tls false "),
            ("smtp://[::1]:25", "::1 25 starttls true "),
        ] {
            assert_eq!(brief(&secret(&[("connection-uri", uri)]).unwrap()), expected, "{uri}");
        }
        for uri in ["http://h", "mail.example.com:25", "smtp://", "smtp://h?x=1", "smtp://u@h"] {
            let error = secret(&[("connection-uri", uri)]).unwrap_err();
            assert!(!error.contains("h.example"), "{error}");
        }
    }

    #[test]
    fn a_secret_in_parts_is_read_and_what_it_lacks_is_named() {
        let given = secret(&[
            ("host", "mail.example.com"),
            ("port", "25"),
            ("user", "mailer"),
            ("password", " pa ss "),
            ("transport-security", "NONE"),
        ]);
        let given = given.unwrap();
        assert_eq!(brief(&given), "mail.example.com 25 none true mailer/ pa ss ");
        assert!(given.weakness().is_some());
        assert_eq!(secret(&[("host", "h")]).unwrap().weakness(), None);
        for (pairs, named) in [
            (vec![("user", "u"), ("password", "p")], "host"),
            (vec![("host", "h"), ("user", "u")], "password"),
            (vec![("host", "h"), ("port", "99999")], "port"),
            (vec![("host", "h\r\nx")], "host"),
            (vec![("host", "h"), ("pass", "hunter2")], "'pass'"),
            (vec![("host", "h"), ("skip-ssl-verify", "maybe")], "skip-ssl-verify"),
            (vec![("host", "h"), ("transport-security", "ssl3")], "transport security"),
            (vec![("connection-uri", "smtp://h"), ("host", "h")], "connection-uri"),
        ] {
            let error = secret(&pairs).unwrap_err();
            assert!(error.contains(named) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn both_versions_of_the_relation_are_read() {
        let mut databag = bag(&[
            ("host", "smtp.example.com"),
            ("port", "587"),
            ("user", "mailer"),
            ("auth_type", "plain"),
            ("transport_security", "starttls"),
            ("skip_ssl_verify", "False"),
            ("domain", "example.com"),
            ("smtp_sender", "iam@example.com"),
            ("recipients", "[]"),
        ]);
        let new = SmtpServer::from_relation(&databag, Some("one".into())).unwrap();
        assert_eq!(brief(&new), "smtp.example.com 587 starttls true mailer/one");
        assert_eq!(new.sender.as_deref(), Some("iam@example.com"));
        databag.insert("password".into(), "two".into());
        let old = SmtpServer::from_relation(&databag, None).unwrap();
        assert_eq!(brief(&old), "smtp.example.com 587 starttls true mailer/two");
        databag.insert("auth_type".into(), "none".into());
        assert!(SmtpServer::from_relation(&databag, None).unwrap().login.is_none());
        assert!(SmtpServer::from_relation(&bag(&[]), None).is_err());
    }

    #[test]
    fn the_file_of_the_charm_is_read_back_and_nothing_else_shows_the_password() {
        let server = secret(&[("connection-uri", "smtps://u:hunter2@h.example")]).unwrap();
        assert_eq!(brief(&SmtpServer::from_file(&server.to_file()).unwrap()), brief(&server));
        assert!(!format!("{server:?}").contains("hunter2"));
    }
}
