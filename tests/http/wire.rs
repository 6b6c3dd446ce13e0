//! `doorward serve` on free ports, and requests written by hand.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::cli::Laptop;

/// A running service; it is killed when the test ends without stopping it.
pub struct Server {
    child: Option<Child>,
    /// `HOST:PORT` of the admin listener.
    pub admin: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    head: String,
    pub body: String,
}

impl Server {
    /// Both listeners on loopback.
    pub fn start(laptop: &Laptop) -> Self {
        Self::with(laptop, &["--admin-address", "127.0.0.1:0"]).unwrap()
    }

    /// With other arguments; what it said when it refused to start.
    pub fn with(laptop: &Laptop, args: &[&str]) -> Result<Self, Output> {
        let mut all = vec!["serve", "--public-address", "127.0.0.1:0"];
        all.extend(args);
        let mut child = laptop
            .command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let admin = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("admin http://").map(str::to_owned));
        match admin {
            Some(admin) => Ok(Self { child: Some(child), admin }),
            None => Err(child.wait_with_output().unwrap()),
        }
    }

    /// The port of the admin listener.
    pub fn admin_port(&self) -> &str {
        self.admin.rsplit_once(':').unwrap().1
    }

    /// Stops it in order; what it logged.
    pub fn stop(mut self) -> String {
        let mut child = self.child.take().unwrap();
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).expect("alive");
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).expect("UTF-8");
        assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Answer {
    /// A header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A request without a body to `address`, with these header lines and nothing else but a `Host`.
pub fn ask(address: &str, line: &str, headers: &[&str]) -> Answer {
    let mut text = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|header| header.to_lowercase().starts_with("host:")) {
        text += &format!("Host: {address}\r\n");
    }
    for header in headers {
        text += &format!("{header}\r\n");
    }
    if !line.starts_with("GET") {
        text += "Content-Length: 0\r\n";
    }
    send(address, &format!("{text}\r\n"))
}

/// A request as it stands.
pub fn send(address: &str, text: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    Answer { code, head: head.to_owned(), body: body.to_owned() }
}
