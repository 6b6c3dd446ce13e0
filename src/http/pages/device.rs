//! What a browser calls itself, in words that its owner knows it by.

use woothee::parser::Parser;

use super::frame::plain;
use super::texts::Language;

/// What the library says where it knows nothing.
const UNKNOWN: &str = "UNKNOWN";
/// Longest name of a program that is shown as it is.
const LONGEST: usize = 60;

/// The name of a device.
#[must_use]
pub fn name(language: Language, user_agent: Option<&str>) -> String {
    let agent = plain(user_agent.unwrap_or_default());
    let agent = agent.trim();
    if agent.is_empty() {
        return language.text("device.unknown");
    }
    let found = Parser::new().parse(agent);
    let known = found.filter(|found| found.name != UNKNOWN && found.os != UNKNOWN);
    match known {
        Some(found) => {
            let values = [("browser", found.name), ("system", found.os)];
            language.text_with("device.on", &values)
        }
        // Programs that are no browsers say who they are in their first word.
        None => agent.split(' ').next().unwrap_or_default().chars().take(LONGEST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_have_names_and_programs_their_own() {
        let name = |agent: &str| name(Language::default(), Some(agent));
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        assert_eq!(name(firefox), "Firefox on Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 \
                     (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        assert_eq!(name(phone), "Safari on iPhone");
        assert_eq!(name("ory-client/1.2 (linux)"), "ory-client/1.2");
        assert_eq!(name(" \u{202e}\u{0} "), "Unknown device");
        assert_eq!(name(&"x".repeat(1000)).len(), LONGEST);
        assert_eq!(super::name(Language::default(), None), "Unknown device");
    }
}
