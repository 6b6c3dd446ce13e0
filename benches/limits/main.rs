//! The limits: bare programs that do the unavoidable part of the work and nothing else. What the
//! product is held against runs here, on the same machine, with the same SQLite, in the same run.
//!
//! Each role is named by its first argument. A role that measures itself prints one line: wall time
//! and CPU time in microseconds, and how many items they were spent on.

#[path = "../data.rs"]
mod data;
mod disk;
mod fill;
mod hash;
mod read;
mod serve;
mod turn;
mod watch;

use std::env;
use std::error::Error;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

/// What goes wrong ends the program with a message.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().unwrap_or_default();
    match next().as_str() {
        "hello" => {
            println!("hello");
            Ok(())
        }
        "lookup" => read::lookup(&next(), &next()),
        "page" => read::page(&next(), next().parse()?),
        "search" => read::search(&next(), &next(), next().parse()?),
        "searches" => read::searches(&next()),
        "scan" => read::scan(&next()),
        "chain" => read::chain(next().parse()?),
        "commit" => disk::commit(&next(), next().parse()?),
        "group" => disk::group(&next(), next().parse()?, next().parse()?),
        "hash" => hash::hash(next().parse()?, next().parse()?),
        "copy" => disk::copy(&next(), &next()),
        "serve" => serve::serve(&next()),
        "fill" => fill::fill(&next(), next().parse()?, next().parse()?),
        "index" => fill::index(&next()),
        "turn" => turn::turn(),
        "watch" => watch::watch(next().parse()?, &next(), &arguments.collect::<Vec<_>>()),
        other => Err(format!("there is no limit called '{other}'").into()),
    }
}

/// Wall and CPU time since it was made.
struct Stopwatch {
    begun: Instant,
    cpu: i64,
    who: UsageWho,
}

impl Stopwatch {
    fn of(who: UsageWho) -> Result<Self, Box<dyn Error>> {
        Ok(Self { cpu: cpu(who)?, who, begun: Instant::now() })
    }

    fn start() -> Result<Self, Box<dyn Error>> {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    /// Prints what `count` items took.
    fn print(&self, count: u64) -> Outcome {
        let wall = self.begun.elapsed().as_secs_f64() * 1e6;
        println!("{wall:.1} {} {count}", cpu(self.who)? - self.cpu);
        Ok(())
    }
}

/// CPU time so far, in microseconds.
fn cpu(who: UsageWho) -> Result<i64, Box<dyn Error>> {
    use nix::sys::time::TimeValLike as _;
    let usage = getrusage(who)?;
    Ok(usage.user_time().num_microseconds() + usage.system_time().num_microseconds())
}
