//! Runs one program with a time limit and bounded output, so that no hook waits for ever.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Most bytes taken from one stream: as much as Juju keeps of an application's settings, and some.
pub const OUTPUT_LIMIT: usize = 20 * 1024 * 1024;

/// Why there is no answer from a program.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such program on this machine.
    #[error("is not available here")]
    Missing,
    /// It could not be started or read from.
    #[error("could not be run: {0}")]
    Io(#[from] io::Error),
    /// It was killed after the limit.
    #[error("gave no answer within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// It was killed because it would not stop talking.
    #[error("printed more than {OUTPUT_LIMIT} bytes")]
    TooMuch,
    /// It ended with a failure; `None` stands for a signal.
    #[error("failed ({}): {stderr}", exit_text(*.code))]
    Exit {
        /// Its exit code.
        code: Option<i32>,
        /// What it said, on one line.
        stderr: String,
    },
    /// It ended well, but what it said makes no sense.
    #[error("printed something else than expected: {0}")]
    Nonsense(String),
}

fn exit_text(code: Option<i32>) -> String {
    code.map_or_else(|| "killed".to_owned(), |code| format!("exit {code}"))
}

/// Runs `program` and returns what it printed on success.
///
/// # Errors
/// A [`Fault`]; the program has ended or was killed in every case.
pub fn run<A: AsRef<OsStr>>(program: &str, args: &[A], limit: Duration) -> Result<Vec<u8>, Fault> {
    let deadline = Instant::now() + limit;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Fault::Missing,
            _ => Fault::Io(error),
        })?;
    let outcome = collect(&mut child, deadline).and_then(|(out, err)| {
        let status = wait(&mut child, deadline)?;
        if status.success() {
            return Ok(out);
        }
        Err(Fault::Exit { code: status.code(), stderr: one_line(&err) })
    });
    if outcome.is_err() {
        // It may be gone already; either way nothing is left behind.
        let _ = child.kill();
        let _ = child.wait();
    }
    match outcome {
        Err(Fault::TooSlow(_)) => Err(Fault::TooSlow(limit)),
        other => other,
    }
}

/// Reads both streams to their ends.
fn collect(child: &mut Child, deadline: Instant) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while stdout.is_some() || stderr.is_some() {
        let (out_ready, err_ready) = ready(stdout.as_ref(), stderr.as_ref(), deadline)?;
        if out_ready {
            take(&mut stdout, &mut out)?;
        }
        if err_ready {
            take(&mut stderr, &mut err)?;
        }
    }
    Ok((out, err))
}

/// Waits until one of the streams has something to say or has ended.
fn ready(
    stdout: Option<&impl AsFd>,
    stderr: Option<&impl AsFd>,
    deadline: Instant,
) -> Result<(bool, bool), Fault> {
    let watch = |fd| PollFd::new(fd, PollFlags::POLLIN);
    let mut fds: Vec<PollFd<'_>> = stdout
        .map(|stream| watch(stream.as_fd()))
        .into_iter()
        .chain(stderr.map(|stream| watch(stream.as_fd())))
        .collect();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut fds, timeout) {
            Ok(0) => return Err(Fault::TooSlow(Duration::ZERO)),
            Ok(_) => break,
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Fault::Io(error.into())),
        }
    }
    let mut answers = fds.iter().map(|fd| fd.any().unwrap_or(true));
    let out = stdout.is_some() && answers.next().unwrap_or(false);
    let err = stderr.is_some() && answers.next().unwrap_or(false);
    Ok((out, err))
}

/// Takes what is there; the stream is dropped at its end.
fn take<R: Read>(stream: &mut Option<R>, into: &mut Vec<u8>) -> Result<(), Fault> {
    let Some(reader) = stream else { return Ok(()) };
    let mut chunk = [0u8; 16 * 1024];
    let read = match reader.read(&mut chunk) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
        other => other?,
    };
    into.extend_from_slice(chunk.get(..read).unwrap_or_default());
    if into.len() > OUTPUT_LIMIT {
        return Err(Fault::TooMuch);
    }
    if read == 0 {
        *stream = None;
    }
    Ok(())
}

/// The exit status; a program that closed its streams is nearly done, so this hardly ever sleeps.
fn wait(child: &mut Child, deadline: Instant) -> Result<std::process::ExitStatus, Fault> {
    let mut pause = Duration::from_micros(50);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            return Err(Fault::TooSlow(Duration::ZERO));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// The text of a failing program, short and without line breaks.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.get(..text.len().min(2000)).unwrap_or_default());
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<Vec<u8>, Fault> {
        run("sh", &["-c", script], limit)
    }

    #[test]
    fn charm_06_a_program_that_hangs_is_killed_at_its_limit() {
        let start = Instant::now();
        let fault = sh("sleep 30", Duration::from_millis(100)).expect_err("a fault");
        assert!(matches!(fault, Fault::TooSlow(_)), "{fault}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_program_that_closes_its_streams_and_stays_is_killed_too() {
        let fault = sh("exec >&- 2>&-; sleep 30", Duration::from_millis(100)).expect_err("a fault");
        assert!(matches!(fault, Fault::TooSlow(_)), "{fault}");
    }

    #[test]
    fn f_19_a_program_that_never_stops_talking_is_killed_with_bounded_memory() {
        let fault = sh("yes aaaaaaaaaaaaaaaa", Duration::from_secs(30)).expect_err("a fault");
        assert!(matches!(fault, Fault::TooMuch), "{fault}");
    }

    #[test]
    fn the_reason_of_a_failure_is_one_line() {
        let fault = sh("echo ERROR no >&2; echo such >&2; exit 3", Duration::from_secs(5))
            .expect_err("a fault");
        assert_eq!(fault.to_string(), "failed (exit 3): ERROR no such");
    }

    #[test]
    fn f_17_a_missing_program_is_told_from_a_failing_one() {
        let none: [&str; 0] = [];
        let fault =
            run("doorward-no-such-tool", &none, Duration::from_secs(1)).expect_err("a fault");
        assert!(matches!(fault, Fault::Missing));
    }

    #[test]
    fn much_text_on_both_streams_does_not_block() {
        let script = "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; \
                      echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done";
        assert_eq!(sh(script, Duration::from_secs(30)).expect("output").len(), 3000 * 41);
    }
}
