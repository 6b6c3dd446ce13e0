//! The session a request comes with, and the cookie that carries it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use crate::config::{Options, SameSite};
use crate::service::sessions::Presented;

/// The cookie's name; clients of Kratos look for it.
const COOKIE: &str = "ory_kratos_session";

/// What a request presents to show that it has a session, if it does.
#[derive(Clone, Debug)]
pub struct Ticket(pub Option<Presented>);

impl Ticket {
    /// A header of its own counts before the cookie, and that before `Authorization`. Whoever sends
    /// the first means it, so nothing else is tried then.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self(match own_header(headers) {
            Some(token) => Presented::token(token),
            None => cookie(headers).or_else(|| bearer(headers)),
        })
    }
}

fn own_header(headers: &HeaderMap) -> Option<&str> {
    text(headers, "x-session-token").filter(|token| !token.is_empty())
}

fn bearer(headers: &HeaderMap) -> Option<Presented> {
    let (scheme, token) = text(headers, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Presented::token(token.trim())).flatten()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The session token, in whichever header it comes.
pub fn token(headers: &HeaderMap) -> Option<Presented> {
    match own_header(headers) {
        Some(token) => Presented::token(token),
        None => bearer(headers),
    }
}

impl<S: Sync> FromRequestParts<S> for Ticket {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// The first session cookie that can be one of ours.
pub fn cookie(headers: &HeaderMap) -> Option<Presented> {
    cookies(headers, COOKIE).find_map(Presented::cookie)
}

/// The values of all cookies of a name.
pub fn cookies<'h>(headers: &'h HeaderMap, wanted: &str) -> impl Iterator<Item = &'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).filter_map(move |pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value.trim_matches('"'))
    })
}

/// `Set-Cookie` for a session that ends at `expires_at`.
#[must_use]
pub fn set(
    options: &Options,
    secure: bool,
    presented: &Presented,
    now: Timestamp,
    expires_at: Timestamp,
) -> Option<HeaderValue> {
    let value = presented.handed_out(expires_at.as_second());
    let seconds = expires_at.duration_since(now).as_secs().max(0);
    written(options, secure, value.expose_secret(), seconds)
}

/// `Set-Cookie` that makes a browser forget the session.
#[must_use]
pub fn forget(options: &Options, secure: bool) -> Option<HeaderValue> {
    written(options, secure, "", 0)
}

fn written(options: &Options, secure: bool, value: &str, seconds: i64) -> Option<HeaderValue> {
    written_as(options, secure, COOKIE, value, seconds)
}

/// `Set-Cookie` for any cookie of ours that no script may read.
#[must_use]
pub fn written_as(
    options: &Options,
    secure: bool,
    name: &str,
    value: &str,
    seconds: i64,
) -> Option<HeaderValue> {
    let mut text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly");
    if !options.session_cookie_domain.is_empty() {
        text = text + "; Domain=" + &options.session_cookie_domain;
    }
    if secure || options.external_url.starts_with("https://") {
        text += "; Secure";
    }
    text += match options.session_cookie_same_site {
        SameSite::Lax => "; SameSite=Lax",
        SameSite::Strict => "; SameSite=Strict",
    };
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "ory_st_0123456789abcdefABCDEFxyz0123456";
    const SECRET: &str = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNO_";

    fn ticket(headers: &[(&'static str, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Some(Ticket::of(&map).0?.handed_out(7).expose_secret().to_owned())
    }

    #[test]
    fn the_header_counts_before_the_cookie_and_the_cookie_before_bearer() {
        let cookie = format!("a=b; ory_kratos_session={SECRET}.7; c=d");
        let carried = Some(format!("{SECRET}.7"));
        let token = Some(TOKEN.to_owned());
        let bearer = format!("bearer {TOKEN}");
        assert_eq!(ticket(&[]), None);
        assert_eq!(ticket(&[("x-session-token", TOKEN), ("cookie", &cookie)]), token);
        assert_eq!(ticket(&[("x-session-token", "bad"), ("cookie", &cookie)]), None);
        assert_eq!(ticket(&[("x-session-token", ""), ("cookie", &cookie)]), carried);
        assert_eq!(ticket(&[("authorization", &bearer), ("cookie", &cookie)]), carried);
        assert_eq!(ticket(&[("authorization", &bearer)]), token);
        assert_eq!(ticket(&[("authorization", TOKEN)]), None);
        let junk = [("cookie", "ory_kratos_session=junk"), ("cookie", cookie.as_str())];
        assert_eq!(ticket(&junk), carried);
        assert_eq!(
            ticket(&[("cookie", "ory_kratos_session=junk"), ("authorization", &bearer)]),
            token
        );
    }

    #[test]
    fn sess_03_a_cookie_is_as_narrow_as_the_options_allow() {
        let presented = Presented::cookie(&format!("{SECRET}.7")).unwrap();
        let (now, end) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(90).unwrap());
        let line = |options: &Options, secure| {
            let header = set(options, secure, &presented, now, end).unwrap();
            header.to_str().unwrap().to_owned()
        };
        let mut options = Options::default();
        let plain =
            format!("ory_kratos_session={SECRET}.90; Path=/; Max-Age=90; HttpOnly; SameSite=Lax");
        assert_eq!(line(&options, false), plain);
        assert!(line(&options, true).contains("; Secure;"));
        options.external_url = "https://id.example.com".to_owned();
        options.session_cookie_domain = "example.com".to_owned();
        options.session_cookie_same_site = SameSite::Strict;
        let end = "Max-Age=90; HttpOnly; Domain=example.com; Secure; SameSite=Strict";
        assert!(line(&options, false).ends_with(end));
        let gone = forget(&Options::default(), false).unwrap();
        let expected = "ory_kratos_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
        assert_eq!(gone.to_str().unwrap(), expected);
    }
}
