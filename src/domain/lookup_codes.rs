//! Backup codes: what is kept of them, and what becomes of one that is used.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How many a person gets at once.
pub const COUNT: usize = 12;
/// Characters of a code, five bits each: 75 bits.
pub const LENGTH: usize = 15;
/// The characters: digits and lower-case letters without those that look like others (Crockford's
/// base 32).
pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The longest text that is taken for a code.
const TYPED_MAX_BYTES: usize = 256;

/// One code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupCode {
    /// A keyed digest of its [`normalised`] form, in hex.
    pub digest: String,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// The codes of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookupCodes {
    /// In the order in which they were shown.
    pub codes: Vec<LookupCode>,
    /// The id of the key that made the digests.
    pub key: String,
}

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// It was good and is used up now; so many are left.
    Now(usize),
    /// It was used up before.
    Before,
    /// There is no such code.
    Unknown,
}

impl LookupCodes {
    /// Reads what is kept for a credential.
    #[must_use]
    pub fn of(config: &Value) -> Self {
        let entries = config.get("recovery_codes").and_then(Value::as_array);
        let codes = entries.into_iter().flatten().filter_map(|entry| {
            let digest = entry.get("digest")?.as_str()?.to_owned();
            let used_at = entry.get("used_at").and_then(Value::as_str);
            // A time that cannot be read is a time all the same.
            let used_at = used_at.map(|text| text.parse().unwrap_or(Timestamp::UNIX_EPOCH));
            Some(LookupCode { digest, used_at })
        });
        let key = config.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { codes: codes.collect(), key }
    }

    /// As it is kept.
    #[must_use]
    pub fn to_config(&self) -> Value {
        let entry = |code: &LookupCode| {
            let mut entry = Map::new();
            entry.insert("digest".to_owned(), code.digest.as_str().into());
            if let Some(at) = code.used_at {
                entry.insert("used_at".to_owned(), at.to_string().into());
            }
            Value::Object(entry)
        };
        json!({"recovery_codes": self.codes.iter().map(entry).collect::<Vec<_>>(), "key": self.key})
    }

    /// How many are not used up.
    #[must_use]
    pub fn left(&self) -> usize {
        self.codes.iter().filter(|code| code.used_at.is_none()).count()
    }

    /// Uses the code with this digest up.
    pub fn spend(&mut self, digest: &str, now: Timestamp) -> Spent {
        let mut known = self.codes.iter_mut().filter(|code| code.digest == digest);
        // Codes from elsewhere may be there twice.
        let Some(first) = known.next() else { return Spent::Unknown };
        let fresh = std::iter::once(first).chain(known).find(|code| code.used_at.is_none());
        let Some(code) = fresh else { return Spent::Before };
        code.used_at = Some(now);
        Spent::Now(self.left())
    }
}

/// A code as it is compared: without what people add, drop and confuse when they copy it.
#[must_use]
pub fn normalised(typed: &str) -> String {
    let typed = typed.get(..TYPED_MAX_BYTES).unwrap_or(typed);
    let letters = typed.chars().take(TYPED_MAX_BYTES).filter(|c| !c.is_whitespace() && *c != '-');
    let letters = letters.flat_map(char::to_lowercase);
    letters
        .map(|letter| match letter {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

/// A code as it is shown: in groups of five.
#[must_use]
pub fn grouped(code: &str) -> String {
    let mut text = String::with_capacity(code.len() + code.len() / 5);
    for (index, letter) in code.chars().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn auth_12_a_code_is_used_up_once() {
        let code = |digest: &str| LookupCode { digest: digest.to_owned(), used_at: None };
        let mut codes = LookupCodes { codes: vec![code("a"), code("b")], key: "k".to_owned() };
        assert_eq!(codes.spend("c", at()), Spent::Unknown);
        assert_eq!(codes.spend("a", at()), Spent::Now(1));
        assert_eq!(codes.spend("a", at()), Spent::Before);
        assert_eq!(LookupCodes::of(&codes.to_config()), codes, "kept and read back");
        assert_eq!(codes.spend("b", at()), Spent::Now(0));
        assert_eq!(codes.left(), 0);
    }

    #[test]
    fn codes_are_read_as_people_copy_them() {
        let code = "0123456789abcde";
        assert_eq!(code.len(), LENGTH);
        assert_eq!(grouped(code), "01234-56789-abcde");
        for typed in [" 01234-56789-ABCDE ", "O1234 56789 abcde", "0I23456789abcde", "olz"] {
            let expected = if typed == "olz" { "01z" } else { code };
            assert_eq!(normalised(typed), expected, "{typed}");
        }
        assert!(normalised(&"é".repeat(10_000)).len() <= 2 * TYPED_MAX_BYTES);
        assert!(
            LENGTH * 5 >= 64
                && ALPHABET
                    .iter()
                    .all(|c| normalised(&char::from(*c).to_string()) == char::from(*c).to_string())
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_code_and_a_strange_time_is_a_use() {
        let config = json!({"recovery_codes": [
            {"code": "plain"}, 7, {"digest": "a", "used_at": "yesterday"}, {"digest": "b", "used_at": null},
        ]});
        let codes = LookupCodes::of(&config);
        assert_eq!((codes.codes.len(), codes.left()), (2, 1));
        assert_eq!(LookupCodes::of(&Value::Null), LookupCodes::default());
    }
}
