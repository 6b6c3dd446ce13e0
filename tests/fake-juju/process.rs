//! Runs `dispatch` and reads its streams as the agent does (1.2, 1.4).

use crate::server::Server;
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the agent reads on after the process has ended.
const DRAIN: Duration = Duration::from_millis(100);

/// The end of a process.
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub took: Duration,
}

/// What Juju would execute for an event; `None` means a hook that the charm does not have.
pub fn executable(charm_dir: &Path, dispatch_path: &str) -> Result<Option<PathBuf>, String> {
    if !charm_dir.join("metadata.yaml").exists() {
        return Err("charm missing from disk".into());
    }
    for path in [charm_dir.join("dispatch"), charm_dir.join(dispatch_path)] {
        let Ok(meta) = path.metadata() else { continue };
        if meta.permissions().mode() & 0o111 == 0 {
            return Err(format!("exec: {:?}: permission denied", path.display().to_string()));
        }
        return Ok(Some(path));
    }
    Ok(None)
}

pub fn run(
    program: &Path,
    wrap: &[String],
    dir: &Path,
    env: &BTreeMap<String, String>,
    server: &Server,
) -> Result<Ended, String> {
    let mut command = match wrap.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env_clear().envs(env).current_dir(dir).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{}: {e}", program.display()))?;
    server.watch(child.id());
    let stdout = child.stdout.take().map(Stream::read);
    let stderr = child.stderr.take().map(Stream::read);
    let status = child.wait().map_err(|e| e.to_string())?;
    let took = begun.elapsed();
    server.unwatch();
    Ok(Ended {
        code: status.code(),
        signal: status.signal(),
        stdout: stdout.map(Stream::finish).unwrap_or_default(),
        stderr: stderr.map(Stream::finish).unwrap_or_default(),
        took,
    })
}

struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    done: Receiver<()>,
}

impl Stream {
    fn read(mut from: impl Read + Send + 'static) -> Stream {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&bytes);
        let (tell, done) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 65536];
            while let Ok(n @ 1..) = from.read(&mut chunk) {
                into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..n]);
            }
            let _ = tell.send(());
        });
        Stream { bytes, done }
    }

    /// Whole lines only: what follows the last newline is lost. CRLF becomes LF.
    fn finish(self) -> Vec<u8> {
        let _ = self.done.recv_timeout(DRAIN);
        let bytes = std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner));
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let mut lines = Vec::with_capacity(whole);
        for line in bytes[..whole].split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(text) => {
                    lines.extend_from_slice(text);
                    lines.push(b'\n');
                }
                None => lines.extend_from_slice(line),
            }
        }
        lines
    }
}
