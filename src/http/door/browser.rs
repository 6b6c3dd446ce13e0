//! Browsers on this machine must not lend its rights to pages from elsewhere.
//!
//! A page can make a browser send requests to loopback (request forgery), and with a name that it lets
//! point to 127.0.0.1 it can even read the answers (DNS rebinding). The first shows in `Origin` and
//! `Sec-Fetch-Site`, the second in `Host`. Programs that are no browsers send neither of the former,
//! and the latter as it was typed: an address or `localhost`.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};

use super::super::failure::Failure;
use super::super::origin::{is_from_here, only};

/// Refuses a request for another host than this machine.
pub fn check_host(request: &Parts) -> Result<(), Failure> {
    // A name in the request line goes before the header, and either could be believed further in.
    let named = request.uri.authority().map(|authority| is_this_machine(authority.host()));
    let header = only(&request.headers, &header::HOST)
        .filter(|text| !text.contains('@'))
        .and_then(|text| text.parse::<Authority>().ok())
        .is_some_and(|authority| is_this_machine(authority.host()));
    if header && named.unwrap_or(true) {
        return Ok(());
    }
    Err(Failure::new(StatusCode::FORBIDDEN).reason(
        "Without a token, the admin listener answers only to an IP address or localhost in the \
         header Host, so that no web page can reach it under a name of its own.",
    ))
}

/// Refuses a request that a browser sends for a page from elsewhere.
pub fn check_page(request: &Parts) -> Result<(), Failure> {
    if is_from_here(&request.headers) {
        return Ok(());
    }
    Err(Failure::new(StatusCode::FORBIDDEN)
        .reason("Without a token, the admin listener does not serve web pages from elsewhere."))
}

fn is_this_machine(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok()
        || v6.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_host_is_an_address_or_localhost_and_there_is_one() {
        for host in
            ["127.0.0.1", "127.0.0.1:4434", "localhost", "LOCALHOST:4434", "[::1]:4434", "10.0.0.1"]
        {
            assert!(check_host(&request("/", &[("host", host)])).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:4434",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost.",
            "user@localhost",
            "",
            "0x7f.1",
            "[::1",
            "::1",
            "127.0.0.1 evil.example",
        ] {
            assert!(check_host(&request("/", &[("host", host)])).is_err(), "{host}");
        }
        assert!(check_host(&request("/", &[])).is_err());
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert!(check_host(&request("/", &twice)).is_err());
        let absolute = request("http://evil.example/", &[("host", "localhost")]);
        assert!(check_host(&absolute).is_err());
    }

    #[test]
    fn a_page_from_elsewhere_is_refused_and_programs_are_not_asked() {
        let host = ("host", "127.0.0.1:4434");
        let fine = |more: &[(&str, &str)]| {
            let all: Vec<_> = [host].iter().chain(more).copied().collect();
            check_page(&request("/", &all)).is_ok()
        };
        assert!(fine(&[]));
        assert!(fine(&[("origin", "http://127.0.0.1:4434")]));
        assert!(fine(&[("origin", "http://127.0.0.1:4434"), ("sec-fetch-site", "same-origin")]));
        assert!(fine(&[("sec-fetch-site", "none")]));
        for origin in [
            "http://evil.example",
            "https://127.0.0.1",
            "http://127.0.0.1",
            "http://127.0.0.1:4433",
            "http://localhost:4434",
            "null",
            "",
            "file://",
            "chrome-extension://abc",
        ] {
            assert!(!fine(&[("origin", origin)]), "{origin}");
        }
        assert!(!fine(&[("origin", "http://127.0.0.1:4434"), ("origin", "http://evil.example")]));
        for site in ["cross-site", "same-site", "strange"] {
            assert!(!fine(&[("sec-fetch-site", site)]), "{site}");
        }
    }
}
