//! The history, its proofs and its export under `/admin/doorward/audit`.

use std::collections::BTreeSet;

use doorward::crypto::sign::VerifierKey;
use doorward::domain::ledger::merkle::{Hash, leaf_hash};
use doorward::domain::ledger::proof::{proves_consistency, proves_inclusion};
use doorward::service::{identities, verification};
use serde_json::{Value, json};

use super::admin::Admin;
use crate::support::{operator, with_password};

const AUDIT: &str = "/admin/doorward/audit";

fn people(server: &Admin, count: u64) -> Vec<String> {
    let d = server.library();
    let one = |n| with_password(&format!("ada{n}@example.com"), "correct horse");
    let create = |n| identities::create(&d, &operator(), one(n)).unwrap().identity.id.to_string();
    (0..count).map(create).collect()
}

fn seqs(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|one| one["seq"].as_u64().unwrap()).collect()
}

fn hash(value: &Value) -> Hash {
    hex::decode(value.as_str().unwrap()).unwrap().try_into().unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

#[test]
fn al_16_filters_combine() {
    let server = Admin::start();
    let ids = people(&server, 3);
    let block = format!("/admin/doorward/identities/{}/block", ids[1]);
    server.ask("POST", &block, None).says(200);
    let all = server.get(&format!("{AUDIT}/events")).says(200);
    assert_eq!(seqs(&all), [4, 3, 2, 1, 0]);
    let tx = all["events"][0]["tx"].as_str().map(str::to_owned);
    let about = format!("principal={}", ids[1]);
    let mut cases = vec![
        (about.clone(), vec![4, 2]),
        (format!("{about}&type=user.blocked"), vec![4]),
        (format!("{about}&type=user.blocked&type=user.registered"), vec![4, 2]),
        ("type=user.blocked&type=ledger.*".to_owned(), vec![4, 0]),
        ("type=user.*&limit=2".to_owned(), vec![4, 3]),
        ("actor=local".to_owned(), vec![4]),
        ("actor=test&type=user.*".to_owned(), vec![3, 2, 1]),
        ("outcome=failure".to_owned(), vec![]),
        ("outcome=success&actor=local".to_owned(), vec![4]),
        ("realm=default&type=user.blocked".to_owned(), vec![4]),
        ("realm=other".to_owned(), vec![]),
        ("client=x".to_owned(), vec![]),
        ("session=x".to_owned(), vec![]),
        ("tx=other".to_owned(), vec![]),
        ("since=2999-01-01T00:00:00Z".to_owned(), vec![]),
        ("until=2999-01-01T00:00:00Z".to_owned(), vec![4, 3, 2, 1, 0]),
        ("until=2001-01-01T00:00:00Z".to_owned(), vec![]),
        ("since=2001-01-01T00:00:00Z&type=user.blocked".to_owned(), vec![4]),
    ];
    if let Some(tx) = tx {
        cases.push((format!("tx={tx}"), vec![4]));
    }
    for (query, expected) in cases {
        let page = server.get(&format!("{AUDIT}/events?{query}")).says(200);
        assert_eq!(seqs(&page), expected, "{query}");
    }
    for wrong in [
        "type=user",
        "outcome=odd",
        "limit=0",
        "limit=1001",
        "cursor=7",
        "since=now",
        "principal=x",
    ] {
        let answer = server.get(&format!("{AUDIT}/events?{wrong}"));
        assert!(!answer.refused(400).is_empty(), "{wrong}");
    }
}

#[test]
fn al_17_pages_neither_repeat_nor_miss_an_entry_while_others_are_added() {
    let server = Admin::start();
    people(&server, 9);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("{AUDIT}/events?limit=4&cursor={cursor}")).says(200);
        seen.extend(seqs(&page));
        server.ask("POST", &format!("{AUDIT}/checkpoint"), None).says(201);
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
}

#[test]
fn al_17_a_search_that_looks_far_goes_on_where_it_stopped() {
    use doorward::domain::ledger::{Event, EventType};
    use doorward::error::Error;
    use doorward::store::Change;
    let server = Admin::start();
    let d = server.library();
    let event = || Event::new(EventType::AdminConfigChanged).data("source", "test").failed();
    let many = (0..9000).map(move |_| event());
    d.store.write(&operator().author(), |_| Ok::<_, Error>(Change::of((), event(), many))).unwrap();
    // No index knows what succeeded, because nearly everything does.
    let path = format!("{AUDIT}/events?outcome=success");
    let page = server.get(&path).says(200);
    assert_eq!(page["events"], json!([]), "nothing among those it looked at");
    let mut cursor = page["next_cursor"].as_str().expect("but there is more").to_owned();
    let mut seen = Vec::new();
    for pages in 1.. {
        assert!(pages < 10, "it does not end");
        let page = server.get(&format!("{path}&cursor={cursor}")).says(200);
        seen.extend(seqs(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!(seen, [0], "the beginning of the ledger");
}

#[test]
fn al_18_an_entry_is_shown_whole() {
    let server = Admin::start();
    let ids = people(&server, 1);
    server.ask("POST", &format!("{AUDIT}/checkpoint"), None).says(201);
    let shown = server.get(&format!("{AUDIT}/events/1")).says(200);
    assert_eq!(shown["seq"], 1);
    assert_eq!(shown["entry"]["principal"], ids[0].as_str());
    let json = shown["json"].as_str().unwrap();
    assert_eq!(shown["leaf"], hex::encode(leaf_hash(json.as_bytes())));
    assert_eq!(serde_json::from_str::<Value>(json).unwrap(), shown["entry"]);
    let email = json!("ada0@example.com");
    let values = shown["disclosures"].as_array().unwrap();
    assert!(values.iter().any(|one| one["name"] == "email" && one["value"] == email), "{shown}");
    assert!(shown["proof"].as_str().unwrap().starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"));
    for nothing in ["99", "-1", "+1", "x", "18446744073709551616", "1.0"] {
        assert_eq!(server.get(&format!("{AUDIT}/events/{nothing}")).code, 404, "{nothing}");
    }
}

#[test]
fn al_11_checkpoints_and_proofs_convince_a_stranger() {
    let server = Admin::start();
    people(&server, 5);
    let first = server.ask("POST", &format!("{AUDIT}/checkpoint"), None).says(201);
    people_more(&server);
    let second = server.ask("POST", &format!("{AUDIT}/checkpoint"), None).says(201);
    let newest = server.get(&format!("{AUDIT}/checkpoint"));
    assert_eq!(newest.text, second["checkpoint"].as_str().unwrap());
    assert!(newest.header("content-type").starts_with("text/plain"));
    let key = VerifierKey::parse(second["verifier_key"].as_str().unwrap()).unwrap();
    let signed = key.verify(&newest.text).unwrap();
    assert_eq!(json!(signed.size), second["size"]);

    let (from, to) = (first["size"].as_u64().unwrap(), signed.size);
    let proof = server.get(&format!("{AUDIT}/proof/consistency?from={from}")).says(200);
    assert_eq!((&proof["from"], &proof["to"]), (&json!(from), &json!(to)));
    let old = key.verify(first["checkpoint"].as_str().unwrap()).unwrap().root;
    assert!(proves_consistency(from, to, &old, &signed.root, &hashes(&proof["hashes"])));

    let entry = server.get(&format!("{AUDIT}/events/3")).says(200);
    let proof = server.get(&format!("{AUDIT}/proof/inclusion?seq=3&size={to}")).says(200);
    let leaf = leaf_hash(entry["json"].as_str().unwrap().as_bytes());
    assert_eq!(hash(&proof["leaf"]), leaf);
    assert_eq!(proof["checkpoint"], second["checkpoint"]);
    assert!(proves_inclusion(&leaf, 3, to, &hashes(&proof["hashes"]), &signed.root));

    for (query, status) in [
        ("inclusion", 400),
        ("inclusion?seq=x", 400),
        ("inclusion?seq=99999", 404),
        ("inclusion?seq=3&size=3", 404),
        ("inclusion?seq=3&size=99999", 404),
        ("consistency?from=0", 400),
        ("consistency?from=4&to=3", 400),
        ("consistency?from=4&to=99999", 404),
    ] {
        assert_eq!(server.get(&format!("{AUDIT}/proof/{query}")).code, status, "{query}");
    }
}

fn people_more(server: &Admin) {
    let d = server.library();
    let one = with_password("eve@example.com", "correct horse");
    identities::create(&d, &operator(), one).unwrap();
}

#[test]
fn al_14_verification_says_what_was_altered_and_what_was_rolled_back() {
    let server = Admin::start();
    people(&server, 3);
    let kept = server.ask("POST", &format!("{AUDIT}/checkpoint"), None).says(201);
    let report = server.get(&format!("{AUDIT}/verify")).says(200);
    assert_eq!((&report["ok"], &report["verdict"]), (&json!(true), &json!("intact")));
    assert_eq!(report["checked"], report["size"]);
    let since = encode(kept["checkpoint"].as_str().unwrap());
    let key = encode(kept["verifier_key"].as_str().unwrap());
    let path = format!("{AUDIT}/verify?since={since}&key={key}");
    assert_eq!(server.get(&path).says(200)["ok"], true);
    assert!(!server.get(&format!("{AUDIT}/verify?since=x")).refused(400).is_empty());
    assert!(!server.get(&format!("{AUDIT}/verify?key=x")).refused(400).is_empty());
}

fn encode(text: &str) -> String {
    url_encode(text.as_bytes())
}

fn url_encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn al_15_an_export_is_that_of_the_command_and_verifies_offline() {
    let server = Admin::start();
    people(&server, 4);
    let made = server.ask("POST", &format!("{AUDIT}/checkpoint"), None).says(201);
    let size = made["size"].as_u64().unwrap();
    let part = |part: &str| {
        let answer = server.get(&format!("{AUDIT}/export?part={part}&size={size}"));
        assert_eq!(answer.code, 200);
        assert_eq!(answer.header("content-type"), "application/jsonl");
        assert_eq!(answer.header("doorward-ledger-size"), size.to_string());
        answer.text
    };
    let away = tempfile::tempdir().unwrap();
    let entries = away.path().join("ledger.jsonl");
    let text = part("entries");
    assert_eq!(text.lines().count() as u64, size);
    assert!(!text.contains("ada0@example.com"), "no personal value without asking");
    std::fs::write(&entries, &text).unwrap();
    let beside = |suffix: &str| away.path().join(format!("ledger.jsonl.{suffix}"));
    std::fs::write(beside("checkpoints"), part("checkpoints")).unwrap();
    std::fs::write(beside("checkpoint"), made["checkpoint"].as_str().unwrap()).unwrap();
    let values = part("disclosures");
    assert!(values.lines().count() >= 4);
    std::fs::write(beside("disclosures"), &values).unwrap();
    let key = made["verifier_key"].as_str().unwrap().to_owned();
    let proof = verification::Proof { keys: vec![key], since: None };
    let report = verification::verify_export(&entries, &proof, &mut |_, _| {}).unwrap();
    assert_eq!(report.to_json()["ok"], true, "{report:?}");
    assert_eq!((report.size, report.warnings), (size, Vec::new()));

    let d = server.library();
    let told = tempfile::tempdir().unwrap();
    let same = told.path().join("ledger.jsonl");
    verification::export(&d, &operator(), &same, true, &mut |_, _| {}).unwrap();
    let command = std::fs::read_to_string(&same).unwrap();
    assert!(command.starts_with(&text), "byte by byte what the command writes");
    let command = std::fs::read_to_string(told.path().join("ledger.jsonl.disclosures")).unwrap();
    assert!(command.starts_with(&values));
}

#[test]
fn al_19_each_part_that_is_handed_out_is_recorded() {
    let server = Admin::start();
    people(&server, 1);
    let all = server.get(&format!("{AUDIT}/export"));
    let lines: Vec<&str> = all.text.lines().collect();
    assert_eq!(all.header("doorward-ledger-size"), lines.len().to_string());
    assert!(lines.last().unwrap().contains("admin.export"), "an export holds its own record");
    server.get(&format!("{AUDIT}/export?part=disclosures&size=1"));
    let events = server.get(&format!("{AUDIT}/events?type=admin.export")).says(200);
    let personal: Vec<&Value> =
        events["events"].as_array().unwrap().iter().map(|one| &one["data"]["personal"]).collect();
    assert_eq!(personal, [&json!(true), &json!(false)]);
    let actors: BTreeSet<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["actor"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(actors, BTreeSet::from(["admin_api"]));
    for wrong in ["part=all", "size=x", "size=99999"] {
        server.get(&format!("{AUDIT}/export?{wrong}")).refused(400);
    }
}

#[test]
fn al_15_a_large_export_is_sent_whole_while_entries_are_added() {
    use doorward::domain::ledger::{Event, EventType};
    use doorward::error::Error;
    use doorward::store::Change;
    let server = Admin::start();
    let d = server.library();
    let event = || Event::new(EventType::AdminConfigChanged).data("source", "test");
    let many = (0..5000).map(move |_| event());
    d.store.write(&operator().author(), |_| Ok::<_, Error>(Change::of((), event(), many))).unwrap();
    let answer = server.get(&format!("{AUDIT}/export"));
    let size: usize = answer.header("doorward-ledger-size").parse().unwrap();
    assert!(size > 5000);
    for (place, line) in answer.text.lines().enumerate() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["seq"], place);
    }
    assert_eq!(answer.text.lines().count(), size);
}
