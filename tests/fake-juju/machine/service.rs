//! Services of the private root: marks in a directory, or real processes where asked for.
//!
//! The file `real-services` beside the root makes `systemctl start` run `ExecStart`. Paths in it
//! that exist below the private root mean those.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

fn mark(root: &Path, unit: &str) -> PathBuf {
    root.join("run/fake-systemd/active").join(unit)
}

fn failure(root: &Path, unit: &str) -> PathBuf {
    root.join("run/fake-systemd/failed").join(unit)
}

fn real(root: &Path) -> bool {
    let root = root.canonicalize().unwrap_or(root.to_path_buf());
    root.parent().is_some_and(|p| p.join("real-services").exists())
}

/// The main process, for a service that is one.
pub fn pid(root: &Path, unit: &str) -> Option<i32> {
    fs::read_to_string(mark(root, unit)).ok()?.trim().parse().ok()
}

pub fn active(root: &Path, unit: &str) -> bool {
    mark(root, unit).exists() && pid(root, unit).is_none_or(alive)
}

pub fn failed(root: &Path, unit: &str) -> bool {
    failure(root, unit).exists() || (mark(root, unit).exists() && !active(root, unit))
}

/// A zombie has ended although its id is still taken.
fn alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|s| !s.is_empty() && !s.starts_with('Z'))
}

pub fn start(root: &Path, unit: &str, file: &Path) -> Result<(), String> {
    if active(root, unit) {
        return Ok(());
    }
    let _ = fs::remove_file(failure(root, unit));
    let _ = fs::create_dir_all(root.join("run/fake-systemd/active"));
    runtime_directory(root, file).map_err(|e| e.to_string())?;
    if real(root) {
        let pid = spawn(root, unit, file)?.to_string();
        return fs::write(mark(root, unit), pid).map_err(|e| e.to_string());
    }
    fs::write(mark(root, unit), "").map_err(|e| e.to_string())?;
    stand_in(root, unit, file).map_err(|e| e.to_string())
}

/// Makes the directory below `/run` that the unit asks for, for its user.
fn runtime_directory(root: &Path, file: &Path) -> std::io::Result<()> {
    for name in settings(file, "RuntimeDirectory") {
        let dir = root.join("run").join(name);
        fs::create_dir_all(&dir)?;
        if nix::unistd::geteuid().is_root()
            && let Some((uid, gid)) = settings(file, "User").pop().and_then(|u| ids(root, &u))
        {
            std::os::unix::fs::chown(&dir, Some(uid), Some(gid))?;
        }
    }
    Ok(())
}

/// Where the service is asked how it is.
fn health_socket(root: &Path, file: &Path) -> Option<PathBuf> {
    let line = settings(file, "ExecStart").pop()?;
    let mut words = line.split_whitespace().skip_while(|w| *w != "--health-socket");
    let path = words.nth(1)?;
    Some(root.join(path.trim_start_matches('/')))
}

/// A process that answers in place of a service that is only a mark.
fn stand_in(root: &Path, unit: &str, file: &Path) -> std::io::Result<()> {
    let Some(socket) = health_socket(root, file) else { return Ok(()) };
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(super::stand_in::COMMAND).args([&socket, &mark(root, unit), &mood(root, unit)]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn()?;
    // As with `Type=notify`, a start ends when the service is ready.
    for _ in 0..500 {
        if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// What the stand-in answers: nothing for "well", `hang`, or the reason why it is not ready.
fn mood(root: &Path, unit: &str) -> PathBuf {
    root.join("run/fake-systemd/mood").join(unit)
}

pub fn signal(root: &Path, unit: &str, signal: Signal) {
    if let Some(pid) = pid(root, unit) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

pub fn stop(root: &Path, unit: &str) {
    if let Some(pid) = pid(root, unit) {
        signal(root, unit, Signal::SIGTERM);
        for _ in 0..500 {
            if !alive(pid) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        if alive(pid) {
            signal(root, unit, Signal::SIGKILL);
        }
    }
    let _ = fs::remove_file(mark(root, unit));
    // A new process has none of the troubles of the old one.
    let _ = fs::remove_file(mood(root, unit));
}

fn settings(file: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default().replace("\\\n", " ");
    let of = |l: &str| l.trim().strip_prefix(name)?.strip_prefix('=').map(|v| v.trim().to_owned());
    text.lines().filter_map(of).collect()
}

fn spawn(root: &Path, unit: &str, file: &Path) -> Result<u32, String> {
    let root = root.canonicalize().map_err(|e| e.to_string())?;
    let line = settings(file, "ExecStart").pop().ok_or("no ExecStart")?;
    let mut words = line.split_whitespace().map(|w| private(&root, w.trim_matches('"')));
    let program = words.next().ok_or("empty ExecStart")?;
    let program = program.trim_start_matches(['-', '@', '+', '!', ':']).to_owned();
    let mut command = Command::new(program);
    command.args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("LANG", "C.UTF-8").env("DOORWARD_ROOT", &root).current_dir("/");
    for assignment in settings(file, "Environment") {
        if let Some((key, value)) = assignment.trim_matches('"').split_once('=') {
            command.env(key, private(&root, value));
        }
    }
    if nix::unistd::geteuid().is_root()
        && let Some((uid, gid)) = settings(file, "User").pop().and_then(|u| ids(&root, &u))
    {
        command.uid(uid).gid(gid);
    }
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(root.join("var/log").join(format!("{unit}.log")))
        .map_err(|e| e.to_string())?;
    let errors = log.try_clone().map_err(|e| e.to_string())?;
    command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    // A service that cannot start shows it within moments; one that runs is left alone.
    thread::sleep(Duration::from_millis(100));
    if let Ok(None) = child.try_wait() {
        Ok(child.id())
    } else {
        let _ = fs::create_dir_all(root.join("run/fake-systemd/failed"));
        let _ = fs::write(failure(&root, unit), "");
        Err("exited".into())
    }
}

fn ids(root: &Path, user: &str) -> Option<(u32, u32)> {
    let passwd = fs::read_to_string(root.join("etc/passwd")).ok()?;
    let line = passwd.lines().find(|l| l.split(':').next() == Some(user))?;
    let mut fields = line.split(':').skip(2).map(|f| f.parse::<u32>().ok());
    Some((fields.next()??, fields.next()??))
}

/// An absolute path of the machine, below the private root when it is there.
fn private(root: &Path, word: &str) -> String {
    let (before, path) = match word.split_once('=') {
        Some((k, v)) if v.starts_with('/') => (format!("{k}="), v),
        _ => (String::new(), word),
    };
    let below = root.join(path.trim_start_matches('/'));
    // A socket is only about to be made.
    let there =
        below.exists() || (path.ends_with(".sock") && below.parent().is_some_and(Path::exists));
    if path.starts_with('/') && !Path::new(path).starts_with(root) && there {
        return format!("{before}{}", below.display());
    }
    word.to_owned()
}
