//! The threads that hash passwords: so many at once and no more, whoever asks.
//!
//! They give way to all others. A hash takes as long as hundreds of session checks, and those who are
//! signed in must not feel that many are signing in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use secrecy::SecretString;

use super::{Argon2Params, PasswordError, Verdict};

/// How much they give way, on the scale of nice(2): less than half the share of other threads. More
/// would starve those who sign in when many others ask for little things.
const GIVE_WAY: i32 = 4;

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and compares passwords, each on a thread of its own; who asks waits for it. The threads
/// begin when they are first needed and end with this.
pub struct Hashers {
    threads: usize,
    cost: Argon2Params,
    jobs: OnceLock<Sender<Job>>,
}

impl Hashers {
    /// So many threads, for hashes of this cost.
    #[must_use]
    pub const fn new(threads: usize, cost: Argon2Params) -> Self {
        Self { threads, cost, jobs: OnceLock::new() }
    }

    /// How many hashes are computed at once.
    #[must_use]
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// As [`super::hash`].
    ///
    /// # Errors
    /// As [`super::hash`].
    pub fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        let (password, cost) = (password.clone(), self.cost);
        self.run(move || super::hash(&password, &cost))
    }

    /// As [`super::verify`].
    ///
    /// # Errors
    /// As [`super::verify`].
    pub fn verify(&self, password: &SecretString, stored: &str) -> Result<Verdict, PasswordError> {
        let (password, stored, cost) = (password.clone(), stored.to_owned(), self.cost);
        self.run(move || super::verify(&password, &stored, &cost))
    }

    /// As [`super::pretend`].
    ///
    /// # Errors
    /// As [`super::pretend`].
    pub fn pretend(&self, password: &SecretString) -> Result<(), PasswordError> {
        let (password, cost) = (password.clone(), self.cost);
        self.run(move || super::pretend(&password, &cost))
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (sender, done) = channel();
        let job = Box::new(move || {
            // Nobody waits any more when the service ends.
            let _ = sender.send(job());
        });
        let jobs = self.jobs.get_or_init(|| start(self.threads));
        jobs.send(job).map_err(|_| PasswordError::Failed)?;
        // Nothing comes from a job that panicked.
        done.recv().unwrap_or(Err(PasswordError::Failed))
    }
}

fn start(threads: usize) -> Sender<Job> {
    let (sender, jobs) = channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..threads {
        let jobs = Arc::clone(&jobs);
        // Without a single one, sending a job fails.
        let _ = thread::Builder::new().name("hash".to_owned()).spawn(move || work(&jobs));
    }
    sender
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    // The kernel counts priority by thread. Without the right to change it all goes on as before.
    let _ = rustix::process::nice(GIVE_WAY);
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}
