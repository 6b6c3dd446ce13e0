//! Our pages in a real browser: Chromium, driven by Playwright, with axe-core looking for what keeps
//! people out. scripts/test installs them; where they cannot be had it says so, and so do these tests.
//! Pictures of every page stay in `target/screenshots`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::http::server::Server;
use crate::support::smtp::{Mood, Smtp};
use crate::support::{operator, skipped, with_password};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a horse that is correct";

/// What scripts/test installed.
struct Browser {
    python: PathBuf,
    chromium: PathBuf,
    axe: PathBuf,
}

impl Browser {
    fn installed() -> Option<Self> {
        let find = |name: &str| {
            let found = std::env::var_os(name).map(PathBuf::from);
            if found.is_none() {
                skipped(&format!(
                    "{name} is not set: run scripts/test, or see scripts/lib/needs.sh"
                ));
            }
            found
        };
        Some(Self {
            python: find("DOORWARD_BROWSER_PYTHON")?,
            chromium: find("DOORWARD_BROWSER")?,
            axe: find("DOORWARD_BROWSER_AXE")?,
        })
    }

    /// Runs a script to its end, as somebody with a password; what it printed last. It may run actions,
    /// reach into the store, and ask for the next mail.
    fn runs(&self, script: &str, server: &Server, smtp: Option<&Smtp>) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        let port = server.public.rsplit(':').next().unwrap();
        let mut child = Command::new("timeout")
            .arg("300")
            .arg(&self.python)
            .arg(folder.join(script))
            .args([&self.chromium, &self.axe, &pictures])
            // Keys are bound to a name, and the name to a secure context.
            .args([&format!("http://localhost:{port}"), EMAIL])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("DOORWARD", assert_cmd::cargo::cargo_bin("doorward"))
            .env("DOORWARD_STATE_DIR", server.laptop.home().join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).map(|_| text)
        });
        let mut answers = child.stdin.take().unwrap();
        writeln!(answers, "{PASSWORD}").unwrap();
        let (mut said, mut mails) = (String::new(), 0);
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "mail?" {
                let mail = smtp.unwrap().wait_for(mails + 1).swap_remove(mails);
                mails += 1;
                let mail = json!({"to": mail.header("To"), "subject": mail.header("Subject"),
                    "text": mail.plain()});
                writeln!(answers, "{mail}").unwrap();
            } else {
                said += &(line + "\n");
            }
        }
        let wrong = errors.join().unwrap().unwrap();
        assert!(child.wait().unwrap().success(), "{script} said {said}{wrong}");
        said
    }
}

/// A service that sends its mail there, with the file in which it reads how.
fn mailing(smtp: &Smtp, options: &str) -> (Server, tempfile::NamedTempFile) {
    let mut secret = tempfile::NamedTempFile::new().unwrap();
    secret.write_all(smtp.secret().as_bytes()).unwrap();
    let path = secret.path().display();
    (Server::with(&format!("{options}\nsmtp_secret_id: file:{path}")), secret)
}

/// Runs a script at a service with these options, where somebody has a password.
fn story(script: &str, options: &str, pages: u32) {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with(options);
    let person = with_password(EMAIL, PASSWORD);
    doorward::service::identities::create(&server.library(), &operator(), person).unwrap();
    let said = browser.runs(script, &server, None);
    assert_eq!(said.trim(), format!("looked at {pages} pages"));
}

#[test]
fn pages_can_be_read_and_used_by_everybody_in_every_size() {
    story("pages.py", "brand_color: '#7a1f5c'", 11);
}

#[test]
fn people_set_up_and_use_an_app_and_backup_codes() {
    story("factors.py", "{}", 10);
}

#[test]
fn people_set_up_and_use_security_keys_and_passkeys() {
    story("keys.py", "{}", 7);
}

#[test]
fn whoever_has_no_second_factor_sets_one_up_and_sees_nothing_else_before() {
    story("secure.py", "enforce_mfa: true", 1);
}

#[test]
fn whoever_has_not_accepted_the_terms_sees_nothing_else_and_may_think_again() {
    story("terms.py", "{terms_url: 'https://example.com/terms', terms_version: '2026-05'}", 5);
}

#[test]
fn people_look_after_their_sessions_and_password_and_read_what_happened() {
    story("desk.py", "{}", 10);
}

#[test]
fn people_take_their_connection_to_a_provider_away() {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with("{}");
    let provider = |name: &str| json!({"provider": name, "subject": "4711"});
    let body = json!({
        "schema_id": "social_user_v0", "traits": {"email": EMAIL},
        "credentials": {
            "password": {"config": {"password": PASSWORD}},
            "oidc": {"config": {"providers": [provider("google"), provider("github")]}},
        },
    });
    let url = format!("{}/admin/identities", server.admin);
    server.ask("POST", &url, &[], &body.to_string()).must(201);
    let said = browser.runs("accounts.py", &server, None);
    assert_eq!(said.trim(), "looked at 2 pages");
}

#[test]
fn people_sign_in_on_one_page_where_that_is_wished() {
    story("unified.py", "login_style: unified", 2);
}

#[test]
fn administrators_look_after_roles_groups_attributes_and_accounts() {
    story("roles.py", "enforce_mfa: true", 14);
}

#[test]
fn what_people_write_about_themselves_is_text_for_administrators() {
    story("person.py", "enforce_mfa: true", 12);
}

#[test]
fn the_first_administrator_looks_after_people() {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with("enforce_mfa: true");
    let said = browser.runs("people.py", &server, None);
    assert_eq!(said.trim(), "looked at 16 pages");
}

#[test]
fn whoever_is_invited_takes_the_account_over_by_pressing_a_button_and_not_before() {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with("{}");
    let said = browser.runs("invited.py", &server, None);
    assert_eq!(said.trim(), "looked at 3 pages");
}

#[test]
fn administrators_see_how_things_stand_read_the_history_and_look_after_the_ledger() {
    story("past.py", "enforce_mfa: true", 10);
}

#[test]
fn administrators_look_after_mail_that_does_not_go_out() {
    let Some(browser) = Browser::installed() else { return };
    let smtp = Smtp::new();
    smtp.behave(Mood::Gone);
    let (server, _secret) = mailing(&smtp, "enforce_mfa: true");
    let person = with_password(EMAIL, PASSWORD);
    doorward::service::identities::create(&server.library(), &operator(), person).unwrap();
    let said = browser.runs("mail.py", &server, None);
    assert_eq!(said.trim(), "looked at 4 pages");
}

#[test]
fn the_readme_leads_through_the_console_and_its_pictures_are_fresh() {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with("enforce_mfa: true");
    let said = browser.runs("readme.py", &server, None);
    assert_eq!(said.trim(), "looked at 0 pages");
}

#[test]
fn e1_to_e17_people_see_what_their_status_does_and_the_words_of_a_mistake_where_it_refuses_them() {
    let Some(browser) = Browser::installed() else { return };
    let smtp = Smtp::new();
    let (server, _secret) = mailing(&smtp, "registration: open");
    let said = browser.runs("matrix.py", &server, None);
    assert_eq!(said.trim(), "looked at 0 pages");
}

#[test]
fn two_administrators_at_the_same_person_lose_nothing() {
    story("edits.py", "enforce_mfa: true", 3);
}

#[test]
fn the_whole_story_of_an_administrator() {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with("enforce_mfa: true");
    let said = browser.runs("story.py", &server, None);
    assert_eq!(said.trim(), "looked at 10 pages");
}

#[test]
fn people_make_an_account_verify_an_address_and_recover_with_codes_from_their_mail() {
    let Some(browser) = Browser::installed() else { return };
    let smtp = Smtp::new();
    let (server, _secret) = mailing(&smtp, "registration: open");
    let said = browser.runs("mailed.py", &server, Some(&smtp));
    assert_eq!(said.trim(), "looked at 12 pages");
}
