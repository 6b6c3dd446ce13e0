//! Slowing down whoever guesses, on both engines, with a clock that is moved.

use std::sync::Barrier;

use doorward::app::Deps;
use doorward::domain::throttle::{FREE, FREE_OF_ALL, LONGEST};
use doorward::service::throttle::{
    Attempt, MAILS_FROM_ONE, MAILS_TO_ONE, Pass, RetryAfter, enter, may_mail, refusal,
};
use jiff::{SignedDuration, ToSpan as _};

use crate::support::{Realm, noon};

crate::on_both_engines! {
    abuse_01_failures_slow_down_survive_a_restart_and_hold_for_every_unit,
    abuse_01_nobody_tries_a_hundred_times_without_a_barrier,
    abuse_01_many_at_once_are_no_way_around_it,
    abuse_01_many_networks_are_no_way_around_it_either,
    abuse_02_one_network_keeps_nobody_out_of_another,
    abuse_02_where_somebody_is_at_home_strangers_do_not_matter,
    a_success_clears_what_its_own_network_did,
    abuse_05_mail_is_limited_by_person_and_by_source,
    counters_name_nobody,
}

const ADA: &str = "ada@example.com";

fn attempt<'a>(identifier: &'a str, ip: &'a str) -> Attempt<'a> {
    Attempt { method: "password", identifier, ip: Some(ip), known_device: false }
}

fn try_once(d: &Deps, attempt: &Attempt<'_>) -> Result<Pass, RetryAfter> {
    enter(d, attempt).unwrap()
}

fn fail(d: &Deps, attempt: &Attempt<'_>) -> Result<(), RetryAfter> {
    let pass = try_once(d, attempt)?;
    d.store.scratch(|tx| pass.failed(tx)).unwrap();
    Ok(())
}

fn succeed(d: &Deps, attempt: &Attempt<'_>) -> Result<(), RetryAfter> {
    let pass = try_once(d, attempt)?;
    d.store.scratch(|tx| pass.succeeded(tx)).unwrap();
    Ok(())
}

fn later(realm: &Realm, by: SignedDuration) {
    realm.d.clock.set(realm.d.clock.now() + by);
}

fn abuse_01_failures_slow_down_survive_a_restart_and_hold_for_every_unit(realm: &Realm) {
    let here = attempt(ADA, "192.0.2.1");
    let other = realm.open();
    for n in 0..FREE {
        fail(if n % 2 == 0 { &realm.d } else { &other }, &here).unwrap();
    }
    assert_eq!(fail(&realm.d, &here), Err(RetryAfter { seconds: 1 }));
    drop(other);
    let restarted = realm.open();
    let spelled = attempt(" ADA@Example.com", "192.0.2.1");
    assert_eq!(fail(&restarted, &spelled), Err(RetryAfter { seconds: 1 }));
    later(realm, SignedDuration::from_secs(1));
    fail(&restarted, &here).unwrap();
    assert_eq!(fail(&realm.d, &here), Err(RetryAfter { seconds: 2 }));
    let totp = Attempt { method: "totp", ..here };
    fail(&realm.d, &totp).expect("another method has counters of its own");
    fail(&realm.d, &attempt("eve@example.com", "192.0.2.1")).expect("and so has another person");
    later(realm, SignedDuration::from_hours(24));
    for _ in 0..FREE {
        fail(&realm.d, &here).expect("forgotten after a day");
    }
}

fn abuse_01_nobody_tries_a_hundred_times_without_a_barrier(realm: &Realm) {
    let here = attempt(ADA, "192.0.2.1");
    let mut made = 0;
    for _ in 0..24 * 3600 {
        match fail(&realm.d, &here) {
            Ok(()) => made += 1,
            Err(RetryAfter { seconds }) => {
                let seconds = i64::try_from(seconds).unwrap();
                assert!(SignedDuration::from_secs(seconds) <= LONGEST);
                later(realm, SignedDuration::from_secs(seconds));
            }
        }
        if realm.d.clock.now() > noon() + 20.hours() {
            break;
        }
    }
    assert!((50..100).contains(&made), "{made} in twenty hours");
}

fn abuse_01_many_at_once_are_no_way_around_it(realm: &Realm) {
    let start = Barrier::new(32);
    let made: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let Ok(pass) = try_once(&realm.d, &attempt(ADA, "192.0.2.1")) else { return 0 };
                    realm.d.store.scratch(|tx| pass.failed(tx)).unwrap();
                    1
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!((1..=5).contains(&made), "{made}");
}

fn abuse_01_many_networks_are_no_way_around_it_either(realm: &Realm) {
    let mut made = 0;
    let mut waits = 0;
    for n in 0..200 {
        let ip = format!("2001:db8:0:{n:x}::1");
        match fail(&realm.d, &attempt(ADA, &ip)) {
            Ok(()) => made += 1,
            Err(RetryAfter { seconds }) => waits = waits.max(seconds),
        }
    }
    assert_eq!((made, waits), (FREE_OF_ALL, 1));
    // One network of an IPv6 provider's customer is one source, whatever the rest of the address.
    for n in 0..FREE {
        let ip = format!("2001:db8:1:1::{n:x}");
        fail(&realm.d, &attempt("bob@example.com", &ip)).unwrap();
    }
    fail(&realm.d, &attempt("bob@example.com", "2001:db8:1:1:ffff::1")).unwrap_err();
}

fn abuse_02_one_network_keeps_nobody_out_of_another(realm: &Realm) {
    let eve = attempt(ADA, "127.0.0.2");
    let mut made = 0;
    while made < 40 {
        match fail(&realm.d, &eve) {
            Ok(()) => made += 1,
            Err(RetryAfter { seconds }) => {
                later(realm, SignedDuration::from_secs(i64::try_from(seconds).unwrap()));
            }
        }
    }
    assert_eq!(fail(&realm.d, &eve), Err(RetryAfter { seconds: 900 }));
    succeed(&realm.d, &attempt(ADA, "127.0.0.3")).expect("the right person from elsewhere");
    fail(&realm.d, &eve).unwrap_err();
}

fn abuse_02_where_somebody_is_at_home_strangers_do_not_matter(realm: &Realm) {
    let home = attempt(ADA, "198.51.100.7");
    succeed(&realm.d, &home).unwrap();
    let mut made = 0;
    for n in 0..250 {
        made += usize::from(fail(&realm.d, &attempt(ADA, &format!("203.0.113.{n}"))).is_ok());
    }
    assert_eq!(i64::try_from(made).unwrap(), FREE_OF_ALL);
    let abroad = attempt(ADA, "192.0.2.200");
    assert_eq!(succeed(&realm.d, &abroad), Err(RetryAfter { seconds: 1 }));
    drop(try_once(&realm.d, &home).expect("a network they signed in from"));
    let device = Attempt { known_device: true, ..abroad };
    drop(try_once(&realm.d, &device).expect("a device they signed in on"));
    for _ in 0..FREE {
        fail(&realm.d, &home).expect("known networks have the free attempts of every network");
    }
    fail(&realm.d, &home).expect_err("and no more than those");
    later(realm, SignedDuration::from_hours(24));
    succeed(&realm.d, &home).unwrap();
    for _ in 0..2 {
        later(realm, SignedDuration::from_hours(60 * 24));
        for n in 0..250 {
            let _ = fail(&realm.d, &attempt(ADA, &format!("203.0.113.{n}")));
        }
        let known = try_once(&realm.d, &home).is_ok();
        assert_eq!(known, realm.d.clock.now() < noon() + SignedDuration::from_hours(91 * 24));
    }
}

fn a_success_clears_what_its_own_network_did(realm: &Realm) {
    let here = attempt(ADA, "192.0.2.1");
    for _ in 0..FREE - 1 {
        fail(&realm.d, &here).unwrap();
    }
    succeed(&realm.d, &here).unwrap();
    for _ in 0..FREE {
        fail(&realm.d, &here).unwrap();
    }
    fail(&realm.d, &here).unwrap_err();
    drop(try_once(&realm.d, &attempt(ADA, "192.0.2.9")).unwrap());
    let event = refusal(&realm.d, &here, RetryAfter { seconds: 7 }, None).unwrap();
    assert_eq!(event.data["retry_after_s"], 7);
    assert_eq!(event.data["identifier_hmac"].as_str().unwrap().len(), 64);
}

fn abuse_05_mail_is_limited_by_person_and_by_source(realm: &Realm) {
    let mail = |to: &str, ip: Option<&str>| -> bool {
        realm.d.store.scratch(|tx| may_mail(&realm.d, tx, to, ip)).unwrap()
    };
    let sent = (0..100).filter(|n| mail(ADA, Some(&format!("203.0.113.{n}")))).count();
    assert_eq!(i64::try_from(sent).unwrap(), MAILS_TO_ONE);
    let to_many = |ip| (0..100).filter(|n| mail(&format!("p{n}@example.com"), ip)).count();
    assert_eq!(i64::try_from(to_many(Some("192.0.2.1"))).unwrap(), MAILS_FROM_ONE);
    assert_eq!(to_many(None), 100, "an operator's own requests have no source");
    later(realm, SignedDuration::from_mins(59));
    assert!(!mail(ADA, None), "asking again and again does not put the end off");
    later(realm, SignedDuration::from_mins(1));
    assert!(mail(ADA, None));
}

fn counters_name_nobody(realm: &Realm) {
    fail(&realm.d, &attempt(ADA, "192.0.2.1")).unwrap();
    succeed(&realm.d, &attempt("eve@example.com", "192.0.2.2")).unwrap();
    let dump = realm.dump();
    assert!(dump.contains("throttle"));
    // A digest may spell `ada` by chance.
    for named in ["ada@", "eve@", "example", "192.0"] {
        assert!(!dump.lines().any(|line| line.starts_with("throttle") && line.contains(named)));
    }
}
