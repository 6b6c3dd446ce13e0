//! The bridge between async handlers and the use cases, which block: four doors, each bounded.
//!
//! | door | for | where it runs |
//! |---|---|---|
//! | [`App::look`] | one or a few look-ups by a key | here and now, on the async thread |
//! | [`App::read`] | a list or a search, for administrators | here too: their listener has threads of its own |
//! | [`App::call`] | everything else | threads that may block |
//! | [`App::hash`] | whatever hashes a password | the same threads; they wait for those that hash |

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::gone;
use super::log;
use super::metrics::Metrics;
use super::rush::Rush;
use super::slots::{Held, Slots};
use crate::app::Deps;
use crate::capacity;
use crate::service;
use crate::service::flood::Flood;

/// How many use cases run at once. Most of them wait: those that write, for a commit they share.
const CALLS: usize = 64;
/// How many more may wait for that.
const CALLS_WAITING: usize = 2048;
/// What handlers share.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    shared: RwLock<Shared>,
    calls: Slots,
    reads: Slots,
    metrics: Arc<Metrics>,
    health: Mutex<Option<Looked>>,
    flood: Arc<Flood>,
    closed: Closed,
}

/// Whether nobody is served, and why. Each request asks whether, and few ask why.
#[derive(Default)]
struct Closed {
    is: AtomicBool,
    why: std::sync::Mutex<String>,
}

/// What a look at the store's health found, and when the look began.
struct Looked {
    begun: Instant,
    problem: Option<String>,
}

/// What a reload puts in place.
struct Shared {
    deps: Arc<Deps>,
    quick: Arc<Deps>,
    /// Whether a look-up takes microseconds and may run where nothing may block.
    inline: bool,
    hashes: Rush,
}

/// Why a use case was not run to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Too many others were waiting.
    #[error("overloaded")]
    Overloaded,
    /// The use case panicked; the log knows more.
    #[error("internal error")]
    Broken,
}

impl Shared {
    fn new(deps: Deps) -> Self {
        Self {
            quick: Arc::new(deps.quick()),
            inline: deps.is_embedded(),
            hashes: Rush::new(deps.hashers.threads()),
            deps: Arc::new(deps),
        }
    }
}

impl App {
    /// Shares `deps` with all handlers.
    pub fn new(deps: Deps) -> Self {
        Self(Arc::new(Parts {
            shared: RwLock::new(Shared::new(deps)),
            calls: Slots::new(CALLS, CALLS_WAITING),
            reads: Slots::new(capacity::cores(), CALLS_WAITING),
            metrics: Arc::default(),
            health: Mutex::default(),
            flood: Arc::default(),
            closed: Closed::default(),
        }))
    }

    /// The counters.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// What keeps failures from flooding the ledger.
    #[must_use]
    pub fn flood(&self) -> Arc<Flood> {
        Arc::clone(&self.0.flood)
    }

    /// What there is to work with now, for a thread of the service's own.
    #[must_use]
    pub fn deps(&self) -> Arc<Deps> {
        Arc::clone(&self.shared().deps)
    }

    /// Stops serving people and programs for this reason, or, without one, serves them again.
    pub fn close(&self, why: Option<String>) {
        let closed = &self.0.closed;
        let is = why.is_some();
        *closed.why.lock().unwrap_or_else(PoisonError::into_inner) = why.unwrap_or_default();
        closed.is.store(is, Ordering::Release);
    }

    /// Why nobody is served, if that is so.
    #[must_use]
    pub fn closed(&self) -> Option<String> {
        let closed = &self.0.closed;
        closed
            .is
            .load(Ordering::Acquire)
            .then(|| closed.why.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// By door: how many use cases run, and how many wait for a thread.
    #[must_use]
    pub fn lines(&self) -> [(&'static str, (usize, usize)); 3] {
        [
            ("read", self.0.reads.counts()),
            ("call", self.0.calls.counts()),
            ("hash", self.shared().hashes.counts()),
        ]
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared().deps.clock.now()
    }

    /// A new request id; empty when the system has no randomness, which fails the request later.
    #[must_use]
    pub fn request_id(&self) -> Arc<str> {
        let shared = self.shared();
        let id = shared.deps.rng.frequent_uuid_v7(shared.deps.clock.now());
        id.map_or_else(
            |_| Arc::default(),
            |id| Arc::from(&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
        )
    }

    /// What keeps the store from working right now. Those who ask during a look share the next
    /// one, so that asking often costs the store little.
    pub async fn problem(&self) -> Option<String> {
        let asked = Instant::now();
        let mut looked = self.0.health.lock().await;
        if let Some(known) = looked.as_ref().filter(|known| known.begun >= asked) {
            return known.problem.clone();
        }
        let begun = Instant::now();
        if self.closed().is_some() {
            let with = self.clone();
            // What was in the way may be over.
            let _ = self.call(move |d| gone::look(&with, d)).await;
        }
        let problem = match (self.closed(), self.call(service::health::ready).await) {
            (Some(why), _) => Some(why),
            (None, Ok(Ok(()))) => None,
            (None, Ok(Err(error))) => {
                let cause = error.cause();
                tracing::error!(%error, cause, "the store cannot be used");
                Some(error.message().to_owned())
            }
            (None, Err(error)) => Some(error.to_string()),
        };
        *looked = Some(Looked { begun, problem: problem.clone() });
        problem
    }

    /// Puts `deps` in place for all requests that begin from now on. May block: what was there
    /// before is closed here, unless a request still works with it.
    pub fn replace(&self, deps: Deps) {
        let new = Shared::new(deps);
        let mut shared = self.0.shared.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *shared, new);
        drop(shared);
        drop(old);
    }

    /// Runs `job` on a thread that may block.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deps) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let turn = self.0.calls.take().await?;
        self.elsewhere(turn, job).await
    }

    /// Runs `job`, which lists or searches, on this thread: for the admin listener only, which has
    /// threads of its own, and more of them than read at once. To wake another for the job, and this
    /// one for its answer, can take longer than a short page does. Where the data is on a server the
    /// job goes elsewhere, as with [`App::look`].
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deps) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let Some(deps) = self.inline(|shared| &shared.deps) else { return self.call(job).await };
        let _turn = self.0.reads.take().await?;
        here(&deps, job)
    }

    /// Runs `job`, which hashes a password, on a thread that may block. Only a few more of them are let
    /// in than hashes are computed at once; a storm of sign-ins is refused and not piled up.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn hash<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deps) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let hashes = self.shared().hashes.clone();
        let turn = hashes.enter().await?;
        self.elsewhere(turn, job).await
    }

    /// Runs `job` on this thread, which many others need: for look-ups by a key only, a few
    /// microseconds of them. Nothing that searches, hashes or writes comes in by this door. Where
    /// the data is on a server the job goes elsewhere, because asking it takes longer.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn look<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deps) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let Some(quick) = self.inline(|shared| &shared.quick) else { return self.call(job).await };
        here(&quick, job)
    }

    /// Runs `job` on a thread that may block; the turn ends with it, even when nobody waits for the
    /// answer any more.
    async fn elsewhere<T: Send + 'static>(
        &self,
        turn: Held,
        job: impl FnOnce(&Deps) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        // Its last owner must be allowed to block too.
        let deps = Arc::clone(&self.shared().deps);
        let done = tokio::task::spawn_blocking(log::carried(move || {
            let result = job(&deps);
            drop((deps, turn));
            result
        }));
        done.await.map_err(|error| {
            tracing::error!(%error, "a use case panicked");
            CallError::Broken
        })
    }

    /// What to work with on this thread; nothing where the data is on a server.
    fn inline(&self, of: impl Fn(&Shared) -> &Arc<Deps>) -> Option<Arc<Deps>> {
        let shared = self.shared();
        shared.inline.then(|| Arc::clone(of(&shared)))
    }

    fn shared(&self) -> RwLockReadGuard<'_, Shared> {
        self.0.shared.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `job` on this thread. Nothing of the store is left half done by a panic: what it opened, it
/// closes.
fn here<T>(deps: &Deps, job: impl FnOnce(&Deps) -> T) -> Result<T, CallError> {
    catch_unwind(AssertUnwindSafe(|| job(deps))).map_err(|_| CallError::Broken)
}

#[cfg(test)]
mod tests;
