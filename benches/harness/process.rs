//! Running programs and finding out what they took.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use super::Outcome;
use super::numbers::Cost;

/// How often the memory of a running program is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// CPU time of a usage, in microseconds.
fn cpu(usage: &Usage) -> f64 {
    (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64
}

/// Wall and CPU time of this process since it was made.
pub struct Stopwatch {
    begun: Instant,
    cpu: f64,
}

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Outcome<Self> {
        Ok(Self { cpu: cpu(&getrusage(UsageWho::RUSAGE_SELF)?), begun: Instant::now() })
    }

    /// The cost of one of `count` items.
    pub fn per(&self, count: f64) -> Outcome<Cost> {
        let wall = self.begun.elapsed().as_secs_f64() * 1e6;
        Ok(Cost::per(wall, cpu(&getrusage(UsageWho::RUSAGE_SELF)?) - self.cpu, count))
    }
}

/// Runs a limit that measures itself: what one of its items took.
pub fn limit(bare: &Path, arguments: &[&str]) -> Outcome<Cost> {
    let mut command = Command::new(bare);
    let (out, _) = output(command.args(arguments))?;
    cost_line(out.lines().next().unwrap_or_default())
}

fn cost_line(line: &str) -> Outcome<Cost> {
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    match numbers.as_slice() {
        [wall, cpu, count] if *count > 0.0 => Ok(Cost::per(*wall, *cpu, *count)),
        _ => Err(format!("'{line}' is not what a limit prints").into()),
    }
}

/// A limit that measures itself whenever it is asked to, for as long as this is there.
pub struct Asked {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Asked {
    /// Starts it.
    pub fn start(bare: &Path, arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(bare);
        let mut child =
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().ok_or("a limit cannot be asked")?;
        let answers = child.stdout.take().ok_or("a limit cannot answer")?;
        Ok(Self { child, questions, answers: BufReader::new(answers).lines() })
    }

    /// What this one took.
    pub fn ask(&mut self, question: &str) -> Outcome<Cost> {
        writeln!(self.questions, "{question}")?;
        cost_line(&self.answers.next().ok_or("a limit broke down")??)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What runs of a short program took.
#[derive(Debug)]
pub struct Watched {
    /// One run, with all it started.
    pub cost: Cost,
    /// Greatest peak of resident memory of any process in it, in KiB.
    pub peak_kib: f64,
    /// What the last run printed.
    pub printed: String,
}

/// Runs a program `count` times through a small process that counts what its children take.
/// `prepare` sets variables of the environment.
pub fn watch(
    bare: &Path,
    count: u64,
    program: &Path,
    arguments: &[&str],
    prepare: impl FnOnce(&mut Command),
) -> Outcome<Watched> {
    let mut command = Command::new(bare);
    command.args(["watch", &count.to_string()]).arg(program).args(arguments);
    prepare(&mut command);
    let (out, printed) = output(&mut command)?;
    let mut lines = out.lines();
    let cost = cost_line(lines.next().unwrap_or_default())?;
    Ok(Watched { cost, peak_kib: lines.next().unwrap_or_default().parse()?, printed })
}

/// What a longer program took.
#[derive(Debug)]
pub struct Ran {
    /// The whole run, in microseconds.
    pub cost: Cost,
    /// Greatest anonymous resident memory (`RssAnon`) seen, in KiB.
    pub anonymous_kib: f64,
    /// What it printed.
    pub printed: String,
}

/// Runs a program and looks at its memory all the while.
pub fn run(command: &mut Command) -> Outcome<Ran> {
    let before = cpu(&getrusage(UsageWho::RUSAGE_CHILDREN)?);
    let begun = Instant::now();
    let child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let look = thread::spawn(move || {
        let mut most = 0.0_f64;
        while let Some(now) = anonymous(&status) {
            most = most.max(now);
            thread::sleep(LOOK);
        }
        most
    });
    let ran = child.wait_with_output()?;
    let wall = begun.elapsed().as_secs_f64() * 1e6;
    let cost = Cost { wall, cpu: cpu(&getrusage(UsageWho::RUSAGE_CHILDREN)?) - before };
    let anonymous_kib = look.join().map_err(|_| "the memory could not be watched")?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("{command:?}: {} {said}", ran.status).into());
    }
    Ok(Ran { cost, anonymous_kib, printed: String::from_utf8(ran.stdout)? })
}

/// `RssAnon` in KiB, until the process is gone.
pub fn anonymous(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("RssAnon:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What a program prints on standard output and standard error.
pub fn output(command: &mut Command) -> Outcome<(String, String)> {
    let ran = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    if !ran.status.success() {
        return Err(format!("{command:?}: {} {said}", ran.status).into());
    }
    Ok((String::from_utf8(ran.stdout)?, said))
}
