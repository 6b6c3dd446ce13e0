//! Appends sealed entries within the transaction whose change they describe.

use jiff::Timestamp;

use super::marks::Marks;
use super::sql::{history, ledger, settings};
use super::{Author, Change, StoreError, WriteTx};
use crate::clock::Clock;
use crate::domain::ledger::checkpoint::{Checkpoint, parse_note};
use crate::domain::ledger::entry::{Frame, genesis_prev, seal};
use crate::domain::ledger::event::Event;
use crate::domain::ledger::merkle::{Frontier, Hash};
use crate::domain::ledger::{EventType, StoredCheckpoint};
use crate::error::Error;
use crate::rng::Rng;

/// A checkpoint is made once this many entries are not covered by one (AL-08).
pub const CHECKPOINT_ENTRIES: u64 = 256;
/// A checkpoint is made with the first entry after this long without one (AL-08).
pub const CHECKPOINT_MICROS: i64 = 60_000_000;
/// Whole subtrees of these heights are kept, highest first, so that a proof about a million entries
/// reads a few hundred hashes. One row for every 256 entries costs an append next to nothing.
pub const NODE_HEIGHTS: [u32; 2] = [16, 8];
/// A clock that went back by more than this is recorded (AL-23).
const CLOCK_STEP_MICROS: i64 = 1_000_000;

/// Signs a checkpoint of (origin, size, root) as a note (C2SP signed-note).
pub type Signer = Box<dyn Fn(&str, u64, &Hash) -> Result<String, Error> + Send + Sync>;

/// What the ledger needs from outside the database.
pub struct Ledger {
    /// Time of the entries.
    pub clock: Clock,
    /// Salts of personal values.
    pub rng: Rng,
    /// The realm named in each entry.
    pub realm: String,
    /// Signs checkpoints; without one (no key yet) none are made.
    pub signer: Option<Signer>,
}

/// The newest leaf and what is covered by a checkpoint.
pub(super) struct Head {
    pub leaf: Hash,
    pub frontier: Frontier,
    pub time: Timestamp,
    pub signed_size: u64,
    pub signed_at: Timestamp,
    /// The realm of the newest entry; of none, before there is one.
    pub realm: String,
}

impl Ledger {
    /// Starts the ledger of a new database: an origin that no other ledger has, and nothing in it.
    pub(super) fn begin(&self, tx: &WriteTx<'_>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let id = self.rng.uuid_v7(now).map_err(StoreError::Random)?;
        let origin = format!("doorward/{id}/ledger/1");
        settings::set(tx, "ledger_origin", &origin)?;
        let head = Head {
            leaf: genesis_prev(&origin),
            frontier: Frontier::new(),
            time: now,
            signed_size: 0,
            signed_at: now,
            realm: String::new(),
        };
        ledger::insert_head(tx, &head)
    }

    /// Seals what a change says of itself; gives its value, and whether there is anything to keep.
    pub(super) fn seal<T, E: From<StoreError>>(
        &self,
        tx: &WriteTx<'_>,
        author: &Author,
        change: Change<T>,
    ) -> Result<(T, bool), E> {
        let Change { value, events, places: told } = change;
        let Some(events) = events else { return Ok((value, false)) };
        let places = self.append(tx, author, events)?;
        if let (Some(told), Some((first, last))) = (told, places) {
            told.write(first, last);
        }
        Ok((value, true))
    }

    /// Seals the events, in order, and keeps the tree and the checkpoints up with them. Gives the
    /// first and the last place.
    fn append(
        &self,
        tx: &WriteTx<'_>,
        author: &Author,
        events: impl Iterator<Item = Event>,
    ) -> Result<Option<(u64, u64)>, StoreError> {
        let mut head = ledger::head(tx)?;
        let now = self.clock.now();
        history::change_realm(tx, &head.realm, &self.realm, head.frontier.size())?;
        head.realm.clone_from(&self.realm);
        let mut batch = Batch {
            now,
            frame: Frame::new(&author.actor, &self.realm, author.tx.as_deref(), now)?,
            salts: Salts::new(&self.rng),
            marks: Marks::new(author),
        };
        let behind = head.time.as_microsecond() - now.as_microsecond();
        if behind > CLOCK_STEP_MICROS {
            let step = Event::new(EventType::LedgerClockStep).data("step_ms", -(behind / 1000));
            batch.append(tx, &step, &mut head)?;
        }
        let first = head.frontier.size();
        for event in events {
            batch.append(tx, &event, &mut head)?;
        }
        batch.marks.end(tx);
        let last = head.frontier.size().checked_sub(1);
        head.time = now;
        let waiting = head.frontier.size().saturating_sub(head.signed_size);
        let age = now.as_microsecond() - head.signed_at.as_microsecond();
        if waiting >= CHECKPOINT_ENTRIES || !(0..CHECKPOINT_MICROS).contains(&age) {
            self.sign(tx, now, &mut head)?;
        }
        ledger::update_head(tx, &head)?;
        Ok(last.filter(|last| *last >= first).map(|last| (first, last)))
    }

    /// Covers every entry by a checkpoint, unless one does; hands the newest back.
    pub(super) fn checkpoint(
        &self,
        tx: &WriteTx<'_>,
    ) -> Result<Option<StoredCheckpoint>, StoreError> {
        let mut head = ledger::head(tx)?;
        if head.signed_size < head.frontier.size() {
            self.sign(tx, self.clock.now(), &mut head)?;
            ledger::update_head(tx, &head)?;
        }
        ledger::last_checkpoint(tx)
    }

    fn sign(&self, tx: &WriteTx<'_>, now: Timestamp, head: &mut Head) -> Result<(), StoreError> {
        let Some(signer) = &self.signer else { return Ok(()) };
        let (size, root) = (head.frontier.size(), head.frontier.root());
        let origin = settings::origin(tx)?;
        if !extends_last_checkpoint(tx, &origin, &head.frontier)? {
            let text = "the ledger does not extend its last checkpoint: it was altered";
            return Err(StoreError::Corrupt(text.to_owned()));
        }
        let note = signer(&origin, size, &root)
            .map_err(|error| StoreError::Unwritable(error.message().to_owned()))?;
        ledger::insert_checkpoint(tx, &head.frontier, &note, now)?;
        head.signed_size = size;
        head.signed_at = now;
        Ok(())
    }
}

/// Entries that are written together.
struct Batch<'a> {
    now: Timestamp,
    frame: Frame<'a>,
    salts: Salts<'a>,
    marks: Marks<'a>,
}

impl Batch<'_> {
    fn append(
        &mut self,
        tx: &WriteTx<'_>,
        event: &Event,
        head: &mut Head,
    ) -> Result<(), StoreError> {
        let seq = head.frontier.size();
        let mut salts = || self.salts.next();
        let sealed = seal(event, &self.frame, seq, &head.leaf, &mut salts)?;
        if let Some(error) = self.salts.failure.take() {
            return Err(StoreError::Random(error));
        }
        ledger::insert_entry(tx, &sealed, event, self.now)?;
        self.marks.take(tx, event, seq);
        head.leaf = sealed.leaf;
        let mut whole = Vec::new();
        head.frontier.push_telling(sealed.leaf, |height, hash| {
            if NODE_HEIGHTS.contains(&height) {
                whole.push((height, *hash));
            }
        });
        for (height, hash) in whole {
            ledger::insert_node(tx, height, seq >> height, &hash)?;
        }
        Ok(())
    }
}

/// How many salts are drawn at once.
const SALTS: usize = 16;

/// Random bytes for salts, drawn many at a time: each draw is a call of the system.
struct Salts<'r> {
    rng: &'r Rng,
    drawn: [u8; 16 * SALTS],
    used: usize,
    /// Why there were none; what was handed out since is worth nothing.
    failure: Option<Error>,
}

impl<'r> Salts<'r> {
    const fn new(rng: &'r Rng) -> Self {
        Self { rng, drawn: [0; 16 * SALTS], used: SALTS, failure: None }
    }

    fn next(&mut self) -> [u8; 16] {
        if self.used == SALTS {
            self.failure = self.rng.fill(&mut self.drawn).err();
            self.used = 0;
        }
        let (salts, _) = self.drawn.as_chunks::<16>();
        let salt = salts.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        salt
    }
}

/// How many leaf hashes are read at once.
const LEAVES: u64 = 1000;

/// Whether the tree that is to be signed grew from the one that was signed last: this log never
/// signs two states that contradict each other (AL-09; C2SP tlog-checkpoint, Signatures).
fn extends_last_checkpoint(
    tx: &WriteTx<'_>,
    origin: &str,
    now: &Frontier,
) -> Result<bool, StoreError> {
    let Some((checkpoint, mut edge)) = ledger::last_edge(tx)? else { return Ok(true) };
    let signed = parse_note(&checkpoint.note).and_then(|note| Checkpoint::parse_body(&note.text));
    let says = Checkpoint { origin: origin.to_owned(), size: edge.size(), root: edge.root() };
    if signed != Ok(says) {
        return Ok(false);
    }
    while edge.size() < now.size() {
        let leaves = ledger::leaves(tx, edge.size(), LEAVES.min(now.size() - edge.size()))?;
        if leaves.is_empty() {
            return Ok(false);
        }
        for leaf in leaves {
            edge.push(leaf);
        }
    }
    Ok(edge.size() == now.size() && edge.root() == now.root())
}
