//! What those who queue mail and the one who sends it share in memory: a bell, and what the sender
//! has to say about the mail server.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::domain::mail_fault::MailFault;

/// A clone is another handle on the same.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    rung: Mutex<bool>,
    bell: Condvar,
    urgent: AtomicBool,
    trouble: Mutex<Option<MailFault>>,
}

impl Outbox {
    /// Wakes the sender: there is mail, or it is time to stop.
    pub fn ring(&self) {
        *self.0.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.bell.notify_one();
    }

    /// Wakes the sender for a message that somebody wants tried at once, whatever the sender made of the
    /// server before.
    pub fn urge(&self) {
        self.0.urgent.store(true, Ordering::Relaxed);
        self.ring();
    }

    /// Whether somebody did so since this was asked last.
    #[must_use]
    pub fn urged(&self) -> bool {
        self.0.urgent.swap(false, Ordering::Relaxed)
    }

    /// Waits for the bell, at most so long. Says whether it rang.
    pub fn wait(&self, most: Duration) -> bool {
        let rung = self.0.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .0
            .bell
            .wait_timeout_while(rung, most, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }

    /// Notes why mail does not go out, or that it does.
    pub fn note(&self, trouble: Option<MailFault>) {
        *self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Why mail does not go out; nothing when it does.
    #[must_use]
    pub fn trouble(&self) -> Option<MailFault> {
        *self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
