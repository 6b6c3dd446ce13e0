//! The stored forms of passwords, taken apart strictly and with their costs capped before anything
//! is computed.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::PasswordError;

/// The longest text looked at.
const MAX_LENGTH: usize = 8 * 1024;
/// Fewer bytes than this would match by chance.
const MIN_HASH: usize = 16;
/// More bytes than this serve nobody and cost time.
const MAX_HASH: usize = 512;

const MAX_BCRYPT_COST: u32 = 15;
const MAX_ARGON2_MEMORY: u32 = 1024 * 1024;
const MAX_ARGON2_PASSES: u32 = 10;
const MAX_ARGON2_LANES: u32 = 16;
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
const MAX_SCRYPT_LOG_N: u8 = 17;
const MAX_SCRYPT_R: u32 = 8;
const MAX_SCRYPT_P: u32 = 10;
const MAX_CRYPT_ROUNDS: u32 = 1_000_000;
/// What crypt(3) uses, and leaves out of the text, when no rounds are given.
const MIN_CRYPT_ROUNDS: u32 = 1000;

/// Padding or not, and whatever the unused bits are: writers of these formats differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A hash function, as a name within a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HashName {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl HashName {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "md4" => Self::Md4,
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// Bytes of output.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// One part of a salting template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(Vec<u8>),
    Salt,
    Password,
}

/// Cost of scrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScryptCost {
    pub log_n: u8,
    pub r: u32,
    pub p: u32,
}

/// A stored password, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Argon2 {
        variant: argon2::Algorithm,
        memory: u32,
        passes: u32,
        lanes: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    /// In the form that begins with `$2b$`.
    Bcrypt(String),
    Pbkdf2 {
        name: HashName,
        iterations: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Scrypt {
        cost: ScryptCost,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Firebase {
        cost: ScryptCost,
        salt: Vec<u8>,
        hash: Vec<u8>,
        signer_key: Vec<u8>,
    },
    Salted {
        name: HashName,
        template: Vec<Piece>,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    Hmac {
        name: HashName,
        key: Vec<u8>,
        hash: Vec<u8>,
    },
    Md5Crypt {
        salt: String,
        hash: String,
    },
    /// In the form that begins with `$5$` or `$6$`.
    ShaCrypt(String),
}

impl Stored {
    pub(super) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Argon2 { variant: argon2::Algorithm::Argon2id, .. } => "argon2id",
            Self::Argon2 { .. } => "argon2i",
            Self::Bcrypt(_) => "bcrypt",
            Self::Pbkdf2 { .. } => "pbkdf2",
            Self::Scrypt { .. } => "scrypt",
            Self::Firebase { .. } => "firescrypt",
            Self::Salted { name: HashName::Md5, .. } => "md5",
            Self::Salted { .. } => "sha",
            Self::Hmac { .. } => "hmac",
            Self::Md5Crypt { .. } => "md5-crypt",
            Self::ShaCrypt(_) => "sha-crypt",
        }
    }
}

type Parsed = Result<Stored, PasswordError>;

const fn malformed<T>(what: &'static str) -> Result<T, PasswordError> {
    Err(PasswordError::Malformed(what))
}

/// Takes a stored password apart.
pub(super) fn parse(text: &str) -> Parsed {
    if text.len() > MAX_LENGTH || !text.is_ascii() {
        return Err(PasswordError::UnknownFormat);
    }
    if let Some(rest) = text.strip_prefix("{SSHA") {
        return ssha(rest);
    }
    let rest = text.strip_prefix('$').ok_or(PasswordError::UnknownFormat)?;
    let (name, rest) = rest.split_once('$').ok_or(PasswordError::UnknownFormat)?;
    match name {
        "argon2id" => argon2(argon2::Algorithm::Argon2id, rest),
        "argon2i" => argon2(argon2::Algorithm::Argon2i, rest),
        "2" | "2a" | "2b" | "2y" | "2z" => bcrypt(rest),
        "scrypt" => scrypt(rest),
        "firescrypt" => firescrypt(rest),
        "md5" | "sha1" | "sha256" | "sha512" => salted(name, rest),
        "md5-crypt" => md5_crypt(rest),
        "sha256-crypt" => sha_crypt("5", 43, rest),
        "sha512-crypt" => sha_crypt("6", 86, rest),
        _ => match name.split_once('-') {
            Some(("pbkdf2", name)) => pbkdf2(name, rest),
            Some(("hmac", name)) => hmac(name, rest),
            _ => Err(PasswordError::UnknownFormat),
        },
    }
}

fn argon2(variant: argon2::Algorithm, rest: &str) -> Parsed {
    let [version, costs, salt, hash] = fields(rest)?;
    if version != "v=19" {
        return malformed("Argon2 of a version other than 19");
    }
    let [memory, passes, lanes] = numbers(costs, ["m", "t", "p"])?;
    if memory > MAX_ARGON2_MEMORY || passes > MAX_ARGON2_PASSES || lanes > MAX_ARGON2_LANES {
        return Err(PasswordError::TooExpensive("Argon2 over m=1048576, t=10 or p=16"));
    }
    let (salt, hash) = (decode(salt)?, output(hash)?);
    if argon2::Params::new(memory, passes, lanes, Some(hash.len())).is_err() || salt.len() < 8 {
        return malformed("Argon2 parameters out of range");
    }
    Ok(Stored::Argon2 { variant, memory, passes, lanes, salt, hash })
}

fn bcrypt(rest: &str) -> Parsed {
    let [cost, body] = fields(rest)?;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    if cost.len() != 2 || body.len() != 53 || !body.bytes().all(alphabet) {
        return malformed("bcrypt has a two-digit cost and 53 characters");
    }
    let number = decimal(cost)?;
    if number > MAX_BCRYPT_COST {
        return Err(PasswordError::TooExpensive("bcrypt over cost 15"));
    }
    if number < 4 {
        return malformed("bcrypt under cost 4");
    }
    Ok(Stored::Bcrypt(format!("$2b${cost}${body}")))
}

fn pbkdf2(name: &str, rest: &str) -> Parsed {
    let name = match HashName::parse(name) {
        None | Some(HashName::Md4 | HashName::Md5) => return Err(PasswordError::UnknownFormat),
        Some(name) => name,
    };
    let [costs, salt, hash] = fields(rest)?;
    // The length that stands here is not always that of the hash, and the hash is there to see.
    let [iterations, _length] = numbers(costs, ["i", "l"])?;
    if iterations > MAX_PBKDF2_ITERATIONS {
        return Err(PasswordError::TooExpensive("PBKDF2 over 10000000 iterations"));
    }
    if iterations == 0 {
        return malformed("PBKDF2 without iterations");
    }
    Ok(Stored::Pbkdf2 { name, iterations, salt: decode(salt)?, hash: output(hash)? })
}

fn scrypt(rest: &str) -> Parsed {
    let [costs, salt, hash] = fields(rest)?;
    let [n, r, p] = numbers(costs, ["ln", "r", "p"])?;
    // Here `ln` is N itself. The PHC form, which other programs write, has its logarithm; nobody
    // uses an N as small as the logarithms in use, so the two cannot be confused.
    let log_n = match n {
        10..=17 => u8::try_from(n).unwrap_or(u8::MAX),
        _ if n.is_power_of_two() && n > 1 => u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX),
        _ => return malformed("scrypt needs a power of two for ln"),
    };
    let cost = scrypt_cost(log_n, r, p)?;
    Ok(Stored::Scrypt { cost, salt: decode(salt)?, hash: output(hash)? })
}

fn firescrypt(rest: &str) -> Parsed {
    let [costs, salt, hash, separator, signer_key] = fields(rest)?;
    let [log_n, r, p] = numbers(costs, ["ln", "r", "p"])?;
    let cost = scrypt_cost(u8::try_from(log_n).unwrap_or(u8::MAX), r, p)?;
    let (hash, signer_key) = (output(hash)?, decode(signer_key)?);
    if hash.len() != signer_key.len() {
        return malformed("Firebase scrypt has a signer key as long as the hash");
    }
    let salt = [decode(salt)?, decode(separator)?].concat();
    Ok(Stored::Firebase { cost, salt, hash, signer_key })
}

fn scrypt_cost(log_n: u8, r: u32, p: u32) -> Result<ScryptCost, PasswordError> {
    if log_n > MAX_SCRYPT_LOG_N || r > MAX_SCRYPT_R || p > MAX_SCRYPT_P {
        return Err(PasswordError::TooExpensive("scrypt over N=131072, r=8 or p=10"));
    }
    if log_n == 0 || scrypt::Params::new(log_n, r, p).is_err() {
        return malformed("scrypt parameters out of range");
    }
    Ok(ScryptCost { log_n, r, p })
}

fn salted(name: &str, rest: &str) -> Parsed {
    let Some(name) = HashName::parse(name) else { return Err(PasswordError::UnknownFormat) };
    let (template, salt, hash) = match (name, rest.strip_prefix("pf=")) {
        (_, Some(rest)) => {
            let [template, salt, hash] = fields(rest)?;
            (pieces(&decode(template)?)?, decode(salt)?, hash)
        }
        (HashName::Md5, None) => (vec![Piece::Password], Vec::new(), rest),
        _ => return malformed("salted hashes need pf=, a salt and a digest"),
    };
    Ok(Stored::Salted { name, template, salt, hash: exact(hash, name)? })
}

fn ssha(rest: &str) -> Parsed {
    let (size, encoded) = rest.split_once('}').ok_or(PasswordError::UnknownFormat)?;
    let name = match size {
        "" => HashName::Sha1,
        "256" => HashName::Sha256,
        "512" => HashName::Sha512,
        _ => return Err(PasswordError::UnknownFormat),
    };
    let bytes = decode(encoded)?;
    let Some((hash, salt)) = bytes.split_at_checked(name.length()) else {
        return malformed("SSHA is shorter than its digest");
    };
    let template = vec![Piece::Password, Piece::Salt];
    Ok(Stored::Salted { name, template, salt: salt.to_vec(), hash: hash.to_vec() })
}

fn hmac(name: &str, rest: &str) -> Parsed {
    let name = HashName::parse(name).ok_or(PasswordError::UnknownFormat)?;
    let [hash, key] = fields(rest)?;
    // The digest is written in hex first and that text in base64.
    let hash = hex::decode(decode(hash)?).or(malformed("an HMAC digest is hex inside base64"))?;
    if hash.len() != name.length() {
        return malformed("a digest of the wrong length");
    }
    Ok(Stored::Hmac { name, key: decode(key)?, hash })
}

fn md5_crypt(rest: &str) -> Parsed {
    let [salt, hash] = fields(rest)?;
    if salt.len() > 8 || hash.len() != 22 || !hash.bytes().all(is_crypt_character) {
        return malformed("MD5 crypt has a salt of up to 8 and a hash of 22 characters");
    }
    Ok(Stored::Md5Crypt { salt: salt.to_owned(), hash: hash.to_owned() })
}

fn sha_crypt(id: &str, length: usize, rest: &str) -> Parsed {
    let body = match rest.strip_prefix("rounds=") {
        None => rest,
        Some(counted) => {
            let (rounds, body) = counted
                .split_once('$')
                .ok_or(PasswordError::Malformed("SHA crypt without salt"))?;
            match decimal(rounds)? {
                MIN_CRYPT_ROUNDS..=MAX_CRYPT_ROUNDS => body,
                0..MIN_CRYPT_ROUNDS => return malformed("SHA crypt under 1000 rounds"),
                _ => return Err(PasswordError::TooExpensive("SHA crypt over 1000000 rounds")),
            }
        }
    };
    let [salt, hash] = fields(body)?;
    let fits = salt.len() <= 16 && hash.len() == length && hash.bytes().all(is_crypt_character);
    if !fits {
        return malformed("SHA crypt has a salt of up to 16 characters and a hash of fixed length");
    }
    Ok(Stored::ShaCrypt(format!("${id}${rest}")))
}

const fn is_crypt_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/'
}

/// Splits a template at its two placeholders, in one pass, so that a salt that looks like a
/// placeholder stays a salt.
fn pieces(template: &[u8]) -> Result<Vec<Piece>, PasswordError> {
    let mut made = Vec::new();
    let mut literal = Vec::new();
    let mut rest = template;
    while let Some((first, after)) = rest.split_first() {
        let placeholder = [("{SALT}", Piece::Salt), ("{PASSWORD}", Piece::Password)]
            .into_iter()
            .find_map(|(mark, piece)| Some((rest.strip_prefix(mark.as_bytes())?, piece)));
        if let Some((remaining, piece)) = placeholder {
            made.push(Piece::Literal(std::mem::take(&mut literal)));
            made.push(piece);
            rest = remaining;
        } else {
            literal.push(*first);
            rest = after;
        }
    }
    made.push(Piece::Literal(literal));
    made.retain(|piece| *piece != Piece::Literal(Vec::new()));
    // Without the password in it every password would match.
    if made.contains(&Piece::Password) { Ok(made) } else { malformed("pf= without {PASSWORD}") }
}

/// The `$`-separated fields, exactly `N` of them.
fn fields<const N: usize>(text: &str) -> Result<[&str; N], PasswordError> {
    let parts: Vec<&str> = text.split('$').collect();
    parts.try_into().or(malformed("the wrong number of fields"))
}

/// `name=number` pairs in the given order, separated by commas.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], PasswordError> {
    let parts: Vec<&str> = text.split(',').collect();
    let parts: [&str; N] = parts.try_into().or(malformed("the wrong number of parameters"))?;
    let mut values = [0; N];
    for ((value, part), name) in values.iter_mut().zip(parts).zip(names) {
        match part.split_once('=') {
            Some((found, number)) if found == name => *value = decimal(number)?,
            _ => return malformed("parameters that do not belong to the format"),
        }
    }
    Ok(values)
}

fn decimal(text: &str) -> Result<u32, PasswordError> {
    match text.parse() {
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(PasswordError::TooExpensive("a cost beyond all limits"))
        }
        _ => malformed("a parameter that is no number"),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, PasswordError> {
    BASE64.decode(text).or(malformed("a field that is not base64"))
}

fn output(text: &str) -> Result<Vec<u8>, PasswordError> {
    let bytes = decode(text)?;
    if (MIN_HASH..=MAX_HASH).contains(&bytes.len()) {
        Ok(bytes)
    } else {
        malformed("a hash shorter than 16 or longer than 512 bytes")
    }
}

fn exact(text: &str, name: HashName) -> Result<Vec<u8>, PasswordError> {
    let bytes = decode(text)?;
    if bytes.len() == name.length() { Ok(bytes) } else { malformed("a digest of the wrong length") }
}
