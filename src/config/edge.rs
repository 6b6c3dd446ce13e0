//! Options of the service's edge: the admin listener's place, proxies, TLS.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::{Options, Problem, problem};

/// Longest path of a Unix socket: the system takes 107 bytes, and the file has a longer name while
/// it is being made.
pub(super) const LONGEST_SOCKET: usize = 90;

/// Where the admin listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminPlace {
    /// `HOST:PORT`.
    Address(String),
    /// A Unix socket.
    Socket(PathBuf),
}

impl Options {
    /// Where the admin listener is.
    #[must_use]
    pub fn admin_place(&self) -> AdminPlace {
        match self.admin_address.strip_prefix("unix:") {
            Some(path) => AdminPlace::Socket(path.into()),
            None => AdminPlace::Address(format!(
                "{}:{}",
                bracketed(&self.admin_address),
                self.admin_port
            )),
        }
    }

    /// Whether the admin listener speaks TLS; one that is `local` does so only when clients may show
    /// certificates.
    #[must_use]
    pub const fn admin_speaks_tls(&self, local: bool) -> bool {
        !self.tls_certificate.is_empty() && (!local || !self.admin_client_ca.is_empty())
    }

    /// The networks whose proxies are believed.
    #[must_use]
    pub fn proxies(&self) -> Vec<IpNet> {
        words(&self.trusted_proxies).filter_map(network).collect()
    }

    /// Files for TLS that do not go together.
    pub(super) fn tls_problem(&self) -> Option<Problem> {
        let alone = |option, other: &str| {
            Some(problem(option, format!("is set without {other}; set both or neither")))
        };
        match (self.tls_certificate.is_empty(), self.tls_key.is_empty()) {
            (false, true) => alone("tls_certificate", "tls_key"),
            (true, false) => alone("tls_key", "tls_certificate"),
            (true, true) if !self.admin_client_ca.is_empty() => {
                let message = "is set without tls_certificate and tls_key; client certificates \
                               need TLS";
                Some(problem("admin_client_ca", message.to_owned()))
            }
            _ => None,
        }
    }
}

/// An address as it stands before a port.
fn bracketed(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

/// The entries of a list that is written with blanks or commas.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\n', '\t']).filter(|word| !word.is_empty())
}

/// A network, or one address.
pub(super) fn network(word: &str) -> Option<IpNet> {
    word.parse().ok().or_else(|| word.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_place_of_the_admin_listener_is_an_address_or_a_socket() {
        let read = |text: &str| {
            let map = serde_json::json!({"admin_address": text});
            Options::from_map(map.as_object().unwrap()).map(|options| options.admin_place())
        };
        let address = |text: &str| AdminPlace::Address(text.to_owned());
        assert_eq!(read("127.0.0.1"), Ok(address("127.0.0.1:4434")));
        assert_eq!(read("::1"), Ok(address("[::1]:4434")));
        assert_eq!(read("unix:/run/a.sock"), Ok(AdminPlace::Socket("/run/a.sock".into())));
        for wrong in ["localhost", "unix:a.sock", "", "1.2.3.4:80", "unix:"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn proxies_are_networks_or_addresses() {
        let options = |text: &str| {
            let map = serde_json::json!({"trusted_proxies": text});
            Options::from_map(map.as_object().unwrap())
        };
        let read = options("10.0.0.0/8, 192.0.2.1\nfd00::/8").unwrap().proxies();
        assert_eq!(read.len(), 3);
        assert!(read[1].contains(&"192.0.2.1".parse::<IpAddr>().unwrap()));
        assert!(options("10.0.0.0/8 proxy.example").is_err());
    }

    #[test]
    fn files_for_tls_come_together() {
        let read = |map: Value| Options::from_map(map.as_object().unwrap());
        assert!(read(serde_json::json!({"tls_certificate": "/a", "tls_key": "/b"})).is_ok());
        assert!(read(serde_json::json!({"tls_certificate": "/a"})).is_err());
        assert!(read(serde_json::json!({"tls_key": "/b"})).is_err());
        assert!(read(serde_json::json!({"admin_client_ca": "/c"})).is_err());
        assert!(read(serde_json::json!({"tls_certificate": "a", "tls_key": "/b"})).is_err());
    }
}
