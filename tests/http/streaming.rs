//! The second copy of the ledger, as another system receives it.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use doorward::domain::ledger::entry::genesis_prev;
use doorward::domain::ledger::merkle::leaf_hash;
use serde_json::Value;

use super::server::Server;
use super::sessions::person;
use crate::support::ledger;

/// Messages in octet-counting frames (RFC 6587), as far as they are whole.
fn frames(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut all) = (bytes, Vec::new());
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
        let Some(message) = rest.get(space + 1..space + 1 + length) else { break };
        all.push(String::from_utf8(message.to_vec()).unwrap());
        rest = &rest[space + 1 + length..];
    }
    all
}

/// Waits for somebody, and reads until so many messages came.
fn read(listener: &TcpListener, count: usize) -> (TcpStream, Vec<String>) {
    let (mut connection, _) = listener.accept().unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (mut bytes, mut buffer, begun) = (Vec::new(), [0; 65536], Instant::now());
    while frames(&bytes).len() < count {
        assert!(begun.elapsed() < Duration::from_secs(30), "only {} came", frames(&bytes).len());
        let read = connection.read(&mut buffer).unwrap();
        assert!(read > 0, "it hung up after {}", frames(&bytes).len());
        bytes.extend_from_slice(&buffer[..read]);
    }
    let all = frames(&bytes);
    (connection, all)
}

/// The exact text of the entry, and the hash that came with it.
fn entry(message: &str) -> (String, String) {
    let line = message.strip_prefix("<110>1 - - doorward - ledger - ").expect("a syslog header");
    let whole: Value = serde_json::from_str(line).unwrap();
    let text = line.split_once(r#","entry":"#).unwrap().1.strip_suffix('}').unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), whole["entry"]);
    (text.to_owned(), whole["leaf"].as_str().unwrap().to_owned())
}

#[test]
fn al_27_the_chain_is_rebuilt_from_the_stream_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let server = Server::with(&format!("audit_stream: syslog://{place}"));
    let d = server.library();
    for number in 0..20 {
        person(&d, &format!("p{number}@example.com"));
    }
    let count = ledger::entries(&d).len();
    assert!(count > 20);
    let (connection, messages) = read(&listener, count);
    let origin = d.store.read(doorward::store::sql::ledger::origin).unwrap();
    let mut prev = hex::encode(genesis_prev(&origin));
    for (seq, message) in messages.iter().enumerate() {
        let (text, leaf) = entry(message);
        let fields: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(fields["seq"], seq);
        assert_eq!(fields["prev"], prev.as_str(), "entry {seq} follows the one before");
        assert_eq!(leaf, hex::encode(leaf_hash(text.as_bytes())), "entry {seq}");
        assert!(!text.contains("@example.com"), "no personal value is in it: {text}");
        prev = leaf;
    }
    assert_eq!(prev, hex::encode(ledger::entries(&d)[messages.len() - 1].leaf));

    // Whoever hangs up is sent what they have not had, once they are back.
    drop(connection);
    let mut next = messages.len();
    let began = Instant::now();
    loop {
        person(&d, &format!("late{next}-{}@example.com", began.elapsed().as_nanos()));
        listener.set_nonblocking(true).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        if let Ok((connection, _)) = listener.accept() {
            drop(connection);
            break;
        }
        next += 1;
        assert!(began.elapsed() < Duration::from_secs(30), "it does not come back");
    }
}
