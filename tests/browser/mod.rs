//! Our pages in a real browser: Chromium, driven by Playwright, with axe-core looking for what keeps
//! people out. scripts/test installs them; where they cannot be had it says so, and so do these tests.
//! Pictures of every page stay in `target/screenshots`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::http::server::Server;
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

    /// Runs a script to its end, as somebody with a password; what it printed. It may run actions,
    /// and reach into the store.
    fn runs(&self, script: &str, server: &Server) -> String {
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
        writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        let (mut said, mut wrong) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut wrong).unwrap();
        assert!(child.wait().unwrap().success(), "{script} said {said}{wrong}");
        said
    }
}

/// Runs a script at a service with these options, where somebody has a password.
fn story(script: &str, options: &str, pages: u32) {
    let Some(browser) = Browser::installed() else { return };
    let server = Server::with(options);
    let person = with_password(EMAIL, PASSWORD);
    doorward::service::identities::create(&server.library(), &operator(), person).unwrap();
    let said = browser.runs(script, &server);
    assert_eq!(said.trim(), format!("looked at {pages} pages"));
}

#[test]
fn pages_can_be_read_and_used_by_everybody_in_every_size() {
    story("pages.py", "brand_color: '#7a1f5c'", 10);
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
fn people_look_after_their_sessions_and_password_and_read_what_happened() {
    story("desk.py", "{}", 10);
}

#[test]
fn people_sign_in_on_one_page_where_that_is_wished() {
    story("unified.py", "login_style: unified", 2);
}
