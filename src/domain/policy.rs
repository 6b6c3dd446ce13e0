//! What a new password must be (NIST SP 800-63B-4 section 3.1.1.2), and nothing more: no rules about
//! kinds of characters, no end of its life.

mod alike;
mod common;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

/// The longest password, in bytes; beyond it the request is refused, never cut.
pub const PASSWORD_MAX_BYTES: usize = 4096;
/// The longest text that a password is compared with, in characters: comparing takes as many steps
/// as both have characters, multiplied.
const WORD_MAX_CHARS: usize = 128;
/// With how many texts about a person a password is compared.
const WORDS_MAX: usize = 64;

/// Why a password will not do. Never contains the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Shorter than the minimum (message 4000032 of the Kratos API).
    #[error("the password is shorter than {min} characters")]
    TooShort {
        /// The minimum, in Unicode code points.
        min: usize,
        /// What it has.
        actual: usize,
    },
    /// Longer than is ever hashed (4000033).
    #[error("the password is longer than {PASSWORD_MAX_BYTES} bytes")]
    TooLong,
    /// Hardly more than something that identifies the account or is known about its owner (4000031).
    #[error("the password is too similar to an identifier of the account or to a name in it")]
    LikeIdentifier,
    /// Hardly more than a word that the operator forbids, such as the name of the house (4000005).
    #[error("the password is too similar to a word that may not be used here")]
    LikeWord,
    /// One of those that everybody tries first, or one of the operator's own list (4000034).
    #[error("the password is in lists of common passwords, which are tried first")]
    Common,
    /// The one there is already (4000039).
    #[error("the new password is the same as the old one")]
    SameAsOld,
}

/// The rule for passwords that people choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest Unicode code points.
    pub min_length: usize,
    /// Words that a password may not be close to.
    pub words: Vec<String>,
}

impl PasswordPolicy {
    /// Judges a password that a person chooses. `identifiers` are what the account answers to, and
    /// `traits` what is known about its owner.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(
        &self,
        password: &str,
        identifiers: &[String],
        traits: &Value,
    ) -> Result<(), PasswordProblem> {
        within_limit(password)?;
        let actual = password.nfc().count();
        if actual < self.min_length {
            return Err(PasswordProblem::TooShort { min: self.min_length, actual });
        }
        let typed = folded(password);
        let mut about = Vec::new();
        for identifier in identifiers.iter().take(WORDS_MAX) {
            // The part before the @ is what people make passwords of.
            about.push(identifier.as_str());
            about.extend(identifier.split_once('@').map(|(local, _)| local));
        }
        texts(traits, &mut about);
        if about.iter().any(|text| is_like(&typed, text)) {
            return Err(PasswordProblem::LikeIdentifier);
        }
        if self.words.iter().any(|word| is_like(&typed, word)) {
            return Err(PasswordProblem::LikeWord);
        }
        if common::contains(&typed) { Err(PasswordProblem::Common) } else { Ok(()) }
    }
}

/// The limit that holds for every password, chosen or given.
///
/// # Errors
/// `TooLong`.
pub fn within_limit(password: &str) -> Result<(), PasswordProblem> {
    if password.len() > PASSWORD_MAX_BYTES { Err(PasswordProblem::TooLong) } else { Ok(()) }
}

/// The form in which passwords are compared with words and lists; never the form that is hashed.
#[must_use]
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().collect::<String>().to_lowercase()
}

fn is_like(typed: &str, word: &str) -> bool {
    if word.is_empty() || word.chars().count() > WORD_MAX_CHARS {
        return false;
    }
    alike::alike(typed, &folded(word))
}

/// Every text in a document.
fn texts<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
    if into.len() >= 2 * WORDS_MAX {
        return;
    }
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(min_length: usize) -> PasswordPolicy {
        PasswordPolicy { min_length, words: vec!["Acme Rockets".to_owned()] }
    }

    fn judged(password: &str) -> Result<(), PasswordProblem> {
        let identifiers = ["somebody@example.com".to_owned()];
        let traits = json!({"name": {"first": "Ottilie", "last": "von Faber-Castell"}, "age": 7});
        policy(8).check(password, &identifiers, &traits)
    }

    #[test]
    fn auth_01_length_is_counted_in_code_points() {
        let check = |min, password| policy(min).check(password, &[], &json!({}));
        let short = |min, actual| Err(PasswordProblem::TooShort { min, actual });
        assert_eq!(check(8, "xkvqwzp"), short(8, 7));
        assert_eq!(check(8, "xkvqwzpj"), Ok(()));
        assert_eq!(check(15, "xkvqwzpjbnmhgt"), short(15, 14));
        assert_eq!(check(15, "xkvqwzpjbnmhgty"), Ok(()));
        assert_eq!(check(8, "éàîõüñç"), short(8, 7));
        assert_eq!(check(8, "éàîõüñçø"), Ok(()));
        // Of two ways to type a letter neither is longer.
        assert_eq!(check(8, "e\u{301}xkvqwz"), short(8, 7));
    }

    #[test]
    fn auth_03_there_is_a_maximum_beyond_which_nothing_is_cut() {
        assert_eq!(judged(&"xq".repeat(PASSWORD_MAX_BYTES / 2)), Ok(()));
        assert_eq!(judged(&"xq".repeat(PASSWORD_MAX_BYTES / 2 + 1)), Err(PasswordProblem::TooLong));
    }

    #[test]
    fn auth_04_no_kinds_of_characters_are_asked_for() {
        for fine in ["qqqqqqqqqqqqqqqqzeugma", "lowercase letters only", "7391046285", "ŁÓDŹŁÓDŹ"]
        {
            assert_eq!(judged(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn auth_05_what_identifies_the_account_or_names_its_owner_is_no_password() {
        for bad in [
            "somebody",
            "Somebody1",
            "SOMEBODY@example.com",
            "somebody@example.org",
            "xsomebody99",
            "Ottilie1",
            "ottilie!2024",
            "Faber-Castell",
            "vonfaber-castell1",
        ] {
            assert_eq!(judged(bad), Err(PasswordProblem::LikeIdentifier), "{bad}");
        }
        assert_eq!(judged("somebody likes long walks"), Ok(()));
        assert_eq!(judged("ottilie reads by the lamp"), Ok(()));
    }

    #[test]
    fn auth_05_words_of_the_house_are_no_passwords() {
        for bad in ["acme rockets", "AcmeRockets1", "Acme Rockets!"] {
            assert_eq!(judged(bad), Err(PasswordProblem::LikeWord), "{bad}");
        }
    }

    #[test]
    fn auth_05_common_passwords_are_refused_in_every_case() {
        for bad in ["password", "Password1", "IloveYou", "1234567890", "qwertyuiop", "1QAZ2wsx"] {
            assert_eq!(judged(bad), Err(PasswordProblem::Common), "{bad}");
        }
        assert_eq!(judged("ｐａｓｓｗｏｒｄ"), Err(PasswordProblem::Common), "wide letters");
    }

    #[test]
    fn a_huge_document_of_traits_costs_a_bounded_time() {
        let long = "x".repeat(60_000);
        let many: Vec<String> = (0..10_000).map(|n| format!("w{n}")).collect();
        let traits = json!({"long": long, "many": many});
        assert_eq!(policy(8).check(&"kq".repeat(2000), &[], &traits), Ok(()));
    }
}
