//! One-time passwords by time (RFC 6238), and the `otpauth` addresses in which generators take
//! their seed.

use std::borrow::Cow;
use std::fmt;

use hmac::{KeyInit as _, Mac as _, SimpleHmac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::rng::Rng;

/// Bytes of a new seed: as many as SHA-1 gives (RFC 4226 section 4 asks for at least 16).
const SEED_LENGTH: usize = 20;
/// How many steps a code may lie beside the server's own (RFC 6238 section 5.2 asks for one).
const WINDOW: i64 = 1;
/// The longest address that is read.
const URL_MAX_BYTES: usize = 2048;
/// RFC 4648 section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// With what codes are computed. Everything but SHA-1 comes only from elsewhere: many generators
/// know nothing else, and pass over what an address says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_uppercase().as_str() {
            "SHA1" => Some(Self::Sha1),
            "SHA256" => Some(Self::Sha256),
            "SHA512" => Some(Self::Sha512),
            _ => None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

/// An address is no `otpauth` address of a generator by time, or one that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an otpauth://totp address with a seed, 6 to 8 digits and a usual algorithm")]
pub struct BadUrl;

/// A generator of codes: the server's half of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Generator {
    seed: Zeroizing<Vec<u8>>,
    algorithm: Algorithm,
    digits: u32,
    period: i64,
}

/// Without the seed.
impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator").field("digits", &self.digits).finish_non_exhaustive()
    }
}

impl Generator {
    /// A new one: 160 bits, SHA-1, six digits, thirty seconds, which every app understands.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn draw(rng: &Rng) -> Result<Self, Error> {
        let mut seed = Zeroizing::new(vec![0u8; SEED_LENGTH]);
        rng.fill(&mut seed)?;
        Ok(Self { seed, algorithm: Algorithm::Sha1, digits: 6, period: 30 })
    }

    /// Reads the address of one made elsewhere; what it does not say is as in [`Generator::draw`].
    ///
    /// # Errors
    /// [`BadUrl`].
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let url = Some(text).filter(|text| text.len() <= URL_MAX_BYTES);
        let url = url.and_then(|text| Url::parse(text).ok()).ok_or(BadUrl)?;
        if url.scheme() != "otpauth" || url.host_str() != Some("totp") {
            return Err(BadUrl);
        }
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, it)| it);
        let number = |name: &str, default: i64, low: i64, high: i64| match value(name) {
            None => Ok(default),
            Some(text) => text.parse().ok().filter(|n| (low..=high).contains(n)).ok_or(BadUrl),
        };
        let seed = value("secret").and_then(|text| from_base32(&text)).ok_or(BadUrl)?;
        let algorithm = value("algorithm").unwrap_or(Cow::Borrowed("SHA1"));
        Ok(Self {
            seed: Some(seed).filter(|seed| !seed.is_empty()).ok_or(BadUrl)?,
            algorithm: Algorithm::parse(&algorithm).ok_or(BadUrl)?,
            digits: u32::try_from(number("digits", 6, 6, 8)?).map_err(|_| BadUrl)?,
            period: number("period", 30, 10, 300)?,
        })
    }

    /// The seed as people type it into an app that cannot see the picture.
    #[must_use]
    pub fn secret(&self) -> Zeroizing<String> {
        to_base32(&self.seed)
    }

    /// The address that an app takes, as a picture or by a tap.
    #[must_use]
    pub fn url(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        // A colon parts the issuer from the account, so neither may bring its own.
        let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
        let label = format!("{}:{}", encoded(&issuer), encoded(&account));
        Zeroizing::new(format!(
            "otpauth://totp/{label}?algorithm={}&digits={}&issuer={}&period={}&secret={}",
            self.algorithm.as_str(),
            self.digits,
            encoded(&issuer),
            self.period,
            *self.secret(),
        ))
    }

    /// The step for which `code` is right at `now` (seconds since 1970): the present one, or one
    /// beside it. No step up to `last_used` counts, so that a code works once; the caller must keep
    /// the step that is handed back.
    #[must_use]
    pub fn verify(&self, code: &str, now: i64, last_used: Option<i64>) -> Option<i64> {
        let code: Zeroizing<String> =
            Zeroizing::new(code.chars().filter(|c| !c.is_whitespace()).collect());
        let present = now.div_euclid(self.period);
        let mut found = None;
        for step in present - WINDOW..=present + WINDOW {
            // Every step is computed and compared, whatever came of the one before.
            let right: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if right && last_used.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step (RFC 4226 section 5.3).
    #[must_use]
    pub fn code(&self, step: i64) -> Zeroizing<String> {
        let message = step.to_be_bytes();
        let hash = match self.algorithm {
            Algorithm::Sha1 => mac::<Sha1>(&self.seed, &message),
            Algorithm::Sha256 => mac::<Sha256>(&self.seed, &message),
            Algorithm::Sha512 => mac::<Sha512>(&self.seed, &message),
        };
        let at = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
        let four = hash.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied();
        let number = u32::from_be_bytes(four.unwrap_or_default()) & 0x7fff_ffff;
        let width = self.digits as usize;
        Zeroizing::new(format!("{:0width$}", number % 10u32.pow(self.digits)))
    }
}

fn mac<H>(key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>>
where
    H: hmac::digest::Digest + hmac::digest::block_api::BlockSizeUser,
{
    // HMAC takes keys of every length.
    let Ok(mut mac) = SimpleHmac::<H>::new_from_slice(key) else { return Zeroizing::default() };
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// As a part of an address: blanks as `%20`, because apps show a plus sign as it is.
fn encoded(text: &str) -> String {
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20")
}

fn to_base32(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(5) * 8));
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let bits = bits << (8 * (5 - group.len()));
        for place in 0..(group.len() * 8).div_ceil(5) {
            let index = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap_or_default();
            text.extend(BASE32.get(index).map(|letter| char::from(*letter)));
        }
    }
    text
}

/// Reads base32 as people and programs write it: in either case, with blanks or padding.
fn from_base32(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut held) = (0u32, 0u32);
    let letters = text.trim_end_matches('=').bytes().filter(|byte| !b" -".contains(byte));
    for letter in letters {
        let value = BASE32.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(algorithm: Algorithm, digits: u32) -> Generator {
        let length = match algorithm {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        };
        let seed = b"1234567890".iter().cycle().take(length).copied().collect();
        Generator { seed: Zeroizing::new(seed), algorithm, digits, period: 30 }
    }

    #[test]
    fn auth_11_the_vectors_of_rfc_6238_appendix_b() {
        let vectors = [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ];
        for (time, sha1, sha256, sha512) in vectors {
            for (algorithm, code) in
                [(Algorithm::Sha1, sha1), (Algorithm::Sha256, sha256), (Algorithm::Sha512, sha512)]
            {
                let made = generator(algorithm, 8);
                assert_eq!(*made.code(time / 30), code, "{algorithm:?} at {time}");
                assert_eq!(made.verify(code, time, None), Some(time / 30));
            }
        }
        assert_eq!(*generator(Algorithm::Sha1, 6).code(59 / 30), "287082");
    }

    #[test]
    fn auth_11_a_code_works_one_step_either_way_and_once() {
        let made = generator(Algorithm::Sha1, 6);
        let now = 1_800_000_015;
        let present = now / 30;
        for (offset, works) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = made.code(present + offset);
            let step = works.then_some(present + offset);
            assert_eq!(made.verify(&code, now, None), step, "{offset}");
        }
        let code = made.code(present);
        assert_eq!(made.verify(&code, now, Some(present - 1)), Some(present));
        assert_eq!(made.verify(&code, now, Some(present)), None, "used");
        assert_eq!(made.verify(&code, now, Some(present + 1)), None, "a later one was used");
        let spaced = format!(" {} {}", &code[..3], &code[3..]);
        assert_eq!(made.verify(&spaced, now, None), Some(present));
        for wrong in ["", "0", &code[..5], &format!("{}0", *code)] {
            assert_eq!(made.verify(wrong, now, None), None, "{wrong:?}");
        }
        assert_eq!(made.verify(&made.code(-1), -15, None), Some(-1), "before 1970 too");
    }

    #[test]
    fn an_address_is_read_back_whatever_names_it_holds() {
        let rng = Rng::default();
        let made = Generator::draw(&rng).unwrap();
        assert_eq!(made.secret().len(), 32);
        let url = made.url("Åcme & Sons: Ltd", "a+b?c#d@example.com");
        assert_eq!(Generator::parse(&url).unwrap(), made);
        assert!(url.starts_with("otpauth://totp/%C3%85cme%20%26%20Sons%20%20Ltd:a%2Bb%3Fc%23d%40"));
        assert_ne!(Generator::draw(&rng).unwrap(), made);
        assert!(!format!("{made:?}").contains(made.secret().as_str()));
    }

    #[test]
    fn addresses_of_other_makers_are_read_and_bad_ones_are_not() {
        let read = |text: &str| Generator::parse(text);
        let plain = read("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP").unwrap();
        assert_eq!((plain.digits, plain.period, plain.algorithm), (6, 30, Algorithm::Sha1));
        assert_eq!(plain.seed.as_slice(), b"Hello!\xde\xad\xbe\xef");
        assert_eq!(read("otpauth://totp/x?secret=jbsw%20y3dp-ehpk3pxp%3D%3D").unwrap(), plain);
        let other = "otpauth://totp/A:b?secret=GEZDGNBV&algorithm=sha512&digits=8&period=60";
        let other = read(other).unwrap();
        assert_eq!((other.digits, other.period, other.algorithm), (8, 60, Algorithm::Sha512));
        for bad in [
            "",
            "otpauth://totp/x",
            "otpauth://totp/x?secret=",
            "otpauth://totp/x?secret=A1",
            "otpauth://hotp/x?secret=GEZDGNBV&counter=1",
            "https://totp/x?secret=GEZDGNBV",
            "otpauth://totp/x?secret=GEZDGNBV&digits=5",
            "otpauth://totp/x?secret=GEZDGNBV&period=0",
            "otpauth://totp/x?secret=GEZDGNBV&algorithm=MD5",
        ] {
            assert_eq!(read(bad), Err(BadUrl), "{bad}");
        }
    }

    #[test]
    fn base32_has_the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(*to_base32(bytes.as_bytes()), text);
            assert_eq!(from_base32(text).unwrap().as_slice(), bytes.as_bytes());
        }
    }
}
