//! The passwords that everybody tries first: those with at least eight characters among the 30,000
//! most common ones that the zxcvbn project counted in public leaks (MIT licence), in lower case.

use std::collections::HashSet;
use std::sync::OnceLock;

const LIST: &str = include_str!("common-passwords.txt");

/// Whether the list has a password, which must be folded to lower case.
pub(super) fn contains(folded: &str) -> bool {
    static KNOWN: OnceLock<HashSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| LIST.lines().collect()).contains(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_05_the_list_has_three_thousand_passwords_that_are_long_enough() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() >= 3000, "{}", lines.len());
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
        for line in lines {
            assert!(line.len() >= 8 && *line == line.to_lowercase() && contains(line), "{line}");
        }
        assert!(!contains("correct horse battery staple"));
    }
}
