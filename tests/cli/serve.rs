//! `doorward serve` on free ports, asked by hand-written HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Laptop;

struct Server {
    child: Child,
    public: String,
    admin: String,
}

impl Server {
    fn start(laptop: &Laptop, more: &[&str]) -> Self {
        let mut args =
            vec!["serve", "--public-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"];
        args.extend(more);
        let mut child = laptop
            .command(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut address = |name: &str| {
            let line = lines.next().expect("a line").expect("UTF-8");
            line.strip_prefix(&format!("{name} http://")).expect("an address").to_owned()
        };
        let (public, admin) = (address("public"), address("admin"));
        Self { child, public, admin }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().expect("a pid")), signal).expect("alive");
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().expect("stderr").read_to_string(&mut log).expect("UTF-8");
        (self.child.wait().expect("it ends").code(), log)
    }
}

fn get(address: &str, path: &str) -> (u16, String) {
    request(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    )
}

fn request(address: &str, text: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    (code, body.to_owned())
}

#[test]
fn health_and_version_are_on_both_listeners() {
    let laptop = Laptop::new();
    let server = Server::start(&laptop, &[]);
    for address in [&server.public, &server.admin] {
        assert_eq!(get(address, "/health/alive"), (200, "{\"status\":\"ok\"}\n".to_owned()));
        assert_eq!(get(address, "/health/ready"), (200, "{\"status\":\"ok\"}\n".to_owned()));
        let (code, body) = get(address, "/version");
        assert_eq!(code, 200);
        assert!(body.contains(env!("CARGO_PKG_VERSION")), "{body}");
        assert_eq!(get(address, "/nothing").0, 404);
        assert_eq!(request(address, "POST /version HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").0, 405);
    }
    assert_eq!(get(&server.admin, "/admin/health/ready").0, 200);
    assert_eq!(get(&server.public, "/admin/health/ready").0, 404);
    server.signal(Signal::SIGTERM);
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    for line in log.lines() {
        let entry: serde_json::Value =
            serde_json::from_str(line).expect("a JSON document per line");
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
}

#[test]
fn ops_01_a_stop_finishes_what_is_in_flight_and_refuses_new_connections() {
    let laptop = Laptop::new();
    let server = Server::start(&laptop, &[]);
    let mut slow = TcpStream::connect(&server.public).unwrap();
    slow.write_all(b"GET /version HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.signal(Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(&server.public).is_err(), "new connections are refused");
    slow.write_all(b"Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let begun = Instant::now();
    assert_eq!(server.end().0, Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn ops_02_not_ready_but_alive_when_the_store_cannot_be_written() {
    let laptop = Laptop::new();
    let server = Server::start(&laptop, &[]);
    let state = laptop.home().join("state");
    std::fs::rename(&state, laptop.home().join("elsewhere")).unwrap();
    let (code, body) = get(&server.admin, "/health/ready");
    assert_eq!(code, 503, "{body}");
    assert!(body.contains("\"database\""), "{body}");
    assert_eq!(get(&server.admin, "/health/alive").0, 200);
    std::fs::rename(laptop.home().join("elsewhere"), &state).unwrap();
    assert_eq!(get(&server.admin, "/health/ready").0, 200, "it recovers by itself");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn al_08_an_orderly_stop_leaves_no_entry_unsigned() {
    let laptop = Laptop::new();
    let server = Server::start(&laptop, &[]);
    // The service signs each minute, which may end just now: then there is something new to sign.
    let unsigned = (0..5).any(|number| {
        let name = format!("username=a{number}");
        let email = format!("email=a{number}@example.com");
        laptop.action(&["create-admin-account", &name, &email]);
        laptop.doorward(&["audit", "verify", "--json"]).out.contains("unsigned_tail")
    });
    assert!(unsigned);
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, Some(0));
    let after = laptop.doorward(&["audit", "verify", "--json"]).out;
    assert!(after.contains("\"warnings\":[]"), "{after}");
}

#[test]
fn a_hangup_reads_the_options_again_and_keeps_the_old_ones_when_they_are_wrong() {
    let laptop = Laptop::new();
    let options = laptop.file("options.yaml", "log_level: info\n");
    let server = Server::start(&laptop, &["--options", &options]);
    assert_eq!(get(&server.public, "/health/ready").0, 200);
    laptop.file("options.yaml", "log_level: shout\n");
    server.signal(Signal::SIGHUP);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(get(&server.public, "/health/ready").0, 200);
    laptop.file("options.yaml", "log_level: debug\n");
    server.signal(Signal::SIGHUP);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(get(&server.public, "/health/ready").0, 200);
    server.signal(Signal::SIGTERM);
    let (code, log) = server.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("log_level") && log.contains("kept as it was"), "{log}");
    assert!(log.contains("configuration read again"), "{log}");
}

#[test]
fn an_address_that_is_taken_is_one_sentence() {
    let laptop = Laptop::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = laptop.doorward(&["serve", "--public-address", &address]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        format!("ERROR cannot listen on {address}: another program listens there\n")
    );
    let ran = laptop.doorward(&["serve", "--public-address", "nonsense"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("HOST:PORT"), "{ran:?}");
}

#[test]
fn a_database_in_use_is_not_restored_over() {
    let laptop = Laptop::new();
    laptop.administrator();
    assert_eq!(laptop.doorward(&["backup", "copy.db"]).code, Some(0));
    let server = Server::start(&laptop, &[]);
    let ran = laptop.doorward(&["restore", "--replace", "copy.db"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.err, "ERROR the service is running; stop it before restoring\n");
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, Some(0));
    assert_eq!(laptop.doorward(&["restore", "--replace", "copy.db"]).code, Some(0));
}

#[test]
fn actions_work_while_the_service_runs() {
    let laptop = Laptop::new();
    let server = Server::start(&laptop, &[]);
    let id = laptop.administrator();
    assert_eq!(laptop.action(&["get-identity", "email=ada"])["id"], id.as_str());
    assert_eq!(get(&server.public, "/health/ready").0, 200);
    server.signal(Signal::SIGTERM);
    assert_eq!(server.end().0, Some(0));
}
