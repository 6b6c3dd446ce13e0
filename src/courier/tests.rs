//! Mails as they are written and put together.

use serde_json::{Value, json};

use super::*;
use crate::domain::message::Template;

fn content() -> Value {
    json!({
        "To": "ada@example.com", "RecoveryCode": "493027", "VerificationCode": "493027",
        "RegistrationCode": "493027", "LoginCode": "493027", "ExpiresInMinutes": 60,
        "InvitationURL": "https://id.example.com/ui/activation?code=a&b=c",
        "VerificationURL": "https://id.example.com/self-service/verification?flow=1&code=493027",
    })
}

const WRITTEN: [Template; 6] = [
    Template::RecoveryCodeValid,
    Template::VerificationCodeValid,
    Template::RegistrationCodeValid,
    Template::LoginCodeValid,
    Template::Invitation,
    Template::Test,
];

#[test]
fn every_mail_is_written_in_every_language_and_each_differs() {
    for template in WRITTEN {
        let mut subjects = std::collections::BTreeSet::new();
        for language in LANGUAGES {
            let mail = write(template, language, "Acme <&> Co", &content()).unwrap();
            assert!(!mail.subject.contains('\n') && !mail.subject.contains("{{"), "{mail:?}");
            assert!(mail.html.contains(&format!("<html lang=\"{language}\">")), "{}", mail.html);
            assert!(mail.html.contains("Acme &lt;&amp;&gt; Co"), "{}", mail.html);
            assert!(mail.text.contains("Acme <&> Co"), "{}", mail.text);
            let says = match template {
                Template::Invitation => "https://id.example.com/ui/activation?code=a&b=c",
                Template::Test => "",
                _ => "493027",
            };
            assert!(mail.text.contains(says), "{}", mail.text);
            let escaped = says.replace('&', "&amp;").replace('/', "&#x2f;");
            assert!(mail.html.contains(&escaped), "{}", mail.html);
            subjects.insert(mail.subject);
        }
        assert_eq!(subjects.len(), LANGUAGES.len(), "{subjects:?}");
    }
}

#[test]
fn how_long_a_code_works_is_said_in_words() {
    for (minutes, said) in
        [(1, "1 minute."), (60, "60 minutes."), (120, "2 hours."), (10_080, "7 days.")]
    {
        let mut content = content();
        content["ExpiresInMinutes"] = minutes.into();
        let mail = write(Template::RecoveryCodeValid, "en", "Acme", &content).unwrap();
        assert!(mail.text.contains(said), "{minutes}: {}", mail.text);
    }
    let mut content = content();
    content.as_object_mut().unwrap().remove("ExpiresInMinutes");
    let mail = write(Template::RecoveryCodeValid, "en", "Acme", &content).unwrap();
    assert!(!mail.text.contains("works once"), "{}", mail.text);
}

#[test]
fn a_mail_that_would_say_nothing_is_not_written() {
    assert!(write(Template::RecoveryCodeValid, "en", "Acme", &json!({"To": "a"})).is_err());
    assert!(write(Template::Invitation, "en", "Acme", &json!({"To": "a"})).is_err());
    let without_a_page = json!({"To": "a", "VerificationCode": "493027"});
    assert!(write(Template::VerificationCodeValid, "en", "Acme", &without_a_page).is_err());
    assert!(write(Template::RecoveryCodeInvalid, "en", "Acme", &content()).is_err());
}

#[test]
fn the_nearest_language_is_taken() {
    for (tag, expected) in
        [("fr-CH", "fr"), ("DE", "de"), ("es_MX", "es"), ("ja", "en"), ("", "en")]
    {
        assert_eq!(language(tag), expected);
    }
}

#[test]
fn input_05_no_text_can_add_a_header() {
    let written = |subject: &str| Written {
        subject: subject.to_owned(),
        text: "text".to_owned(),
        html: "<p>text</p>".to_owned(),
    };
    let id = uuid::Uuid::nil();
    let at = jiff::Timestamp::UNIX_EPOCH;
    let from = |name: &str| Sender { address: "no-reply@example.com".into(), name: name.into() };
    for hostile in [
        "x\r\nBcc: victim@example.org",
        "x\nBcc: victim@example.org",
        "x\rBcc: victim@example.org",
        "x\u{2028}Bcc: victim@example.org",
        "x\0\u{202e}\u{1b}[31m",
        "\r\n\r\n<script>",
        "é\r\nBcc: victim@example.org",
    ] {
        let letter =
            Letter::new(id, at, &from(hostile), "ada@example.com", written(hostile)).unwrap();
        let text = String::from_utf8(letter.text()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<&str> = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        let expected = [
            "From",
            "To",
            "Subject",
            "Message-ID",
            "Date",
            "MIME-Version",
            "Content-Type",
            "Auto-Submitted",
        ];
        let sorted = |mut all: Vec<&str>| {
            all.sort_unstable();
            all.join(" ")
        };
        assert_eq!(sorted(names), sorted(expected.to_vec()), "{text}");
        assert!(!head.contains(['\0', '\u{1b}', '\u{202e}']), "{text}");
    }
    for hostile in [
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example,c@d.example",
        "a@b.example> <c@d.example",
        "",
        "a b@c.example",
        "a@b.example\0",
    ] {
        let from = from("Acme");
        assert!(Letter::new(id, at, &from, hostile, written("x")).is_err(), "{hostile:?}");
        let from = Sender { address: hostile.to_owned(), name: "x".to_owned() };
        assert!(Letter::new(id, at, &from, "a@b.example", written("x")).is_err(), "{hostile:?}");
    }
}
