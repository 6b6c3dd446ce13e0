//! Finding entries: by the indices of their table, and by marks, each of which stands for a run of
//! entries that were written together.

use uuid::Uuid;

use super::ledger::{entry, int};
use super::statements;
use crate::args;
use crate::domain::ledger::stored::StoredEntry;
pub use crate::store::marks::{Fields, value as mark_of};
use crate::store::{Row, StoreError, Tx, Value, WriteTx};

statements! {
    OF_TYPE = "SELECT seq, seq + 1 FROM ledger_entries
        WHERE type = $1 AND seq >= $2 AND seq < $3 ORDER BY seq DESC LIMIT $4";
    OF_PRINCIPAL = "SELECT seq, seq + 1 FROM ledger_entries
        WHERE principal = $1 AND seq >= $2 AND seq < $3 ORDER BY seq DESC LIMIT $4";
    MARKED = "SELECT first, past FROM ledger_marks
        WHERE what = $1 AND value = $2 AND first < $4 AND past > $3 ORDER BY first DESC LIMIT $5";
    MARK = "INSERT INTO ledger_marks (what, value, first, past) VALUES ($1, $2, $3, $4)
        ON CONFLICT (what, value, first) DO UPDATE SET past = excluded.past";
    MARK_REALM = "INSERT INTO ledger_marks (what, value, first, past)
        VALUES ('realm', $1, $2, 9223372036854775807)
        ON CONFLICT (what, value, first) DO UPDATE SET past = excluded.past";
    NEWEST_MARK = "SELECT first, past, coalesce((SELECT min(first) FROM ledger_marks
            WHERE what = $1 AND value = $2 AND first > $3), 9223372036854775807)
        FROM ledger_marks WHERE what = $1 AND value = $2 AND first <= $3
        ORDER BY first DESC LIMIT 1";
    BEGINS = "SELECT 1 FROM ledger_marks WHERE what = $1 AND value = $2 AND first = $3";
    COUNT_OF_TYPE = "SELECT count(*) FROM (SELECT seq FROM ledger_entries
        WHERE type = $1 AND seq >= $2 AND seq < $3 LIMIT $4) AS counted";
    END_REALM = "UPDATE ledger_marks SET past = $2
        WHERE what = 'realm' AND value = $1 AND past = 9223372036854775807";
    SOME = "SELECT seq, entry, leaf, type, principal FROM ledger_entries WHERE seq IN
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ORDER BY seq DESC";
}

/// How many entries [`some`] reads at once.
pub const SOME_MAX: usize = 16;

/// What a mark is about. Each is a field of the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Who acted, where that is not the principal.
    Actor,
    /// The application.
    Client,
    /// An outcome other than success.
    Outcome,
    /// The realm.
    Realm,
    /// The session.
    Session,
    /// The request or task.
    Tx,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Actor, Self::Client, Self::Outcome, Self::Realm, Self::Session, Self::Tx];

    /// The name of the filter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Client => "client",
            Self::Outcome => "outcome",
            Self::Realm => "realm",
            Self::Session => "session",
            Self::Tx => "tx",
        }
    }
}

/// Where entries are looked for.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// Among all.
    All,
    /// Among those of a type.
    Type(&'a str),
    /// Among those about an identity.
    Principal(Uuid),
    /// Among those with a mark.
    Mark(What, &'a str),
}

/// Entries `first` to before `past`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first of them.
    pub first: u64,
    /// The first that is none of them.
    pub past: u64,
}

/// The newest runs that reach below `before` and above `from`, newest first; at most `most`.
///
/// # Errors
/// A failure of the store.
pub fn runs(
    tx: &Tx<'_>,
    of: Of<'_>,
    from: u64,
    before: u64,
    most: u64,
) -> Result<Vec<Run>, StoreError> {
    let (low, high, limit) = (int(from), int(before), int(most));
    let rows = match of {
        Of::All if from < before => return Ok(vec![Run { first: from, past: before }]),
        Of::All => return Ok(Vec::new()),
        Of::Type(kind) => tx.all(OF_TYPE, args![kind, low, high, limit]),
        Of::Principal(id) => tx.all(OF_PRINCIPAL, args![id, low, high, limit]),
        Of::Mark(_, value) if value.contains('\0') => return Ok(Vec::new()),
        Of::Mark(what, value) => tx.all(MARKED, args![what.as_str(), value, low, high, limit]),
    }?;
    let run = |row: &Row| Ok(Run { first: row.count(0)?.max(from), past: row.count(1)? });
    rows.iter().map(run).collect()
}

/// The run with a mark by which a list finds an entry, as far as no later one begins; nothing when no
/// list does. A list takes the later of two runs, and none of the earlier beyond its beginning.
///
/// # Errors
/// A failure of the store.
pub fn covering(tx: &Tx<'_>, what: What, value: &str, seq: u64) -> Result<Option<Run>, StoreError> {
    let row = tx.opt(NEWEST_MARK, args![what.as_str(), value, int(seq)])?;
    let Some(row) = row else { return Ok(None) };
    let run = Run { first: row.count(0)?, past: row.count(1)?.min(row.count(2)?) };
    Ok(Some(run).filter(|run| seq < run.past))
}

/// Whether a run with a mark begins at an entry, however long it is.
///
/// # Errors
/// A failure of the store.
pub fn begins(tx: &Tx<'_>, what: What, value: &str, seq: u64) -> Result<bool, StoreError> {
    Ok(tx.opt(BEGINS, args![what.as_str(), value, int(seq)])?.is_some())
}

/// At most [`SOME_MAX`] entries by their places, newest first.
///
/// # Errors
/// A failure of the store.
pub fn some(tx: &Tx<'_>, places: &[u64]) -> Result<Vec<StoredEntry>, StoreError> {
    let mut args = [const { Value::Int(-1) }; SOME_MAX];
    for (arg, place) in args.iter_mut().zip(places) {
        *arg = Value::Int(int(*place));
    }
    tx.all(SOME, &args)?.iter().map(entry).collect()
}

/// How many entries of a type there are from `from` to before `to`, as far as `most`.
///
/// # Errors
/// A failure of the store.
pub fn count_of_type(
    tx: &Tx<'_>,
    kind: &str,
    from: u64,
    to: u64,
    most: u64,
) -> Result<u64, StoreError> {
    tx.one(COUNT_OF_TYPE, args![kind, int(from), int(to), int(most)])?.count(0)
}

/// What [`mark`] says, for who mends a mark that is missing.
pub(super) const MARKING: &str = MARK;

/// Marks a run, at the end of the transaction.
pub(in crate::store) fn mark(tx: &WriteTx<'_>, what: What, value: &str, run: Run) {
    // PostgreSQL has no such text; nobody but the one who sent it would look for it.
    if !value.contains('\0') {
        tx.later(MARK, args![what.as_str(), value, int(run.first), int(run.past)]);
    }
}

/// From the entry `first` on, the realm is another one than `before`.
pub(in crate::store) fn change_realm(
    tx: &WriteTx<'_>,
    before: &str,
    now: &str,
    first: u64,
) -> Result<(), StoreError> {
    if before == now {
        return Ok(());
    }
    tx.exec(END_REALM, args![before, int(first)])?;
    tx.exec_one(MARK_REALM, args![now, int(first)])
}
