//! Where entries are that several indices agree on, without reading one of them.

use std::collections::VecDeque;

use crate::error::Error;
use crate::store::Tx;
use crate::store::sql::history::{self, Of, Run};

/// How many times the indices are asked for one place at the most.
const STEPS_MAX: u32 = 20_000;
/// How many runs an index is asked for at first, and at the most once it is read in order.
const RUNS: (u64, u64) = (16, 512);

/// Whether there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There may be.
    More,
    /// There is not.
    Last,
    /// There may be, before this place; the indices agree on so little that it takes long to tell.
    GaveUp(u64),
}

/// Places that one of each group of indices names, newest first.
pub(super) struct Places<'f> {
    groups: Vec<Vec<Index<'f>>>,
    from: u64,
    steps: u32,
}

impl<'f> Places<'f> {
    /// All places from `from` on, where there is no group.
    pub fn new(groups: Vec<Vec<Of<'f>>>, from: u64) -> Self {
        let mut groups = groups;
        if groups.is_empty() {
            groups.push(vec![Of::All]);
        }
        let indices = |group: Vec<Of<'f>>| group.into_iter().map(Index::new).collect();
        Self { groups: groups.into_iter().map(indices).collect(), from, steps: 0 }
    }

    /// The next places before `before`, at most `most`.
    pub fn next(
        &mut self,
        tx: &Tx<'_>,
        mut before: u64,
        most: usize,
    ) -> Result<(Vec<u64>, Found), Error> {
        let mut places = Vec::with_capacity(most);
        while places.len() < most {
            match self.agree(tx, before)? {
                Ok(place) => {
                    places.push(place);
                    before = place;
                }
                Err(found) => return Ok((places, found)),
            }
        }
        Ok((places, Found::More))
    }

    /// The newest place before `before` that every group names: each in turn takes the place down to
    /// its own next one, until nobody has to.
    fn agree(&mut self, tx: &Tx<'_>, before: u64) -> Result<Result<u64, Found>, Error> {
        let (mut at, mut agreed) = (before, 0);
        let count = self.groups.len();
        let mut turn = 0;
        while agreed < count {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Ok(Err(Found::GaveUp(at)));
            }
            let Some(group) = self.groups.get_mut(turn) else { break };
            let mut newest = None;
            for index in group {
                newest = newest.max(index.newest(tx, self.from, at)?);
            }
            let Some(place) = newest else { return Ok(Err(Found::Last)) };
            // The first to speak names a place; whoever names an older one starts the round anew.
            agreed = if agreed > 0 && place + 1 == at { agreed + 1 } else { 1 };
            at = place + 1;
            turn = (turn + 1) % count;
        }
        Ok(Ok(at.saturating_sub(1)))
    }
}

/// One index, read from the newest entry to the oldest, a few runs at a time.
struct Index<'f> {
    of: Of<'f>,
    runs: VecDeque<Run>,
    ask: u64,
    at_end: bool,
}

impl<'f> Index<'f> {
    const fn new(of: Of<'f>) -> Self {
        Self { of, runs: VecDeque::new(), ask: RUNS.0, at_end: false }
    }

    /// The newest place before `before`, which never grows.
    fn newest(&mut self, tx: &Tx<'_>, from: u64, before: u64) -> Result<Option<u64>, Error> {
        let mut passed = 0;
        loop {
            while let Some(run) = self.runs.front() {
                if run.first < before {
                    return Ok(Some(run.past.min(before).saturating_sub(1)));
                }
                self.runs.pop_front();
                passed += 1;
            }
            if self.at_end {
                return Ok(None);
            }
            // Runs that were all passed over at once were read for nothing.
            self.ask = if passed > RUNS.0 { RUNS.0 } else { self.ask };
            let found = history::runs(tx, self.of, from, before, self.ask)?;
            self.at_end = (found.len() as u64) < self.ask;
            self.ask = (self.ask * 2).min(RUNS.1);
            self.runs.extend(found);
        }
    }
}
