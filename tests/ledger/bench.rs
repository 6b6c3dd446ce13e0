//! How fast entries are judged; run by hand with `--release -- --ignored --nocapture`.

use std::time::Instant;

use doorward::domain::ledger::{Event, EventType};
use doorward::store::{Change, StoreError};
use uuid::Uuid;

use super::ledgers::{Bed, author};

#[test]
#[ignore = "a measurement, not a test"]
fn verify_a_large_ledger() {
    let bed = Bed::new();
    let event = |n: u128| {
        Event::new(EventType::UserLocked).principal(Uuid::from_u128(n)).data("reason", "policy")
    };
    for batch in 0..200u128 {
        let rest = (1..1000).map(|n| event(batch * 1000 + n));
        let change = Change::of((), event(batch * 1000), rest);
        bed.store.write(&author(), |_| Ok::<_, StoreError>(change)).unwrap();
    }
    let start = Instant::now();
    let report = bed.verify();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} entries in {seconds:.2} s, {:.0} per second",
        report.size,
        report.size as f64 / seconds
    );
    assert_eq!(report.first_bad, None);
}
