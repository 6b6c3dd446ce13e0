//! Reading the history by its filters.

use doorward::domain::ledger::event::Outcome;
use doorward::error::ErrorCode;
use doorward::service::identities::{Patch, UpdateIdentity, update};
use doorward::service::ledger::{EventFilter, checkpoint, list, record_action};
use doorward::service::{Caller, status};
use serde_json::{Map, Value, json};

use crate::support::{Realm, ledger, operator, with_password};

crate::on_both_engines! {
    entries_come_newest_first_and_page_by_page,
    filters_narrow_by_person_type_family_and_time,
    what_does_not_exist_is_refused,
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
