//! What is measured over HTTP, on the running service.

pub mod circles;
pub mod history;
pub mod life;
pub mod logins;
pub mod memory;
pub mod reads;
pub mod sessions;
pub mod tenfold;
pub mod writes;

use std::fs::File;
use std::io;
use std::path::Path;

use crate::harness::Outcome;
use crate::harness::load::Taken;
use crate::harness::numbers::{ratios, spread};
use crate::harness::report::{Better, Line, time};
pub use writes::numbers;

/// A round: what the product took, and what the limit did.
type Rounds = Vec<(Taken, Taken)>;

/// Reads a whole database once: what nobody looked at for some minutes may have left the memory of the
/// machine, and then it is its disk that is measured.
pub fn warm(state_dir: &Path) -> Outcome<()> {
    let mut database = File::open(state_dir.join(doorward::app::DATABASE))?;
    io::copy(&mut database, &mut io::sink())?;
    Ok(())
}

/// Requests in a round: fewer on a tiny store, which is there to see that everything works.
fn requests(size: u64, many: u64) -> u64 {
    if size < 10_000 { many.min(200) } else { many }
}

/// A line that compares costs: less than `must` times the limit.
fn costs(
    id: &'static str,
    what: &str,
    limit: &str,
    pairs: &[(f64, f64)],
    (must, goal): (Option<f64>, Option<f64>),
) -> Line {
    Line {
        id,
        what: what.to_owned(),
        limit: format!("{} ({limit})", time(spread(pairs.iter().map(|pair| pair.1)).median)),
        product: time(spread(pairs.iter().map(|pair| pair.0)).median),
        ratio: ratios(pairs),
        better: Better::Less,
        must,
        goal,
    }
}

/// A line for a time that has a bound of its own, in milliseconds.
pub fn within(
    id: &'static str,
    what: &str,
    micros: &[f64],
    (must, goal): (Option<f64>, Option<f64>),
) -> Line {
    Line {
        id,
        what: what.to_owned(),
        limit: "1 ms".to_owned(),
        product: time(spread(micros.iter().copied()).median),
        ratio: spread(micros.iter().map(|value| value / 1e3)),
        better: Better::Less,
        must,
        goal,
    }
}
