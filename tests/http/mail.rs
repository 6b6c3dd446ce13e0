//! Mail through the real process: from the queue to a mail server.

use std::time::{Duration, Instant};

use doorward::app::Deps;
use doorward::domain::message::Template;
use doorward::service::courier;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::server::Server;
use super::sessions::person;
use crate::cli::{Laptop, Ran, ran};
use crate::support::smtp::{GREETING, Mood, Needs, Smtp, certificate, certificate_until};

/// A service that knows the mail server, and the library beside it.
struct Place {
    server: Server,
    d: Deps,
    smtp: Smtp,
}

impl Place {
    fn new(options: &str) -> Self {
        let smtp = Smtp::new();
        let secret = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(secret.path(), smtp.secret()).unwrap();
        let path = secret.into_temp_path().keep().unwrap();
        let server = Server::with(&format!("smtp_secret_id: file:{}\n{options}", path.display()));
        let d = server.library();
        Self { server, d, smtp }
    }

    fn queue(&self, template: Template, to: &str, language: &str, content: &Value) -> Uuid {
        let content: Map<String, Value> = content.as_object().unwrap().clone();
        self.d
            .store
            .scratch(|tx| courier::queue_mail(&self.d, tx, to, template, language, content))
            .unwrap()
            .unwrap()
    }

    fn code(&self, to: &str) -> Uuid {
        let content = json!({"RecoveryCode": "493027", "ExpiresInMinutes": 60});
        self.queue(Template::RecoveryCodeValid, to, "en", &content)
    }

    fn message(&self, id: Uuid) -> Value {
        self.server.admin("GET", &format!("/admin/courier/messages/{id}")).must(200).json()
    }

    /// Asks until it is so.
    fn until(&self, path: &str, holds: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let text = self.server.admin("GET", path).must(200).text;
            if holds(&text) {
                return text;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{path}: {text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn meddle(&self, text: &str) {
        let file = self.server.laptop.home().join("state/doorward.db");
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.execute_batch(text).unwrap();
    }
}

#[test]
fn a_queued_mail_is_sent_once_and_what_it_said_is_forgotten() {
    let place = Place::new("external_url: https://id.example.com\nsender_name: Acme\n");
    let id = place.code("ada@example.com");
    let mail = place.smtp.wait_for(1).remove(0);
    assert_eq!(mail.from, "no-reply@id.example.com");
    assert_eq!(mail.to, ["ada@example.com"]);
    assert_eq!(mail.header("From"), "Acme <no-reply@id.example.com>");
    assert_eq!(mail.header("To"), "ada@example.com");
    assert_eq!(mail.header("Subject"), "493027 is your recovery code for Acme");
    assert_eq!(mail.header("Message-ID"), format!("<{id}@id.example.com>"));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.plain().contains("493027") && mail.plain().contains("60 minutes"));
    assert!(mail.html().contains("493027</p>"), "{}", mail.html());
    let path = format!("/admin/courier/messages/{id}");
    let shown = place.until(&path, |text| text.contains("\"sent\""));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["send_count"], 1);
    assert_eq!(shown["template_type"], "recovery_code_valid");
    assert_eq!(shown["dispatches"].as_array().unwrap().len(), 1);
    assert_eq!(shown["dispatches"][0]["status"], "success");
    assert!(!shown.to_string().contains("493027"));
    let metrics = place.server.admin("GET", "/metrics/prometheus").text;
    assert!(metrics.contains("doorward_mails_total{outcome=\"sent\"} 1"), "{metrics}");
    assert!(metrics.contains("doorward_messages{status=\"sent\"} 1"), "{metrics}");
    assert!(metrics.contains("doorward_mail_trouble 0"), "{metrics}");
    assert_eq!(place.smtp.mails().len(), 1);
}

#[test]
fn every_kind_of_mail_goes_out_in_every_language() {
    let place = Place::new("");
    let content = json!({
        "RecoveryCode": "111111", "VerificationCode": "222222", "RegistrationCode": "333333",
        "VerificationURL": "https://id.example.com/self-service/verification?flow=7&code=222222",
        "LoginCode": "444444", "InvitationURL": "https://id.example.com/ui/activation?t=5&u=6",
        "ExpiresInMinutes": 1440,
    });
    let kinds = [
        (Template::RecoveryCodeValid, "111111"),
        (Template::VerificationCodeValid, "222222"),
        (Template::RegistrationCodeValid, "333333"),
        (Template::LoginCodeValid, "444444"),
        (Template::Invitation, "https://id.example.com/ui/activation?t=5&u=6"),
    ];
    let spans = [("en", "1 day"), ("fr-CH", "1 jour"), ("de", "1 Tag"), ("es", "1 día")];
    for (language, _) in spans {
        for (template, _) in kinds {
            let to = format!("{}-{language}@example.com", template.as_str());
            place.queue(template, &to, language, &content);
        }
    }
    let mails = place.smtp.wait_for(spans.len() * kinds.len());
    for (language, span) in spans {
        for (template, says) in kinds {
            let to = format!("{}-{language}@example.com", template.as_str());
            let mail = mails.iter().find(|mail| mail.to == [to.clone()]).unwrap();
            assert!(mail.plain().contains(says), "{}", mail.plain());
            assert!(mail.plain().contains(span), "{}", mail.plain());
            assert!(mail.html().contains(&format!("<html lang=\"{}\">", &language[..2])));
            assert!(!mail.html().contains("http://"), "nothing is fetched: {}", mail.html());
        }
    }
}

#[test]
fn input_05_nothing_in_a_mail_becomes_a_header_or_a_command() {
    let place = Place::new("");
    for hostile in
        ["1\r\nBcc: eve@example.org", "1\n.\nMAIL FROM:<eve@example.org>", "1\r\n.\r\nQUIT\r\n"]
    {
        let content = json!({"RecoveryCode": hostile, "ExpiresInMinutes": 60});
        place.queue(Template::RecoveryCodeValid, "ada@example.com", "en", &content);
    }
    let refused = place.code("ada@example.com\r\nRCPT TO:<eve@example.org>");
    let mails = place.smtp.wait_for(3);
    place.until(&format!("/admin/courier/messages/{refused}"), |text| text.contains("abandoned"));
    assert_eq!(place.smtp.mails().len(), 3);
    for mail in mails {
        assert_eq!(mail.to, ["ada@example.com"]);
        let (head, _) = mail.text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
        assert!(mail.html().contains("</html>"), "it came whole: {}", mail.text);
    }
}

#[test]
fn an_operators_recovery_mail_takes_the_place_of_ours() {
    let template =
        "<b>{{ .RecoveryCode }}</b>{{ if .Identity }} for {{ .Identity.traits.name }}{{ end }}";
    let place = Place::new(&format!("recovery_email_template: '{template}'\n"));
    let content = json!({
        "RecoveryCode": "493027", "ExpiresInMinutes": 60,
        "Identity": {"traits": {"name": "<Ada>"}},
    });
    place.queue(Template::RecoveryCodeValid, "ada@example.com", "en", &content);
    let mail = place.smtp.wait_for(1).remove(0);
    assert_eq!(mail.html().trim(), "<b>493027</b> for &lt;Ada&gt;");
    assert!(mail.plain().contains("493027"));
    // One that cannot be filled in is left aside, and the mail goes out all the same.
    let broken = Place::new("recovery_email_template: '{{ range .To }}x{{ end }}'\n");
    broken.code("ada@example.com");
    assert!(broken.smtp.wait_for(1)[0].html().contains("Get back into your account"));
}

#[test]
fn a_template_that_cannot_be_read_is_named() {
    let laptop = Laptop::new();
    let options = laptop.file("options.yaml", "recovery_email_template: '{{ .To'\n");
    let ran = laptop.doorward(&["serve", "--options", &options]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("option 'recovery_email_template' cannot be used: line 1"), "{ran:?}");
}

#[test]
fn f_22_while_the_mail_server_is_gone_everything_else_works_and_the_mail_goes_out_later() {
    let mut place = Place::new("");
    place.smtp.behave(Mood::Gone);
    let id = place.code("ada@example.com");
    let health = place.until("/health/mail", |text| text.contains("trouble"));
    assert!(health.contains("Mail cannot be sent"), "{health}");
    assert_eq!(place.server.admin("GET", "/health/ready").code, 200);
    let path = format!("/admin/courier/messages/{id}");
    place.until(&path, |text| text.contains("failed"));
    let shown = place.message(id);
    assert_eq!(shown["status"], "queued");
    assert_eq!(shown["dispatches"][0]["status"], "failed");
    let error = &shown["dispatches"][0]["error"];
    assert_eq!(error.as_object().unwrap().len(), 1, "as clients of Kratos know it: {error}");
    assert!(error["message"].as_str().unwrap().starts_with("The mail server ended"), "{error}");
    let metrics = place.server.admin("GET", "/metrics/prometheus").text;
    assert!(metrics.contains("doorward_mail_trouble 1"), "{metrics}");
    // Killed and started again it still knows, and the mail is sent once.
    place.server.kill();
    place.smtp.behave(Mood::Well);
    place.meddle("UPDATE messages SET next_at = created_at");
    place.server.start_again();
    place.smtp.wait_for(1);
    place.until(&path, |text| text.contains("\"sent\""));
    place.until("/health/mail", |text| !text.contains("trouble"));
    assert_eq!(place.smtp.mails().len(), 1);
}

#[test]
fn a_mail_is_tried_at_once_when_an_administrator_says_that_the_server_is_mended() {
    let place = Place::new("");
    place.smtp.behave(Mood::Gone);
    let id = place.code("ada@example.com");
    let path = format!("/admin/doorward/messages/{id}");
    place.until(&path, |text| text.contains("\"queued\"") && !text.contains("\"tried\":[]"));
    // The sender leaves the server alone for a while, and the message does not come round for long.
    place.meddle("UPDATE messages SET next_at = next_at + 3600000000");
    place.smtp.behave(Mood::Well);
    place.server.admin("POST", &format!("{path}/retry")).must(204);
    place.smtp.wait_for(1);
    let shown = place.until(&path, |text| text.contains("\"sent\""));
    assert!(shown.contains("\"next_at\":null"), "{shown}");
    place.server.admin("POST", &format!("{path}/give-up")).must(409);
}

#[test]
fn f_22_a_mail_server_that_never_answers_holds_nobody_up() {
    let place = Place::new("");
    place.smtp.behave(Mood::Silent);
    place.code("ada@example.com");
    let begun = Instant::now();
    while place.smtp.calls() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    // While it hangs, the service answers, and takes more mail.
    for number in 0..20 {
        place.code(&format!("p{number}@example.com"));
        assert_eq!(place.server.public("GET", "/health/ready", &[]).code, 200);
    }
    assert!(place.smtp.calls() <= 2);
}

#[test]
fn f_22_a_mail_that_was_taken_without_a_word_comes_at_most_once_more() {
    let place = Place::new("");
    place.smtp.behave(Mood::TakesAndDrops);
    let id = place.code("ada@example.com");
    place.smtp.wait_for(1);
    place.until(&format!("/admin/courier/messages/{id}"), |text| text.contains("failed"));
    place.smtp.behave(Mood::Well);
    place.meddle("UPDATE messages SET next_at = created_at");
    let mails = place.smtp.wait_for(2);
    place.until(&format!("/admin/courier/messages/{id}"), |text| text.contains("\"sent\""));
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(place.smtp.mails().len(), 2);
}

#[test]
fn a_service_without_a_mail_server_says_so_once_mail_waits() {
    let server = Server::with("{}");
    assert_eq!(server.admin("GET", "/health/mail").json(), json!({"status": "ok"}));
    let d = server.library();
    let content = json!({"RecoveryCode": "493027"}).as_object().unwrap().clone();
    let template = Template::RecoveryCodeValid;
    d.store
        .scratch(|tx| courier::queue_mail(&d, tx, "ada@example.com", template, "en", content))
        .unwrap();
    let said = server.admin("GET", "/health/mail").json();
    let expected = "Mail waits and no mail server is set up; relate one or set smtp_secret_id.";
    assert_eq!(said["errors"]["mail"], expected);
}

/// Runs the action on a laptop with that secret; `trusted` is a certificate to believe in.
fn try_out(secret: &str, trusted: Option<&str>) -> Ran {
    let laptop = Laptop::new();
    let path = laptop.file("smtp.yaml", secret);
    let set = format!("smtp_secret_id=file:{path}");
    let mut command =
        laptop.command(&["run", "--set", &set, "send-test-email", "email=ada@example.com"]);
    if let Some(pem) = trusted {
        command.env("SSL_CERT_FILE", laptop.file("ca.pem", pem));
    }
    ran(&command.output().unwrap())
}

#[test]
fn crypto_05_the_certificate_of_the_mail_server_is_checked() {
    let (pem, tls) = certificate("localhost");
    let (other_pem, other) = certificate("elsewhere.example");
    for wrapped in [false, true] {
        let security = if wrapped { "tls" } else { "starttls" };
        let login = Some(("mailer", "hunter2-:@/"));
        let needs = |tls: &_| Needs { tls: Some(std::sync::Arc::clone(tls)), wrapped, login };
        let good = Smtp::with(needs(&tls));
        let secret = |smtp: &Smtp| {
            format!(
                "host: localhost\nport: '{}'\ntransport-security: {security}\nuser: mailer\n\
                 password: 'hunter2-:@/'\n",
                smtp.port
            )
        };
        let told = try_out(&secret(&good), Some(&pem));
        assert!(told.out.contains("taken as 4711"), "{told:?}");
        assert!(told.out.contains(&format!("transport-security: {security}")), "{told:?}");
        let mail = good.mails().remove(0);
        assert_eq!((mail.user.as_deref(), mail.encrypted), (Some("mailer"), true));
        assert_eq!(mail.header("Subject"), "Test message from Doorward");
        // Nobody vouches for it.
        let told = try_out(&secret(&good), None);
        assert!(told.out.contains("Failed to send the test mail: Nobody whom this"), "{told:?}");
        // It is somebody else's.
        let stranger = Smtp::with(needs(&other));
        let told = try_out(&secret(&stranger), Some(&other_pem));
        assert!(
            told.out.contains("certificate of the mail server is for another name"),
            "{told:?}"
        );
        // It was good once.
        let (past_pem, past) = certificate_until("localhost", 2020);
        let told = try_out(&secret(&Smtp::with(needs(&past))), Some(&past_pem));
        assert!(told.out.contains("certificate of the mail server has expired"), "{told:?}");
        assert_eq!((good.mails().len(), stranger.mails().len()), (1, 0));
        // Only who asks for it goes without, and is told.
        let told = try_out(&format!("{}skip-ssl-verify: 'true'\n", secret(&stranger)), None);
        assert!(told.out.contains("taken as 4711"), "{told:?}");
        assert!(told.err.contains("certificate of the SMTP server is not checked"), "{told:?}");
        for told in [told, try_out(&secret(&good), None)] {
            assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        }
    }
}

#[test]
fn nothing_is_said_in_the_clear_to_a_server_without_starttls() {
    let plain = Smtp::with(Needs { login: Some(("mailer", "hunter2")), ..Needs::default() });
    let secret = format!("connection-uri: 'smtp://mailer:hunter2@localhost:{}/'\n", plain.port);
    let told = try_out(&secret, None);
    assert!(told.out.contains("Failed") && told.out.contains("STARTTLS"), "{told:?}");
    assert!(plain.mails().is_empty());
    let insecure = secret.replace("/'", "/?disable_starttls=true'");
    assert!(try_out(&insecure, None).out.contains("taken as 4711"));
    let wrong = insecure.replace("hunter2", "hunter3");
    let told = try_out(&wrong, None);
    assert!(told.out.contains("refused the user and the password (535 5.7.8)"), "{told:?}");
    assert!(!format!("{told:?}").contains("hunter3"), "{told:?}");
}

#[test]
fn what_went_wrong_is_said_in_words_of_ours_and_with_the_servers_numbers() {
    let open = Smtp::new();
    let strict = Smtp::with(Needs { login: Some(("mailer", "hunter2")), ..Needs::default() });
    // tcpmux: no server of another test is ever given so low a port.
    let nobody = 1;
    let plain =
        |host: &str, port: u16| format!("host: {host}\nport: '{port}'\ntransport-security: none\n");
    let at = |smtp: &Smtp| plain("localhost", smtp.port);
    let login = "user: mailer\npassword: hunter2\n";
    for (secret, mood, said) in [
        (plain("nowhere.invalid", 25), Mood::Well, "The name of the mail server cannot be found."),
        (plain("localhost", nobody), Mood::Well, "The mail server takes no connections."),
        (at(&open), Mood::Gone, "The mail server ended the conversation"),
        (
            at(&open).replace("none", "tls"),
            Mood::Well,
            "No encrypted connection to the mail server came about.",
        ),
        (
            at(&open).replace("none", "starttls"),
            Mood::Well,
            "does not offer to encrypt the connection (STARTTLS).",
        ),
        (
            at(&open),
            Mood::Answers(GREETING, "554 5.7.1 your address is on a list"),
            "The mail server wants no mail from this machine (554 5.7.1).",
        ),
        (
            at(&open),
            Mood::Answers(GREETING, "421 4.3.2 closing down"),
            "The mail server is not available at the moment (421 4.3.2).",
        ),
        (at(&open) + login, Mood::Well, "offers no way to sign in that is known here"),
        (at(&strict), Mood::Well, "The mail server wants a user and a password (530)."),
        (
            at(&strict) + login,
            Mood::Answers("auth", "454 4.7.0 my directory is away"),
            "cannot check the user and the password at the moment (454 4.7.0).",
        ),
        (
            at(&open),
            Mood::Answers("mail", "553 5.7.1 <no-reply@example.com>: not yours"),
            "The mail server refused the address that mail comes from (553 5.7.1).",
        ),
        (
            at(&open),
            Mood::Refuses("ada", "550 5.1.1 <ada@example.com>: no such user"),
            "The mail server refused the recipient (550 5.1.1). Check the address",
        ),
        (
            at(&open),
            Mood::Refuses("ada", "450 greylisted, <ada@example.com>"),
            "does not take mail for this recipient for now (450).",
        ),
        (
            at(&open),
            Mood::Answers("data", "552 5.3.4 too big for ada@example.com"),
            "The mail server refused the message (552 5.3.4).",
        ),
    ] {
        for smtp in [&open, &strict] {
            smtp.behave(mood.clone());
        }
        let told = try_out(&secret, None);
        assert!(told.out.contains("Failed to send the test mail: "), "{told:?}");
        assert!(told.out.contains(said), "{said}: {told:?}");
        for kept in ["ada@", "no-reply@", "hunter2"] {
            assert!(!told.out.contains(kept), "{kept}: {told:?}");
        }
    }
    assert!(open.mails().is_empty() && strict.mails().is_empty());
}

#[test]
fn a_test_mail_without_a_mail_server_says_what_to_do() {
    let ran = Laptop::new().doorward(&["run", "send-test-email", "email=ada@example.com"]);
    assert!(ran.out.contains("No mail server is set up"), "{ran:?}");
}

#[test]
fn a_recovery_code_that_an_administrator_sends_is_seen_by_its_owner_alone() {
    let place = Place::new("external_url: https://id.example.com\nsender_name: Acme\n");
    let ada = person(&place.d, "ada@example.com");
    let ask = |id: Uuid, body: &str| {
        let path = format!("{}/admin/doorward/identities/{id}/recovery", place.server.admin);
        place.server.ask("POST", &path, &[], body)
    };
    let told = ask(ada, "").must(200);
    assert_eq!(told.json()["email"], "ada@example.com");
    let mail = place.smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, ["ada@example.com"]);
    let text = mail.plain();
    assert!(text.contains("An administrator of Acme") && text.contains("60 minutes"), "{text}");
    let code: String = mail.header("Subject").chars().take(6).collect();
    assert!(code.chars().all(|c| c.is_ascii_digit()) && !told.text.contains(&code), "{code}");
    let link = "https://id.example.com/ui/reset_email?flow=";
    let flow = text.split(link).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(mail.html().contains(&format!("<a href=\"{}", link.replace('/', "&#x2f;"))));
    let entry = crate::support::ledger::documents(&place.d).pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["actor"]["kind"]),
        (&json!("recovery.requested"), &json!("admin_api"))
    );
    assert_eq!(
        (&entry["data"]["by"], &entry["data"]["via"]),
        (&json!("operator"), &json!("email"))
    );
    assert!(!entry.to_string().contains("ada@example.com"));
    // The page shows that a code was sent, and takes it.
    let page = place.server.public("GET", &format!("/ui/reset_email?flow={flow}"), &[]).must(200);
    assert!(page.text.contains("name=\"code\""), "{}", page.text);
    let url = format!("{}/self-service/recovery?flow={flow}", place.server.public);
    let body = json!({"method": "code", "code": code}).to_string();
    let entered =
        place.server.ask("POST", &url, &[("accept", "application/json")], &body).must(422);
    assert!(entered.header("set-cookie").contains("ory_kratos_session="));
    let shown = place.server.admin("GET", &format!("/admin/identities/{ada}")).json();
    assert_eq!(shown["verifiable_addresses"][0]["verified"], true, "the address is proved by it");
    // It is answered with a reason who gets none, and neither is the limit of mails gone around.
    ask(ada, "{\"email\": \"eve@example.com\"}").must(400);
    ask(Uuid::nil(), "").must(404);
    for _ in 1..5 {
        ask(ada, "{}").must(200);
    }
    ask(ada, "").must(503);
    let bob = person(&place.d, "bob@example.com");
    for verb in ["lock", "block"] {
        let path = format!("{}/admin/doorward/identities/{bob}/{verb}", place.server.admin);
        place.server.ask("POST", &path, &[], "").must(200);
        let refused = ask(bob, "").must(409).json();
        assert_eq!(refused["error"]["id"], "status_transition");
    }
    assert_eq!(place.smtp.wait_for(5).len(), 5);
}
