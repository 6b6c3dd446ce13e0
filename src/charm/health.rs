//! Asks the running service how it is: one request on its socket for that, with a short limit, so
//! that no hook hangs on a service that does.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest time one question may take.
const LIMIT: Duration = Duration::from_secs(2);
/// How long a service that was silent once is asked again.
const AGAIN: Duration = Duration::from_secs(3);
/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(50);
/// Most bytes of an answer.
const ANSWER: u64 = 64 * 1024;

/// How the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It can do its work.
    Well,
    /// It answers that it cannot, and why.
    NotReady(String),
    /// It does not answer.
    Silent,
}

/// Asks until there is an answer, for a few seconds at most. `wait` is asked in between whether
/// that still makes sense.
///
/// # Errors
/// What `wait` fails with.
pub fn ask<E>(socket: &Path, mut wait: impl FnMut() -> Result<bool, E>) -> Result<Health, E> {
    let begun = Instant::now();
    loop {
        match once(socket) {
            Ok(health) => return Ok(health),
            Err(_) if begun.elapsed() >= AGAIN => return Ok(Health::Silent),
            Err(_) => std::thread::sleep(PAUSE),
        }
        if !wait()? {
            return Ok(Health::Silent);
        }
    }
}

/// Why mail does not go out, as far as the service answers that.
#[must_use]
pub fn mail_trouble(socket: &Path) -> Option<String> {
    let answer = answer(socket, "/health/mail").ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let body: Value = serde_json::from_str(body.trim()).ok()?;
    Some(body.get("errors")?.get("mail")?.as_str()?.to_owned())
}

fn once(socket: &Path) -> io::Result<Health> {
    read(&answer(socket, "/health/ready")?)
}

/// What the service answers to a question.
fn answer(socket: &Path, path: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    let end = Instant::now() + LIMIT;
    stream.set_write_timeout(Some(LIMIT))?;
    let question = format!("GET {path} HTTP/1.1\r\nHost: doorward\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0u8; 4096];
    while (answer.len() as u64) < ANSWER {
        let left = end.saturating_duration_since(Instant::now());
        // Zero would mean no limit.
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut part)? {
            0 => break,
            n => answer.extend_from_slice(part.get(..n).unwrap_or_default()),
        }
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// An HTTP answer as a state of health.
fn read(answer: &str) -> io::Result<Health> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(Health::Well),
        Some("503") => {
            let body: Value = serde_json::from_str(body.trim()).unwrap_or_default();
            let problems = body.get("errors").and_then(Value::as_object);
            let reasons =
                problems.into_iter().flat_map(|all| all.values().filter_map(Value::as_str));
            let why: Vec<&str> = reasons.collect();
            let unsaid = "it does not say why".to_owned();
            Ok(Health::NotReady(if why.is_empty() { unsaid } else { why.join(" ") }))
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn asked(socket: &Path) -> Health {
        ask(socket, || Ok::<_, ()>(true)).unwrap()
    }

    #[test]
    fn an_answer_is_read_with_its_reason() {
        let not = "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"errors\":{\"database\":\"Full.\"}}\n";
        assert_eq!(read(not).unwrap(), Health::NotReady("Full.".into()));
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n{}").unwrap(), Health::Well);
        assert!(read("SSH-2.0-x").is_err());
    }

    #[test]
    fn charm_06_a_service_that_takes_a_question_and_never_answers_is_silent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        let begun = Instant::now();
        assert_eq!(asked(&path), Health::Silent);
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn asking_ends_as_soon_as_it_makes_no_sense_any_more() {
        let nowhere = Path::new("/nonexistent/socket");
        let mut waits = 0;
        let health = ask(nowhere, || {
            waits += 1;
            Ok::<_, ()>(waits < 3)
        });
        assert_eq!((health, waits), (Ok(Health::Silent), 3));
    }
}
