//! Flood control for the ledger: whoever fails ten times a minute is recorded ten times, and what
//! follows is counted and recorded once, so that failing costs an attacker more than it costs us.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;

/// How long failures are counted together.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// How many equal failures of one source are recorded one by one within that time.
const EACH: u64 = 10;
/// How many of all sources together; many machines are no way around the limit of one.
const ALL: u64 = 100;

/// What equal failures have in common: their kind, and where they came from. Once there are very
/// many sources they are counted as one, without a name.
type Kind = (EventType, Option<String>);

/// Counts failures since the service started.
#[derive(Debug, Default)]
pub struct Flood(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    begun: Option<Timestamp>,
    recorded: u64,
    counts: HashMap<Kind, Count>,
}

#[derive(Debug, Default)]
struct Count {
    seen: u64,
    held_back: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Flood {
    /// Counts a failure; says whether it is to be recorded by itself.
    pub fn count(&self, event: EventType, ip: Option<&str>, now: Timestamp) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        window.begun.get_or_insert(now);
        let room = window.recorded < ALL;
        let source = ip.map(network);
        let known = window.counts.contains_key(&(event, source.clone()));
        let key = (event, source.filter(|_| room || known));
        let count = window.counts.entry(key).or_default();
        count.seen += 1;
        if room && count.seen <= EACH {
            window.recorded += 1;
            return true;
        }
        count.held_back += 1;
        count.first.get_or_insert(now);
        count.last = Some(now);
        false
    }

    /// What was counted and not recorded, once the window is over at `now`; `None` ends it early.
    pub fn ended(&self, now: Option<Timestamp>) -> Vec<Event> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(begun) = window.begun else { return Vec::new() };
        if now.is_some_and(|now| now.duration_since(begun) < WINDOW) {
            return Vec::new();
        }
        let over = std::mem::take(&mut *window);
        drop(window);
        over.counts.into_iter().filter(|(_, count)| count.held_back > 0).map(summary).collect()
    }
}

fn summary(((event, source), count): (Kind, Count)) -> Event {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Event::new(EventType::LedgerCoalesced)
        .failed()
        .data("event", event.as_str())
        .data("count", count.held_back)
        .data("from", time(count.first))
        .data("to", time(count.last))
        .data("window_s", WINDOW.as_secs())
        .personal("ip", source)
}

/// The address, or the network of an IPv6 one: its owner has all the addresses in it.
pub(super) fn network(ip: &str) -> String {
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Ok(ip) => ip.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EVENT: EventType = EventType::ClientAuthFailure;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn al_28_ten_thousand_equal_failures_a_minute_are_eleven_entries() {
        let flood = Flood::default();
        let recorded = (0..10_000).filter(|_| flood.count(EVENT, Some("192.0.2.1"), at(5))).count();
        assert_eq!(recorded, 10);
        assert!(flood.ended(Some(at(64))).is_empty(), "the minute is not over");
        let summaries = flood.ended(Some(at(65)));
        assert_eq!(summaries.len(), 1);
        assert_eq!(summaries[0].data["count"], json!(9990));
        assert_eq!(summaries[0].data["event"], json!("client.auth.failure"));
        assert_eq!(summaries[0].personal, [("ip", json!("192.0.2.1"))]);
        assert!(flood.count(EVENT, Some("192.0.2.1"), at(66)), "a new minute, a new count");
        assert!(flood.ended(None).is_empty(), "nothing was held back in it");
    }

    #[test]
    fn al_28_many_sources_do_not_make_many_entries_nor_much_memory() {
        let flood = Flood::default();
        let recorded = (0..100_000_u32)
            .filter(|n| flood.count(EVENT, Some(&std::net::Ipv4Addr::from(*n).to_string()), at(0)))
            .count();
        assert_eq!(recorded, 100);
        assert!(flood.0.lock().unwrap().counts.len() <= 101);
        let held: u64 =
            flood.ended(None).iter().map(|event| event.data["count"].as_u64().unwrap()).sum();
        assert_eq!(held, 99_900);
    }

    #[test]
    fn the_addresses_of_one_network_are_one_source() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("nonsense"), "unknown");
    }
}
