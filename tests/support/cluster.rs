//! A real PostgreSQL server, started once for a run of the tests and gone with it.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use postgres::{Client, NoTls};

const MISSING: &str = "No PostgreSQL server is installed: install the package `postgresql` \
     (scripts/test does it), or set DOORWARD_TEST_POSTGRES=skip to go without these tests.";

struct Cluster {
    socket: PathBuf,
    /// Closed when this process ends, however it ends; then the watcher stops the server.
    _leash: ChildStdin,
}

/// One database of the cluster; removed when dropped.
pub struct Database {
    name: String,
}

fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_ref()
}

fn start() -> Option<Cluster> {
    if std::env::var("DOORWARD_TEST_POSTGRES").is_ok_and(|word| word == "skip") {
        super::skipped("DOORWARD_TEST_POSTGRES=skip, nothing is tested on PostgreSQL");
        return None;
    }
    let bin = server_programs().expect(MISSING);
    let home = tempfile::Builder::new().prefix("doorward-pg-").tempdir().unwrap().keep();
    let as_root = home.metadata().unwrap().uid() == 0;
    if as_root {
        // PostgreSQL refuses to run as root.
        run(Command::new("chown").arg("postgres").arg(&home));
    }
    let data = home.join("data");
    let program = |name: &str| {
        let mut command = match as_root {
            true => Command::new("runuser"),
            false => Command::new(bin.join(name)),
        };
        if as_root {
            command.args(["-u", "postgres", "--"]).arg(bin.join(name));
        }
        command.current_dir("/").arg("-D").arg(&data);
        command
    };
    let flags = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
    run(program("initdb").args(flags));
    let socket = home.display();
    let options = format!(
        "-c listen_addresses= -c unix_socket_directories={socket} -c max_connections=300 \
         -c fsync=off -c shared_buffers=64MB"
    );
    let log = home.join("log");
    run(program("pg_ctl").args(["-w", "-o", &options, "-l"]).arg(&log).arg("start"));
    let leash = watch(&program("pg_ctl"), &home);
    Some(Cluster { socket: home, _leash: leash })
}

/// A process in a group of its own that waits for us to end and then stops and removes the server.
#[expect(clippy::zombie_processes, reason = "it ends after us, so nobody is left to wait")]
fn watch(pg_ctl: &Command, home: &Path) -> ChildStdin {
    let mut watcher = Command::new("sh")
        .args(["-c", r#"cat; home=$1; shift; "$@" -m immediate stop; rm -rf "$home""#, "watcher"])
        .arg(home)
        .arg(pg_ctl.get_program())
        .args(pg_ctl.get_args())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    watcher.stdin.take().unwrap()
}

fn run(command: &mut Command) {
    let seen = command.stdin(Stdio::null()).output();
    let seen = seen.unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let said = String::from_utf8_lossy(&seen.stderr);
    assert!(seen.status.success(), "{command:?} failed: {said}");
}

/// The newest installed server.
fn server_programs() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version =
        |path: &PathBuf| -> Option<u32> { path.parent()?.file_name()?.to_str()?.parse().ok() };
    let in_packages = installed
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(version);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = || std::env::split_paths(&path).find(|bin| bin.join("initdb").exists());
    in_packages.or_else(in_path)
}

impl Database {
    /// A new, empty database; nothing when PostgreSQL is to be skipped.
    pub fn create() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        cluster()?;
        let name = format!("realm_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        administer(&format!("CREATE DATABASE {name}"));
        Some(Self { name })
    }

    /// How to connect to it.
    pub fn url(&self) -> String {
        url(&self.name)
    }

    /// A connection that is not the product's.
    pub fn connect(&self) -> Client {
        Client::connect(&self.url(), NoTls).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        administer(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn url(database: &str) -> String {
    let socket = cluster().unwrap().socket.display();
    format!("host={socket} user=postgres dbname={database}")
}

fn administer(statement: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    Client::connect(&url("postgres"), NoTls).unwrap().batch_execute(statement).unwrap();
}
