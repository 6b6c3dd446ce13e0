//! Who hands a form in: the cookies and headers of a request.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::app::Deps;
use crate::http::asked::Asked;
use crate::http::failure::Failure;
use crate::http::pages::Language;
use crate::http::ticket;
use crate::service::flood::Flood;
use crate::service::flows::{Visitor, new_csrf_secret};

/// The cookie whose secret binds flows to a browser; clients of Kratos know it by how it begins.
const COOKIE: &str = "csrf_token_doorward";
/// Characters of the secret.
const SECRET: usize = 43;
/// How long a browser keeps it, in seconds: a year.
const KEPT: i64 = 365 * 24 * 60 * 60;

/// Who asks.
pub fn visitor(
    d: &Deps,
    asked: &Asked,
    headers: &HeaderMap,
    flood: Arc<Flood>,
) -> Result<Visitor, Failure> {
    let secret = ticket::cookies(headers, COOKIE).find(|value| is_secret(value));
    let is_browser = headers.contains_key(header::ORIGIN) || has_cookies(headers);
    Ok(Visitor {
        by: asked.anybody(),
        cookie: ticket::cookie(headers),
        token: ticket::token(headers),
        secret: secret.map(ToOwned::to_owned),
        fresh: new_csrf_secret(&d.rng)?,
        is_browser,
        language: Language::wished(headers).code(),
        flood,
    })
}

/// `Set-Cookie` for the secret.
pub fn set(d: &Deps, secure: bool, secret: &str) -> Option<HeaderValue> {
    ticket::written_as(&d.options, secure, COOKIE, secret, KEPT)
}

fn is_secret(value: &str) -> bool {
    value.len() == SECRET
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether there are cookies but for those that a well-known proxy adds to every request.
fn has_cookies(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(str::trim).any(|pair| {
        !pair.is_empty() && !["__cf", "_cf", "cf_"].iter().any(|begin| pair.starts_with(begin))
    })
}
