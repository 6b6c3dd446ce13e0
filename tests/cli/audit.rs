//! `doorward audit`: reading, signing, proving.

use std::path::Path;

use super::Laptop;

fn entries(laptop: &Laptop, args: &[&str]) -> Vec<serde_json::Value> {
    let mut all = vec!["audit", "list", "--json"];
    all.extend(args);
    let ran = laptop.doorward(&all);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn verdict(laptop: &Laptop, args: &[&str]) -> (Option<i32>, serde_json::Value) {
    let mut all = vec!["audit", "verify", "--json"];
    all.extend(args);
    let ran = laptop.doorward(&all);
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_default())
}

/// A checkpoint in a file and its verifier key.
fn checkpoint(laptop: &Laptop, name: &str) -> (String, String) {
    let ran = laptop.doorward(&["audit", "checkpoint", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let document: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let text = |name: &str| document[name].as_str().expect("a text").to_owned();
    (laptop.file(name, &text("checkpoint")), text("verifier_key"))
}

/// Changes `from` to `to`, of the same length, wherever the file has it.
fn tamper(path: &Path, from: &str, to: &str) {
    let bytes = std::fs::read(path).expect("the file");
    let mut changed = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    let mut found = false;
    while let Some(&first) = rest.first() {
        if rest.starts_with(from.as_bytes()) {
            changed.extend(to.as_bytes());
            rest = &rest[from.len()..];
            found = true;
        } else {
            changed.push(first);
            rest = &rest[1..];
        }
    }
    assert!(found, "{from} is in {}", path.display());
    std::fs::write(path, changed).expect("written");
}

#[test]
fn the_list_filters_and_pages() {
    let laptop = Laptop::new();
    let id = laptop.administrator();
    let all = entries(&laptop, &[]);
    assert!(all.len() >= 3);
    assert_eq!(all.last().unwrap()["seq"], 0, "newest first");
    let about = entries(&laptop, &["--identity", &id]);
    assert!(!about.is_empty() && about.iter().all(|entry| entry["principal"] == id.as_str()));
    let family = entries(&laptop, &["--type", "ledger"]);
    assert!(!family.is_empty());
    assert!(family.iter().all(|entry| entry["type"].as_str().unwrap().starts_with("ledger.")));
    assert!(entries(&laptop, &["--since", "2999-01-01T00:00:00Z"]).is_empty());
    assert_eq!(entries(&laptop, &["--until", "2999-01-01T00:00:00Z"]).len(), all.len());
    let page = laptop.doorward(&["audit", "list", "--json", "--limit", "1"]);
    assert_eq!(page.out.lines().count(), 1);
    let token = page.err.trim().strip_prefix("There is more: --page-token ").expect("a token");
    assert_eq!(entries(&laptop, &["--limit", "1", "--page-token", token])[0], all[1]);
    for wrong in [&["--identity", "x"][..], &["--since", "yesterday"]] {
        let mut args = vec!["audit", "list"];
        args.extend(wrong);
        assert_eq!(laptop.doorward(&args).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn the_table_shows_who_did_what() {
    let laptop = Laptop::new();
    laptop.administrator();
    let ran = laptop.doorward(&["audit", "list"]);
    assert!(ran.out.starts_with("Entry  Time "), "{}", ran.out);
    assert!(ran.out.contains("  ledger.created "), "{}", ran.out);
    assert!(ran.out.contains("  action:"), "{}", ran.out);
}

#[test]
fn an_intact_ledger_verifies_here_and_since_a_kept_checkpoint() {
    let laptop = Laptop::new();
    laptop.administrator();
    let ran = laptop.doorward(&["audit", "checkpoint"]);
    let kept = laptop.file("kept", &ran.out);
    let key = ran.err.trim().strip_prefix("Verifier key: ").expect("a key").to_owned();
    laptop.action(&["get-identity", "email=ada"]);
    for args in [&[][..], &["--key", &key], &["--since", &kept], &["--key", &key, "--since", &kept]]
    {
        let (code, report) = verdict(&laptop, args);
        assert_eq!(code, Some(0), "{args:?}: {report}");
        assert_eq!(report["ok"], true);
    }
    let file = laptop.file("key", &format!("{key}\n"));
    assert_eq!(verdict(&laptop, &["--key", &format!("@{file}")]).0, Some(0));
    let text = laptop.doorward(&["audit", "verify"]);
    assert!(text.out.contains(" entries, intact\n"), "{text:?}");
}

#[test]
fn v6_an_old_backup_put_back_is_a_rollback_to_a_kept_checkpoint() {
    let laptop = Laptop::new();
    laptop.administrator();
    let backup = laptop.doorward(&["backup", "old.db"]).out.trim().to_owned();
    laptop.action(&["get-identity", "email=ada"]);
    let (kept, _) = checkpoint(&laptop, "kept");
    std::fs::copy(&backup, laptop.home().join("state/doorward.db")).unwrap();
    assert_eq!(verdict(&laptop, &[]).0, Some(0), "it looks intact by itself");
    let (code, report) = verdict(&laptop, &["--since", &kept]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["first_bad"]["reason"], "rollback", "{report}");
}

#[test]
fn an_export_verifies_on_another_machine_and_alterations_are_found() {
    let laptop = Laptop::new();
    laptop.administrator();
    let (_, key) = checkpoint(&laptop, "kept");
    let ran = laptop.doorward(&["audit", "export", "ledger.jsonl", "--disclosures"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines =
        std::fs::read_to_string(laptop.home().join("ledger.jsonl")).unwrap().lines().count();
    assert_eq!(ran.out, format!("{lines} entries\n"));
    assert_eq!(laptop.doorward(&["audit", "export", "ledger.jsonl"]).code, Some(1), "it exists");
    let away = Laptop::new();
    for file in std::fs::read_dir(laptop.home()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, away.home().join(path.file_name().unwrap())).unwrap();
        }
    }
    let ask = ["--export", "ledger.jsonl", "--key", &key];
    assert_eq!(verdict(&away, &ask).0, Some(0));
    assert_eq!(verdict(&away, &ask[..2]).0, Some(2), "without a key it cannot tell");
    assert!(!away.home().join("state").exists(), "it needs no database");
    tamper(&away.home().join("ledger.jsonl"), "\"ledger.created\"", "\"ledger.CREATED\"");
    let (code, report) = verdict(&away, &ask);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["first_bad"]["seq"], 0, "{report}");
}

#[test]
fn a_changed_entry_in_the_database_is_named() {
    let laptop = Laptop::new();
    laptop.administrator();
    tamper(&laptop.home().join("state/doorward.db"), "\"ledger.created\"", "\"ledger.CREATED\"");
    let (code, report) = verdict(&laptop, &[]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["first_bad"]["seq"], 0, "{report}");
    assert_eq!(report["first_bad"]["reason"], "content", "{report}");
    let text = laptop.doorward(&["audit", "verify"]);
    assert!(text.out.starts_with("altered: entry 0, content"), "{text:?}");
}

#[test]
fn what_cannot_be_told_ends_with_two() {
    let laptop = Laptop::new();
    assert_eq!(laptop.doorward(&["audit", "verify"]).code, Some(2), "no database");
    assert!(!laptop.home().join("state").exists(), "looking makes nothing");
    laptop.administrator();
    let (_, key) = checkpoint(&Laptop::with_administrator(), "kept");
    assert_eq!(laptop.doorward(&["audit", "verify", "--key", &key]).code, Some(2), "another's key");
    assert_eq!(laptop.doorward(&["audit", "verify", "--key", "nonsense"]).code, Some(2));
    assert_eq!(laptop.doorward(&["audit", "verify", "--since", "missing"]).code, Some(2));
    assert_eq!(laptop.doorward(&["audit", "verify", "--export", "missing"]).code, Some(2));
    std::fs::write(laptop.home().join("state/doorward.db"), "no database at all").unwrap();
    assert_eq!(laptop.doorward(&["audit", "verify"]).code, Some(2));
}

#[test]
fn pruning_says_what_would_go_and_erasures_are_listed() {
    let laptop = Laptop::new();
    let id = laptop.administrator();
    let dry = laptop.doorward(&["audit", "prune", "--until", "2999-01-01T00:00:00Z", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.out.starts_with("0 entries and 0 personal values would go"), "{}", dry.out);
    let ran = laptop.doorward(&["audit", "prune", "--until", "2999-01-01T00:00:00Z"]);
    assert_eq!(ran.code, Some(1), "everything is younger than a day: {ran:?}");
    assert_eq!(laptop.doorward(&["audit", "prune", "--until", "soon"]).code, Some(2));
    let deleted =
        laptop.doorward(&["run", "delete-identity", &format!("identity-id={id}"), "erase=now"]);
    assert_eq!(deleted.code, Some(0), "{deleted:?}");
    let listed = laptop.doorward(&["audit", "erasures"]);
    assert!(listed.out.contains(&id), "{}", listed.out);
    let json = laptop.doorward(&["audit", "erasures", "--json"]);
    let entry: serde_json::Value = serde_json::from_str(json.out.trim()).expect("one entry");
    assert_eq!(
        (entry["type"].as_str(), entry["principal"].as_str()),
        (Some("user.erased"), Some(id.as_str()))
    );
    assert_eq!(verdict(&laptop, &[]).0, Some(0));
}

#[test]
fn an_export_writes_over_none_of_its_files() {
    let laptop = Laptop::new();
    laptop.administrator();
    let file = laptop.file("ledger.jsonl", "mine");
    for name in ["ledger.jsonl", "ledger.jsonl.checkpoints", "ledger.jsonl.disclosures"] {
        std::fs::remove_file(&file).ok();
        let path = laptop.file(name, "mine");
        let ran = laptop.doorward(&["audit", "export", &file, "--disclosures"]);
        assert_eq!(ran.code, Some(1), "{name}: {ran:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine", "{name}");
        std::fs::remove_file(path).unwrap();
    }
}
