//! H3: how long a change waits at most while retention removes personal values, and while what was
//! pruned goes (AL-25). On a copy of the store whose clock stands more than a year ahead.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use doorward::app::{self, DATABASE, Deps, Settings};
use doorward::clock::Clock;
use doorward::config::Options as Configured;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::error::Error;
use doorward::service::Caller;
use doorward::service::identities::{CreateIdentity, create};
use doorward::service::pruning::{self, Before};
use doorward::service::retention;
use jiff::SignedDuration;
use serde_json::json;

use super::service::{numbers, within};
use super::unit::Unit;
use crate::harness::Outcome;
use crate::harness::load::percentile;
use crate::harness::options::Options;
use crate::harness::report::Line;

/// How far ahead the clock stands: longer than personal values are kept.
const AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How long is written beside each.
const WRITING: Duration = Duration::from_secs(10);
/// Most milliseconds for which a change may wait.
const STILL: f64 = 100.0;

/// Measures.
pub fn measure(_: &Options, home: &Path, unit: &Unit) -> Outcome<Vec<Line>> {
    let copy = home.join("ahead");
    let _ = fs::remove_dir_all(&copy);
    fs::create_dir_all(copy.join("keys"))?;
    for key in app::KEYS {
        fs::copy(app::key_path(&unit.state_dir(), key), app::key_path(&copy, key))?;
    }
    let to = copy.join(DATABASE).display().to_string();
    unit.service()?.execute("VACUUM INTO $1", [to])?;
    let mut settings = Settings::embedded(&copy, Configured::default());
    let now = Clock::System.now().checked_add(AHEAD)?;
    settings.clock = Clock::fixed(now);
    let d = app::open(&settings)?.shared();
    // Pages of the copy are read for the first time by whoever comes first.
    let alone = beside(&d, || Ok(false))?;
    let values = beside(&d, || retention::step(&d))?;
    let by = caller();
    pruning::prune(&d, &by, Before::Time(now), "request")?;
    let entries = beside(&d, || pruning::step(&d))?;
    drop(d);
    fs::remove_dir_all(&copy)?;
    Ok([
        ("while nothing goes", alone),
        ("while personal values go", values),
        ("while entries go", entries),
    ]
    .iter()
    .flat_map(|(when, times)| {
        let slow = percentile(times, 0.99);
        let most = percentile(times, 1.0);
        [
            within("H3", &format!("a change {when}, p99 in ms"), &[slow], (Some(STILL), None)),
            within("H3", &format!("the slowest {when}, in ms"), &[most], (Some(STILL), None)),
        ]
    })
    .collect())
}

fn caller() -> Caller {
    Caller::local(Actor::new(ActorKind::Action, "bench"))
}

/// What changes take, one after the other, while `step` is done again and again without a pause, until
/// there is nothing left to do or for long enough.
fn beside(d: &Deps, step: impl Fn() -> Result<bool, Error> + Sync) -> Outcome<Vec<f64>> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stepping = scope.spawn(|| {
            loop {
                if stop.load(Ordering::Relaxed) || !step()? {
                    break;
                }
            }
            stop.store(true, Ordering::Relaxed);
            Ok::<_, Error>(())
        });
        let (begun, by, first) = (Instant::now(), caller(), numbers());
        let mut times = Vec::new();
        while begun.elapsed() < WRITING && (times.len() < 100 || !stop.load(Ordering::Relaxed)) {
            let email = format!("ahead{first:x}-{}@example.com", times.len());
            let request =
                CreateIdentity { traits: json!({"email": email}), ..CreateIdentity::default() };
            let begun = Instant::now();
            create(d, &by, request)?;
            times.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        stop.store(true, Ordering::Relaxed);
        stepping.join().map_err(|_| "a step broke down")??;
        Ok(times)
    })
}
