//! The ledger: whether it is whole, its signed state, what is exported of it and what goes from it.

mod acts;
mod export;

pub use acts::{change, form};
pub use export::{change as export, form as export_form};

use axum::response::Response;
use serde::Serialize;

use super::at::At;
use crate::http::pages::{Link, Time, Turn, plain};
use crate::service::erasure;
use crate::service::overview::signed_state;
use crate::service::proofs;
use crate::service::verifying::{Outcome, Verification};

/// Erasures that are listed on the page.
const SHOWN: usize = 20;

#[derive(Serialize)]
struct Ledger {
    size: u64,
    unsigned: u64,
    kept_from: u64,
    origin: String,
    signed_at: Option<Time>,
    checkpoint: Option<String>,
    verifier_key: Option<String>,
    verification: Option<Shown>,
    running: bool,
    verify_at: String,
    ways: Vec<Way>,
    rules: Vec<Rule>,
    leaves: String,
    held: Vec<Link>,
    waiting: Vec<(Link, Time)>,
    erased: Vec<Erased>,
    no_erasures: bool,
}

#[derive(Serialize)]
struct Way {
    link: Link,
    about: String,
    bad: bool,
}

#[derive(Serialize)]
struct Rule {
    families: String,
    text: String,
}

#[derive(Serialize)]
struct Erased {
    link: Link,
    who: String,
    time: Option<Time>,
    count: u64,
}

/// How a verification stands.
#[derive(Serialize)]
struct Shown {
    begun: Time,
    done: u64,
    of: Option<u64>,
    /// Of a hundred.
    part: Option<u64>,
    /// Once it ended.
    verdict: Option<Verdict>,
    failed: Option<String>,
}

#[derive(Serialize)]
struct Verdict {
    /// `success`, `info` or `error`, as messages have it.
    kind: &'static str,
    text: String,
    checked: u64,
    pruned: u64,
    last_good: u64,
    bad: Option<String>,
    warnings: Vec<String>,
}

/// `/console/ledger`.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let d = at.d();
    let state = signed_state(d)?;
    let retention = &d.options.retention;
    let days = |days: u32| at.counted("console.ledger.days", days.into());
    let personal = at.text("console.ledger.personal");
    let named = |families: &str| format!("{personal}: {families}");
    let alone = retention.personal_rules().len() < 2;
    let mut rules: Vec<Rule> = retention
        .personal_rules()
        .iter()
        .map(|rule| Rule {
            families: match rule.name.as_str() {
                "*" if alone => at.text("console.ledger.all"),
                "*" => named(&at.text("console.ledger.others")),
                family => named(family),
            },
            text: days(rule.days),
        })
        .collect();
    if rules.is_empty() {
        let (families, text) = (at.text("console.ledger.all"), at.text("console.ledger.ever"));
        rules.push(Rule { families, text });
    }
    let found = erasure::list(d, None, None)?;
    let waiting: Vec<_> = found
        .waiting
        .iter()
        .take(SHOWN)
        .map(|(id, due)| (history_of(at, &id.to_string()), Time::of(*due)))
        .collect();
    let erased: Vec<_> =
        found.done.items.iter().take(SHOWN).map(|row| erased(at, row.seq, &row.json)).collect();
    let held = erasure::held(d)?;
    let verification = d.verifying.look();
    let content = Ledger {
        size: state.size,
        unsigned: state.size.saturating_sub(state.signed),
        kept_from: state.kept_from,
        origin: state.origin,
        signed_at: (state.signed > 0).then(|| Time::of(state.signed_at)),
        checkpoint: proofs::newest_checkpoint(d)?,
        verifier_key: state.verifier_key,
        running: verification.as_ref().is_some_and(|one| one.ended.is_none()),
        verification: verification.map(|one| shown(at, one)),
        verify_at: at.at("/console/ledger/verify"),
        ways: ways(at),
        rules,
        leaves: retention.leaves().map_or_else(|| at.text("console.ledger.ever"), days),
        held: held.iter().map(|id| history_of(at, &id.to_string())).collect(),
        no_erasures: waiting.is_empty() && erased.is_empty(),
        waiting,
        erased,
    };
    let frame = at.frame(at.text("console.nav.ledger"));
    at.page("console/ledger.html", frame.lead(at.text("console.ledger.lead")), &content)
}

fn ways(at: &At<'_>) -> Vec<Way> {
    let way = |(word, bad): (&str, bool)| Way {
        link: Link::new(
            at.at(&format!("/console/ledger/{word}")),
            at.text(&format!("console.ledger.{word}")),
        ),
        about: at.text(&format!("console.ledger.{word}.short")),
        bad,
    };
    [
        ("checkpoint", false),
        ("export", false),
        ("hold", false),
        ("release", false),
        ("prune", true),
        ("erase", true),
    ]
    .map(way)
    .into()
}

/// Somebody who may be gone, by their id, with their history behind it.
fn history_of(at: &At<'_>, id: &str) -> Link {
    Link::new(at.at(&format!("/console/history?person={id}")), id)
}

fn erased(at: &At<'_>, seq: u64, json: &str) -> Erased {
    let entry: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let text = |pointer: &str| entry.pointer(pointer).and_then(serde_json::Value::as_str);
    Erased {
        link: Link::new(at.at(&format!("/console/history/{seq}")), seq.to_string()),
        who: plain(text("/principal").unwrap_or_default()),
        time: text("/time").and_then(|time| time.parse().ok()).map(Time::of),
        count: entry.pointer("/data/count").and_then(serde_json::Value::as_u64).unwrap_or_default(),
    }
}

fn shown(at: &At<'_>, one: Verification) -> Shown {
    let part = one.of.filter(|of| *of > 0).map(|of| one.done.saturating_mul(100) / of);
    let mut shown = Shown {
        begun: Time::of(one.started_at),
        done: one.done,
        of: one.of,
        part: part.map(|part| part.min(100)),
        verdict: None,
        failed: None,
    };
    match one.ended {
        None => {}
        Some((_, Outcome::Failed(why))) => shown.failed = Some(why),
        Some((_, Outcome::Report(report))) => {
            let word = report.verdict().as_str();
            let kind = match word {
                "intact" => "success",
                "altered" => "error",
                _ => "info",
            };
            let reason = |word: &str| at.text(&format!("console.ledger.reason.{word}"));
            let place = |seq: u64, word: &str| {
                let values = [("seq", seq.to_string()), ("reason", reason(word))];
                let values: Vec<(&str, &str)> =
                    values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                at.m.text_with("console.ledger.at", &values)
            };
            shown.verdict = Some(Verdict {
                kind,
                text: at.text(&format!("console.ledger.verdict.{}", word.replace(' ', "_"))),
                checked: report.checked,
                pruned: report.pruned,
                last_good: report.last_good_checkpoint,
                bad: report.first_bad.as_ref().map(|bad| place(bad.seq, bad.reason.as_str())),
                warnings: report
                    .warnings
                    .iter()
                    .take(SHOWN)
                    .map(|one| place(one.seq, one.reason.as_str()))
                    .collect(),
            });
        }
    }
    shown
}

/// The crumb that leads back.
fn back(at: &At<'_>) -> Link {
    Link::new(at.at("/console/ledger"), at.text("console.nav.ledger"))
}
