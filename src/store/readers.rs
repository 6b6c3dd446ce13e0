//! Connections that only read, so that nobody who reads waits for those who write.

use super::engine::Engine;
use super::line::Line;
use super::writer::PATIENCE;
use super::{Location, StoreError};

/// Memory for pages of all of a lane together: of the quick one, which finds its way through large
/// indexes each time, and of the other, which reads on where it has come to.
const QUICK_KIB: u32 = 24 * 1024;
const OTHER_KIB: u32 = 4 * 1024;
/// Of one connection, at least and at most.
const CACHE_OF_ONE_KIB: (u32, u32) = (512, 16 * 1024);
/// More than this never help: the work of one is done on one core.
const MOST: usize = 32;

/// Two lanes of connections, each opened when it is first needed and then kept. What takes
/// microseconds never stands behind what takes milliseconds.
pub(super) struct Readers {
    quick: Lane,
    other: Lane,
}

struct Lane {
    location: Location,
    cache_kib: u32,
    /// Those that were not opened yet are nothing.
    connections: Line<Option<Engine>>,
}

/// A connection on loan.
pub(super) struct Lent<'l> {
    lane: &'l Lane,
    engine: Option<Engine>,
}

impl Readers {
    /// As many in each lane as there are cores.
    pub(super) fn new(location: &Location) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
        let lane = |all_kib| Lane {
            location: location.clone(),
            cache_kib: cache_kib(all_kib, cores),
            connections: Line::new((0..cores).map(|_| None).collect()),
        };
        Self { quick: lane(QUICK_KIB), other: lane(OTHER_KIB) }
    }

    /// Waits for a connection of the lane.
    pub(super) fn lend(&self, quick: bool) -> Result<Lent<'_>, StoreError> {
        if quick { self.quick.lend() } else { self.other.lend() }
    }

    /// One more connection, for somebody who takes long.
    pub(super) fn another(&self) -> Result<Engine, StoreError> {
        Engine::open_reader(&self.other.location, self.other.cache_kib)
    }
}

/// The memory that one of so many connections gets.
fn cache_kib(all_kib: u32, connections: usize) -> u32 {
    let share = all_kib / u32::try_from(connections).unwrap_or(u32::MAX).max(1);
    share.clamp(CACHE_OF_ONE_KIB.0, CACHE_OF_ONE_KIB.1)
}

impl Lane {
    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let engine = self.connections.take(PATIENCE).ok_or(StoreError::Busy)?;
        // Goes back as nothing when it cannot be opened.
        let mut lent = Lent { lane: self, engine };
        if lent.engine.is_none() {
            lent.engine = Some(Engine::open_reader(&self.location, self.cache_kib)?);
        }
        Ok(lent)
    }
}

impl Lent<'_> {
    /// The connection.
    pub(super) fn engine(&mut self) -> Result<&mut Engine, StoreError> {
        // It is there until it is returned.
        self.engine.as_mut().ok_or(StoreError::Busy)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.lane.connections.give(self.engine.take());
    }
}
