//! Unix sockets: the admin listener as one, and the one that only tells how the service is.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{Answer, Service, exchange, head, well};
use crate::cli::Laptop;

fn ask(path: &Path, line: &str) -> Answer {
    let mut stream = UnixStream::connect(path).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    exchange(&mut stream, &head(line, &[]))
}

#[test]
fn the_admin_listener_can_be_a_socket_that_only_owner_and_group_may_use() {
    let laptop = Laptop::new();
    let path = laptop.home().join("admin.sock");
    let place = format!("unix:{}", path.display());
    let service = Service::start(&laptop, &["--admin-address", &place]);
    assert_eq!(service.places[1], place);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert_eq!(ask(&path, "GET /admin/health/ready").code, 200);
    assert_eq!(ask(&path, "GET /metrics/prometheus").code, 200);
    service.stop();
    assert!(!path.exists(), "it is removed in the end");
}

#[test]
fn the_option_names_a_socket_too() {
    let laptop = Laptop::new();
    let path = laptop.home().join("admin.sock");
    let option = format!("admin_address=unix:{}", path.display());
    let ran = laptop.command(&["serve", "--public-address", "127.0.0.1:0", "--set", &option]);
    let mut ran = ran;
    let mut child = ran
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while UnixStream::connect(&path).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(ask(&path, "GET /health/ready").code, 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_socket_left_by_a_killed_service_is_replaced_and_a_live_one_is_not() {
    let laptop = Laptop::new();
    let path = laptop.home().join("admin.sock");
    let place = format!("unix:{}", path.display());
    Service::start(&laptop, &["--admin-address", &place]).kill();
    assert!(path.exists(), "a killed service removes nothing");
    let service = Service::start(&laptop, &["--admin-address", &place]);
    assert_eq!(ask(&path, "GET /health/ready").code, 200);
    let second =
        laptop.doorward(&["serve", "--public-address", "127.0.0.1:0", "--admin-address", &place]);
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("another program listens there"), "{second:?}");
    assert_eq!(ask(&path, "GET /health/ready").code, 200, "the first goes on");
    service.stop();
    laptop.file("plain", "mine");
    let place = format!("unix:{}", laptop.home().join("plain").display());
    let ran =
        laptop.doorward(&["serve", "--public-address", "127.0.0.1:0", "--admin-address", &place]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(std::fs::read(laptop.home().join("plain")).unwrap(), b"mine");
}

#[test]
fn the_health_socket_answers_that_and_nothing_else() {
    let laptop = Laptop::new();
    let path = laptop.home().join("health.sock");
    let service = Service::start(&laptop, &["--health-socket", path.to_str().unwrap()]);
    assert_eq!(ask(&path, "GET /health/ready").code, 200);
    assert_eq!(ask(&path, "GET /health/alive").code, 200);
    for route in ["/admin/identities", "/identities", "/metrics/prometheus", "/schemas"] {
        assert_eq!(ask(&path, &format!("GET {route}")).code, 404, "{route}");
    }
    let state = laptop.home().join("state");
    std::fs::rename(&state, laptop.home().join("elsewhere")).unwrap();
    let answer = ask(&path, "GET /health/ready");
    assert_eq!(answer.code, 503, "{answer:?}");
    assert!(answer.json()["errors"]["database"].is_string(), "{answer:?}");
    std::fs::rename(laptop.home().join("elsewhere"), &state).unwrap();
    well(&service);
    service.stop();
    assert!(!path.exists());
}
