//! What goes from the ledger, what stays, and that the rest proves itself.

use doorward::app;
use doorward::domain::ledger::proof::{proves_consistency, proves_inclusion};
use doorward::domain::ledger::{Actor, ActorKind, Event, EventType};
use doorward::error::{Error, ErrorCode};
use doorward::service::cleaning::sweep;
use doorward::service::erasure::{self, Erase};
use doorward::service::ledger::{EventFilter, list};
use doorward::service::pruning::{self, Before};
use doorward::service::verification::{self, Proof, Report, Verdict};
use doorward::service::{Caller, identities, proofs, retention};
use doorward::store::sql::ledger as rows;
use doorward::store::{Author, Change};
use jiff::ToSpan as _;
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, operator, with_password};

crate::on_both_engines! {
    al_01_entries_go_only_where_the_ledger_was_pruned,
    al_24_what_is_kept_after_pruning_proves_itself,
    al_24_pruning_twice_and_exporting_what_is_left,
    al_24_a_beginning_that_is_missing_without_a_record_is_found,
    al_25_personal_values_go_after_their_time_by_family,
    al_25_entries_go_after_their_time_and_not_before_a_day,
    al_25_no_transaction_removes_more_than_a_thousand_rows_and_others_come_in_between,
    al_26_an_erased_person_leaves_no_value_as_principal_or_actor,
    al_26_a_deletion_plans_the_erasure_and_can_do_it_at_once,
    r6_what_is_held_stays_until_it_is_released,
    v11_a_value_that_is_gone_without_a_record_is_warned_of,
}

fn verify(realm: &Realm) -> Report {
    verification::verify(&realm.d, &Proof::default(), &mut |_, _| {}).unwrap()
}

fn must_be_intact(realm: &Realm) -> Report {
    realm.d.store.checkpoint().unwrap();
    let report = verify(realm);
    assert_eq!(report.verdict(), Verdict::Intact, "{}", report.to_json());
    assert_eq!(report.warnings, Vec::new());
    report
}

fn size(realm: &Realm) -> u64 {
    realm.d.store.read(rows::size_and_root).unwrap().0
}

fn days(realm: &Realm, days: i64) {
    realm.d.clock.set(noon() + (days * 24).hours());
}

/// Entries of several people with personal values, one hour apart, `count` of them.
fn grow(realm: &Realm, count: u64) {
    let kinds = [EventType::AuthLoginSuccess, EventType::UserUpdated, EventType::SessionCreated];
    for number in 0..count {
        realm.d.clock.set(realm.d.clock.now() + 1.hours());
        let who = Uuid::from_u128(u128::from(number % 3));
        let actor =
            Actor::new(ActorKind::User, Uuid::from_u128(u128::from(number % 4)).to_string());
        let author = Author { actor, tx: Some(format!("tx-{number}")) };
        let event = Event::new(kinds[usize::try_from(number).unwrap() % 3])
            .principal(who)
            .session(format!("session-{}", number / 2))
            .personal("ip", format!("192.0.2.{}", number % 250))
            .personal("note", format!("canary-{number}"));
        realm.d.store.write(&author, |_| Ok::<_, Error>(Change::of((), event, []))).unwrap();
    }
}

fn prune(realm: &Realm, before: Before) -> pruning::Pruning {
    let done = pruning::prune(&realm.d, &realm.by, before, "request").unwrap();
    sweep(&realm.d).unwrap();
    done
}

fn count(realm: &Realm, table: &str) -> i64 {
    realm.number(&format!("SELECT count(*) FROM {table}"))
}

fn all(realm: &Realm, filter: EventFilter) -> Vec<u64> {
    let filter = EventFilter { page_size: Some(1000), ..filter };
    list(&realm.d, &filter).unwrap().items.iter().map(|row| row.seq).collect()
}

fn al_01_entries_go_only_where_the_ledger_was_pruned(realm: &Realm) {
    grow(realm, 60);
    let before = prune(realm, Before::Time(realm.d.clock.now() - 26.hours())).before;
    for text in [
        format!("DELETE FROM ledger_entries WHERE seq = {before}"),
        "DELETE FROM ledger_entries".to_owned(),
        format!("UPDATE ledger_entries SET time = 0 WHERE seq = {before}"),
        "UPDATE ledger_base SET before = 1".to_owned(),
        "DELETE FROM ledger_base".to_owned(),
    ] {
        let error = realm.meddle(&text).unwrap_err();
        assert!(error.contains("ledger entries are never"), "{text}: {error}");
    }
    must_be_intact(realm);
}

fn al_24_what_is_kept_after_pruning_proves_itself(realm: &Realm) {
    grow(realm, 700);
    let kept_elsewhere = proofs::newest_checkpoint(&realm.d).unwrap().unwrap();
    let until = realm.d.clock.now() - 150.hours();
    let preview = pruning::preview(&realm.d, Before::Time(until)).unwrap();
    let before = realm.dump();
    assert!(preview.count > 400 && preview.disclosures > 800, "{preview:?}");
    assert_eq!(realm.dump(), before, "a preview changes nothing");
    let done = prune(realm, Before::Time(until));
    assert_eq!(
        (done.before, done.count, &done.root),
        (preview.before, preview.count, &preview.root)
    );
    let begin = done.before;
    for table in ["ledger_entries", "ledger_disclosures"] {
        let gone = format!("SELECT count(*) FROM {table} WHERE seq < {begin}");
        assert_eq!(realm.number(&gone), 0, "{table}");
    }
    let marks =
        format!("SELECT count(*) FROM ledger_marks WHERE first < {begin} AND what <> 'realm'");
    assert_eq!(realm.number(&marks), 0);
    let record =
        all(realm, EventFilter { kinds: vec!["ledger.pruned".into()], ..EventFilter::default() });
    assert_eq!(record.len(), 1);

    grow(realm, 40);
    let report = must_be_intact(realm);
    assert_eq!((report.pruned, report.checked), (begin, size(realm)));
    let since = Proof { since: Some(kept_elsewhere), ..Proof::default() };
    let report = verification::verify(&realm.d, &since, &mut |_, _| {}).unwrap();
    assert_eq!(
        report.verdict(),
        Verdict::Intact,
        "a checkpoint over what is kept: {}",
        report.to_json()
    );

    let whole = size(realm);
    for at in [begin, begin + 1, begin + 7, begin + 100, whole - 2, whole - 1] {
        for size in [at + 1, at + 2, whole].into_iter().filter(|size| *size <= whole) {
            let proof = proofs::inclusion(&realm.d, at, Some(size)).unwrap();
            assert!(
                proves_inclusion(&proof.leaf, at, size, &proof.path, &proof.root),
                "{at} in {size}"
            );
        }
        let proof = proofs::consistency(&realm.d, at.max(begin), Some(whole)).unwrap();
        assert!(proves_consistency(at, whole, &proof.from_root, &proof.to_root, &proof.path));
    }
    for gone in [0, begin - 1] {
        assert_eq!(proofs::entry(&realm.d, gone).unwrap_err().code(), ErrorCode::NotFound);
        let error = proofs::inclusion(&realm.d, gone, Some(whole)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotFound, "{error}");
    }
    let every = all(realm, EventFilter::default());
    assert_eq!(every, (begin..whole).rev().collect::<Vec<_>>());
    let since = EventFilter { since: Some(noon()), until: Some(until), ..EventFilter::default() };
    assert!(all(realm, since).iter().all(|seq| *seq >= begin));
}

fn al_24_pruning_twice_and_exporting_what_is_left(realm: &Realm) {
    grow(realm, 100);
    let early = proofs::newest_checkpoint(&realm.d).unwrap().unwrap();
    grow(realm, 300);
    let first = prune(realm, Before::Entry(150));
    assert!((100..=150).contains(&first.before), "{first:?}");
    let second = prune(realm, Before::Entry(301));
    assert_eq!(second.count, second.before - first.before);
    must_be_intact(realm);
    let nothing = pruning::prune(&realm.d, &realm.by, Before::Entry(10), "request").unwrap_err();
    assert_eq!(nothing.code(), ErrorCode::Invalid);

    let file = realm.beside("ledger.jsonl");
    verification::export(&realm.d, &realm.by, &file, true, &mut |_, _| {}).unwrap();
    let info = doorward::service::ledger::checkpoint(&realm.d, &realm.by).unwrap();
    let with_key = Proof { keys: vec![info.verifier_key], since: None };
    let report = verification::verify_export(&file, &with_key, &mut |_, _| {}).unwrap();
    assert_eq!(report.verdict(), Verdict::Intact, "{}", report.to_json());
    assert_eq!(report.pruned, second.before);
    let old = Proof { since: Some(early.clone()), ..with_key.clone() };
    let report = verification::verify_export(&file, &old, &mut |_, _| {}).unwrap();
    assert_eq!(
        report.verdict(),
        Verdict::CannotTell,
        "it covers what is gone: {}",
        report.to_json()
    );
    let old = Proof { since: Some(early), ..Proof::default() };
    let report = verification::verify(&realm.d, &old, &mut |_, _| {}).unwrap();
    assert_eq!(report.verdict(), Verdict::CannotTell);
    let again = verification::export(&realm.d, &realm.by, &file, true, &mut |_, _| {});
    assert_eq!(again.unwrap_err().code(), ErrorCode::Conflict, "nothing is written over");
    std::fs::remove_file(&file).unwrap();
    let again = verification::export(&realm.d, &realm.by, &file, true, &mut |_, _| {});
    assert_eq!(again.unwrap_err().code(), ErrorCode::Conflict, "its companions neither");

    std::fs::remove_file(realm.beside("ledger.jsonl.pruned")).unwrap();
    verification::export(&realm.d, &realm.by, &realm.beside("other.jsonl"), false, &mut |_, _| {})
        .unwrap();
    std::fs::remove_file(realm.beside("other.jsonl.pruned")).unwrap();
    let report =
        verification::verify_export(&realm.beside("other.jsonl"), &with_key, &mut |_, _| {})
            .unwrap();
    assert_eq!(report.verdict(), Verdict::Altered, "a beginning that nobody speaks of is missing");
}

fn al_24_a_beginning_that_is_missing_without_a_record_is_found(realm: &Realm) {
    grow(realm, 80);
    // Somebody with the database at hand prunes it past the product.
    let row = "SELECT c.size, c.frontier, e.leaf FROM ledger_checkpoints c
        JOIN ledger_entries e ON e.seq = c.size - 1 WHERE c.size < 40 ORDER BY c.size DESC LIMIT 1";
    realm.meddle(&format!("INSERT INTO ledger_base (before, frontier, leaf) {row}")).unwrap();
    sweep(&realm.d).unwrap();
    let report = verify(realm);
    let bad = report.first_bad.expect("it says nothing of being pruned");
    assert_eq!((bad.seq, bad.reason.as_str()), (0, "sequence"));
}

fn retaining(realm: &Realm, personal: &str, leaves: u32) -> app::Deps {
    let mut settings = realm.settings.clone();
    settings.options.retention.personal = personal.to_owned();
    settings.options.retention.leaves = leaves;
    app::open(&settings).unwrap()
}

fn values_of(realm: &Realm, kind: &str) -> i64 {
    realm.number(&format!(
        "SELECT count(*) FROM ledger_disclosures d JOIN ledger_entries e ON e.seq = d.seq
         WHERE e.type = '{kind}' AND d.name = 'note'"
    ))
}

fn al_25_personal_values_go_after_their_time_by_family(realm: &Realm) {
    grow(realm, 90);
    let notes = |realm: &Realm| {
        ["auth.login.success", "user.updated", "session.created"].map(|kind| values_of(realm, kind))
    };
    assert_eq!(notes(realm), [30, 30, 30]);
    let d = retaining(realm, "20 auth=10 session=0", 0);
    days(realm, 8);
    let before = realm.dump();
    sweep(&d).unwrap();
    assert_eq!(realm.dump(), before, "nothing has had its time");
    days(realm, 16);
    sweep(&d).unwrap();
    assert_eq!(notes(realm), [0, 30, 30]);
    must_be_intact(realm);
    days(realm, 26);
    sweep(&d).unwrap();
    assert_eq!(notes(realm), [0, 0, 30], "a family may be kept for ever");
    let report = must_be_intact(realm);
    assert_eq!(report.pruned, 0);
    let records = EventFilter { kinds: vec!["ledger.redacted".into()], ..EventFilter::default() };
    assert_eq!(all(realm, records.clone()).len(), 2, "one for each rule");
    let before = realm.dump();
    sweep(&d).unwrap();
    assert_eq!(realm.dump(), before, "what is done is not looked at again");
    let d = retaining(realm, "20", 0);
    sweep(&d).unwrap();
    assert_eq!(notes(realm), [0, 0, 0], "another rule begins anew");
    must_be_intact(realm);
}

fn al_25_entries_go_after_their_time_and_not_before_a_day(realm: &Realm) {
    grow(realm, 200);
    let d = retaining(realm, "0", 5);
    days(realm, 9);
    sweep(&d).unwrap();
    let report = must_be_intact(realm);
    // Eight days and eight hours of entries; those of four days and eight hours are kept.
    assert!((80..=96).contains(&report.pruned), "{}", report.pruned);
    let before = realm.dump();
    sweep(&d).unwrap();
    assert_eq!(realm.dump(), before);
    let young = pruning::preview(&realm.d, Before::Time(realm.d.clock.now())).unwrap();
    let since = young.kept_since.unwrap();
    assert!(since <= realm.d.clock.now() - 16.hours(), "{young:?}");
    assert!(young.before < size(realm));
}

/// Somebody who was created, did something to somebody else, and was deleted.
fn gone(realm: &Realm, erase: Erase) -> (Uuid, Uuid) {
    let [ada, eve] = ["ada", "eve"].map(|name| {
        let request = with_password(&format!("{name}@example.com"), "correct horse");
        realm.create(request).unwrap().id
    });
    let by = Caller {
        origin: doorward::service::Origin {
            ip: Some("192.0.2.77".to_owned()),
            user_agent: Some("canary".to_owned()),
        },
        ..Caller::local(Actor::new(ActorKind::User, ada.to_string()))
    };
    let note = Some("she said so".to_owned());
    let why = doorward::service::status::StatusChange { note, ..Default::default() };
    doorward::service::status::lock(&realm.d, &by, eve, &why).unwrap();
    identities::delete_and_erase(&realm.d, &operator(), ada, erase).unwrap();
    (ada, eve)
}

fn personal(realm: &Realm) -> i64 {
    count(realm, "ledger_disclosures")
}

/// Does steps until there is nothing left to do; each changes at most a thousand rows, and whoever
/// wants to write can do so after each of them.
fn in_steps(realm: &Realm, name: &str, mut step: impl FnMut() -> bool) {
    let rows = || {
        ["ledger_entries", "ledger_disclosures", "ledger_marks"]
            .map(|one| count(realm, one))
            .iter()
            .sum::<i64>()
    };
    for number in 0.. {
        let before = rows();
        let more = step();
        let removed = before - rows();
        assert!(removed <= 1000, "{name}: {removed} rows in one transaction");
        if !more {
            assert!(number > 1, "{name}: it takes several");
            return;
        }
        realm.person(&format!("{name}-{number}@example.com"));
    }
}

fn al_25_no_transaction_removes_more_than_a_thousand_rows_and_others_come_in_between(
    realm: &Realm,
) {
    grow(realm, 1500);
    let done = pruning::prune(
        &realm.d,
        &realm.by,
        Before::Time(realm.d.clock.now() - 500.hours()),
        "request",
    );
    assert!(done.unwrap().count > 700);
    in_steps(realm, "pruning", || pruning::step(&realm.d).unwrap());
    must_be_intact(realm);
    grow(realm, 1500);
    let id = Uuid::from_u128(0);
    let erased = erasure::erase(&realm.d, &realm.by, id).unwrap();
    assert!(erased.count > 1000, "{erased:?}");
    let records: Vec<u64> = counts_of(realm, "user.erased");
    assert!(records.len() > 1 && records.iter().all(|count| *count <= 1000), "{records:?}");
    days(realm, 900);
    in_steps(realm, "retention", || retention::step(&realm.d).unwrap());
    assert!(counts_of(realm, "ledger.redacted").iter().all(|count| *count <= 1000));
    must_be_intact(realm);
}

/// The counts that entries of a type name.
fn counts_of(realm: &Realm, kind: &str) -> Vec<u64> {
    ledger::documents(&realm.d)
        .iter()
        .filter(|entry| entry["type"] == kind)
        .map(|entry| entry["data"]["count"].as_u64().unwrap())
        .collect()
}

fn al_26_an_erased_person_leaves_no_value_as_principal_or_actor(realm: &Realm) {
    let (ada, eve) = gone(realm, Erase::Later);
    assert_eq!(erasure::erase(&realm.d, &realm.by, eve).unwrap_err().code(), ErrorCode::Conflict);
    let nobody = Uuid::from_u128(9);
    assert_eq!(
        erasure::erase(&realm.d, &realm.by, nobody).unwrap_err().code(),
        ErrorCode::NotFound
    );
    let before = personal(realm);
    let done = erasure::erase(&realm.d, &realm.by, ada).unwrap();
    if realm.database().is_none() {
        assert!(done.wiped);
        let log = std::fs::read(realm.file().with_extension("db-wal")).unwrap_or_default();
        assert!(log.is_empty(), "the log is emptied");
    }
    assert!(done.count > 3 && i64::try_from(done.count).unwrap() == before - personal(realm));
    let left = realm.rows("SELECT encoded FROM ledger_disclosures", &[]);
    for row in &left {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(row.text(0).unwrap());
        let text = String::from_utf8(text.unwrap()).unwrap();
        for canary in ["ada@", "192.0.2.77", "canary", "she said so"] {
            assert!(!text.contains(canary), "{text}");
        }
    }
    assert!(!left.is_empty(), "others keep theirs");
    must_be_intact(realm);
    let list = erasure::list(&realm.d, None, None).unwrap();
    assert_eq!((list.done.items.len(), list.waiting.len()), (1, 0));
    assert_eq!(all(realm, EventFilter { principal: Some(ada), ..EventFilter::default() }).len(), 3);
}

fn al_26_a_deletion_plans_the_erasure_and_can_do_it_at_once(realm: &Realm) {
    let (ada, _) = gone(realm, Erase::Later);
    let planned = erasure::list(&realm.d, None, None).unwrap().waiting;
    assert_eq!(planned, [(ada, noon() + (30 * 24).hours())]);
    let before = personal(realm);
    days(realm, 29);
    sweep(&realm.d).unwrap();
    assert_eq!(personal(realm), before);
    days(realm, 31);
    sweep(&realm.d).unwrap();
    assert!(personal(realm) < before);
    assert!(erasure::list(&realm.d, None, None).unwrap().waiting.is_empty());
    must_be_intact(realm);

    let bob = realm.person("bob@example.com").id;
    let done =
        identities::delete_and_erase(&realm.d, &realm.by, bob, Erase::Now).unwrap().erased.unwrap();
    assert!(done.count > 0);
    assert!(erasure::list(&realm.d, None, None).unwrap().waiting.is_empty());
    must_be_intact(realm);
}

fn r6_what_is_held_stays_until_it_is_released(realm: &Realm) {
    let (ada, _) = gone(realm, Erase::Later);
    assert!(erasure::hold(&realm.d, &realm.by, ada, Some("file 7")).unwrap());
    assert!(!erasure::hold(&realm.d, &realm.by, ada, None).unwrap(), "it is held already");
    let error = erasure::erase(&realm.d, &realm.by, ada).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    grow(realm, 30);
    let of_ada = |realm: &Realm| {
        realm.number(&format!(
            "SELECT count(*) FROM ledger_disclosures d JOIN ledger_entries e ON e.seq = d.seq
             WHERE e.principal = '{ada}'"
        ))
    };
    let before = of_ada(realm);
    let d = retaining(realm, "10", 0);
    days(realm, 60);
    sweep(&d).unwrap();
    assert_eq!(of_ada(realm), before, "neither erasure nor retention");
    assert_eq!(values_of(realm, "user.updated"), 0, "others are not held");
    let kept = pruning::preview(&realm.d, Before::Time(realm.d.clock.now())).unwrap();
    assert!(kept.held && kept.before <= 1, "nor pruning: {kept:?}");
    must_be_intact(realm);
    assert!(erasure::release(&realm.d, &realm.by, ada, None).unwrap());
    assert!(!erasure::release(&realm.d, &realm.by, ada, None).unwrap());
    sweep(&d).unwrap();
    // The hold and its end are young.
    assert_eq!(of_ada(realm), 0);
    must_be_intact(realm);
    let types = realm.history();
    for kind in ["user.held", "user.released", "user.erased"] {
        assert!(types.iter().any(|one| one == kind), "{kind}");
    }
}

fn v11_a_value_that_is_gone_without_a_record_is_warned_of(realm: &Realm) {
    grow(realm, 30);
    let d = retaining(realm, "10 session=0", 0);
    days(realm, 20);
    sweep(&d).unwrap();
    must_be_intact(realm);
    // The records cover what retention was about, and nothing else.
    let last = "SELECT max(d.seq) FROM ledger_disclosures d JOIN ledger_entries e ON e.seq = d.seq
        WHERE e.type = 'session.created'";
    let last = realm.number(last);
    realm.meddle(&format!("DELETE FROM ledger_disclosures WHERE seq = {last}")).unwrap();
    let report = verify(realm);
    let reasons: Vec<&str> = report.warnings.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["disclosure_missing", "disclosure_missing"]);
    assert_eq!(report.warnings[0].seq, u64::try_from(last).unwrap());
}
