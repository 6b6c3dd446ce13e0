//! Whether the languages agree with each other, with the flows and with the templates.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::domain::flow::text;
use crate::domain::ledger::EventType;
use crate::domain::mail_fault::FaultKind;
use crate::domain::schema::Schemas;

/// Every message id of the flows that is in the contract (kratos-api §5.10).
fn contract() -> Vec<u64> {
    let ranges: [(u64, u64); 14] = [
        (1_010_001, 1_010_023),
        (1_040_001, 1_040_009),
        (1_050_001, 1_050_020),
        (1_060_001, 1_060_007),
        (1_070_001, 1_070_017),
        (1_080_001, 1_080_003),
        (4_000_001, 4_000_041),
        (4_010_001, 4_010_010),
        (4_040_001, 4_040_003),
        (4_050_001, 4_050_001),
        (4_060_001, 4_060_006),
        (4_070_001, 4_070_003),
        (4_070_005, 4_070_006),
        (5_000_001, 5_000_002),
    ];
    ranges.iter().flat_map(|(from, to)| *from..=*to).collect()
}

fn places(text: &str) -> BTreeSet<String> {
    let parts = text.split('{').skip(1);
    parts.map(|part| part.split_once('}').unwrap().0.to_owned()).collect()
}

#[test]
fn every_language_says_everything_with_the_same_places_for_values() {
    let english = &CATALOGUES[0];
    assert!(english.len() > 250);
    for (at, (code, _)) in FILES.iter().enumerate() {
        let other = &CATALOGUES[at];
        let keys: BTreeSet<&String> = english.keys().collect();
        assert_eq!(keys, other.keys().collect(), "{code}");
        for (key, text) in english {
            assert!(!other[key].trim().is_empty(), "{code}: {key}");
            assert_eq!(places(text), places(&other[key]), "{code}: {key}");
            assert!(!other[key].contains(['<', '>']), "{code}: {key} is text and not HTML");
        }
    }
}

#[test]
fn every_message_of_the_contract_has_a_text() {
    for id in contract() {
        for language in Language::all() {
            assert!(language.has(&id.to_string()), "{}: {id}", language.code());
        }
    }
}

#[test]
fn every_message_that_a_flow_can_have_has_a_text_with_no_other_values() {
    for known in text::ALL {
        for language in Language::all() {
            let said = language.raw(&known.id.to_string());
            let said = said.unwrap_or_else(|| panic!("{}: {}", language.code(), known.id));
            assert!(places(said).is_subset(&places(known.english)), "{}", known.id);
        }
    }
}

#[test]
fn every_text_a_template_or_a_page_asks_for_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = BTreeSet::new();
    let mut read = 0;
    for (folder, call, of_many) in [
        ("pages/templates", "t(\"", false),
        ("pages/templates/console", "t(\"", false),
        ("pages/templates/console", "n(\"", true),
        ("src/http/pages", "text(\"", false),
        ("src/http/console", "text(\"", false),
        ("src/http/console", "counted(\"", true),
        ("src/http/console/history", "text(\"", false),
        ("src/http/console/ledger", "text(\"", false),
        ("src/http/console/ledger", "counted(\"", true),
        ("src/http/console/person", "text(\"", false),
    ] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let source = std::fs::read_to_string(path).unwrap();
            read += 1;
            for part in source.split(call).skip(1) {
                asked.insert((part.split('"').next().unwrap().to_owned(), of_many));
            }
        }
    }
    assert!(read > 10 && asked.len() > 25, "{asked:?}");
    let asked = asked.into_iter().flat_map(|(key, of_many)| {
        if of_many { vec![format!("{key}.one"), format!("{key}.other")] } else { vec![key] }
    });
    let asked: Vec<String> = asked.collect();
    for key in asked.iter().filter(|key| key.contains('.')) {
        assert!(Language::default().has(key), "{key}");
    }
}

#[test]
fn the_language_is_the_one_wished_for_most() {
    let wished = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, text.parse().unwrap());
        Language::wished(&headers).code()
    };
    for (text, code) in [
        ("de", "de"),
        ("de-CH, en;q=0.9", "de"),
        ("en;q=0.5, fr;q=0.8", "fr"),
        ("it, es;q=0.7, *;q=0.1", "es"),
        ("fr;q=0, en", "en"),
        ("it", "en"),
        ("*", "en"),
        ("", "en"),
        ("DE-de", "de"),
        ("fr;q=nonsense, de;q=0.1", "de"),
        ("fr, de", "fr"),
        ("german", "en"),
    ] {
        assert_eq!(wished(text), code, "{text}");
    }
    let long = "de;q=0.1,".repeat(100_000);
    assert_eq!(wished(&long[..long.len() - 1]), "de", "and it does not take long");
    assert_eq!(Language::wished(&HeaderMap::new()), Language::default());
}

#[test]
fn a_message_is_said_in_the_language_with_the_values_of_its_context() {
    let german = Language::of("de").unwrap();
    let say = |message: Value| german.message(&message);
    let short = json!({"id": 4_000_032, "text": "x", "context": {"min_length": 8}});
    assert_eq!(say(short), "Das Passwort muss 8 Zeichen oder mehr haben.");
    let lacks = json!({"id": 4_000_032, "text": "At least a few."});
    assert_eq!(say(lacks), "At least a few.", "rather English than half a sentence");
    assert_eq!(say(json!({"id": 99, "text": "Of a hook."})), "Of a hook.");
    assert_eq!(say(json!({"id": 1_070_002, "text": "Username"})), "Benutzername");
    let own = json!({"id": 1_070_002, "text": "Shoe size", "context": {"title": "Shoe size"}});
    assert_eq!(say(own), "Shoe size");
    let trick = json!({"id": 1_010_002, "text": "x", "context": {"provider": "{provider} {x}"}});
    assert_eq!(say(trick), "Mit {provider} {x} anmelden", "values are not templates");
    assert_eq!(say(json!({})), "");
}

#[test]
fn every_language_counts_in_its_own_way() {
    let say =
        |code: &str, count| Language::of(code).unwrap().counted("console.ledger.days", count, &[]);
    for (code, none, one, two) in [
        ("en", "0 days", "1 day", "2 days"),
        ("de", "0 Tage", "1 Tag", "2 Tage"),
        // Nothing is singular in French.
        ("fr", "0 jour", "1 jour", "2 jours"),
        ("es", "0 días", "1 día", "2 días"),
    ] {
        assert_eq!([say(code, 0), say(code, 1), say(code, 2)], [none, one, two].map(str::to_owned));
    }
}

#[test]
fn every_event_has_a_name_and_no_two_of_them_the_same() {
    for language in Language::all() {
        let mut names = BTreeSet::new();
        for kind in crate::domain::ledger::EventType::ALL {
            let own = format!("console.event.{}", kind.as_str());
            let common = format!("event.{}", kind.as_str());
            let name = language.raw(&own).or_else(|| language.raw(&common));
            let name = name.unwrap_or_else(|| panic!("{}: {}", language.code(), kind.as_str()));
            assert!(names.insert(name), "{}: {} is {name}", language.code(), kind.as_str());
        }
    }
}

#[test]
fn why_a_mail_did_not_go_out_is_said_in_every_language() {
    for kind in FaultKind::ALL {
        let key = format!("console.mail.fault.{}", kind.as_str());
        assert_eq!(Language::default().raw(&key), Some(kind.english()), "{key}");
    }
}

#[test]
fn every_family_of_events_and_every_shipped_schema_has_a_name() {
    let families = EventType::ALL.iter().map(|kind| format!("console.family.{}", kind.family()));
    let schemas = Schemas::shipped();
    let schemas = schemas.iter().map(|one| format!("console.schema_name.{}", one.id()));
    for key in families.chain(schemas) {
        assert!(Language::default().has(&key), "{key}");
    }
}
