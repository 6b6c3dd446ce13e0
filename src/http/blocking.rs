//! The one bridge between async handlers and the use cases, which block.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::app::Deps;

/// How many use cases run at once.
const PERMITS: usize = 32;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What handlers share.
#[derive(Clone)]
pub struct App {
    deps: Arc<RwLock<Arc<Deps>>>,
    permits: Arc<Semaphore>,
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

impl App {
    /// Shares `deps` with all handlers.
    pub fn new(deps: Deps) -> Self {
        Self {
            deps: Arc::new(RwLock::new(Arc::new(deps))),
            permits: Arc::new(Semaphore::new(PERMITS)),
        }
    }

    /// Puts `deps` in place for all requests that begin from now on.
    pub fn replace(&self, deps: Deps) {
        *self.deps.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(deps);
    }

    /// Runs `job` on a thread that may block.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deps) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = turn.await else { return Err(CallError::Overloaded) };
        let deps = Arc::clone(&self.deps.read().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(move || {
            let result = job(&deps);
            drop(permit);
            result
        });
        done.await.map_err(|error| {
            tracing::error!(%error, "a use case panicked");
            CallError::Broken
        })
    }
}
