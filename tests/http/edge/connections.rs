//! Connections that are slow, broken, too large or too many.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::{Answer, Service, ask, connect, exchange, head, well};
use crate::cli::Laptop;

const LIMIT: usize = 5 * 1024 * 1024;

/// Sends as much of `body` as the other end takes, and reads the answer.
fn post(address: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut stream = connect(address);
    stream.write_all(head("POST /version", headers).as_bytes()).unwrap();
    for part in body.chunks(64 * 1024) {
        if stream.write_all(part).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Answer::parse(&answer)
}

#[test]
fn input_01_a_body_above_the_limit_is_refused_in_the_envelope() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let body = vec![b' '; LIMIT + 1];
    let length = format!("Content-Length: {}", body.len());
    let answer = post(service.admin(), &[&length], &body);
    assert_eq!(answer.code, 413, "{answer:?}");
    assert_eq!(answer.json()["error"]["code"], 413);
    assert_eq!(answer.json()["error"]["details"]["limit"], LIMIT);
    let mut chunked = Vec::new();
    for part in body.chunks(100_000) {
        chunked.extend(format!("{:x}\r\n", part.len()).bytes());
        chunked.extend(part);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let answer = post(service.admin(), &["Transfer-Encoding: chunked"], &chunked);
    assert_eq!(answer.code, 413, "{answer:?}");
    // At the limit it is the method that is wrong, and not the size.
    let length = format!("Content-Length: {LIMIT}");
    assert_eq!(post(service.admin(), &[&length], &body[..LIMIT]).code, 405);
    // Who asks before sending is told before sending.
    let answer = post(service.admin(), &["Content-Length: 99999999", "Expect: 100-continue"], b"");
    assert_eq!(answer.code, 413, "{answer:?}");
    well(&service);
}

#[test]
fn input_01_a_gigabyte_in_chunks_does_not_stay_in_memory() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    well(&service);
    let before = resident(&service);
    let mut stream = connect(service.public());
    stream.write_all(head("POST /version", &["Transfer-Encoding: chunked"]).as_bytes()).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 1024 * 1024 * 1024 && stream.write_all(&chunk).is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 200 * 1024 * 1024, "it went on listening");
    let grown = resident(&service).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB more");
    well(&service);
}

/// Resident memory of the service, in KiB.
fn resident(service: &Service) -> usize {
    let id = service.child.as_ref().unwrap().id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn input_01_a_head_that_is_too_long_or_has_too_many_lines_is_refused() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let long = format!("X-Long: {}", "x".repeat(40_000));
    assert_eq!(ask(service.public(), "GET /version", &[&long]).code, 431);
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(ask(service.public(), "GET /version", &many).code, 431);
    // As many as browsers and proxies may well send.
    let some = format!("Cookie: {}", "x".repeat(8_000));
    assert_eq!(ask(service.public(), "GET /version", &[&some]).code, 200);
    for nonsense in ["NONSENSE\r\n\r\n", "GET  /version\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let answer = exchange(&mut connect(service.public()), nonsense);
        assert_eq!(answer.code, 400, "{nonsense:?}: {answer:?}");
    }
    well(&service);
}

#[test]
fn a_body_that_breaks_off_is_no_request() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    for sent in ["", "{\"half\":"] {
        let mut stream = connect(service.admin());
        let request = head("POST /version", &["Content-Length: 100"]) + sent;
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = Answer::parse(&answer);
        assert!(matches!(answer.code, 0 | 400), "{answer:?}");
    }
    let broken = head("POST /version", &["Transfer-Encoding: chunked"]) + "zz\r\nx\r\n0\r\n\r\n";
    let answer = exchange(&mut connect(service.admin()), &broken);
    assert_eq!(answer.code, 400, "{answer:?}");
    well(&service);
}

#[test]
fn contradictory_lengths_are_refused_so_that_no_proxy_sees_another_request_than_we_do() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let smuggled = "0\r\n\r\nGET /version HTTP/1.1\r\nHost: x\r\n\r\n";
    for lengths in [
        &["Content-Length: 5", "Content-Length: 6"][..],
        &["Content-Length: -1"],
        &["Content-Length: 5, 6"],
        &["Transfer-Encoding: chunked, identity"],
    ] {
        let answer =
            exchange(&mut connect(service.admin()), &(head("POST /version", lengths) + smuggled));
        assert_eq!(answer.code, 400, "{lengths:?}: {answer:?}");
        assert!(!answer.body.contains("HTTP/1.1"), "{lengths:?}: {answer:?}");
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let mut all = String::new();
    for n in 0..30 {
        all += &format!("GET /health/ready HTTP/1.1\r\nHost: x\r\nX-Request-Id: p-{n}\r\n\r\n");
    }
    all += &head("GET /nothing", &["X-Request-Id: last"]);
    let mut stream = connect(service.public());
    stream.write_all(all.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let ids: Vec<&str> =
        answers.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect();
    let wanted: Vec<String> =
        (0..30).map(|n| format!("p-{n}")).chain(["last".to_owned()]).collect();
    assert_eq!(ids, wanted);
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 30);
}

#[test]
fn a_connection_serves_many_requests_and_may_rest_between_them() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let mut stream = connect(service.public());
    for pause in [0, 0, 12] {
        // Longer than the head of a request may take.
        std::thread::sleep(Duration::from_secs(pause));
        stream.write_all(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}\n") {
            let mut part = [0; 1024];
            let n = stream.read(&mut part).unwrap();
            assert!(n > 0, "closed after a pause of {pause} s");
            answer.extend(&part[..n]);
        }
    }
}

#[test]
fn f_14_thousands_of_slow_clients_hold_up_nobody_and_are_cut_off() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = hard.min(10_000).max(soft);
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).unwrap();
    let count = usize::try_from(wanted).unwrap().saturating_sub(600).min(5_000);
    let begun = Instant::now();
    let mut slow: Vec<TcpStream> = (0..count)
        .map(|_| {
            let mut stream = connect(service.public());
            stream.write_all(b"GET /version HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
            stream
        })
        .collect();
    // While they drip, others are served.
    for _ in 0..6 {
        for stream in &mut slow {
            let _ = stream.write_all(b"x");
        }
        let asked = Instant::now();
        well(&service);
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        std::thread::sleep(Duration::from_millis(500));
    }
    for stream in &mut slow {
        let mut rest = Vec::new();
        // Closed, with or without a word; a reset is as good.
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{rest:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(120));
    well(&service);
}
