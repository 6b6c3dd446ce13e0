//! The comparison itself, one function for each family of formats, all ending in a constant-time
//! test.

use argon2::{Algorithm, Params};
use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use md4::Md4;
use md5::Md5;
use sha_crypt::{PasswordVerifier as _, ShaCrypt};
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_224, Sha3_384};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::format::{HashName, Piece, ScryptCost, Stored};
use super::{PasswordError, md5_crypt, memory};

/// Bytes of a password that bcrypt looks at.
const BCRYPT_LIMIT: usize = 72;

type Outcome = Result<bool, PasswordError>;

/// Whether `password` is the one `stored` was made from.
pub(super) fn matches(stored: &Stored, password: &[u8]) -> Outcome {
    match stored {
        Stored::Argon2 { variant, memory, passes, lanes, salt, hash } => {
            argon2(*variant, [*memory, *passes, *lanes], salt, hash, password)
        }
        Stored::Bcrypt(text) => bcrypt(text, password),
        Stored::Pbkdf2 { name, iterations, salt, hash } => {
            pbkdf2(*name, *iterations, salt, hash, password)
        }
        Stored::Scrypt { cost, salt, hash } => {
            let mut made = Zeroizing::new(vec![0u8; hash.len()]);
            scrypt(*cost, salt, password, &mut made)?;
            Ok(made.ct_eq(hash).into())
        }
        Stored::Firebase { cost, salt, hash, signer_key } => {
            firebase(*cost, salt, hash, signer_key, password)
        }
        Stored::Salted { name, template, salt, hash } => {
            let input = filled(template, salt, password);
            Ok(digest(*name, &input).ct_eq(hash).into())
        }
        Stored::Hmac { name, key, hash } => Ok(hmac(*name, key, password)?.ct_eq(hash).into()),
        Stored::Md5Crypt { salt, hash } => {
            let made = md5_crypt::hash(password, salt.as_bytes());
            Ok(made.as_bytes().ct_eq(hash.as_bytes()).into())
        }
        Stored::ShaCrypt(text) => sha_crypt(text, password),
    }
}

fn argon2(
    variant: Algorithm,
    [kib, passes, lanes]: [u32; 3],
    salt: &[u8],
    hash: &[u8],
    password: &[u8],
) -> Outcome {
    let params = Params::new(kib, passes, lanes, Some(hash.len()));
    let params = params.map_err(|_| PasswordError::Failed)?;
    let mut made = Zeroizing::new(vec![0u8; hash.len()]);
    memory::argon2(variant, params, password, salt, &mut made)?;
    Ok(made.as_slice().ct_eq(hash).into())
}

fn bcrypt(text: &str, password: &[u8]) -> Outcome {
    // bcrypt ignores what follows byte 72, and repeats its zero-terminated key, so that `a` and
    // `a\0a` hash alike. Neither may let a different password in.
    if password.len() > BCRYPT_LIMIT || password.contains(&0) {
        return Ok(false);
    }
    bcrypt::verify(password, text).map_err(|_| PasswordError::Failed)
}

fn pbkdf2(name: HashName, iterations: u32, salt: &[u8], hash: &[u8], password: &[u8]) -> Outcome {
    let made = |derive: &dyn Fn(&mut [u8]) -> bool| {
        let mut made = Zeroizing::new(vec![0u8; hash.len()]);
        if derive(&mut made) {
            Ok(bool::from(made.as_slice().ct_eq(hash)))
        } else {
            Err(PasswordError::Failed)
        }
    };
    macro_rules! with {
        ($hash:ty) => {
            made(&|out| {
                pbkdf2::pbkdf2::<SimpleHmac<$hash>>(password, salt, iterations, out).is_ok()
            })
        };
    }
    match name {
        HashName::Sha1 => with!(Sha1),
        // What Kratos calls sha224 and sha384 here is SHA-3; everybody else means SHA-2.
        HashName::Sha224 => Ok(with!(Sha224)? || with!(Sha3_224)?),
        HashName::Sha384 => Ok(with!(Sha384)? || with!(Sha3_384)?),
        HashName::Sha256 => with!(Sha256),
        HashName::Sha512 => with!(Sha512),
        HashName::Md4 | HashName::Md5 => Err(PasswordError::UnknownFormat),
    }
}

fn scrypt(
    cost: ScryptCost,
    salt: &[u8],
    password: &[u8],
    out: &mut [u8],
) -> Result<(), PasswordError> {
    let params =
        scrypt::Params::new(cost.log_n, cost.r, cost.p).map_err(|_| PasswordError::Failed)?;
    scrypt::scrypt(password, salt, &params, out).map_err(|_| PasswordError::Failed)
}

/// Firebase encrypts the project's signer key with what scrypt makes of the password.
fn firebase(
    cost: ScryptCost,
    salt: &[u8],
    hash: &[u8],
    signer_key: &[u8],
    password: &[u8],
) -> Outcome {
    let mut key = Zeroizing::new([0u8; 32]);
    scrypt(cost, salt, password, key.as_mut_slice())?;
    let mut made = Zeroizing::new(signer_key.to_vec());
    UnboundCipherKey::new(&AES_256, key.as_slice())
        .and_then(EncryptingKey::ctr)
        .and_then(|key| key.less_safe_encrypt(&mut made, EncryptionContext::Iv128([0; 16].into())))
        .map_err(|_| PasswordError::Failed)?;
    Ok(made.as_slice().ct_eq(hash).into())
}

fn filled(template: &[Piece], salt: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
    let parts: Vec<&[u8]> = template
        .iter()
        .map(|piece| match piece {
            Piece::Literal(bytes) => bytes.as_slice(),
            Piece::Salt => salt,
            Piece::Password => password,
        })
        .collect();
    Zeroizing::new(parts.concat())
}

fn digest(name: HashName, input: &[u8]) -> Vec<u8> {
    match name {
        HashName::Md4 => Md4::digest(input).to_vec(),
        HashName::Md5 => Md5::digest(input).to_vec(),
        HashName::Sha1 => Sha1::digest(input).to_vec(),
        HashName::Sha224 => Sha224::digest(input).to_vec(),
        HashName::Sha256 => Sha256::digest(input).to_vec(),
        HashName::Sha384 => Sha384::digest(input).to_vec(),
        HashName::Sha512 => Sha512::digest(input).to_vec(),
    }
}

fn hmac(name: HashName, key: &[u8], password: &[u8]) -> Result<Vec<u8>, PasswordError> {
    macro_rules! with {
        ($hash:ty) => {{
            let mac =
                SimpleHmac::<$hash>::new_from_slice(key).map_err(|_| PasswordError::Failed)?;
            mac.chain_update(password).finalize().into_bytes().to_vec()
        }};
    }
    Ok(match name {
        HashName::Md4 => with!(Md4),
        HashName::Md5 => with!(Md5),
        HashName::Sha1 => with!(Sha1),
        HashName::Sha224 => with!(Sha224),
        HashName::Sha256 => with!(Sha256),
        HashName::Sha384 => with!(Sha384),
        HashName::Sha512 => with!(Sha512),
    })
}

fn sha_crypt(text: &str, password: &[u8]) -> Outcome {
    use sha_crypt::password_hash::Error;
    match ShaCrypt::default().verify_password(password, text) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(PasswordError::Failed),
    }
}
