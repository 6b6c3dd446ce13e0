//! The history, the ledger and the overview, as administrators get them.

use doorward::domain::ledger::{Actor, ActorKind, Event, EventType};
use doorward::error::Error;
use doorward::service::{identities, verification};
use doorward::store::{Author, Change};
use uuid::Uuid;

use super::Office;
use crate::support::operator;

/// A sign-in of somebody, with everything that one can have.
fn sign_in(office: &Office, who: Uuid, session: &str) {
    let author = Author {
        actor: Actor::new(ActorKind::User, who.to_string()),
        tx: Some("flow-<b>1</b>".to_owned()),
    };
    let event = Event::new(EventType::AuthLoginSuccess)
        .principal(who)
        .session(session)
        .client("c_grafana")
        .data("lang", "de")
        .data("method", "password")
        .personal("ip", "192.0.2.10")
        .personal(
            "user_agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        );
    office.d.store.write(&author, |_| Ok::<_, Error>(Change::of((), event, []))).unwrap();
}

#[test]
fn the_history_shows_everything_the_contract_names_and_is_filtered() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let eve = office.person("eve@example.com");
    sign_in(&office, ada, "session-of-ada");
    sign_in(&office, eve, "session-of-eve");
    let page = office.page("/console/history").must(200).text;
    for part in [
        "auth.login.success",
        "Signed in",
        "ada@example.com",
        "192.0.2.10",
        "Firefox on Linux",
        ", de",
        "session-of-ada",
        "c_grafana",
        "UTC</time>",
    ] {
        assert!(page.contains(part), "{part} is not on the page: {page}");
    }
    assert!(!page.contains("<b>1</b>"), "{page}");
    let count = |query: &str| {
        let page = office.page(&format!("/console/history?{query}")).must(200).text;
        page.matches("<tr>").count().saturating_sub(1)
    };
    assert_eq!(count("type=auth.login.success&client=c_grafana"), 2);
    assert_eq!(count("type=auth.login.success&person=ada%40example.com"), 1);
    assert_eq!(count(&format!("type=auth.*&person={eve}")), 1);
    assert_eq!(count("session=session-of-eve"), 1);
    assert_eq!(count("client=c_grafana"), 2);
    assert_eq!(count("session=session-of-eve&outcome=failure"), 0);
    assert_eq!(count(&format!("actor={ada}")), 1);
    assert_eq!(count("type=auth.login.success&since=2999-01-01T00:00"), 0);
    assert_eq!(count("type=auth.login.success&until=2999-01-01T00:00&client=c_grafana"), 2);
    for (query, told) in [
        ("person=nobody%40example.com", "Nobody signs in with this"),
        ("since=soon", "role=\"alert\""),
    ] {
        let page = office.page(&format!("/console/history?{query}")).must(200).text;
        assert!(page.contains(told), "{query}: {page}");
    }
    let own = office.page(&format!("/console/people/{ada}/history")).must(200).text;
    assert!(own.contains("session-of-ada") && !own.contains("session-of-eve"), "{own}");
}

#[test]
fn al_17_pages_of_the_history_lead_on() {
    let office = Office::new();
    for number in 0..60 {
        sign_in(&office, Uuid::from_u128(7), &format!("s-{number}"));
    }
    let mut path = "/console/history?type=auth.login.success".to_owned();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let page = office.page(&path).must(200).text;
        seen.extend(
            page.match_indices(">s-")
                .map(|(at, _)| page[at + 3..].split('<').next().unwrap().parse::<u32>().unwrap()),
        );
        sign_in(&office, Uuid::from_u128(7), "s-99");
        let Some(link) =
            page.split("class=\"button\" href=\"").find(|part| part.contains(">Older<"))
        else {
            break;
        };
        path = link.split('"').next().unwrap().replace("&amp;", "&").replace("&#x3d;", "=");
    }
    assert_eq!(seen, (0..60).rev().collect::<Vec<_>>());
}

#[test]
fn al_18_an_entry_is_inspected_with_its_exact_text_hash_values_and_proof() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    sign_in(&office, ada, "s-1");
    office.d.store.checkpoint().unwrap();
    let seq = office.ledger().len() - 1;
    let found = doorward::service::proofs::entry(&office.d, seq as u64).unwrap();
    let page = office.page(&format!("/console/history/{seq}")).must(200).text;
    let plain = page.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    assert!(plain.contains(&found.json), "{plain}");
    assert!(page.contains(&hex::encode(found.leaf)));
    assert!(page.contains("192.0.2.10") && page.contains("c2sp.org/tlog-proof@v1"));
    assert!(page.contains(&format!("/console/people/{ada}")));
    for nothing in ["99999", "x", "-1"] {
        office.page(&format!("/console/history/{nothing}")).must(404);
    }
}

/// Waits for the verification that runs.
fn verified(office: &Office) -> String {
    for _ in 0..200 {
        let page = office.page("/console/ledger").must(200).text;
        if !page.contains("http-equiv=\"refresh\"") {
            return page;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the verification does not end");
}

#[test]
fn the_ledger_is_verified_in_the_background_and_that_is_recorded() {
    let office = Office::new();
    office.person("ada@example.com");
    assert!(office.page("/console/ledger").must(200).text.contains("not been verified since"));
    office.send("/console/ledger/verify", &[("go", "yes")]).must(303);
    let page = verified(&office);
    assert!(page.contains("Intact: nothing was altered."), "{page}");
    let entry = office.ledger().into_iter().rfind(|one| one["type"] == "ledger.verified").unwrap();
    assert_eq!(entry["data"]["verdict"], "intact");
    assert_eq!(entry["actor"]["id"], office.root.to_string());
    // A checkpoint of some other ledger is of no use.
    let note = "elsewhere/1\n1\nAAAA\n\n— elsewhere/1 AAAA\n";
    let answer = office.send("/console/ledger/verify", &[("go", "yes"), ("since", note)]);
    if answer.code == 303 {
        assert!(verified(&office).contains("class=\"message error\""));
    } else {
        assert_eq!(answer.code, 400);
    }
    office.send("/console/ledger/verify", &[]).must(400);
}

#[test]
fn a_checkpoint_is_signed_and_the_ledger_is_exported_so_that_it_verifies() {
    let office = Office::new();
    office.person("ada@example.com");
    let page = office.done("/console/ledger/checkpoint", &[("go", "yes")]).text;
    assert!(page.contains("Checkpoint handed out") || page.contains("receipt"), "{page}");
    assert!(page.contains("— doorward/"), "the checkpoint is there to be copied: {page}");
    let answer = office.send("/console/ledger/export", &[("part", "entries")]).must(200);
    assert!(answer.header("content-disposition").contains("ledger.jsonl"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.jsonl");
    std::fs::write(&file, answer.text.replace("&#x2f;", "/")).unwrap();
    let info = doorward::service::ledger::checkpoint(&office.d, &operator()).unwrap();
    let proof = verification::Proof { keys: vec![info.verifier_key], since: None };
    let report = verification::verify_export(&file, &proof, &mut |_, _| {}).unwrap();
    assert_eq!(report.first_bad, None, "{}", report.to_json());
    assert!(office.ledger().iter().any(|one| one["type"] == "admin.export"));
    office.send("/console/ledger/export", &[("part", "everything")]).must(400);
}

#[test]
fn somebody_is_held_released_and_erased_by_forms() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let id = ada.to_string();
    let fields = |id: &str| [("go".to_owned(), "yes".to_owned()), ("id".to_owned(), id.to_owned())];
    let send = |what: &str, id: &str| {
        let fields = fields(id);
        let fields: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        office.send(&format!("/console/ledger/{what}"), &fields)
    };
    send("erase", &id).must(400);
    send("erase", "nobody").must(400);
    send("hold", &id).must(303);
    assert!(office.page("/console/ledger").must(200).text.contains(&id), "it says who is held");
    identities::delete(&office.d, &operator(), ada).unwrap();
    send("erase", &id).must(400);
    send("release", &id).must(303);
    send("erase", &id).must(303);
    let entry = office.ledger().pop().unwrap();
    assert_eq!(
        (entry["type"].as_str(), entry["principal"].as_str()),
        (Some("user.erased"), Some(id.as_str()))
    );
    let page = office.page("/console/ledger/prune?until=2999-01-01T00:00").must(200).text;
    assert!(page.contains("<strong>0</strong>"), "everything is younger than a day: {page}");
    // Where nothing would go there is no form; whoever sends one all the same is told.
    let token = super::form_token(&office.page("/console/ledger/verify").must(200).text);
    let fields = [("csrf_token", token.as_str()), ("go", "yes"), ("until", "2999-01-01T00:00")];
    office.post(&office.cookie, "/console/ledger/prune", &fields).must(400);
}

#[test]
fn the_overview_counts_people_and_draws_sign_ins_with_a_table_beside() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    for number in 0..3 {
        sign_in(&office, ada, &format!("s-{number}"));
    }
    let page = office.page("/console").must(200).text;
    assert!(
        page.contains("<svg class=\"bars\"") && page.contains("<svg class=\"share\""),
        "{page}"
    );
    assert!(!page.contains("style=\""), "{page}");
    let ledger = office.ledger();
    let signed_in = ledger.iter().filter(|one| one["type"] == "auth.login.success").count();
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    assert!(
        page.contains(&format!("<th scope=\"row\">{today}</th><td>{signed_in}</td>")),
        "{page}"
    );
    assert!(page.contains("<strong>2</strong>"), "two people: {page}");
    let document = office.server.admin("GET", "/admin/doorward/overview").must(200).json();
    assert_eq!(document["people"]["count"], 2);
    assert_eq!(document["days"][13]["success"], signed_in);
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
}
