//! Programs written for Ory Kratos, with its official clients as they are published, and a program
//! that holds the service against its own description. scripts/test installs them; where a registry
//! cannot be reached it says so, and so do these tests.

mod contract;

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use doorward::domain::session::{Aal, Method, MethodKind};
use doorward::service::sessions::{self, Carrier, SignIn};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::http::server::Server;
use crate::support::{operator, skipped};

/// What scripts/test installed under this name, if it could.
fn installed(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        skipped(&format!("{variable} is not set: run scripts/test, or see scripts/lib/needs.sh"));
    }
    found
}

fn source(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(path)
}

/// A program that may hang is ended, which fails its test.
fn limited(program: impl Into<PathBuf>) -> Command {
    let mut command = Command::new("timeout");
    command.arg("300").arg(program.into());
    command
}

/// A session for somebody who signed in with a password; its token.
fn sign_in(server: &Server, who: Uuid) -> String {
    let d = server.library();
    let methods = vec![Method::new(MethodKind::Password, Aal::One, d.clock.now())];
    let carrier = Carrier::Token;
    let sign_in = SignIn { identity_id: who, methods, carrier, lifespan: None };
    let issued = sessions::issue(&d, &operator(), &sign_in).unwrap();
    issued.secret.expose_secret().to_owned()
}

/// Runs a client to its end, and gives it a session where it asks for one.
fn runs(mut client: Command, name: &str) {
    let server = Server::with("");
    let mut child = client
        .args([&server.admin, &server.public, &format!("ada.{name}@example.com")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = child.stdin.take().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(id) = line.strip_prefix("session for ") {
            writeln!(answers, "{}", sign_in(&server, id.parse().unwrap())).unwrap();
        }
        said.push(line);
    }
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(child.wait().unwrap().success(), "{name} failed after {said:?}: {errors}");
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some("done"));
}

#[test]
fn the_python_client_works_unmodified() {
    let Some(python) = installed("DOORWARD_CLIENT_PYTHON") else { return };
    let mut client = limited(python);
    client.arg(source("python/client.py"));
    runs(client, "python");
}

#[test]
fn the_javascript_client_works_unmodified() {
    let Some(modules) = installed("DOORWARD_CLIENT_NODE_MODULES") else { return };
    let mut client = limited("node");
    client.arg(source("javascript/client.js")).env("NODE_PATH", modules);
    runs(client, "javascript");
}

#[test]
fn the_rust_client_works_unmodified() {
    let Some(program) = installed("DOORWARD_CLIENT_RUST") else { return };
    runs(limited(program), "rust");
}
