//! Signed tokens (JWT, ES256): the only file that names `jsonwebtoken`.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Why a token or its key is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The bytes are not an ECDSA key over P-256 in PKCS#8.
    #[error("this is not an ECDSA private key over P-256 in PKCS#8")]
    BadKey,
    /// The cryptographic library failed.
    #[error("the token could not be signed")]
    Failed,
}

/// A key that signs tokens. It is never printed.
pub struct TokenKey {
    signing: EncodingKey,
    x: String,
    y: String,
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.id())
    }
}

impl TokenKey {
    /// A new key, in PKCS#8 (DER).
    ///
    /// # Errors
    /// [`JwtError::Failed`] when the system gives no randomness.
    pub fn generate() -> Result<Zeroizing<Vec<u8>>, JwtError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let pair = pair.map_err(|_| JwtError::Failed)?;
        let der = pair.to_pkcs8v1().map_err(|_| JwtError::Failed)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key in PKCS#8 (DER).
    ///
    /// # Errors
    /// [`JwtError::BadKey`] for anything else.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, JwtError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
        let pair = pair.map_err(|_| JwtError::BadKey)?;
        // An uncompressed point: a four, then both coordinates (SEC 1, 2.3.3).
        let [4, point @ ..] = pair.public_key().as_ref() else { return Err(JwtError::BadKey) };
        let (x, y) = point.split_at_checked(32).ok_or(JwtError::BadKey)?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(Self { signing: EncodingKey::from_ec_der(der), x: encode(x), y: encode(y) })
    }

    /// The key's id: its thumbprint (RFC 7638).
    #[must_use]
    pub fn id(&self) -> String {
        let (x, y) = (&self.x, &self.y);
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// The public half as a JSON Web Key (RFC 7517).
    #[must_use]
    pub fn public(&self) -> Value {
        json!({"kty": "EC", "use": "sig", "alg": "ES256", "kid": self.id(), "crv": "P-256",
            "x": self.x, "y": self.y})
    }

    /// A token with these claims.
    ///
    /// # Errors
    /// [`JwtError::Failed`] when the cryptographic library fails.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, JwtError> {
        let header = Header { kid: Some(self.id()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.signing).map_err(|_| JwtError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{DecodingKey, Validation, decode};

    use super::*;

    #[test]
    fn what_is_signed_verifies_with_the_published_key_and_no_other() {
        let [key, other] =
            [(); 2].map(|()| TokenKey::from_pkcs8(&TokenKey::generate().unwrap()).unwrap());
        let claims = json!({"sub": "ada", "exp": 4_102_444_800_u64});
        let token = key.sign(claims.as_object().unwrap()).unwrap();
        let verify = |key: &TokenKey| {
            let public: Jwk = serde_json::from_value(key.public()).unwrap();
            let public = DecodingKey::from_jwk(&public).unwrap();
            decode::<Value>(&token, &public, &Validation::new(Algorithm::ES256))
        };
        let seen = verify(&key).unwrap();
        assert_eq!((seen.claims, seen.header.kid), (claims, Some(key.id())));
        assert!(verify(&other).is_err());
        assert_ne!(key.id(), other.id());
        assert_eq!(TokenKey::from_pkcs8(b"x").unwrap_err(), JwtError::BadKey);
        assert_eq!(format!("{key:?}"), format!("TokenKey({})", key.id()));
    }
}
