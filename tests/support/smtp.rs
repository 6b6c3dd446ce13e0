//! A mail server that keeps what it is given, and misbehaves when it is told to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, with the dots of the transfer taken away.
    pub text: String,
    /// Who had signed in.
    pub user: Option<String>,
    pub encrypted: bool,
}

impl Mail {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> String {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let prefix = format!("{name}: ");
        let line = unfolded.split("\r\n").find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.text)).to_owned()
    }

    /// The parts of the body, decoded: plain text, then HTML.
    pub fn parts(&self) -> Vec<String> {
        let kind = self.header("Content-Type");
        assert!(kind.starts_with("multipart/alternative"), "{kind}");
        let boundary = kind.split("boundary=\"").nth(1).unwrap().trim_end_matches('"');
        let boundary = format!("--{boundary}");
        let all = self.text.split(&boundary);
        all.skip(1).filter(|part| !part.starts_with("--")).map(decoded).collect()
    }

    /// The plain text.
    pub fn plain(&self) -> String {
        self.parts()[0].clone()
    }

    /// The page.
    pub fn html(&self) -> String {
        self.parts()[1].clone()
    }
}

fn decoded(part: &str) -> String {
    let (head, body) = part.trim_start().split_once("\r\n\r\n").unwrap();
    let bytes = if head.contains("base64") {
        let packed: String = body.split_whitespace().collect();
        BASE64_STANDARD.decode(packed).unwrap()
    } else if head.contains("quoted-printable") {
        quoted(body)
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

fn quoted(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_str();
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend(before.as_bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
        rest = &after[2..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// How it behaves; may be changed while it runs.
#[derive(Clone, Debug, Default)]
pub enum Mood {
    /// It takes everything.
    #[default]
    Well,
    /// It takes connections and says nothing.
    Silent,
    /// It closes connections at once.
    Gone,
    /// It closes the connection in the middle of a mail.
    DropsMails,
    /// It takes a mail and closes the connection instead of saying so.
    TakesAndDrops,
    /// It answers this to a recipient whose address contains that.
    Refuses(&'static str, &'static str),
    /// It answers this to that command, or greets with it.
    Answers(&'static str, &'static str),
}

/// What stands for the greeting in [`Mood::Answers`].
pub const GREETING: &str = "";

/// What it asks for.
#[derive(Clone, Default)]
pub struct Needs {
    /// A user and a password.
    pub login: Option<(&'static str, &'static str)>,
    /// A certificate: STARTTLS is offered then.
    pub tls: Option<Arc<ServerConfig>>,
    /// TLS from the first byte.
    pub wrapped: bool,
}

struct Shared {
    needs: Needs,
    mood: Mutex<Mood>,
    mails: Mutex<Vec<Mail>>,
    calls: AtomicUsize,
    stop: AtomicBool,
}

/// A running mail server.
pub struct Smtp {
    shared: Arc<Shared>,
    pub port: u16,
}

impl Smtp {
    /// One that asks for nothing.
    pub fn new() -> Self {
        Self::with(Needs::default())
    }

    pub fn with(needs: Needs) -> Self {
        Self::on(&TcpListener::bind("127.0.0.1:0").unwrap(), needs)
    }

    fn on(listener: &TcpListener, needs: Needs) -> Self {
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            needs,
            mood: Mutex::default(),
            mails: Mutex::default(),
            calls: AtomicUsize::default(),
            stop: AtomicBool::default(),
        });
        let (listener, with) = (listener.try_clone().unwrap(), Arc::clone(&shared));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if with.stop.load(Ordering::SeqCst) {
                    return;
                }
                let with = Arc::clone(&with);
                std::thread::spawn(move || serve(&with, stream));
            }
        });
        Self { shared, port }
    }

    /// What a secret for it looks like, as a file.
    pub fn secret(&self) -> String {
        format!("host: localhost\nport: \"{}\"\ntransport-security: none\n", self.port)
    }

    pub fn behave(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.shared.mails.lock().unwrap().clone()
    }

    /// Waits for so many mails.
    pub fn wait_for(&self, count: usize) -> Vec<Mail> {
        let begun = Instant::now();
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{} of {count} mails", mails.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// A certificate for a name: what a client must trust, and what the server shows.
pub fn certificate(name: &str) -> (String, Arc<ServerConfig>) {
    certificate_until(name, 4000)
}

/// One that is good until that year.
pub fn certificate_until(name: &str, year: i32) -> (String, Arc<ServerConfig>) {
    let mut wanted = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    wanted.not_after = rcgen::date_time_ymd(year, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = wanted.self_signed(&key).unwrap();
    let chain = vec![CertificateDer::from(cert.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (cert.pem(), Arc::new(config))
}

fn serve(shared: &Shared, stream: TcpStream) {
    shared.calls.fetch_add(1, Ordering::SeqCst);
    if refused(shared, &mut &stream) {
        return;
    }
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let tls = shared.needs.tls.as_ref();
    let secured = |stream| {
        let session = ServerConnection::new(Arc::clone(tls.unwrap())).unwrap();
        StreamOwned::new(session, stream)
    };
    if shared.needs.wrapped {
        converse(shared, &mut secured(stream), true, true);
        return;
    }
    let mut stream = stream;
    if converse(shared, &mut stream, false, true) == After::Tls {
        converse(shared, &mut secured(stream), true, false);
    }
}

/// Whether nobody is spoken to, not even over a connection that stood before.
fn refused(shared: &Shared, stream: &mut impl Read) -> bool {
    let mood = shared.mood.lock().unwrap().clone();
    if matches!(mood, Mood::Silent) {
        // Until the client has had enough.
        let _ = stream.read(&mut [0]);
    }
    matches!(mood, Mood::Silent | Mood::Gone)
}

#[derive(PartialEq)]
enum After {
    Nothing,
    Tls,
}

fn line(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n") {
        if stream.read(&mut one).ok()? == 0 {
            return None;
        }
        bytes.push(one[0]);
    }
    bytes.truncate(bytes.len() - 2);
    Some(String::from_utf8(bytes).unwrap())
}

fn converse(
    shared: &Shared,
    stream: &mut (impl Read + Write),
    encrypted: bool,
    greet: bool,
) -> After {
    let needs = &shared.needs;
    let say = |stream: &mut dyn Write, text: &str| {
        let _ = stream.write_all(format!("{text}\r\n").as_bytes()).and_then(|()| stream.flush());
    };
    let told = |verb: &str| match &*shared.mood.lock().unwrap() {
        Mood::Answers(to, answer) if to.eq_ignore_ascii_case(verb) => Some(*answer),
        _ => None,
    };
    if greet {
        say(stream, told(GREETING).unwrap_or("220 sink.example ESMTP"));
    }
    let (mut user, mut from, mut to) = (None, String::new(), Vec::new());
    while let Some(command) = line(stream) {
        if refused(shared, stream) {
            return After::Nothing;
        }
        let (verb, rest) = command.split_once([' ', ':']).unwrap_or((&command, ""));
        if let Some(answer) = told(verb) {
            say(stream, answer);
            continue;
        }
        match verb.to_uppercase().as_str() {
            "EHLO" => {
                let mut lines = vec!["sink.example", "8BITMIME"];
                if needs.tls.is_some() && !encrypted {
                    lines.push("STARTTLS");
                }
                if needs.login.is_some() && (encrypted || needs.tls.is_none()) {
                    lines.push("AUTH PLAIN LOGIN");
                }
                let last = lines.pop().unwrap();
                for one in lines {
                    say(stream, &format!("250-{one}"));
                }
                say(stream, &format!("250 {last}"));
            }
            "STARTTLS" if needs.tls.is_some() => {
                say(stream, "220 go on");
                return After::Tls;
            }
            "AUTH" => {
                let given = rest.split(' ').nth(1).unwrap_or_default();
                let given = BASE64_STANDARD.decode(given).unwrap();
                let given = String::from_utf8(given).unwrap();
                let expected = needs.login.map(|(user, password)| format!("\0{user}\0{password}"));
                if Some(given) == expected {
                    user = needs.login.map(|(user, _)| user.to_owned());
                    say(stream, "235 welcome");
                } else {
                    say(stream, "535 5.7.8 no");
                }
            }
            "MAIL" if needs.login.is_some() && user.is_none() => say(stream, "530 sign in first"),
            "MAIL" => {
                from = address(rest);
                to.clear();
                say(stream, "250 ok");
            }
            "RCPT" => {
                let address = address(rest);
                match &*shared.mood.lock().unwrap() {
                    Mood::Refuses(part, answer) if address.contains(part) => say(stream, answer),
                    _ => {
                        to.push(address);
                        say(stream, "250 ok");
                    }
                }
            }
            "DATA" => {
                say(stream, "354 go on");
                let mood = shared.mood.lock().unwrap().clone();
                if matches!(mood, Mood::DropsMails) {
                    return After::Nothing;
                }
                let mut text = String::new();
                loop {
                    let Some(line) = line(stream) else { return After::Nothing };
                    if line == "." {
                        break;
                    }
                    text += line.strip_prefix('.').unwrap_or(&line);
                    text += "\r\n";
                }
                let mail = Mail {
                    from: from.clone(),
                    to: to.clone(),
                    text,
                    user: user.clone(),
                    encrypted,
                };
                shared.mails.lock().unwrap().push(mail);
                if matches!(mood, Mood::TakesAndDrops) {
                    return After::Nothing;
                }
                say(stream, "250 2.0.0 taken as 4711");
            }
            "QUIT" => {
                say(stream, "221 bye");
                return After::Nothing;
            }
            "RSET" | "NOOP" => say(stream, "250 ok"),
            _ => say(stream, "502 what?"),
        }
    }
    After::Nothing
}

fn address(rest: &str) -> String {
    let inside = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
