//! The doors, with a store of their own.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::app::{Settings, prepare};
use crate::config::Options;
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::http::rush::{RUSH, WAITING};
use crate::service::{Caller, health};

fn app(argon2_memory_kib: u32) -> (App, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let options = Options { argon2_memory_kib, ..Options::default() };
    let by = Caller::local(Actor::new(ActorKind::System, "test"));
    let settings = Settings::embedded(home.path().join("state"), options);
    let (deps, _) = prepare(&settings, &by.author()).unwrap();
    (App::new(deps.shared()), home)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Jobs that say when they have begun, and last until the gate is opened.
struct Gate {
    started: Sender<()>,
    begun: Receiver<()>,
    open: Sender<()>,
    opened: Arc<std::sync::Mutex<Receiver<()>>>,
}

impl Gate {
    fn new() -> Self {
        let ((started, begun), (open, opened)) = (channel(), channel());
        Self { started, begun, open, opened: Arc::new(std::sync::Mutex::new(opened)) }
    }

    fn job(&self) -> impl FnOnce(&Deps) + Send + 'static {
        let (started, opened) = (self.started.clone(), Arc::clone(&self.opened));
        move |_| {
            let _ = started.send(());
            let _ = opened.lock().unwrap().recv();
        }
    }

    /// Waits until so many more have begun.
    fn wait(&self, jobs: usize) {
        (0..jobs).for_each(|_| self.begun.recv().unwrap());
    }
}

#[test]
fn what_only_reads_runs_on_this_thread_and_a_call_on_another() {
    let (app, _home) = app(8192);
    runtime().block_on(async {
        let here = std::thread::current().id();
        let thread = |d: &Deps| (health::ready(d).unwrap(), std::thread::current().id()).1;
        assert_eq!(app.look(thread).await, Ok(here));
        assert_eq!(app.read(thread).await, Ok(here));
        assert_ne!(app.call(thread).await, Ok(here));
        assert_ne!(app.hash(thread).await, Ok(here));
    });
}

#[test]
fn a_panic_is_one_request_s_failure() {
    let (app, _home) = app(8192);
    runtime().block_on(async {
        let broken = |_: &Deps| panic!("as the test wants it");
        assert_eq!(app.look(broken).await, Err::<(), _>(CallError::Broken));
        assert_eq!(app.read(broken).await, Err::<(), _>(CallError::Broken));
        assert_eq!(app.call(broken).await, Err::<(), _>(CallError::Broken));
        assert_eq!(app.hash(broken).await, Err::<(), _>(CallError::Broken));
        assert_eq!(app.call(health::ready).await.unwrap().map_err(|error| error.code()), Ok(()));
    });
}

#[test]
fn as_many_read_at_once_as_there_are_cores_and_others_find_a_thread() {
    let (app, _home) = app(8192);
    let cores = crate::capacity::cores();
    let workers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(cores + 1).enable_all().build();
    workers.unwrap().block_on(async {
        let gate = Gate::new();
        let read = || {
            let (app, job) = (app.clone(), gate.job());
            tokio::spawn(async move { app.read(job).await })
        };
        let running: Vec<_> = (0..cores + 3).map(|_| read()).collect();
        gate.wait(cores);
        let other = app.clone();
        let other = tokio::spawn(async move { other.look(|_| 1).await });
        assert_eq!(other.await.unwrap(), Ok(1), "a thread is left");
        assert!(gate.begun.try_recv().is_err(), "no more than there are cores");
        drop(gate.open);
        for one in running {
            assert_eq!(one.await.unwrap(), Ok(()), "whoever was in line is served");
        }
    });
}

#[test]
fn res_login_storm_beyond_the_line_is_refused_at_once_and_others_are_not() {
    let (app, _home) = app(8192);
    runtime().block_on(async {
        let slots = crate::capacity::cores();
        let gate = Gate::new();
        let hash = || {
            let (app, job) = (app.clone(), gate.job());
            tokio::spawn(async move { app.hash(job).await })
        };
        let running: Vec<_> = (0..slots * (1 + WAITING.1)).map(|_| hash()).collect();
        gate.wait(running.len());
        // The line has been there for longer than a rush lasts.
        tokio::time::sleep(RUSH).await;
        assert_eq!(app.hash(|_| ()).await, Err(CallError::Overloaded));
        assert_eq!(app.call(|_| 1).await, Ok(1), "what does not hash goes on");
        assert_eq!(app.look(|_| 2).await, Ok(2));
        drop(gate.open);
        for one in running {
            assert_eq!(one.await.unwrap(), Ok(()), "whoever was in line is served");
        }
        assert_eq!(app.hash(|_| 3).await, Ok(3));
    });
}
