//! What has had its time goes, and nothing else, on both engines.

use doorward::domain::flow::Client;
use doorward::domain::message::{MessageKind, Template};
use doorward::service::cleaning::{Leftover, step, sweep};
use doorward::service::courier::{self, Draft};
use doorward::service::listing::{ListIdentities, list};
use doorward::service::{recovery, throttle};
use doorward::store::sql::flow_errors;
use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;
use uuid::Uuid;

use super::passwords::sign_in;
use crate::support::{Engine, Realm, ledger, noon, with_password};

crate::on_both_engines! {
    abuse_07_what_has_had_its_time_goes_and_nothing_else,
    abuse_07_sessions_that_ended_go_and_the_ledger_names_them,
    abuse_07_each_step_takes_a_few_rows_only,
    what_is_clean_is_left_alone,
}

fn count(realm: &Realm, table: &str) -> i64 {
    realm.number(&format!("SELECT count(*) FROM {table}"))
}

fn flows(realm: &Realm, count: u128, hours: i64) {
    let (begun, until) = (noon().as_microsecond(), (noon() + hours.hours()).as_microsecond());
    let rows: Vec<String> = (0..count)
        .map(|n| {
            let id = Uuid::from_u128(n + (u128::try_from(hours).unwrap() << 64));
            format!("('{id}', 'login', 0, '{{}}', {begun}, {until})")
        })
        .collect();
    let columns = "(id, kind, attempts, form, issued_at, expires_at)";
    realm.meddle(&format!("INSERT INTO flows {columns} VALUES {}", rows.join(", "))).unwrap();
}

fn error_page(realm: &Realm, number: u128, hours: i64) {
    let (id, error) = (Uuid::from_u128(number), json!({"code": 400}));
    let until = noon() + hours.hours();
    realm.d.store.scratch(|tx| flow_errors::insert(tx, id, &error, noon(), until)).unwrap();
}

fn fail(realm: &Realm, identifier: &str) {
    let attempt =
        throttle::Attempt { method: "password", identifier, ip: None, known_device: false };
    let pass = throttle::enter(&realm.d, &attempt).unwrap().unwrap();
    realm.d.store.scratch(|tx| pass.failed(tx)).unwrap();
}

fn mail(realm: &Realm) {
    let content = json!({});
    let draft = Draft {
        kind: MessageKind::Email,
        recipient: "ada@example.com",
        template: Template::RecoveryCodeValid,
        content: &content,
    };
    realm.d.store.scratch(|tx| courier::queue(&realm.d, tx, &draft)).unwrap();
}

fn after(realm: &Realm, time: SignedDuration) {
    realm.d.clock.set(noon() + time);
    sweep(&realm.d).unwrap();
}

fn abuse_07_what_has_had_its_time_goes_and_nothing_else(realm: &Realm) {
    let [ada, eve] = ["ada", "eve"].map(|name| {
        realm.create(with_password(&format!("{name}@example.com"), "correct horse")).unwrap().id
    });
    flows(realm, 1, 1);
    flows(realm, 1, 2);
    error_page(realm, 1, 1);
    error_page(realm, 2, 2);
    recovery::issue_code(&realm.d, &realm.by, ada).unwrap();
    recovery::issue_code_for(
        &realm.d,
        &realm.by,
        eve,
        Some(SignedDuration::from_hours(48)),
        Client::Browser,
    )
    .unwrap();
    fail(realm, "ada@example.com");
    for status in ["sent", "abandoned", "queued", "processing"] {
        mail(realm);
        realm
            .meddle(&format!("UPDATE messages SET status = '{status}' WHERE status = 'queued'"))
            .unwrap();
    }
    let tables = ["flows", "flow_errors", "codes", "throttle", "messages", "identities"];
    let counts = |realm: &Realm| tables.map(|table| count(realm, table));
    let hours = SignedDuration::from_hours;
    let before = realm.history();
    after(realm, SignedDuration::ZERO);
    assert_eq!(counts(realm), [4, 2, 2, 2, 4, 2], "a code that is handed over has a flow");
    after(realm, SignedDuration::from_mins(61));
    assert_eq!(counts(realm), [4, 1, 2, 2, 4, 2], "a flow that is over says so for a day");
    after(realm, hours(24) + SignedDuration::from_mins(61));
    assert_eq!(counts(realm), [2, 0, 2, 0, 4, 2], "failures are forgotten after a day");
    after(realm, hours(27));
    assert_eq!(counts(realm), [1, 0, 2, 0, 4, 2]);
    after(realm, hours(7 * 24 + 2));
    assert_eq!(counts(realm), [0, 0, 1, 0, 4, 2]);
    after(realm, hours(31 * 24));
    assert_eq!(counts(realm), [0, 0, 0, 0, 2, 2], "what was not sent yet stays");
    assert_eq!(realm.history(), before, "nobody's account changed");
}

fn abuse_07_sessions_that_ended_go_and_the_ledger_names_them(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    sign_in(realm, id, &[1, 2, 3, 48]);
    realm.meddle("UPDATE sessions SET active = 0 WHERE n = (SELECT min(n) FROM sessions)").unwrap();
    let ended: Vec<String> = realm
        .rows("SELECT id FROM sessions WHERE active = 1 ORDER BY expires_at LIMIT 2", &[])
        .iter()
        .map(|row| row.text(0).unwrap().to_owned())
        .collect();
    after(realm, SignedDuration::from_hours(25));
    assert_eq!(count(realm, "sessions"), 4, "for a day they are still listed");
    after(realm, SignedDuration::from_hours(28));
    assert_eq!(count(realm, "sessions"), 1);
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["type"], "session.expired");
    assert_eq!(entry["actor"]["id"], "cleaning");
    assert_eq!(entry["data"], json!({"count": 2, "reason": "lifespan", "sessions": ended}));
    ledger::must_be_whole(&realm.d);
}

fn abuse_07_each_step_takes_a_few_rows_only(realm: &Realm) {
    flows(realm, 450, 1);
    realm.at("2026-07-03T12:00:00Z");
    let mut left = Vec::new();
    while step(&realm.d, Leftover::Flows).unwrap() {
        left.push(count(realm, "flows"));
    }
    assert_eq!(left, [250, 50]);
    assert_eq!(count(realm, "flows"), 0);

    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    sign_in(realm, id, &[1; 150]);
    realm.at("2026-07-05T12:00:00Z");
    assert!(step(&realm.d, Leftover::Sessions).unwrap());
    assert_eq!(count(realm, "sessions"), 50);
    assert!(!step(&realm.d, Leftover::Sessions).unwrap());
    assert_eq!(count(realm, "sessions"), 0);
    let history = realm.history();
    assert_eq!(history[history.len() - 2..], ["session.expired", "session.expired"]);
}

fn what_is_clean_is_left_alone(realm: &Realm) {
    let id = realm.create(with_password("ada@example.com", "correct horse")).unwrap().id;
    sign_in(realm, id, &[100]);
    let before = realm.dump();
    after(realm, SignedDuration::from_hours(50));
    assert_eq!(realm.dump(), before);
}

/// Each commit makes a part of its own; a search looks into all of them.
#[test]
fn parts_of_the_search_index_are_merged_by_and_by() {
    let Some(realm) = Realm::new(Engine::Sqlite) else { return };
    let parts = || realm.number("SELECT count(DISTINCT segid) FROM identity_search_idx");
    for number in 0..12 {
        realm.create(with_password(&format!("p{number}@example.com"), "correct horse")).unwrap();
    }
    assert_eq!(parts(), 12, "whoever writes does not merge");
    assert!(step(&realm.d, Leftover::SearchParts).unwrap());
    sweep(&realm.d).unwrap();
    assert!(parts() < 4, "{}", parts());
    assert!(!step(&realm.d, Leftover::SearchParts).unwrap(), "there is nothing left to merge");
    let request = ListIdentities { search: Some("EXAMPLE".to_owned()), ..Default::default() };
    assert_eq!(list(&realm.d, &request).unwrap().items.len(), 12);
    ledger::must_be_whole(&realm.d);
}
