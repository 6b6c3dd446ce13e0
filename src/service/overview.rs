//! How things stand, in numbers that cost little however many people there are.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::events::place_of;
use super::listing::{ListIdentities, Total, list_with_total};
use super::vitals::{self, Vitals};
use crate::app::Deps;
use crate::domain::ledger::EventType;
use crate::error::Error;
use crate::store::sql::{history, identities, ledger, pruning};

/// How many days the chart has.
pub const DAYS: i32 = 14;
/// How many sign-ins of a day are counted one by one.
pub const COUNTED: u64 = 10_000;
/// Up to how many people are counted one by one.
const PEOPLE: i64 = 50_000;
/// The statuses that are counted one by one; whoever has none of them is active.
const OTHERS: [&str; 4] = ["invited", "locked", "blocked", "expired"];

/// Sign-ins of a day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// How many there were; [`COUNTED`] for that many and more.
    pub success: u64,
    /// How many attempts failed, were refused or came too fast; as above.
    pub failure: u64,
}

/// How things stand.
#[derive(Clone, Debug)]
pub struct Overview {
    /// How many people there are in all.
    pub people: Total,
    /// By status, `active` first; not exact where there are more.
    pub statuses: Vec<(&'static str, Total)>,
    /// The last days, the oldest first.
    pub days: Vec<Day>,
    /// The store, the ledger and the outbox.
    pub vitals: Vitals,
    /// The first entry of the ledger that is kept.
    pub kept_from: u64,
    /// The newest checkpoint: its size and root, in hex.
    pub checkpoint: Option<(u64, String)>,
    /// When it was made.
    pub signed_at: Timestamp,
    /// The version of the program.
    pub version: &'static str,
}

/// What is signed of the ledger.
#[derive(Clone, Debug)]
pub struct SignedState {
    /// How many entries there are.
    pub size: u64,
    /// How many of them the newest checkpoint covers.
    pub signed: u64,
    /// The first entry that is kept.
    pub kept_from: u64,
    /// The name of the ledger.
    pub origin: String,
    /// When the newest checkpoint was made.
    pub signed_at: Timestamp,
    /// The key that checks it (C2SP signed-note).
    pub verifier_key: Option<String>,
}

/// What is signed of the ledger.
///
/// # Errors
/// A failure of the store.
pub fn signed_state(d: &Deps) -> Result<SignedState, Error> {
    let (size, signed, kept_from, origin, signed_at) = d.store.read(|tx| {
        let (size, _, signed) = ledger::size_and_root(tx)?;
        let (origin, at) = (ledger::origin(tx)?, ledger::signed_at(tx)?);
        Ok::<_, Error>((size, signed, pruning::kept_from(tx)?, origin, at))
    })?;
    // A key that cannot be read is no reason to show nothing.
    let verifier_key = d.ledger_key().ok().and_then(|key| key.verifier_key(&origin).ok());
    Ok(SignedState { size, signed, kept_from, origin, signed_at, verifier_key })
}

/// Takes the numbers.
///
/// # Errors
/// A failure of the store.
pub fn of(d: &Deps) -> Result<Overview, Error> {
    let people = people(d)?;
    let mut statuses = Vec::new();
    let mut rest = people;
    for state in OTHERS {
        let request = ListIdentities {
            state: Some(state.to_owned()),
            page_size: Some(1),
            ..ListIdentities::default()
        };
        let (_, total) = list_with_total(d, &request)?;
        rest.count = rest.count.saturating_sub(total.count);
        rest.exact &= total.exact;
        statuses.push((state, total));
    }
    statuses.insert(0, ("active", rest));
    let (kept_from, checkpoint, signed_at) = d.store.read(|tx| {
        let newest = ledger::last_checkpoint(tx)?.map(|one| (one.size, hex::encode(one.root)));
        Ok::<_, Error>((pruning::kept_from(tx)?, newest, ledger::signed_at(tx)?))
    })?;
    Ok(Overview {
        people,
        statuses,
        days: days(d)?,
        vitals: vitals::of(d)?,
        kept_from,
        checkpoint,
        signed_at,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// How many people there are: the number of the newest, which counts those who went as well, unless
/// there are few enough to count.
fn people(d: &Deps) -> Result<Total, Error> {
    let (count, exact) = d.store.read(|tx| identities::about_how_many(tx, PEOPLE))?;
    Ok(Total { count, exact })
}

fn days(d: &Deps) -> Result<Vec<Day>, Error> {
    let today = d.clock.now().to_zoned(TimeZone::UTC).date();
    d.store.read(|tx| {
        let (size, begin) = (ledger::size_and_root(tx)?.0, pruning::kept_from(tx)?);
        let start = |date: Date| -> Result<u64, Error> {
            let Ok(zoned) = date.to_zoned(TimeZone::UTC) else { return Ok(size) };
            place_of(tx, begin, size, zoned.timestamp())
        };
        let mut days = Vec::new();
        let mut from = start(today.saturating_sub((DAYS - 1).days()))?;
        for ago in (0..DAYS).rev() {
            let date = today.saturating_sub(ago.days());
            let to = if ago == 0 { size } else { start(date.saturating_add(1.day()))? };
            let count =
                |kind: EventType| history::count_of_type(tx, kind.as_str(), from, to, COUNTED);
            let failed =
                count(EventType::AuthLoginFailure)? + count(EventType::AuthLoginThrottled)?;
            days.push(Day {
                date,
                success: count(EventType::AuthLoginSuccess)?,
                failure: failed.min(COUNTED),
            });
            from = to;
        }
        Ok(days)
    })
}
