//! Reading the history by its filters.

use doorward::app::{self, Deps};
use doorward::domain::ledger::EventType;
use doorward::domain::ledger::event::{Actor, ActorKind, Event, Outcome};
use doorward::error::{Error, ErrorCode};
use doorward::service::identities::{Patch, UpdateIdentity, update};
use doorward::service::ledger::{EventFilter, checkpoint, list, record_action};
use doorward::service::reindex::reindex;
use doorward::service::verification::{self, Proof, Verdict};
use doorward::service::{Caller, status};
use doorward::store::{Author, Change};
use jiff::ToSpan as _;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, operator, with_password};

crate::on_both_engines! {
    entries_come_newest_first_and_page_by_page,
    filters_narrow_by_person_type_family_and_time,
    what_does_not_exist_is_refused,
    al_16_every_combination_of_filters_finds_what_reading_everything_finds,
    al_16_what_is_written_together_costs_few_marks,
    v1_an_altered_index_is_found_out_and_made_again,
    al_17_pages_neither_repeat_nor_miss_while_entries_are_added,
    an_action_is_recorded_beside_what_it_did_and_alone_when_it_did_nothing,
    a_checkpoint_covers_everything_and_is_made_every_256_entries,
    audit_06_a_clock_that_goes_back_is_recorded_and_order_stays,
}

fn seqs(realm: &Realm, filter: &EventFilter) -> Vec<u64> {
    list(&realm.d, filter).unwrap().items.iter().map(|row| row.seq).collect()
}

/// Entries 1 to 5: two people, one of them locked and renamed.
fn some(realm: &Realm) -> uuid::Uuid {
    let ada = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    realm.person("eve@example.com");
    realm.at("2026-07-02T12:00:00Z");
    status::lock(&realm.d, &realm.by, ada, &status::StatusChange::default()).unwrap();
    let traits = Some(Patch::Merge(json!({"name": "x"})));
    update(&realm.d, &realm.by, ada, UpdateIdentity { traits, ..UpdateIdentity::default() })
        .unwrap();
    realm.at("2026-07-03T12:00:00Z");
    status::unlock(&realm.d, &realm.by, ada, &status::StatusChange::default()).unwrap();
    ada
}

fn entries_come_newest_first_and_page_by_page(realm: &Realm) {
    some(realm);
    assert_eq!(seqs(realm, &EventFilter::default()), [5, 4, 3, 2, 1, 0]);
    let mut filter = EventFilter { page_size: Some(2), ..EventFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = list(&realm.d, &filter).unwrap();
        seen.extend(page.items.iter().map(|row| row.seq));
        realm.person(&format!("new-{}@example.com", seen.len()));
        filter.page_token = page.next_page_token;
        if filter.page_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1, 0], "what is added meanwhile moves nothing");
}

fn filters_narrow_by_person_type_family_and_time(realm: &Realm) {
    let ada = some(realm);
    let day = |day| Some(format!("2026-07-0{day}T00:00:00Z").parse().unwrap());
    let kind = |text: &str| vec![text.to_owned()];
    let none = EventFilter::default;
    for (filter, expected) in [
        (EventFilter { principal: Some(ada), ..none() }, &[5, 4, 3, 1][..]),
        (EventFilter { kinds: kind("user.locked"), ..none() }, &[3]),
        (EventFilter { kinds: kind("user.*"), ..none() }, &[5, 4, 3, 2, 1]),
        (EventFilter { kinds: kind("ledger.*"), ..none() }, &[0]),
        (EventFilter { kinds: kind("user.deleted"), ..none() }, &[]),
        (EventFilter { since: day(2), ..none() }, &[5, 4, 3]),
        (EventFilter { until: day(3), ..none() }, &[4, 3, 2, 1, 0]),
        (EventFilter { since: day(2), until: day(3), ..none() }, &[4, 3]),
        (EventFilter { principal: Some(ada), kinds: kind("user.updated"), ..none() }, &[4]),
        (EventFilter { principal: Some(uuid::Uuid::nil()), ..none() }, &[]),
        (EventFilter { principal: Some(ada), until: day(2), ..none() }, &[1]),
    ] {
        assert_eq!(seqs(realm, &filter), expected, "{filter:?}");
    }
}

fn what_does_not_exist_is_refused(realm: &Realm) {
    for kind in ["user", "user.", "user.*.x", "*", "nothing.*", "user.blocked' OR 1=1", ""] {
        let filter = EventFilter { kinds: vec![kind.into()], ..EventFilter::default() };
        assert_eq!(list(&realm.d, &filter).unwrap_err().code(), ErrorCode::Invalid, "{kind:?}");
    }
    let filter = EventFilter { page_size: Some(1001), ..EventFilter::default() };
    assert_eq!(list(&realm.d, &filter).unwrap_err().code(), ErrorCode::Invalid);
}

fn an_action_is_recorded_beside_what_it_did_and_alone_when_it_did_nothing(realm: &Realm) {
    let parameters: Map<String, Value> =
        [("email".to_owned(), json!("ada@example.com"))].into_iter().collect();
    let action = Some(("create-identity".to_owned(), parameters));
    let by = Caller { tx: Some("task-7".into()), action, ..operator() };
    let request = with_password("ada@example.com", "correct horse");
    doorward::service::identities::create(&realm.d, &by, request).unwrap();
    record_action(&realm.d, &by, Outcome::Failure).unwrap();
    record_action(&realm.d, &realm.by, Outcome::Success).unwrap();
    let all = ledger::documents(&realm.d);
    let brief: Vec<(&str, &str, &Value)> = all
        .iter()
        .map(|one| (one["type"].as_str().unwrap(), one["outcome"].as_str().unwrap(), &one["tx"]))
        .collect();
    let tx = json!("task-7");
    assert_eq!(
        brief[1..],
        [
            ("admin.action.run", "success", &tx),
            ("user.registered", "success", &tx),
            ("admin.action.run", "failure", &tx),
        ]
    );
    assert!(!all[1].to_string().contains("ada@"), "values are personal");
    ledger::must_be_whole(&realm.d);
}

fn a_checkpoint_covers_everything_and_is_made_every_256_entries(realm: &Realm) {
    let made = checkpoint(&realm.d, &realm.by).unwrap();
    assert_eq!(made.size, 2, "its own entry is in it");
    assert!(made.note.starts_with("doorward/") && made.verifier_key.starts_with("doorward/"));
    let again = checkpoint(&realm.d, &realm.by).unwrap();
    assert_eq!(again.size, 3);
    let before = realm.number("SELECT count(*) FROM ledger_checkpoints");
    for _ in 0..300 {
        realm.plant(|_| {});
    }
    assert_eq!(realm.number("SELECT count(*) FROM ledger_checkpoints"), before + 1);
    realm.at("2026-07-01T12:01:01Z");
    realm.plant(|_| {});
    assert_eq!(realm.number("SELECT count(*) FROM ledger_checkpoints"), before + 2);
    ledger::must_be_whole(&realm.d);
}

fn audit_06_a_clock_that_goes_back_is_recorded_and_order_stays(realm: &Realm) {
    realm.person("a@example.com");
    realm.at("2026-07-01T11:00:00Z");
    realm.person("b@example.com");
    realm.at("2026-07-01T11:00:05Z");
    realm.person("c@example.com");
    let types = realm.history();
    assert_eq!(types[1..], ["user.invited", "ledger.clock_step", "user.invited", "user.invited"]);
    let step = &ledger::documents(&realm.d)[2];
    assert_eq!(step["data"]["step_ms"], -3_600_000);
    ledger::must_be_whole(&realm.d);
}

/// Few of each, so that combinations meet.
const KINDS: [EventType; 4] = [
    EventType::AuthLoginSuccess,
    EventType::AuthLoginFailure,
    EventType::UserLocked,
    EventType::SessionCreated,
];

fn someone(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

fn word(what: &str, number: u8) -> String {
    format!("{what}-{number}")
}

/// What is written together: an actor, a request, and of each entry the rest.
type Together = (u8, Option<u8>, Vec<(u8, u8, Option<u8>, Option<u8>, u8)>);

fn together() -> impl Strategy<Value = Together> {
    let maybe = || proptest::option::weighted(0.4, 0..3u8);
    let one = (0..4u8, 0..4u8, maybe(), maybe(), 0..8u8);
    (0..5u8, maybe(), proptest::collection::vec(one, 1..5))
}

fn write(d: &Deps, (actor, tx, entries): Together) {
    let actor = match actor {
        number @ 0..=2 => Actor::new(ActorKind::User, someone(number).to_string()),
        3 => Actor::new(ActorKind::System, "cleaning"),
        _ => Actor::new(ActorKind::Anonymous, ""),
    };
    let author = Author { actor, tx: tx.map(|number| word("tx", number)) };
    let mut events = entries.into_iter().map(|(kind, principal, session, client, outcome)| {
        let mut event = Event::new(KINDS[usize::from(kind)]);
        if principal > 0 {
            event = event.principal(someone(principal - 1));
        }
        if let Some(number) = session {
            event = event.session(word("session", number));
        }
        if let Some(number) = client {
            event = event.client(word("client", number));
        }
        match outcome {
            0 => event.failed(),
            1 => event.denied(),
            _ => event,
        }
    });
    let (first, rest) = (events.next().unwrap(), events.collect::<Vec<_>>());
    d.store.write(&author, |_| Ok::<_, Error>(Change::of((), first, rest))).unwrap();
}

fn a_filter() -> impl Strategy<Value = EventFilter> {
    let maybe = || proptest::option::weighted(0.25, 0..4u8);
    let kinds = prop_oneof![
        5 => Just(Vec::new()),
        2 => (0..4usize).prop_map(|kind| vec![KINDS[kind].as_str().to_owned()]),
        1 => Just(vec!["auth.*".to_owned()]),
        1 => Just(vec!["user.locked".to_owned(), "session.*".to_owned()]),
    ];
    let outcome = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Outcome::Success)),
        1 => Just(Some(Outcome::Failure)),
        1 => Just(Some(Outcome::Denied)),
    ];
    let minutes = || proptest::option::weighted(0.2, 0..200i64);
    let marks = (maybe(), maybe(), maybe(), maybe(), proptest::option::weighted(0.3, 0..3u8));
    ((maybe(), kinds, outcome, marks), (minutes(), minutes(), 1..40u64)).prop_map(
        |((principal, kinds, outcome, marks), (since, until, size))| {
            let (actor, session, client, tx, realm) = marks;
            let actors = |number: u8| match number {
                3 => "cleaning".to_owned(),
                number => someone(number).to_string(),
            };
            EventFilter {
                principal: principal.map(someone),
                kinds,
                outcome,
                actor: actor.map(actors),
                session: session.map(|number| word("session", number)),
                client: client.map(|number| word("client", number)),
                tx: tx.map(|number| word("tx", number)),
                realm: realm
                    .map(|number| ["default", "other", "nowhere"][usize::from(number)].into()),
                since: since.map(|minutes| noon() + minutes.minutes()),
                until: until.map(|minutes| noon() + minutes.minutes()),
                page_size: Some(size),
                page_token: None,
            }
        },
    )
}

fn naive(entry: &Value, filter: &EventFilter) -> bool {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    let same = |pointer: &str, wanted: Option<String>| {
        wanted.is_none_or(|wanted| text(pointer) == Some(wanted.as_str()))
    };
    let kind = text("/type").unwrap();
    let of_kind = |pattern: &String| match pattern.strip_suffix('*') {
        Some(family) => kind.starts_with(family),
        None => kind == pattern,
    };
    let time: jiff::Timestamp = text("/time").unwrap().parse().unwrap();
    same("/principal", filter.principal.map(|id| id.to_string()))
        && same("/actor/id", filter.actor.clone())
        && same("/realm", filter.realm.clone())
        && same("/client", filter.client.clone())
        && same("/session", filter.session.clone())
        && same("/tx", filter.tx.clone())
        && same("/outcome", filter.outcome.map(|outcome| outcome.as_str().to_owned()))
        && (filter.kinds.is_empty() || filter.kinds.iter().any(of_kind))
        && filter.since.is_none_or(|since| time >= since)
        && filter.until.is_none_or(|until| time < until)
}

/// All pages of a filter; `meanwhile` happens after each.
fn all_pages(realm: &Realm, filter: &EventFilter, mut meanwhile: impl FnMut()) -> Vec<u64> {
    let (mut filter, mut seen) = (filter.clone(), Vec::new());
    loop {
        let page = list(&realm.d, &filter).unwrap();
        assert!(page.items.len() as u64 <= filter.page_size.unwrap());
        seen.extend(page.items.iter().map(|row| row.seq));
        meanwhile();
        filter.page_token = page.next_page_token;
        if filter.page_token.is_none() {
            return seen;
        }
    }
}

/// A history of a few hundred entries over three hours and two realms.
fn random_history(realm: &Realm, runner: &mut TestRunner) -> Vec<Value> {
    let mut settings = realm.settings.clone();
    settings.options.realm = "other".to_owned();
    let renamed = app::open(&settings).unwrap();
    for round in 0..120i64 {
        realm.d.clock.set(noon() + (round * 3 / 2).minutes());
        let one = together().new_tree(runner).unwrap().current();
        write(if (60..100).contains(&round) { &renamed } else { &realm.d }, one);
    }
    ledger::documents(&realm.d)
}

fn runner(seed: u8) -> TestRunner {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(Config::default(), rng)
}

fn al_16_every_combination_of_filters_finds_what_reading_everything_finds(realm: &Realm) {
    let mut runner = runner(16);
    let all = random_history(realm, &mut runner);
    let mut found = 0;
    for _ in 0..600 {
        let filter = a_filter().new_tree(&mut runner).unwrap().current();
        let fitting = all.iter().rev().filter(|entry| naive(entry, &filter));
        let expected: Vec<u64> = fitting.map(|entry| entry["seq"].as_u64().unwrap()).collect();
        found += expected.len();
        assert_eq!(all_pages(realm, &filter, || {}), expected, "{filter:?}");
    }
    assert!(found > 2000, "the filters hardly find anything: {found}");
    ledger::must_be_whole(&realm.d);
}

fn al_16_what_is_written_together_costs_few_marks(realm: &Realm) {
    let marks = || realm.number("SELECT count(*) FROM ledger_marks");
    let before = marks();
    let author = Author { actor: Actor::new(ActorKind::Action, "unit/0"), tx: Some("7".into()) };
    let event = |number: u8| Event::new(EventType::UserRegistered).principal(someone(number));
    realm
        .d
        .store
        .write(&author, |_| Ok::<_, Error>(Change::of((), event(0), (1..100).map(event))))
        .unwrap();
    assert_eq!(marks(), before + 2, "one for the actor and one for the task");
    let itself = Actor::new(ActorKind::User, someone(1).to_string());
    let author = Author { actor: itself, tx: None };
    realm.d.store.write(&author, |_| Ok::<_, Error>(Change::of((), event(1), []))).unwrap();
    assert_eq!(marks(), before + 2, "who acts on themselves is found as the principal");
    let filter = EventFilter { actor: Some(someone(1).to_string()), ..EventFilter::default() };
    assert_eq!(seqs(realm, &filter), [101]);
    let filter = EventFilter {
        tx: Some("7".into()),
        principal: Some(someone(40)),
        ..EventFilter::default()
    };
    assert_eq!(seqs(realm, &filter), [41]);
}

/// Entries with the same value of what marks are about as this one, by a filter.
fn like(entry: &Value, what: &str) -> EventFilter {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let all = EventFilter { page_size: Some(7), ..EventFilter::default() };
    match what {
        "actor" => EventFilter { actor: text("/actor/id"), ..all },
        "client" => EventFilter { client: text("/client"), ..all },
        "realm" => EventFilter { realm: text("/realm"), ..all },
        "session" => EventFilter { session: text("/session"), ..all },
        "tx" => EventFilter { tx: text("/tx"), ..all },
        _ => {
            let outcome = [Outcome::Failure, Outcome::Denied]
                .into_iter()
                .find(|one| text("/outcome").is_some_and(|text| text == one.as_str()));
            EventFilter { outcome, ..all }
        }
    }
}

fn v1_an_altered_index_is_found_out_and_made_again(realm: &Realm) {
    random_history(realm, &mut runner(9));
    let verify = || {
        realm.d.store.checkpoint().unwrap();
        verification::verify(&realm.d, &Proof::default(), &mut |_, _| {}).unwrap()
    };
    assert_eq!(verify().verdict(), Verdict::Intact, "{}", verify().summary());
    assert_eq!(reindex(&realm.d, &realm.by).unwrap(), 0, "nothing is missing");
    let before = realm.history().len();
    for what in ["actor", "client", "outcome", "realm", "session", "tx"] {
        for damage in [
            "DELETE FROM ledger_marks",
            "UPDATE ledger_marks SET value = concat(value, 'x')",
            "UPDATE ledger_marks SET past = first",
            // A run of nothing within another hides what comes after it there.
            "INSERT INTO ledger_marks (what, value, first, past)
                 SELECT what, value, past - 1, past - 1 FROM ledger_marks
                 WHERE past > first + 1 AND past < 9223372036854775807",
        ] {
            let word = if damage.starts_with("INSERT") { "AND" } else { "WHERE" };
            let also = if word == "AND" { " ON CONFLICT DO NOTHING" } else { "" };
            realm.meddle(&format!("{damage} {word} what = '{what}'{also}")).unwrap();
            if word == "AND" && verify().verdict() == Verdict::Intact {
                // Where no run is longer than one entry there is nothing to hide like this.
                continue;
            }
            let report = verify();
            assert_eq!(report.verdict(), Verdict::Altered, "{what}: {damage}");
            let document = report.to_json();
            let bad = &document["first_bad"];
            assert_eq!((&bad["reason"], &bad["name"]), (&json!("index"), &json!(what)), "{damage}");
            assert_eq!(document["checked"], document["size"], "the entries are in order");
            assert!(report.summary().contains("audit-reindex"), "{}", report.summary());
            let seq = bad["seq"].as_u64().unwrap();
            let all = ledger::documents(&realm.d);
            let filter = like(&all[usize::try_from(seq).unwrap()], what);
            assert!(!all_pages(realm, &filter, || {}).contains(&seq), "{what}: it is hidden");
            assert!(reindex(&realm.d, &realm.by).unwrap() > 0);
            assert_eq!(verify().verdict(), Verdict::Intact, "{what}: {}", verify().summary());
            let all = ledger::documents(&realm.d).into_iter().rev();
            let expected: Vec<u64> = all
                .filter(|entry| naive(entry, &filter))
                .map(|entry| entry["seq"].as_u64().unwrap())
                .collect();
            assert_eq!(all_pages(realm, &filter, || {}), expected, "{what}");
        }
    }
    let made_again = realm.history().len() - before;
    assert!((19..=24).contains(&made_again), "each is recorded: {made_again}");
}

fn al_17_pages_neither_repeat_nor_miss_while_entries_are_added(realm: &Realm) {
    let mut runner = runner(17);
    let all = random_history(realm, &mut runner);
    let mut other = self::runner(18);
    for _ in 0..40 {
        let filter = a_filter().new_tree(&mut runner).unwrap().current();
        let filter = EventFilter { page_size: Some(17), until: None, ..filter };
        let mut writes = 4;
        let last = list(&realm.d, &EventFilter::default()).unwrap().items[0].seq;
        let seen = all_pages(realm, &filter, || {
            if writes > 0 {
                write(&realm.d, together().new_tree(&mut other).unwrap().current());
                writes -= 1;
            }
        });
        let now = ledger::documents(&realm.d);
        let before = now.iter().take(usize::try_from(last).unwrap() + 1);
        let fitting = before.rev().filter(|entry| naive(entry, &filter));
        let expected: Vec<u64> = fitting.map(|entry| entry["seq"].as_u64().unwrap()).collect();
        assert_eq!(seen, expected, "{filter:?}");
    }
    assert!(all.len() > 200);
}
