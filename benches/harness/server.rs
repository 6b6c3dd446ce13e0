//! A server that runs while it is measured: the product, or a bare one.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::ClockId;
use nix::unistd::Pid;

use super::Outcome;
use super::load::Client;
use super::options::Options;
use super::process::anonymous;

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that listens.
pub struct Server {
    child: Child,
    /// Where people are served; the only address of a bare server.
    pub public: String,
    /// Where programs of the machine are served.
    pub admin: String,
    /// From the start of the process to its first good answer, in microseconds.
    pub ready_us: f64,
    log: JoinHandle<String>,
}

impl Server {
    /// The product on the data in `state_dir`, ready to serve.
    pub fn product(options: &Options, state_dir: &Path) -> Outcome<Self> {
        let mut command = Command::new(&options.doorward);
        command.args(["serve", "--state-dir"]).arg(state_dir);
        command.args(["--public-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"]);
        // Everybody in the data set has one factor.
        command.args(["--set", "enforce_mfa=false", "--set", "login_style=unified"]);
        Self::start(&mut command, "/health/ready")
    }

    /// The bare server on a database.
    pub fn bare(options: &Options, database: &Path) -> Outcome<Self> {
        Self::start(Command::new(&options.bare).arg("serve").arg(database), "/hello")
    }

    fn start(command: &mut Command, path: &str) -> Outcome<Self> {
        let begun = Instant::now();
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn()?;
        let mut log = BufReader::new(child.stderr.take().ok_or("no log")?);
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = std::io::Read::read_to_string(&mut log, &mut text);
            text
        });
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut addresses = Vec::new();
        // The product names two addresses with a word before each, a bare server one.
        let wanted = if path == "/hello" { 1 } else { 2 };
        while addresses.len() < wanted {
            let Some(line) = lines.next() else {
                let _ = child.wait();
                let said = log.join().unwrap_or_default();
                return Err(format!("{command:?} does not come up: {said}").into());
            };
            let line = line?;
            addresses.push(line.rsplit(['/', ' ']).next().unwrap_or_default().to_owned());
        }
        let (public, admin) = (addresses.swap_remove(0), addresses.pop().unwrap_or_default());
        let mut server = Self { child, public, admin, ready_us: 0.0, log };
        while begun.elapsed() < PATIENCE {
            if Client::connect(&server.public).and_then(|mut it| it.get(path)).is_ok_and(is_good) {
                server.ready_us = begun.elapsed().as_secs_f64() * 1e6;
                return Ok(server);
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Err(format!("{command:?} is never ready").into())
    }

    fn pid(&self) -> Outcome<Pid> {
        Ok(Pid::from_raw(self.child.id().try_into()?))
    }

    /// CPU time of the server so far, in microseconds.
    pub fn cpu(&self) -> Outcome<f64> {
        let clock = ClockId::pid_cpu_clock_id(self.pid()?)?;
        Ok(Duration::from(clock.now()?).as_secs_f64() * 1e6)
    }

    /// CPU time of its threads of this name so far, in microseconds.
    pub fn cpu_of(&self, name: &str) -> Outcome<f64> {
        let mut total = 0.0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let path = thread?.path();
            // Threads end.
            let read = |file: &str| std::fs::read_to_string(path.join(file)).unwrap_or_default();
            if read("comm").trim() == name {
                let ran = read("schedstat").split(' ').next().and_then(|text| text.parse().ok());
                total += ran.unwrap_or(0.0) / 1000.0;
            }
        }
        Ok(total)
    }

    /// Its anonymous resident memory now, in KiB.
    pub fn memory(&self) -> Outcome<f64> {
        anonymous(&format!("/proc/{}/status", self.child.id())).ok_or_else(|| "it is gone".into())
    }

    /// Stops it as systemd does.
    pub fn stop(mut self) -> Outcome<()> {
        kill(self.pid()?, Signal::SIGTERM)?;
        let ended = self.child.wait()?;
        let said = self.log.join().unwrap_or_default();
        // A bare server has nothing to bring to an end.
        if ended.success() || self.admin.is_empty() {
            return Ok(());
        }
        Err(format!("the server ended with {ended}: {said}").into())
    }

    /// Kills it in the middle of whatever it does.
    pub fn kill(mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

const fn is_good(status: u16) -> bool {
    status == 200
}
