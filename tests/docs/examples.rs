//! The examples of the reference: a story told to the program, and what it answered.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// One command and its output, with what differs between runs replaced.
pub struct Example {
    /// The action it belongs to.
    pub action: &'static str,
    /// The command after `$`, and the output below it.
    pub transcript: String,
}

/// Somebody who was at Kratos before, with a linked account and a second factor.
const MOVED: &str = r#"{"schema_id":"social_user_v0","traits":{"email":"joan@example.com","name":"Joan"},"credentials":{"oidc":{"config":{"providers":[{"provider":"github","subject":"1234567"}]}},"password":{"config":{"hashed_password":"$2a$04$zRahTbkTVHkUgBnHAUXoIOLpQTMEZuzJ2hAzOwTPHT3cqQiCbA5o2"}}}}"#;

/// The story. `FOLDER` stands for a directory of the operator, `TOKEN` for the id of the token that
/// was made last, `GONE` for the id of whoever was deleted.
const STORY: &[(&str, &str)] = &[
    ("run-migration", ""),
    (
        "create-admin-account",
        "username=ada email=ada@example.com name='Ada Lovelace' password-secret-id=file:FOLDER/password",
    ),
    ("create-admin-account", "username=grace email=grace@example.com"),
    ("create-admin-account", "username=ada email=ada@example.com"),
    ("get-identity", "email=ada@example.com"),
    ("get-identity", "email=nobody@example.com"),
    ("reset-password", "email=grace@example.com"),
    ("reset-password", "email=grace@example.com password-secret-id=file:FOLDER/password"),
    ("create-identity", "schema-id=social_user_v0 traits.email=bob@example.com"),
    (
        "update-identity",
        "email=bob@example.com traits='{\"given_name\": \"Bob\"}' metadata-admin.desk=4",
    ),
    ("import-identities", "path=FOLDER/moved.jsonl dry-run=true"),
    ("import-identities", "path=FOLDER/moved.jsonl"),
    ("list-oidc-accounts", "email=joan@example.com"),
    ("unlink-oidc-account", "email=joan@example.com credential-id=github:1234567"),
    ("list-identities", "state=active page-size=1"),
    ("list-identity-sessions", "email=joan@example.com"),
    ("invalidate-identity-sessions", "email=joan@example.com"),
    ("reset-identity-mfa", "email=joan@example.com mfa-type=totp"),
    ("reset-terms", "email=joan@example.com"),
    ("set-authorities", "email=joan@example.com authorities=ROLE_DEVELOPER"),
    ("create-role", "role=editor name=Editor permissions=documents.read,documents.write"),
    ("create-group", "group=staff roles=editor"),
    ("set-roles", "email=joan@example.com roles=editor"),
    ("set-groups", "email=joan@example.com groups=staff"),
    ("set-expiry", "email=joan@example.com expires-at=2999-12-31"),
    ("set-expiry", "email=joan@example.com expires-at=never"),
    ("unconfirm-address", "email=joan@example.com"),
    ("confirm-address", "email=joan@example.com"),
    ("change-identities", "action=lock query=status:active dry-run=true"),
    ("send-recovery", "email=joan@example.com"),
    ("list-roles", ""),
    ("list-groups", ""),
    ("delete-role", "role=editor dry-run=true"),
    ("delete-role", "role=editor"),
    ("delete-group", "group=staff"),
    ("lock-identity", "email=joan@example.com reason=policy"),
    ("unlock-identity", "email=joan@example.com reason=policy"),
    (
        "create-attribute-set",
        "set=staff name=Staff attributes.desk=number attributes.langs='string[]'",
    ),
    ("set-attributes", "email=joan@example.com set=staff values='{\"desk\": 4}'"),
    ("lock-account", "email=joan@example.com reason=compromise"),
    ("unlock-account", "email=joan@example.com"),
    ("block-identity", "email=joan@example.com reason=offboarding note='Left on Friday'"),
    ("unblock-identity", "email=joan@example.com"),
    ("delete-identity", "email=bob@example.com"),
    ("list-audit-events", "email=joan@example.com page-size=2"),
    ("audit-verify", ""),
    ("audit-checkpoint", ""),
    ("audit-export", "path=FOLDER/ledger.jsonl"),
    ("audit-prune", "until=2999-12-31 dry-run=true"),
    ("audit-reindex", ""),
    ("audit-erasures", ""),
    ("repeat-erasures", ""),
    ("erase-identity", "identity-id=GONE"),
    ("hold-identity", "email=joan@example.com note='File 7'"),
    ("release-identity", "email=joan@example.com"),
    ("backup", "path=FOLDER/doorward.db"),
    ("export-identities", "path=FOLDER/identities.jsonl"),
    ("create-admin-token", "name=dashboard scope=read expires-at=2999-12-31"),
    ("list-admin-tokens", ""),
    ("revoke-admin-token", "token-id=TOKEN"),
    ("invite-identity", "email=eve@example.com traits.name=Eve authorities=ROLE_DEVELOPER"),
    ("cancel-invitation", "email=eve@example.com"),
    ("send-test-email", "email=ada@example.com"),
    ("list-messages", "status=queued"),
    ("retry-message", "message-id=01955b7c-0000-7000-8000-000000000000"),
    ("give-up-message", "message-id=01955b7c-0000-7000-8000-000000000000"),
];

/// Tells the story to a fresh program.
pub fn run_all() -> Vec<Example> {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("password"), "correct horse battery staple\n").unwrap();
    fs::write(folder.path().join("moved.jsonl"), format!("{MOVED}\n")).unwrap();
    let mut mask = Mask::default();
    let (mut token, mut gone) = (String::new(), String::new());
    STORY
        .iter()
        .map(|(action, arguments)| {
            let arguments = arguments.replace("TOKEN", &token).replace("GONE", &gone);
            let output = run(folder.path(), action, &arguments);
            if let Some(id) = output.lines().find_map(|line| line.strip_prefix("token-id: ")) {
                id.clone_into(&mut token);
            }
            if let (&"delete-identity", Some(id)) =
                (action, output.lines().find_map(|line| line.strip_prefix("id: ")))
            {
                id.clone_into(&mut gone);
            }
            let output = mask.apply(&output, folder.path());
            let shown = mask.ids(&arguments.replace("FOLDER", "/srv/doorward"));
            let command = format!("$ doorward run {action} {shown}");
            let transcript = format!("{}\n{}\n", command.trim_end(), output.trim_end());
            Example { action, transcript }
        })
        .collect()
}

/// What a person sees, log lines first.
fn run(folder: &Path, action: &str, arguments: &str) -> String {
    let arguments = arguments.replace("FOLDER", folder.to_str().unwrap());
    // The shell takes the quotes away, as it does for the reader.
    let ran = Command::new("sh")
        .arg("-c")
        .arg(format!("exec \"$DOORWARD\" run {action} {arguments}"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DOORWARD", env!("CARGO_BIN_EXE_doorward"))
        .env("DOORWARD_STATE_DIR", folder.join("state"))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{action} {arguments}: {said}{printed}");
    format!("{said}{printed}")
}

/// Replaces what is different in each run by what is the same.
#[derive(Default)]
struct Mask {
    ids: BTreeMap<String, String>,
}

impl Mask {
    fn apply(&mut self, text: &str, folder: &Path) -> String {
        let text = self.ids(&text.replace(folder.to_str().unwrap(), "/srv/doorward"));
        let mut masked = String::new();
        for line in text.lines() {
            let mut line = line.to_owned();
            for word in words(&line.clone()) {
                if let Some(instead) = Self::instead_of(&word) {
                    line = line.replace(&word, &instead);
                }
            }
            masked += line.trim_end();
            masked.push('\n');
        }
        named(&masked)
    }

    /// The first id is number one, and so on.
    fn ids(&mut self, text: &str) -> String {
        let mut masked = String::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let id = text.get(at..at + 36).filter(|word| uuid::Uuid::try_parse(word).is_ok());
            if let Some(id) = id {
                let next = self.ids.len() + 1;
                masked += self
                    .ids
                    .entry(id.to_owned())
                    .or_insert_with(|| format!("01955b7c-0000-7000-8000-{next:012}"));
                at += 36;
            } else {
                masked.push(c);
                at += c.len_utf8();
            }
        }
        masked
    }

    fn instead_of(word: &str) -> Option<String> {
        let hex = |c: char| c.is_ascii_hexdigit();
        if word.len() == 64 && word.chars().all(hex) {
            return Some("9f86d081884c7d65…".to_owned());
        }
        if word.len() == 34 && word.starts_with(['r', 'g']) && word[2..].chars().all(hex) {
            return Some(format!("{}01955b7c00007000800000000000000a", &word[..2]));
        }
        let shape: String =
            word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        if shape.starts_with("0000-00-00T00:00:00") && word.ends_with('Z') {
            return Some("2030-01-31T08:00:00Z".to_owned());
        }
        if shape == "00:00:00" {
            return Some("08:00:01".to_owned());
        }
        let base64 =
            |more: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        // 43 characters are a SHA-256 digest in base64url.
        let long = (word.len() >= 40 && base64("+/=_")) || (word.len() == 43 && base64("_-"));
        long.then(|| "iH/XJuMK2W1JLkO0…".to_owned())
    }
}

/// The pieces of a line that may be an id, a time or a hash.
fn words(line: &str) -> Vec<String> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || "-:.+/_=".contains(c)))
        .flat_map(|word| word.split_inclusive('=').chain([word]))
        .map(|word| word.trim_matches(|c| ":.=".contains(c)).to_owned())
        .filter(|word| word.len() >= 8)
        .collect()
}

/// What is recognised by its name: one-time codes, the ids of signing keys, sizes of files and the
/// account that ran the program.
fn named(text: &str) -> String {
    let mut masked = String::new();
    let account =
        text.split_once("\"actor\":{\"id\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let text = match account {
        Some((account, _)) => text
            .replace(&format!("\"actor\":{{\"id\":\"{account}\""), "\"actor\":{\"id\":\"operator\"")
            .replace(&format!("      id: {account}\n"), "      id: operator\n"),
        None => text.to_owned(),
    };
    for line in text.lines() {
        let line = if let Some((before, _)) = line.split_once("recovery-code: ") {
            format!("{before}recovery-code: \"482915\"")
        } else if let Some((before, _)) = line.split_once("/ledger/1+") {
            format!("{before}/ledger/1+5b1fd01b+AddamAGCsQq31Uv+…")
        } else if line.starts_with("token: ") {
            "token: dw_admin_hR3p…".to_owned()
        } else if line.starts_with("bytes: ") {
            "bytes: \"176128\"".to_owned()
        } else {
            line.to_owned()
        };
        masked += &line;
        masked.push('\n');
    }
    masked
}
