//! What binds the flows of a browser to it: a secret in a cookie, of which each flow keeps a digest,
//! and in each form a token that only the holder of the cookie can be given.

use uuid::Uuid;

use crate::crypto::token as tokens;
use crate::error::Error;
use crate::rng::Rng;

/// A new secret for a cookie.
///
/// # Errors
/// When there is no randomness.
pub fn new_secret(rng: &Rng) -> Result<String, Error> {
    tokens::random_token(rng)
}

/// What a flow keeps of the secret.
pub(super) fn digest(secret: &str) -> String {
    tokens::digest(secret)
}

/// What the form of a flow carries.
#[must_use]
pub fn token(secret: &str, flow: Uuid) -> String {
    tokens::keyed_digest(secret.as_bytes(), "form", &flow.to_string())
}

/// Whether a token is that of the form of this flow.
#[must_use]
pub fn fits(secret: &str, flow: Uuid, given: &str) -> bool {
    tokens::equal(&token(secret, flow), given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authz_05_a_token_belongs_to_one_browser_and_one_flow() {
        let rng = Rng::default();
        let [mine, other] = [(); 2].map(|()| new_secret(&rng).unwrap());
        let [flow, another] = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let given = token(&mine, flow);
        assert!(fits(&mine, flow, &given));
        for wrong in [token(&other, flow), token(&mine, another), String::new()] {
            assert!(!fits(&mine, flow, &wrong));
        }
        assert!(!given.contains(&mine) && digest(&mine) != given);
    }
}
