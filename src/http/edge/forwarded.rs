//! Who a request comes from when proxies stand in between: only what a trusted one adds is believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::http::asked::Peer;

/// Where a request came from, as far as that can be believed.
#[derive(Debug, PartialEq, Eq)]
pub struct From {
    /// The client's address; nothing on a Unix socket.
    pub ip: Option<IpAddr>,
    /// Whether the client used TLS.
    pub secure: bool,
}

/// Reads the headers that `proxies` add; from anyone else they are only words.
pub fn from(peer: &Peer, proxies: &[IpNet], headers: &HeaderMap) -> From {
    // A listener on all addresses shows IPv4 clients as a part of IPv6.
    let near = peer.address.map(|address| address.ip().to_canonical());
    let trusted = |ip: IpAddr| proxies.iter().any(|network| network.contains(&ip));
    let Some(near) = near.filter(|ip| trusted(*ip)) else {
        return From { ip: near, secure: peer.tls };
    };
    let mut ip = near;
    for hop in list(headers, "x-forwarded-for").rev() {
        // What stands to the left of a word nobody can read was not added by a proxy of ours.
        let Some(next) = address(hop) else { break };
        ip = next;
        if !trusted(ip) {
            break;
        }
    }
    let secure = last(headers, "x-forwarded-proto")
        .map_or(peer.tls, |scheme| scheme.eq_ignore_ascii_case("https"));
    From { ip: Some(ip), secure }
}

/// All values of a header that is a list, in order, however many lines it is spread over.
fn list<'h>(headers: &'h HeaderMap, name: &str) -> std::vec::IntoIter<&'h str> {
    let lines = headers.get_all(name).iter().map(HeaderValue::to_str);
    // A line that is not text is one hop that cannot be read.
    let hops: Vec<&str> =
        lines.flat_map(|line| line.unwrap_or_default().split(',')).map(str::trim).collect();
    hops.into_iter()
}

fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    list(headers, name).next_back().filter(|value| !value.is_empty())
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let peer = Peer {
            address: Some(SocketAddr::new(peer.parse().unwrap(), 1)),
            tls: false,
            certificate: None,
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let proxies: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        let found = from(&peer, &proxies, &map);
        (found.ip.unwrap().to_string(), found.secure)
    }

    const ALL: [(&str, &str); 2] =
        [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")];

    #[test]
    fn a_stranger_is_not_believed() {
        let is = ("198.51.100.1".to_owned(), false);
        assert_eq!(seen("198.51.100.1", &ALL), is);
    }

    #[test]
    fn a_proxy_is_believed_also_when_it_comes_as_a_mapped_address() {
        let is = ("203.0.113.9".to_owned(), true);
        assert_eq!(seen("10.1.2.3", &ALL), is);
        assert_eq!(seen("::ffff:10.1.2.3", &ALL), is);
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_wins() {
        let chain = |hops: &str| seen("10.0.0.1", &[("x-forwarded-for", hops)]).0;
        assert_eq!(chain("1.1.1.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(chain("10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(chain("1.1.1.1, nonsense, 10.0.0.2"), "10.0.0.2");
        assert_eq!(chain("[2001:db8::1]:4711"), "2001:db8::1");
        assert_eq!(chain("192.0.2.4:99"), "192.0.2.4");
        assert_eq!(chain(""), "10.0.0.1");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2")];
        assert_eq!(seen("fd00::1", &lines).0, "2.2.2.2");
    }
}
