//! The kill loop: the real program is killed while it writes, a thousand times over, and whatever
//! it acknowledged is there, whole, with its ledger entry, and nothing else is.

mod sharing;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use doorward::app::{self, Settings};
use doorward::config::Options;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::service::identities::{ListIdentities, list};
use doorward::store::Author;
use doorward::store::sql::ledger;
use serde_json::Value;

/// How often the program is killed; AL-02 asks for a thousand.
const KILLS: u32 = 1000;
/// After how many kills an undisturbed run is timed again.
const AGAIN: u32 = 50;

fn author() -> Author {
    Author { actor: Actor::new(ActorKind::System, "kill loop"), tx: None }
}

fn prepare(state: &Path) {
    app::prepare(&Settings::embedded(state, Options::default()), &author()).expect("a new store");
}

/// Starts one action that creates (and in the same transaction hands out a code), and kills it
/// after `patience`; says which id it acknowledged.
fn create_and_kill(state: &Path, number: u32, patience: Duration) -> Option<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_doorward"))
        .arg("--state-dir")
        .arg(state)
        .args(["run", "create-admin-account", "--format", "json"])
        .arg(format!("username=user{number}"))
        .arg(format!("email=user{number}@example.com"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = Instant::now();
    while begun.elapsed() < patience && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_micros(100));
    }
    let _ = child.kill();
    let output = child.wait_with_output().expect("its output");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answer: Value = serde_json::from_str(text.trim()).ok()?;
    let task = answer.as_object()?.values().next()?;
    (task["status"] == "completed")
        .then(|| task["results"]["identity-id"].as_str())?
        .map(str::to_owned)
}

/// Every identity has its entry, every entry its identity; the database and the ledger are whole.
fn check(state: &Path, acknowledged: &BTreeSet<String>) -> usize {
    let d = app::open(&Settings::embedded(state, Options::default())).expect("it opens by itself");
    assert_eq!(d.store.integrity_problem().expect("the check runs"), None);
    let mut present = BTreeSet::new();
    let mut request = ListIdentities { page_size: Some(500), ..ListIdentities::default() };
    loop {
        let page = list(&d, &request).expect("a page");
        for identity in page.items {
            assert!(!identity.credentials.is_empty(), "an identity without its credential");
            assert!(!identity.authorities.is_empty(), "an administrator without the right");
            present.insert(identity.id.to_string());
        }
        match page.next_page_token {
            None => break,
            token => request.page_token = token,
        }
    }
    let mut recorded = BTreeSet::new();
    let entries = d.store.read(|tx| ledger::scan(tx, 0, 1_000_000)).expect("the ledger");
    for (place, entry) in entries.iter().enumerate() {
        assert_eq!(entry.seq, place as u64, "no gaps");
        let fields: Value = serde_json::from_str(&entry.json).expect("JSON");
        if fields["type"] == "user.invited" {
            recorded.insert(fields["principal"].as_str().expect("a principal").to_owned());
        }
    }
    assert_eq!(present, recorded, "changes and entries are the same");
    assert!(acknowledged.is_subset(&present), "everything acknowledged is there");
    present.len()
}

#[test]
fn dur_01_dur_02_dur_03_audit_02_f_01_a_thousand_kills_lose_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state");
    prepare(&state);
    let mut acknowledged = BTreeSet::new();
    // How long an undisturbed run takes decides where the kills fall: from the start to a little
    // past the end, over and over. It is taken anew as the machine gets busier or less so.
    let undisturbed = |number: u32, acknowledged: &mut BTreeSet<String>| {
        let (begun, before) = (Instant::now(), acknowledged.len());
        acknowledged.extend(create_and_kill(&state, number, Duration::from_mins(1)));
        assert_eq!(acknowledged.len(), before + 1, "an undisturbed run succeeds");
        begun.elapsed()
    };
    let mut whole = undisturbed(0, &mut acknowledged);
    for kill in 1..=KILLS {
        if kill % AGAIN == 0 {
            whole = undisturbed(KILLS + kill, &mut acknowledged);
        }
        let share = f64::from(kill % 97) / 80.0;
        acknowledged.extend(create_and_kill(&state, kill, whole.mul_f64(share)));
        if kill % 100 == 0 {
            check(&state, &acknowledged);
        }
    }
    let present = check(&state, &acknowledged);
    let killed = (KILLS + KILLS / AGAIN) as usize + 1 - acknowledged.len();
    assert!(killed > 100, "the kills hit: {killed} of {KILLS}");
    assert!(present > 100, "and so did the runs: {present}");
}
