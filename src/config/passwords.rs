//! Options about the passwords that people choose.

use super::Options;

impl Options {
    /// Words that a password may not be close to.
    pub fn forbidden_words(&self) -> impl Iterator<Item = &str> {
        self.password_forbidden_words
            .split([',', '\n'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_words_are_parted_by_commas_or_lines_and_may_hold_blanks() {
        let words = " Acme Rockets, anvil\n\n,beep".to_owned();
        let options = Options { password_forbidden_words: words, ..Options::default() };
        assert!(options.forbidden_words().eq(["Acme Rockets", "anvil", "beep"]));
        assert_eq!(Options::default().forbidden_words().count(), 0);
    }
}
