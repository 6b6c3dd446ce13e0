//! Nothing on the admin port is reachable by accident.

use std::net::UdpSocket;
use std::path::Path;

use super::wire::{Answer, Server, ask};
use crate::cli::Laptop;
use crate::support::skipped;

const CLEAR: &str = "--admin-in-the-clear";
const OPEN: &str = "--admin-open-to-everyone";

/// An address of this machine that others reach. Nothing is sent to find it.
fn outer() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

/// What can be shown at the door, good and bad.
struct Credentials {
    headers: Vec<(&'static str, Vec<String>)>,
}

fn token(laptop: &Laptop, scope: &str) -> (String, String) {
    let made =
        laptop.action(&["create-admin-token", &format!("name={scope}"), &format!("scope={scope}")]);
    (made["token-id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

fn bearer(token: &str) -> Vec<String> {
    vec![format!("Authorization: Bearer {token}")]
}

/// Lets a token's time be over.
fn expire(laptop: &Laptop, id: &str) {
    let database = rusqlite::Connection::open(laptop.home().join("state/doorward.db")).unwrap();
    let changed = database
        .execute("UPDATE api_tokens SET expires_at = created_at + 1 WHERE id = ?1", [id])
        .unwrap();
    assert_eq!(changed, 1);
}

impl Credentials {
    fn make(laptop: &Laptop) -> Self {
        let (expired_id, expired) = token(laptop, "write");
        expire(laptop, &expired_id);
        let (revoked_id, revoked) = token(laptop, "write");
        laptop.action(&["revoke-admin-token", &format!("token-id={revoked_id}")]);
        let scoped = |scope| token(laptop, scope).1;
        let write = scoped("write");
        let mut wrong = write.clone();
        let last = if wrong.ends_with('A') { "B" } else { "A" };
        wrong.replace_range(wrong.len() - 1.., last);
        let twice = [bearer(&write), bearer(&write)].concat();
        let headers = vec![
            ("none", vec![]),
            ("empty", vec!["Authorization:".to_owned()]),
            ("scheme only", vec!["Authorization: Bearer".to_owned()]),
            ("nonsense", bearer("nonsense")),
            ("basic", vec![format!("Authorization: Basic {write}")]),
            ("without a scheme", vec![format!("Authorization: {write}")]),
            ("in a cookie", vec![format!("Cookie: token={write}")]),
            ("as a session token", vec![format!("X-Session-Token: {write}")]),
            ("twice", twice),
            ("one letter off", bearer(&wrong)),
            ("its beginning", bearer(&write[..write.len() - 1])),
            ("expired", bearer(&expired)),
            ("revoked", bearer(&revoked)),
            ("metrics", bearer(&scoped("metrics"))),
            ("audit", bearer(&scoped("audit"))),
            ("read", bearer(&scoped("read"))),
            ("write", bearer(&write)),
        ];
        Self { headers }
    }

    fn ask(&self, name: &str, address: &str, line: &str) -> Answer {
        let (_, headers) = self.headers.iter().find(|(known, _)| *known == name).unwrap();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        ask(address, line, &headers)
    }
}

/// Requests, and the scopes that suffice for each.
const REQUESTS: [(&str, &[&str]); 10] = [
    ("GET /version", &["read", "write"]),
    ("GET /admin/version", &["read", "write"]),
    ("GET /admin/identities/0190", &["read", "write"]),
    ("GET /admin/identities/0190?include_credential=oidc", &["write"]),
    ("GET /admin/courier/messages", &["read", "write"]),
    ("GET /admin/nothing/known", &["write"]),
    ("GET /admin/doorward/audit/nothing", &["audit", "read", "write"]),
    ("GET /metrics/nothing", &["write"]),
    ("POST /admin/version", &["write"]),
    ("DELETE /admin/identities/0190", &["write"]),
];

/// Checks every credential with every request on a listener that demands one.
fn demands(credentials: &Credentials, address: &str, what: &str) {
    for (name, _) in &credentials.headers {
        for (line, enough) in REQUESTS {
            let answer = credentials.ask(name, address, line);
            let known = ["metrics", "audit", "read", "write"].contains(name);
            let what = format!("{what}, {name}, {line}: {answer:?}");
            if enough.contains(name) {
                assert!(![401, 403].contains(&answer.code), "{what}");
            } else if known {
                assert_eq!(answer.code, 403, "{what}");
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.contains("insufficient_scope"), "{what}");
            } else {
                assert_eq!(answer.code, 401, "{what}");
                assert!(
                    answer.header("www-authenticate").unwrap().starts_with("Bearer "),
                    "{what}"
                );
            }
        }
        for line in ["GET /health/alive", "GET /health/ready", "GET /admin/health/ready"] {
            assert_eq!(credentials.ask(name, address, line).code, 200, "{what}, {name}, {line}");
        }
        let not_a_probe = credentials.ask(name, address, "POST /health/alive").code;
        assert_eq!(not_a_probe == 405, *name == "write", "{what}, {name}");
    }
}

/// Checks that a listener lets every request in, whatever is shown.
fn is_free(credentials: &Credentials, address: &str, what: &str) {
    for (name, _) in &credentials.headers {
        for (line, _) in REQUESTS {
            let answer = credentials.ask(name, address, line);
            assert!(![401, 403].contains(&answer.code), "{what}, {name}, {line}: {answer:?}");
        }
    }
}

fn start(laptop: &Laptop, bind: &str, flags: &[&str]) -> Result<Server, (Option<i32>, String)> {
    let mut args = vec!["--admin-address", bind];
    args.extend(flags);
    Server::with(laptop, &args).map_err(|output| {
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    })
}

#[test]
fn authz_01_every_bind_address_with_every_credential_and_every_flag() {
    let laptop = Laptop::with_administrator();
    let credentials = Credentials::make(&laptop);
    let outer = outer();
    if outer.is_none() {
        skipped("no address of this machine but loopback: it cannot be bound to");
    }
    let mut binds = vec!["127.0.0.1:0", "[::1]:0", "localhost:0", "0.0.0.0:0", "[::]:0"];
    let outer_bind = outer.as_ref().map(|ip| format!("{ip}:0"));
    binds.extend(outer_bind.as_deref());
    for bind in binds {
        let near = ["127.0.0.1:0", "[::1]:0", "localhost:0"].contains(&bind);
        for flags in [&[][..], &[CLEAR], &[OPEN], &[CLEAR, OPEN]] {
            let what = format!("{bind} {flags:?}");
            let started = start(&laptop, bind, flags);
            if !near && flags.is_empty() {
                let (code, said) = started.err().unwrap_or_else(|| panic!("{what} started"));
                assert_eq!(code, Some(1), "{what}: {said}");
                assert!(
                    said.contains("--admin-in-the-clear") && said.lines().count() == 1,
                    "{said}"
                );
                continue;
            }
            let server = started.unwrap_or_else(|said| panic!("{what}: {said:?}"));
            let port = server.admin_port();
            let addresses = match bind {
                "0.0.0.0:0" => vec![Some("127.0.0.1".to_owned()), outer.clone()],
                "[::]:0" => vec![Some("[::1]".to_owned())],
                _ => vec![Some(server.admin.rsplit_once(':').unwrap().0.to_owned())],
            };
            for address in addresses.into_iter().flatten() {
                let address = format!("{address}:{port}");
                if near || flags.contains(&OPEN) {
                    is_free(&credentials, &address, &what);
                } else {
                    demands(&credentials, &address, &what);
                }
            }
            let log = server.stop();
            assert_eq!(log.contains("WARNING"), !near, "{what}: {log}");
        }
    }
}

#[test]
fn a_token_that_an_action_makes_or_revokes_counts_from_the_next_request() {
    let laptop = Laptop::with_administrator();
    let server = start(&laptop, "0.0.0.0:0", &[CLEAR]).unwrap();
    let address = format!("127.0.0.1:{}", server.admin_port());
    let (id, token) = token(&laptop, "read");
    let code = || ask(&address, "GET /version", &[&format!("Authorization: bearer {token}")]).code;
    assert_eq!((code(), code()), (200, 200));
    let listed = laptop.action(&["list-admin-tokens"]);
    assert!(listed["tokens"][&id]["last-used-at"].is_string(), "{listed}");
    laptop.action(&["revoke-admin-token", &format!("token-id={id}")]);
    assert_eq!(code(), 401);
    server.stop();
}

#[test]
fn nobody_is_told_why_a_token_is_no_good() {
    let laptop = Laptop::with_administrator();
    let credentials = Credentials::make(&laptop);
    let server = start(&laptop, "0.0.0.0:0", &[CLEAR]).unwrap();
    let address = format!("127.0.0.1:{}", server.admin_port());
    let answers = ["nonsense", "one letter off", "its beginning", "expired", "revoked"]
        .map(|name| credentials.ask(name, &address, "GET /version"));
    for answer in &answers {
        assert_eq!(answer.code, 401);
        assert_eq!(answer.header("www-authenticate"), answers[0].header("www-authenticate"));
        assert_eq!(answer.json()["error"]["reason"], answers[0].json()["error"]["reason"]);
    }
    server.stop();
}

fn events(laptop: &Laptop, kind: &str) -> Vec<serde_json::Value> {
    let ran = laptop.doorward(&["audit", "list", "--type", kind, "--json", "--limit", "500"]);
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn al_28_al_30_refusals_are_in_the_ledger_and_a_flood_of_them_is_one_entry() {
    let laptop = Laptop::with_administrator();
    let credentials = Credentials::make(&laptop);
    let server = start(&laptop, "0.0.0.0:0", &[CLEAR]).unwrap();
    let address = format!("127.0.0.1:{}", server.admin_port());
    credentials.ask("expired", &address, "GET /version");
    credentials.ask("revoked", &address, "GET /version");
    for _ in 0..200 {
        credentials.ask("nonsense", &address, "GET /version");
    }
    credentials.ask("read", &address, "DELETE /admin/identities/ada@example.com");
    server.stop();
    let failures = events(&laptop, "client.auth.failure");
    let coalesced = events(&laptop, "ledger.coalesced");
    // Ten a minute; the requests may fall into two of them.
    assert!((10..=20).contains(&failures.len()), "{failures:?}");
    let counted: u64 = coalesced.iter().map(|event| event["data"]["count"].as_u64().unwrap()).sum();
    assert_eq!(counted + failures.len() as u64, 202);
    let reasons: Vec<&str> =
        failures.iter().rev().map(|event| event["data"]["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons[..3], ["expired", "revoked", "unknown"]);
    assert_eq!(failures[0]["actor"]["kind"], "anonymous");
    assert_eq!(failures[0]["outcome"], "failure");
    let denied = events(&laptop, "authz.denied");
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!(denied[0]["data"]["permission"], "write");
    assert_eq!(denied[0]["data"]["resource"], "/identities", "nothing about a person");
    assert_eq!(laptop.doorward(&["audit", "verify"]).code, Some(0));
}

/// Whether a text is in any file below a directory.
fn found_below(directory: &Path, text: &str) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return found_below(&path, text);
        }
        let content = std::fs::read(&path).unwrap();
        content.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn sess_01_audit_07_a_token_is_in_no_file_and_in_no_log() {
    let laptop = Laptop::with_administrator();
    let server = start(&laptop, "0.0.0.0:0", &[CLEAR, "--set", "log_level=trace"]).unwrap();
    let address = format!("127.0.0.1:{}", server.admin_port());
    let (_, token) = token(&laptop, "write");
    let (_, other) = self::token(&laptop, "read");
    assert_eq!(
        ask(&address, "GET /version", &[&format!("Authorization: Bearer {token}")]).code,
        200
    );
    assert_eq!(
        ask(&address, "POST /version", &[&format!("Authorization: Bearer {other}")]).code,
        403
    );
    let lost = "dw_admin_lost-lost-lost-lost-lost-lost-lost-lost-lost";
    assert_eq!(
        ask(&address, "GET /version", &[&format!("Authorization: Bearer {lost}")]).code,
        401
    );
    let log = server.stop();
    for secret in [&token[9..], &other[9..], &lost[9..]] {
        assert!(!log.contains(secret), "{log}");
        assert!(!found_below(laptop.home(), secret));
    }
}

#[test]
fn a_browser_on_this_machine_lends_its_rights_to_no_page() {
    let laptop = Laptop::with_administrator();
    let server = Server::start(&laptop);
    let address = &server.admin;
    let own = format!("Origin: http://{address}");
    for headers in
        [&[][..], &["Host: localhost"], &["Host: 127.0.0.1"], &[&own], &["Sec-Fetch-Site: none"]]
    {
        assert_eq!(ask(address, "GET /admin/version", headers).code, 200, "{headers:?}");
    }
    for headers in [
        &["Host: evil.example"][..],
        &["Host: evil.example:4434", "Origin: http://evil.example:4434"],
        &["Origin: http://evil.example"],
        &["Origin: null"],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
    ] {
        for line in ["GET /admin/version", "POST /admin/identities", "OPTIONS /admin/identities"] {
            let answer = ask(address, line, headers);
            assert_eq!(answer.code, 403, "{line} {headers:?} {answer:?}");
            assert!(answer.header("access-control-allow-origin").is_none());
        }
    }
    server.stop();
}

#[test]
fn what_a_proxy_forwards_to_loopback_is_not_from_here() {
    let laptop = Laptop::with_administrator();
    let server = Server::start(&laptop);
    let (_, token) = token(&laptop, "read");
    for header in ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy"] {
        assert_eq!(ask(&server.admin, "GET /version", &[header]).code, 401, "{header}");
        let shown = format!("Authorization: Bearer {token}");
        assert_eq!(ask(&server.admin, "GET /version", &[header, &shown]).code, 200, "{header}");
    }
    server.stop();
}
