//! The one canonical form of what people type to say who they are.

use unicode_normalization::UnicodeNormalization;

/// Longest identifier, in bytes of its canonical form (RFC 5321 allows 254 for an address).
pub const IDENTIFIER_MAX_BYTES: usize = 254;

/// The canonical form: NFKC, surrounding white space removed, lower case, NFC.
///
/// Two spellings that look alike to a person and differ only in composition, width or case are
/// the same identifier.
#[must_use]
pub fn canonical(typed: &str) -> String {
    if typed.is_ascii() {
        // Both forms leave ASCII as it is, and looking every character up takes its time.
        return typed.trim().to_ascii_lowercase();
    }
    let folded: String = typed.nfkc().collect::<String>().trim().to_lowercase();
    folded.nfc().collect()
}

/// Whether `address` has the form of a mail address (RFC 5321 with RFC 6531).
///
/// `bob@corp.local`, `bob@lan.test` and `bob@intranet` are addresses: an identity provider serves
/// private networks too.
#[must_use]
pub fn is_email(address: &str) -> bool {
    address.len() <= IDENTIFIER_MAX_BYTES
        && email_address::EmailAddress::parse_with_options(
            &probe(address),
            email_address::Options::default().without_display_text().without_domain_literal(),
        )
        .is_ok()
}

/// RFC 6531 allows every character outside ASCII; the parser knows letters and digits only and
/// would refuse a combining mark. Each such character gives way to a letter as long in UTF-8.
fn probe(address: &str) -> String {
    let letter = |c: char| match c.len_utf8() {
        _ if c.is_alphanumeric() || c.is_whitespace() || c.is_control() => c,
        2 => '\u{e9}',
        3 => '\u{4e00}',
        4 => '\u{10400}',
        _ => c,
    };
    address.chars().map(letter).collect()
}

/// Whether the text holds something that could split a log line or hide what it says: control
/// characters, line separators, bidirectional controls (Unicode TR 36).
#[must_use]
pub fn has_control(text: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().any(|byte| byte.is_ascii_control());
    }
    text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_04_spellings_of_one_address_are_one_identifier() {
        let spellings =
            ["Jos\u{e9}@Example.COM", " jose\u{301}@example.com ", "ｊｏｓ\u{e9}@example.com"];
        for spelling in spellings {
            assert_eq!(canonical(spelling), "jos\u{e9}@example.com");
        }
    }

    #[test]
    fn private_and_dotless_domains_are_addresses() {
        for good in ["bob@corp.local", "bob@lan.test", "bob@intranet", "\"a b\"@example.com"] {
            assert!(is_email(good), "{good}");
        }
        let marks =
            ["jose\u{301}@example.com", "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}@example.com"];
        for good in marks {
            assert!(is_email(good), "{good}");
        }
        for bad in ["bob", "b\u{3000}b@x", "@x", "bob@", "Bob <bob@example.com>", "a b@example.com"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
