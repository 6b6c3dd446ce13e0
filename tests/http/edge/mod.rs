//! The edge of the service: connections, TLS, limits, and what is the same for every route.

mod answers;
mod connections;
mod sockets;
mod systemd;
mod tls;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cli::Laptop;

/// A running service.
pub struct Service {
    child: Option<Child>,
    /// What it said of the public and of the admin listener.
    pub places: [String; 2],
    /// Its log so far, read as it comes, so that a full pipe holds nobody up.
    log: std::sync::mpsc::Receiver<String>,
}

impl Service {
    /// On free ports, unless `args` say otherwise.
    pub fn start(laptop: &Laptop, args: &[&str]) -> Self {
        Self::with_environment(laptop, args, &[])
    }

    pub fn with_environment(laptop: &Laptop, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut all = vec!["serve", "--public-address", "127.0.0.1:0"];
        if !args.contains(&"--admin-address") {
            all.extend(["--admin-address", "127.0.0.1:0"]);
        }
        all.extend(args);
        let mut command = laptop.command(&all);
        command.envs(variables.iter().copied());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let errors = BufReader::new(child.stderr.take().expect("stderr"));
        let (sender, log) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in errors.lines() {
                let _ = sender.send(line.expect("UTF-8"));
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let places = ["public", "admin"].map(|name| {
            let Some(line) = lines.next() else {
                let said: Vec<String> = log.iter().collect();
                panic!("it did not start: {said:?}")
            };
            line.expect("UTF-8").strip_prefix(&format!("{name} ")).expect("a place").to_owned()
        });
        Self { child: Some(child), places, log }
    }

    /// `HOST:PORT` of the public listener.
    pub fn public(&self) -> &str {
        self.places[0].rsplit_once('/').expect("a URL").1
    }

    /// `HOST:PORT` of the admin listener.
    pub fn admin(&self) -> &str {
        self.places[1].rsplit_once('/').expect("a URL").1
    }

    pub fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().expect("a process").id();
        kill(Pid::from_raw(id.try_into().expect("a pid")), signal).expect("alive");
    }

    /// Waits for a line of the log that contains `words`.
    pub fn logs(&self, words: &str) -> String {
        let begun = Instant::now();
        let mut all = Vec::new();
        while begun.elapsed() < Duration::from_secs(30) {
            if let Ok(line) = self.log.recv_timeout(Duration::from_millis(100)) {
                if line.contains(words) {
                    return line;
                }
                all.push(line);
            }
        }
        panic!("{words:?} was not logged: {all:#?}");
    }

    /// Stops it in good order; the rest of its log.
    pub fn stop(mut self) -> Vec<String> {
        self.signal(Signal::SIGTERM);
        let status = self.child.take().expect("a process").wait().expect("it ends");
        let log: Vec<String> = self.log.iter().collect();
        assert_eq!(status.code(), Some(0), "{log:#?}");
        log
    }

    /// Ends it without notice.
    pub fn kill(mut self) {
        let mut child = self.child.take().expect("a process");
        child.kill().expect("alive");
        child.wait().expect("it ends");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// Splits what came over the wire.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        Self { code, head: head.to_owned(), body: body.to_owned() }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a limit");
    stream
}

/// Writes `text` and reads until the other end closes.
pub fn exchange(stream: &mut (impl Read + Write), text: &str) -> Answer {
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    Answer::parse(&answer)
}

/// A request of one line and these headers.
pub fn head(line: &str, headers: &[&str]) -> String {
    let mut text = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for header in headers {
        text += &format!("{header}\r\n");
    }
    text + "\r\n"
}

pub fn ask(address: &str, line: &str, headers: &[&str]) -> Answer {
    exchange(&mut connect(address), &head(line, headers))
}

/// Whether the service still answers.
pub fn well(service: &Service) {
    assert_eq!(ask(service.public(), "GET /health/ready", &[]).code, 200);
}
