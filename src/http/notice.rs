//! A message that goes with a browser to the next page: its name in a cookie, and never its words, so that
//! nobody else's get onto a page.

use axum::http::HeaderValue;

/// The cookie.
pub const COOKIE: &str = "doorward_notice";
/// That a form is not valid any more.
pub const LOST: &str = "flow.lost";
/// That nobody is signed in any more.
pub const SIGNED_OUT: &str = "flow.signed_out";
/// For how long it waits, in seconds.
pub const WAITS: u32 = 60;

/// The cookie with a message, or without one to take it back.
#[must_use]
pub fn cookie(message: Option<&str>, secure: bool) -> Option<HeaderValue> {
    let (value, seconds) = message.map_or(("", 0), |message| (message, WAITS));
    plain_cookie(COOKIE, value, seconds, secure)
}

/// A cookie of no secret.
#[must_use]
pub fn plain_cookie(name: &str, value: &str, seconds: u32, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}
