//! Answers for a service that is only a mark: how it is, for as long as the mark is there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// The word on the command line that makes this program a stand-in.
pub const COMMAND: &str = "stand-in-for-service";

/// `SOCKET MARK MOOD`
pub fn main(args: &[String]) -> ExitCode {
    let [socket, mark, mood] = args else { return ExitCode::FAILURE };
    let (socket, mark, mood) = (PathBuf::from(socket), PathBuf::from(mark), PathBuf::from(mood));
    let _ = fs::remove_file(&socket);
    let Ok(listener) = UnixListener::bind(&socket) else { return ExitCode::FAILURE };
    let path = socket.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &fs::read_to_string(&mood).unwrap_or_default());
        }
    });
    // The same mark, and not one that a later start has put there.
    let identity = |path: &PathBuf| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).ok().map(|is| (is.dev(), is.ino(), is.mtime(), is.mtime_nsec()))
    };
    let ours = (identity(&mark), identity(&path));
    while identity(&mark) == ours.0 && ours.0.is_some() && identity(&path) == ours.1 {
        thread::sleep(Duration::from_millis(50));
    }
    if identity(&socket) == ours.1 {
        let _ = fs::remove_file(&socket);
    }
    ExitCode::SUCCESS
}

fn answer(mut stream: UnixStream, mood: &str) {
    let mood = mood.trim();
    if mood == "hang" {
        // Kept open for as long as anybody may wait.
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(30));
            drop(stream);
        });
        return;
    }
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut question = [0; 1024];
    let read = stream.read(&mut question).unwrap_or_default();
    let about_mail = question[..read].starts_with(b"GET /health/mail");
    let (status, body) = match mood {
        mood if about_mail => match mood.strip_prefix("mail: ") {
            Some(why) => ("200 OK", serde_json::json!({"errors": {"mail": why}})),
            None => ("200 OK", serde_json::json!({"status": "ok"})),
        },
        "" => ("200 OK", serde_json::json!({"status": "ok"})),
        mood if mood.starts_with("mail: ") => ("200 OK", serde_json::json!({"status": "ok"})),
        why => ("503 Service Unavailable", serde_json::json!({"errors": {"database": why}})),
    };
    let _ = stream
        .write_all(format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{body}\n").as_bytes());
}
