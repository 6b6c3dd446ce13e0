//! A server on free ports, and questions to it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use doorward::app::{self, Deps, Settings};
use doorward::clock::Clock;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use ureq::http::{HeaderMap, Request};

use crate::cli::Laptop;
use crate::support;

/// A running service with a state directory of its own.
pub struct Server {
    pub laptop: Laptop,
    child: Child,
    agent: ureq::Agent,
    pub public: String,
    pub admin: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, once it has this status.
    pub fn must(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

impl Server {
    /// Starts with options in YAML. Nobody needs a second factor unless they say so.
    pub fn with(options: &str) -> Self {
        let laptop = Laptop::new();
        laptop.file("options.yaml", &with_one_factor(options));
        let (child, public, admin) = launch(&laptop);
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A connection whose request was answered before it was read to its end may be closed
            // under the next one, so each has its own.
            .max_idle_connections(0)
            .timeout_global(Some(Duration::from_secs(20)));
        Self { laptop, child, agent: config.build().into(), public, admin }
    }

    /// Ends it without warning, as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }

    /// Starts it again over what is left after [`Self::kill`] or [`Self::stop`], on other ports.
    pub fn start_again(&mut self) {
        (self.child, self.public, self.admin) = launch(&self.laptop);
    }

    /// Puts other options in place and waits until the service has read them.
    pub fn reconfigure(&mut self, options: &str) {
        let errors = self.child.stderr.take().unwrap();
        self.laptop.file("options.yaml", &with_one_factor(options));
        self.signal(Signal::SIGHUP);
        let mut lines = BufReader::new(errors);
        let begun = Instant::now();
        let mut line = String::new();
        while !line.contains("configuration read again") {
            line.clear();
            assert!(
                begun.elapsed() < Duration::from_secs(20)
                    && lines.read_line(&mut line).unwrap() > 0
            );
        }
        self.child.stderr = Some(lines.into_inner());
    }

    /// The same data, through the library.
    pub fn library(&self) -> Deps {
        let mut settings = Settings::embedded(self.laptop.home().join("state"), support::options());
        settings.clock = Clock::System;
        app::open(&settings).unwrap()
    }

    /// Asks for a whole address.
    pub fn ask(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        match body {
            "" => self.ask_plainly(method, url, headers, body),
            body => {
                let kind = [("content-type", "application/json")];
                self.ask_plainly(method, url, &[headers, &kind].concat(), body)
            }
        }
    }

    /// Asks with the headers that are given and no others.
    pub fn ask_plainly(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            "" => self.agent.run(request.body(()).unwrap()),
            body => self.agent.run(request.body(body.to_owned()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {url}: {error}"));
        Answer {
            code: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.body_mut().read_to_string().unwrap(),
        }
    }

    /// Asks the public listener.
    pub fn public(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(method, &format!("{}{path}", self.public), headers, "")
    }

    /// Asks the admin listener.
    pub fn admin(&self, method: &str, path: &str) -> Answer {
        self.ask(method, &format!("{}{path}", self.admin), &[], "")
    }

    /// Its anonymous resident memory now, in KiB.
    pub fn anonymous_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }
}

/// The options, with `enforce_mfa` off where they do not speak of it.
fn with_one_factor(options: &str) -> String {
    let mut map: serde_json::Map<String, Value> = match options.trim() {
        "" => serde_json::Map::new(),
        text => doorward::yaml::from_str(text).unwrap(),
    };
    map.entry("enforce_mfa").or_insert(false.into());
    Value::Object(map).to_string()
}

/// The process, and the addresses of its listeners.
fn launch(laptop: &Laptop) -> (Child, String, String) {
    let mut child = laptop
        .command(&[
            "serve",
            "--public-address",
            "127.0.0.1:0",
            "--admin-address",
            "127.0.0.1:0",
            "--options",
            laptop.home().join("options.yaml").to_str().unwrap(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut address = |name: &str| {
        let line = lines.next().unwrap().unwrap();
        line.strip_prefix(&format!("{name} ")).unwrap().to_owned()
    };
    let (public, admin) = (address("public"), address("admin"));
    (child, public, admin)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::SIGTERM);
        let mut log = String::new();
        if let Some(errors) = &mut self.child.stderr {
            let _ = errors.read_to_string(&mut log);
        }
        let ended = self.child.wait();
        if !std::thread::panicking() {
            assert_eq!(ended.unwrap().code(), Some(0), "{log}");
        }
    }
}

/// Sends a request with a content type of its own; the whole answer as text.
pub fn plain(address: &str, method: &str, path: &str, kind: &str, body: &str) -> String {
    use std::io::Write as _;
    let address = address.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
