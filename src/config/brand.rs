//! Options of the pages' look: whose they are, and whom to ask for help.

use std::path::Path;

use serde_json::Value;

use super::problem;
use super::reader::Reader;

/// Longest name; a longer one fits on no page.
const LONGEST_NAME: usize = 64;
/// Longest logo within the options, as text.
const LONGEST_LOGO: usize = 128 * 1024;
/// The kinds of picture every browser shows.
pub const PICTURES: [(&str, &str); 5] = [
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
];

/// Whose pages they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// The name at the top of every page.
    pub name: String,
    /// A picture beside it: the absolute path of a file, or a `data:` URI in base64; empty for none.
    pub logo: String,
    /// The colour of buttons and links, as `#rrggbb`.
    pub color: String,
    /// Where mail for help goes; empty for nowhere.
    pub support_email: String,
    /// A page with help; empty for none. It counts before the mail address.
    pub support_url: String,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: "Doorward".to_owned(),
            logo: String::new(),
            color: "#1f3a4d".to_owned(),
            support_email: String::new(),
            support_url: String::new(),
        }
    }
}

impl Brand {
    /// The names of the options, in the order of `config.yaml`.
    pub(super) const NAMES: [&'static str; 5] =
        ["brand_name", "brand_logo", "brand_color", "support_email", "support_url"];

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        Self {
            name: reader.brand_name(default.name),
            logo: reader.logo(),
            color: reader.color(default.color),
            support_email: reader.mailbox("support_email"),
            support_url: reader.page("support_url"),
        }
    }

    pub(super) fn values(&self) -> [Value; 5] {
        [&self.name, &self.logo, &self.color, &self.support_email, &self.support_url]
            .map(|text| text.as_str().into())
    }

    /// The three parts of the colour.
    #[must_use]
    pub fn rgb(&self) -> [u8; 3] {
        rgb(&self.color).unwrap_or_default()
    }

    /// Where help is found, as the target of a link.
    #[must_use]
    pub fn support(&self) -> Option<String> {
        let mail =
            (!self.support_email.is_empty()).then(|| format!("mailto:{}", self.support_email));
        Some(self.support_url.clone()).filter(|url| !url.is_empty()).or(mail)
    }
}

fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

impl Reader<'_> {
    fn brand_name(&mut self, default: String) -> String {
        let name = self.text("brand_name", default.clone());
        let plain = !name.chars().any(char::is_control);
        if !name.is_empty() && plain && name.chars().count() <= LONGEST_NAME {
            return name;
        }
        let message = format!("must be 1 to {LONGEST_NAME} characters on one line");
        self.problems.push(problem("brand_name", message));
        default
    }

    fn logo(&mut self) -> String {
        let text = self.text("brand_logo", String::new());
        let is_file = Path::new(&text).is_absolute()
            && !text.chars().any(char::is_control)
            && PICTURES
                .iter()
                .any(|(ending, _)| text.to_lowercase().ends_with(&format!(".{ending}")));
        let within = text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        let is_data = text.len() <= LONGEST_LOGO
            && within.is_some_and(|(kind, _)| PICTURES.iter().any(|(_, known)| *known == kind));
        if text.is_empty() || is_file || is_data {
            return text;
        }
        let message = "must be the absolute path of an svg, png, jpg, webp or gif file on the unit's \
                       machine, or such a picture as a data: URI in base64 of at most 128 KiB";
        self.problems.push(problem("brand_logo", message.to_owned()));
        String::new()
    }

    fn color(&mut self, default: String) -> String {
        let color = self.text("brand_color", default.clone()).to_lowercase();
        if rgb(&color).is_some() {
            return color;
        }
        let message = "must be a colour such as #1f3a4d".to_owned();
        self.problems.push(problem("brand_color", message));
        default
    }

    fn mailbox(&mut self, name: &str) -> String {
        let text = self.text(name, String::new());
        let legal = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=^_`{|}~-".contains(c);
        let sane = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && local.chars().all(legal)
                && domain.contains('.')
                && domain.chars().all(|c| c.is_alphanumeric() || ".-".contains(c))
        });
        if text.is_empty() || sane {
            return text;
        }
        self.problems.push(problem(name, "must be a mail address".to_owned()));
        String::new()
    }

    fn page(&mut self, name: &str) -> String {
        let text = self.text(name, String::new());
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        let odd = text.chars().any(|c| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c));
        if text.is_empty() || (!host.is_empty() && !host.contains('@') && !odd) {
            return text;
        }
        let message = "must be an address that begins with https:// or http://".to_owned();
        self.problems.push(problem(name, message));
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Options;

    #[test]
    fn charm_08_what_would_spoil_a_page_is_refused() {
        for (name, good, bad) in [
            ("brand_name", vec!["Acme", "Ärger & Co."], vec!["", "a\nb", &*"x".repeat(65)]),
            ("brand_color", vec!["#A0b1c2", "#000000"], vec!["red", "#fff", "#12345g", "#+1+1+1"]),
            (
                "brand_logo",
                vec!["", "/srv/logo.SVG", "data:image/png;base64,AAAA"],
                vec!["logo.svg", "/etc/passwd", "https://x/logo.png", "data:text/html;base64,AA"],
            ),
            (
                "support_email",
                vec!["", "help@example.com"],
                vec!["help", "a b@example.com", "a@b", "a\"@b.c", "x?subject=y@b.c"],
            ),
            (
                "support_url",
                vec!["", "https://example.com/help?x=1#y"],
                vec!["javascript:alert(1)", "//x", "https://", "https://a b", "https://u@x/"],
            ),
        ] {
            let read = |text: &str| {
                let map = json!({ name: text });
                Options::from_map(map.as_object().unwrap())
            };
            for text in good {
                assert!(read(text).is_ok(), "{name}: {text}");
            }
            for text in bad {
                let problems = read(text).unwrap_err();
                assert_eq!(problems.first().unwrap().option, name, "{text}");
            }
        }
    }

    #[test]
    fn a_page_with_help_counts_before_a_mail_address() {
        let mut brand = Brand::default();
        assert_eq!(brand.support(), None);
        brand.support_email = "help@example.com".to_owned();
        assert_eq!(brand.support().unwrap(), "mailto:help@example.com");
        brand.support_url = "https://example.com/help".to_owned();
        assert_eq!(brand.support().unwrap(), "https://example.com/help");
        assert_eq!(Brand { color: "#0a0B10".to_owned(), ..brand }.rgb(), [10, 11, 16]);
    }
}
