//! Things that are lent, and the line of those who wait for one: first come, first served. Whoever
//! gives something back gives it to the first in line, and cannot take it again before them.

use std::collections::VecDeque;
use std::sync::mpsc::{SendError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The things and the line.
pub(super) struct Line<T>(Mutex<State<T>>);

struct State<T> {
    /// What nobody has; then nobody waits.
    free: Vec<T>,
    waiting: VecDeque<(u64, Sender<T>)>,
    next: u64,
}

impl<T> Line<T> {
    pub(super) fn new(free: Vec<T>) -> Self {
        Self(Mutex::new(State { free, waiting: VecDeque::new(), next: 0 }))
    }

    /// Takes one; waits so long for it. Nothing when that was not long enough.
    pub(super) fn take(&self, patience: Duration) -> Option<T> {
        let mut state = self.state();
        if let Some(thing) = state.free.pop() {
            return Some(thing);
        }
        let (sender, arrival) = channel();
        let number = state.next;
        state.next += 1;
        state.waiting.push_back((number, sender));
        drop(state);
        if let Ok(thing) = arrival.recv_timeout(patience) {
            return Some(thing);
        }
        let mut state = self.state();
        if let Some(place) = state.waiting.iter().position(|(other, _)| *other == number) {
            state.waiting.remove(place);
            return None;
        }
        drop(state);
        // Somebody has called us just now, and it is on its way.
        arrival.recv().ok()
    }

    /// Gives one to the first in line; hands it back when nobody waits.
    pub(super) fn call_next(&self, mut thing: T) -> Result<(), T> {
        loop {
            let Some((_, next)) = self.state().waiting.pop_front() else { return Err(thing) };
            match next.send(thing) {
                Ok(()) => return Ok(()),
                Err(SendError(back)) => thing = back,
            }
        }
    }

    /// Gives one back, to the first in line if somebody waits.
    pub(super) fn give(&self, mut thing: T) {
        while let Err(back) = self.call_next(thing) {
            let mut state = self.state();
            if state.waiting.is_empty() {
                state.free.push(back);
                return;
            }
            thing = back;
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const SOON: Duration = Duration::from_millis(20);
    const EVER: Duration = Duration::from_mins(1);

    #[test]
    fn what_is_given_back_goes_to_the_first_in_line_and_not_to_the_giver() {
        let line = &Line::new(vec![0]);
        let mine = line.take(EVER).unwrap();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| line.take(EVER).unwrap());
            while line.waiting() == 0 {
                std::thread::yield_now();
            }
            line.give(mine + 1);
            assert_eq!(line.take(SOON), None, "the other has it");
            assert_eq!(first.join().unwrap(), 1);
        });
    }

    #[test]
    fn who_gives_up_loses_nothing_and_leaves_the_line() {
        let line = &Line::new(vec![()]);
        let taken = AtomicUsize::new(0);
        line.take(EVER).unwrap();
        assert_eq!(line.take(SOON), None);
        assert!(line.waiting() == 0);
        line.give(());
        // Many who give up at the very moment when it is given to them.
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        if line.take(Duration::from_micros(50)).is_some() {
                            taken.fetch_add(1, Ordering::Relaxed);
                            std::thread::sleep(Duration::from_micros(40));
                            line.give(());
                        }
                    }
                });
            }
        });
        assert!(taken.load(Ordering::Relaxed) > 0);
        assert_eq!(line.state().free.len(), 1, "it is there when all have left");
    }
}
