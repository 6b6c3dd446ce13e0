//! What a client presents to show that it has a session, and what it was given for that.

use secrecy::{ExposeSecret as _, SecretString};

use crate::crypto::token;
use crate::domain::flow::Client;
use crate::error::Error;
use crate::rng::Rng;

/// Begins every session token; clients of Kratos know them by it.
const TOKEN: &str = "ory_st_";
/// Letters and digits after that.
const TOKEN_LETTERS: usize = 32;
/// Begins every logout token.
const LOGOUT: &str = "ory_lo_";
/// Begins every token of a form.
const FORM: &str = "dw_form_";
/// Characters of the secret in a cookie.
const COOKIE_SECRET: usize = 43;

/// By what a session is carried. The two have different forms, so that neither is taken for the
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A token, for programs.
    Token,
    /// A cookie, for browsers.
    Cookie,
}

impl Carrier {
    /// By what flows for this client carry it.
    #[must_use]
    pub const fn of(client: Client) -> Self {
        match client {
            Client::Browser => Self::Cookie,
            Client::Api => Self::Token,
        }
    }
}

/// A secret of the right form; whether it belongs to a session is for the store to say.
#[derive(Clone, Debug)]
pub struct Presented {
    secret: SecretString,
    carrier: Carrier,
    /// When the browser will forget the cookie, in seconds since 1970, as the cookie itself says.
    /// Nothing but the browser's own copy depends on it.
    forgotten_at: Option<i64>,
}

impl Presented {
    /// Reads a session token; what cannot be one is not looked for.
    #[must_use]
    pub fn token(text: &str) -> Option<Self> {
        let letters = text.strip_prefix(TOKEN)?;
        let sane = letters.len() == TOKEN_LETTERS
            && letters.bytes().all(|byte| byte.is_ascii_alphanumeric());
        sane.then(|| Self {
            secret: SecretString::from(text),
            carrier: Carrier::Token,
            forgotten_at: None,
        })
    }

    /// Reads the value of a session cookie; what cannot be one is not looked for.
    #[must_use]
    pub fn cookie(value: &str) -> Option<Self> {
        let (secret, seconds) = value.split_once('.')?;
        let sane = secret.len() == COOKIE_SECRET
            && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !sane || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            secret: SecretString::from(secret),
            carrier: Carrier::Cookie,
            forgotten_at: Some(seconds.parse().ok()?),
        })
    }

    /// Draws a new one.
    pub(in crate::service) fn draw(rng: &Rng, carrier: Carrier) -> Result<Self, Error> {
        let secret = match carrier {
            Carrier::Token => format!("{TOKEN}{}", token::random_letters(rng, TOKEN_LETTERS)?),
            Carrier::Cookie => token::random_token(rng)?,
        };
        Ok(Self { secret: SecretString::from(secret), carrier, forgotten_at: None })
    }

    /// By what the session is carried.
    #[must_use]
    pub const fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// What the client is given: a session token, or a cookie's value for a session that ends at
    /// `expires_at` (seconds since 1970).
    #[must_use]
    pub fn handed_out(&self, expires_at: i64) -> SecretString {
        match self.carrier {
            Carrier::Token => self.secret.clone(),
            Carrier::Cookie => {
                SecretString::from(format!("{}.{expires_at}", self.secret.expose_secret()))
            }
        }
    }

    /// Whether the browser keeps the cookie for another time than the session lasts.
    #[must_use]
    pub fn is_outdated(&self, expires_at: i64) -> bool {
        self.carrier == Carrier::Cookie && self.forgotten_at != Some(expires_at)
    }

    /// By what the store finds the session.
    pub(in crate::service) fn digest(&self) -> [u8; 32] {
        token::digest_bytes(self.secret.expose_secret())
    }

    /// The logout token of the session. It is made from the secret that the browser sends anyway, so
    /// nothing of it is stored, the same session always has the same, and nobody else can make it.
    pub(super) fn logout_token(&self) -> String {
        let key = self.secret.expose_secret().as_bytes();
        let digest = token::keyed_digest(key, "doorward logout token", "");
        format!("{LOGOUT}{}", digest.get(..TOKEN_LETTERS).unwrap_or_default())
    }

    /// The token that a form of a page has in it, so that only our own pages can send it. Made in the
    /// same way.
    pub(super) fn form_token(&self) -> String {
        let key = self.secret.expose_secret().as_bytes();
        let digest = token::keyed_digest(key, "doorward form token", "");
        format!("{FORM}{}", digest.get(..TOKEN_LETTERS).unwrap_or_default())
    }

    /// Whether this is the token of the session's forms.
    pub(in crate::service) fn sent_form(&self, form_token: &str) -> bool {
        token::equal(&self.form_token(), form_token)
    }

    /// Whether this is the logout token of the session.
    pub(super) fn owns(&self, logout_token: &str) -> bool {
        token::equal(&self.logout_token(), logout_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sess_01_only_what_was_drawn_has_the_form_and_each_form_is_one_carriers() {
        let rng = Rng::default();
        let drawn = Presented::draw(&rng, Carrier::Token).unwrap();
        let token = drawn.handed_out(7).expose_secret().to_owned();
        assert_eq!(token.len(), 39);
        assert_eq!(Presented::token(&token).unwrap().digest(), drawn.digest());
        assert!(Presented::cookie(&token).is_none());
        let drawn = Presented::draw(&rng, Carrier::Cookie).unwrap();
        let cookie = drawn.handed_out(7).expose_secret().to_owned();
        let read = Presented::cookie(&cookie).unwrap();
        assert_eq!(read.digest(), drawn.digest());
        assert!(!read.is_outdated(7) && read.is_outdated(8));
        assert!(Presented::token(&cookie).is_none());
        for bad in [
            "",
            "ory_st_",
            "ory_st_short",
            &format!("{token}x"),
            &token.replace("ory_st_", "ory_xx_"),
            &format!("{}é", &token[..37]),
            &cookie.replace('.', ""),
            &format!("{cookie}x"),
            &cookie.replace(".7", ".-7"),
            &cookie.replace(".7", ".99999999999999999999"),
            &cookie.replace(".7", "."),
        ] {
            assert!(Presented::token(bad).is_none(), "{bad}");
            assert!(Presented::cookie(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_logout_token_belongs_to_one_session_and_says_nothing_of_its_secret() {
        let rng = Rng::default();
        let [one, other] =
            [Carrier::Cookie, Carrier::Cookie].map(|kind| Presented::draw(&rng, kind).unwrap());
        let token = one.logout_token();
        assert!(token.starts_with("ory_lo_") && token.len() == 39);
        assert!(one.owns(&token) && !other.owns(&token) && !one.owns(""));
        assert!(!format!("{one:?}").contains(one.secret.expose_secret()));
    }
}
