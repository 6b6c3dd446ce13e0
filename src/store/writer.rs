//! The one connection that writes, and the line of those who want it.
//!
//! A durable commit waits for the disk, so changes that wait for each other share one: whoever is
//! done and sees others in line hands the open transaction on to the next, and only the last one
//! commits for all. Each change is a part of its own that can be undone without the others; each
//! caller is answered when the commit is through, and not before.

use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::line::Line;
use super::turnstile::Turnstile;
use super::{Later, StoreError, WriteTx};

/// How long a writer waits for its turn, and then for other processes, before it gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How many changes share a commit at most.
const MOST: usize = 64;
/// How long the first of them waits at most for others to begin.
const LONGEST: Duration = Duration::from_millis(10);

/// What somebody wants to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What must be there after a loss of power.
    Usual,
    /// The same, very many rows of it, and each may point to one that does not exist.
    Many,
    /// What need not be there: nobody waits for the disk.
    Fleeting,
}

/// The desk, and those who wait for it.
pub(super) struct Writer(Line<Box<Desk>>);

/// The connection, and the changes in it that are not committed yet. It goes from hand to hand.
struct Desk {
    engine: Engine,
    turnstile: Turnstile,
    /// When the transaction was begun.
    begun: Instant,
    /// Those who wait for it to be committed; nobody when none is open.
    members: Vec<Sender<Result<(), StoreError>>>,
    /// What they left to be done before that.
    later: Vec<Later>,
    /// Whether it is prepared for very many rows.
    many: bool,
    /// Whether a commit waits for the disk.
    durable: bool,
    /// How long others may still come into the open transaction.
    longest: Duration,
}

/// One caller's time at the desk. However it ends, what was not kept is undone, and the desk goes
/// to the next in line.
pub(super) struct Turn<'w> {
    writer: &'w Writer,
    desk: Option<Box<Desk>>,
    open: Open,
    alone: bool,
    kind: Kind,
    until: Instant,
}

/// What of the transaction is the caller's to undo.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    /// The first of a group needs no part: there is nothing else to spare.
    Whole,
    Part,
}

impl Writer {
    pub(super) fn new(engine: Engine, turnstile: Turnstile) -> Self {
        let desk = Desk {
            engine,
            turnstile,
            begun: Instant::now(),
            members: Vec::new(),
            later: Vec::new(),
            many: false,
            durable: true,
            longest: LONGEST,
        };
        Self(Line::new(vec![Box::new(desk)]))
    }

    /// Waits for the desk.
    ///
    /// # Errors
    /// `Busy` when that takes too long.
    pub(super) fn turn(&self, kind: Kind) -> Result<Turn<'_>, StoreError> {
        let until = Instant::now() + PATIENCE;
        let desk = Some(self.0.take(PATIENCE).ok_or(StoreError::Busy)?);
        Ok(Turn { writer: self, desk, open: Open::Nothing, alone: false, kind, until })
    }
}

impl Desk {
    /// Whether one more may come into the open transaction.
    fn has_room(&self) -> bool {
        !self.members.is_empty()
            && self.members.len() < MOST
            && self.begun.elapsed() < self.longest
            && !self.many
    }

    /// Prepares the connection for what comes, where it is prepared for something else.
    fn prepare(&mut self, kind: Kind) -> Result<(), StoreError> {
        let (many, durable) = (kind == Kind::Many, kind != Kind::Fleeting);
        if self.many != many {
            self.engine.many(many)?;
            self.many = many;
        }
        if self.durable != durable {
            self.engine.durable(durable)?;
            self.durable = durable;
        }
        Ok(())
    }

    /// Commits for all; says to whom to say what.
    fn finish(&mut self) -> Finished {
        if self.members.is_empty() {
            return Finished { members: Vec::new(), outcome: Ok(()) };
        }
        let outcome = self.run_later().and_then(|()| self.engine.commit());
        if outcome.is_err() {
            self.engine.rollback();
        }
        Finished { members: std::mem::take(&mut self.members), outcome }
    }

    fn run_later(&mut self) -> Result<(), StoreError> {
        let tx = self.engine.transaction();
        for (text, args) in self.later.drain(..) {
            tx.exec(text, &args)?;
        }
        Ok(())
    }

    /// Gives the whole transaction up: nobody's change is kept.
    fn give_up(&mut self, error: StoreError) {
        self.later.clear();
        self.engine.rollback();
        Finished { members: std::mem::take(&mut self.members), outcome: Err(error) }.tell();
    }
}

/// What came of a transaction.
struct Finished {
    members: Vec<Sender<Result<(), StoreError>>>,
    outcome: Result<(), StoreError>,
}

impl Finished {
    fn tell(self) {
        for member in self.members {
            let outcome = self.outcome.as_ref().copied().map_err(StoreError::again);
            // Everybody listens until told.
            let _ = member.send(outcome);
        }
    }
}

impl Turn<'_> {
    /// Begins to write: with the transaction that is open, or a new one.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        let (until, kind) = (self.until, self.kind);
        // Nothing shares the commit of very many rows, and what must last shares none that may not.
        if kind == Kind::Many {
            self.alone()?;
        }
        let desk = self.desk()?;
        if !desk.durable && kind != Kind::Fleeting {
            desk.finish().tell();
        }
        if desk.members.is_empty() {
            desk.prepare(kind)?;
            let inside = desk.turnstile.enter(until);
            let wait = until.saturating_duration_since(Instant::now());
            desk.engine.begin_write(wait)?;
            drop(inside);
            desk.begun = Instant::now();
            self.open = Open::Whole;
        } else {
            if let Err(error) = desk.engine.begin_part() {
                desk.give_up(error.again());
                return Err(error);
            }
            self.open = Open::Part;
        }
        Ok(())
    }

    /// From now on nothing else is open, and nothing that follows will share its commit.
    pub(super) fn alone(&mut self) -> Result<(), StoreError> {
        self.alone = true;
        self.desk()?.finish().tell();
        Ok(())
    }

    /// The transaction that was begun.
    pub(super) fn transaction(&mut self) -> Result<WriteTx<'_>, StoreError> {
        Ok(self.desk()?.engine.transaction())
    }

    /// The connection itself, for what is no transaction.
    pub(super) fn engine(&mut self) -> Result<&mut Engine, StoreError> {
        self.alone()?;
        Ok(&mut self.desk()?.engine)
    }

    /// Keeps what was written, and what is to be written `later`; comes back when it is committed.
    pub(super) fn keep(mut self, later: Vec<Later>) -> Result<(), StoreError> {
        let part = self.open == Open::Part;
        let (sender, outcome) = channel();
        let desk = self.desk()?;
        if part {
            desk.engine.keep_part()?;
        }
        desk.later.extend(later);
        desk.members.push(sender);
        self.open = Open::Nothing;
        drop(self);
        outcome.recv().unwrap_or(Err(StoreError::Busy))
    }

    fn desk(&mut self) -> Result<&mut Desk, StoreError> {
        // It is there until the turn ends.
        self.desk.as_deref_mut().ok_or(StoreError::Busy)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Some(mut desk) = self.desk.take() else { return };
        match self.open {
            Open::Nothing => {}
            Open::Whole => desk.engine.rollback(),
            Open::Part => {
                if let Err(error) = desk.engine.undo_part() {
                    desk.give_up(error);
                }
            }
        }
        if desk.has_room() && !self.alone {
            match self.writer.0.call_next(desk) {
                Ok(()) => return,
                Err(back) => desk = back,
            }
        }
        let finished = desk.finish();
        if desk.many {
            // Should this fail, it is tried again before anything else is written.
            let _ = desk.prepare(Kind::Usual);
        }
        self.writer.0.give(desk);
        finished.tell();
    }
}

#[cfg(test)]
mod tests;
