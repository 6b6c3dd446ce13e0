//! Sending what is queued, on both engines, to a real mail server.

use std::collections::BTreeSet;

use doorward::app::Deps;
use doorward::config::SmtpServer;
use doorward::domain::mail_fault::FaultKind;
use doorward::domain::message::{MessageStatus, Template};
use doorward::service::courier::{self, ListMessages};
use doorward::service::sending::{self, Postman, Trouble};
use doorward::store::sql::messages;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::support::smtp::{Mood, Smtp};
use crate::support::{Engine, Realm, noon};

/// A realm that knows the mail server, on each engine.
fn realms(smtp: &Smtp) -> impl Iterator<Item = (Realm, Deps)> {
    let secret =
        doorward::yaml::from_str::<std::collections::BTreeMap<String, String>>(&smtp.secret());
    let secret = secret.unwrap().into_iter().map(|(key, value)| (key, value.into())).collect();
    let server = SmtpServer::from_secret(&secret).unwrap();
    [Engine::Sqlite, Engine::Postgres].into_iter().filter_map(move |engine| {
        let mut realm = Realm::new(engine)?;
        realm.settings.smtp = Some(server.clone());
        let d = realm.open().shared();
        Some((realm, d))
    })
}

fn content(code: &str) -> Map<String, Value> {
    json!({"RecoveryCode": code, "ExpiresInMinutes": 60}).as_object().unwrap().clone()
}

fn queue(d: &Deps, to: &str) -> Option<Uuid> {
    let template = Template::RecoveryCodeValid;
    d.store.scratch(|tx| courier::queue_mail(d, tx, to, template, "en", content("493027"))).unwrap()
}

fn standing(d: &Deps, id: Uuid) -> (MessageStatus, i64, Vec<Option<String>>) {
    let (message, dispatches) = courier::find(d, id).unwrap();
    (
        message.status,
        message.send_count,
        dispatches.into_iter().map(|one| one.error.map(|fault| fault.to_string())).collect(),
    )
}

fn next_at(d: &Deps) -> Option<Timestamp> {
    d.store.read(messages::soonest).unwrap()
}

#[test]
fn two_who_send_at_once_never_send_the_same_mail() {
    let smtp = Smtp::new();
    for (realm, d) in realms(&smtp) {
        let before = smtp.mails().len();
        for number in 0..40 {
            queue(&d, &format!("p{number}@example.com"));
        }
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let d = realm.open();
                scope.spawn(move || {
                    let mut postman = Postman::default();
                    while next_at(&d).is_some_and(|at| at <= noon()) {
                        sending::run(&d, &mut postman).unwrap();
                    }
                });
            }
        });
        let mails = smtp.mails().split_off(before);
        let to: BTreeSet<&String> = mails.iter().map(|mail| &mail.to[0]).collect();
        assert_eq!((mails.len(), to.len()), (40, 40));
        let all = ListMessages { page_size: 100, ..ListMessages::default() };
        for message in courier::list(&d, &all).unwrap().items {
            assert_eq!((message.status, message.send_count), (MessageStatus::Sent, 1));
            assert_eq!(standing(&d, message.id).2, [None]);
        }
        assert_eq!(realm.number("SELECT COUNT(*) FROM messages WHERE content IS NOT NULL"), 0);
    }
}

#[test]
fn f_22_a_mail_that_was_claimed_before_a_crash_is_sent_when_the_claim_has_run_out() {
    let smtp = Smtp::new();
    for (realm, d) in realms(&smtp) {
        let before = smtp.mails().len();
        let id = queue(&d, "ada@example.com").unwrap();
        let until = noon() + SignedDuration::from_mins(3);
        let dead = d.store.scratch(|tx| messages::claim(tx, Uuid::from_u128(1), noon(), until));
        assert_eq!(dead.unwrap().unwrap().message.id, id);
        let mut postman = Postman::default();
        sending::run(&d, &mut postman).unwrap();
        assert_eq!(smtp.mails().len(), before, "somebody else has it");
        assert_eq!(standing(&d, id).0, MessageStatus::Processing);
        realm.d.clock.set(until);
        sending::run(&d, &mut postman).unwrap();
        assert_eq!(smtp.mails().len(), before + 1);
        assert_eq!(standing(&d, id), (MessageStatus::Sent, 2, vec![None]));
        // The one that was thought dead says something after all.
        let late = d.store.scratch(|tx| {
            messages::done(tx, id, Uuid::from_u128(1), MessageStatus::Abandoned, until)
        });
        assert!(!late.unwrap());
        assert_eq!(standing(&d, id).0, MessageStatus::Sent);
    }
}

#[test]
fn f_22_a_mail_that_is_refused_is_tried_again_with_growing_pauses_and_then_given_up() {
    let smtp = Smtp::new();
    for (realm, d) in realms(&smtp) {
        smtp.behave(Mood::Refuses("ada", "451 4.3.0 later"));
        let id = queue(&d, "ada@example.com").unwrap();
        let mut postman = Postman::default();
        for (attempt, pause) in [(1, 15), (2, 60), (3, 240), (4, 960), (5, 3600)] {
            let now = d.clock.now();
            let sent = sending::run(&d, &mut postman).unwrap();
            assert_eq!((sent.sent, sent.failed, sent.abandoned), (0, 1, 0));
            let (status, count, errors) = standing(&d, id);
            assert_eq!(
                (status, count, errors.len()),
                (MessageStatus::Queued, attempt, errors.len())
            );
            assert!(errors.last().unwrap().as_ref().unwrap().contains("451"), "{errors:?}");
            let next = next_at(&d).unwrap();
            let waits = next.duration_since(now).as_secs_f64() / f64::from(pause);
            assert!((0.79..1.21).contains(&waits), "{attempt}: {waits}");
            // Until then it is left alone.
            assert_eq!(sending::run(&d, &mut postman).unwrap().failed, 0);
            realm.d.clock.set(next);
        }
        // Its code has expired meanwhile; that is another reason to give up, tried below.
        realm.meddle("UPDATE messages SET expires_at = NULL").unwrap();
        let sent = sending::run(&d, &mut postman).unwrap();
        assert_eq!((sent.failed, sent.abandoned), (1, 1));
        let (status, count, errors) = standing(&d, id);
        assert_eq!((status, count, errors.len()), (MessageStatus::Abandoned, 6, 6));
        assert_eq!(next_at(&d), None);
        assert_eq!(realm.number("SELECT COUNT(*) FROM messages WHERE content IS NOT NULL"), 0);
        smtp.behave(Mood::Well);
    }
}

#[test]
fn f_22_one_bad_address_keeps_no_other_mail_back() {
    let smtp = Smtp::new();
    for (_realm, d) in realms(&smtp) {
        let before = smtp.mails().len();
        smtp.behave(Mood::Refuses("gone", "550 5.1.1 <gone@example.com>: no such user"));
        let bad = queue(&d, "gone@example.com").unwrap();
        let odd = queue(&d, "a b@example.com").unwrap();
        let good = queue(&d, "ada@example.com").unwrap();
        let sent = sending::run(&d, &mut Postman::default()).unwrap();
        assert_eq!((sent.sent, sent.failed, sent.abandoned), (1, 2, 2), "{sent:?}");
        assert_eq!(standing(&d, bad).0, MessageStatus::Abandoned);
        let said = "The mail server refused the recipient (550 5.1.1). Check the address.";
        assert_eq!(standing(&d, bad).2, [Some(said.to_owned())], "nothing of what the server said");
        assert!(!format!("{:?}", sent.notes).contains("gone@"), "{:?}", sent.notes);
        let said = "The address of the recipient cannot be used for mail. Correct it.";
        assert_eq!(standing(&d, odd).2, [Some(said.to_owned())]);
        assert_eq!(standing(&d, odd).0, MessageStatus::Abandoned);
        assert_eq!(standing(&d, good).0, MessageStatus::Sent);
        assert_eq!(smtp.mails().len(), before + 1);
        assert_eq!(sending::trouble(&d).unwrap(), None);
        smtp.behave(Mood::Well);
    }
}

#[test]
fn f_22_a_server_that_drops_mails_is_left_alone_for_a_while() {
    let smtp = Smtp::new();
    for (_realm, d) in realms(&smtp) {
        smtp.behave(Mood::DropsMails);
        for number in 0..10 {
            queue(&d, &format!("p{number}@example.com"));
        }
        let (mut postman, before) = (Postman::default(), smtp.calls());
        for _ in 0..20 {
            sending::run(&d, &mut postman).unwrap();
        }
        assert_eq!(smtp.calls(), before + 1, "no storm of calls");
        let trouble = Trouble::Server(FaultKind::Dropped.into());
        assert_eq!(sending::trouble(&d).unwrap(), Some(trouble));
        // One mail stood for the attempt; the others are as they were.
        let counts = d.store.read(messages::counts).unwrap();
        assert_eq!((counts.queued, counts.processing), (10, 0));
        let tried = ListMessages { page_size: 100, ..ListMessages::default() };
        let tried = courier::list(&d, &tried).unwrap().items;
        assert_eq!(tried.iter().filter(|message| message.send_count > 0).count(), 1);
        smtp.behave(Mood::Well);
    }
}

#[test]
fn a_code_that_has_expired_is_not_sent() {
    let smtp = Smtp::new();
    for (realm, d) in realms(&smtp) {
        let before = smtp.mails().len();
        let id = queue(&d, "ada@example.com").unwrap();
        realm.d.clock.set(noon() + SignedDuration::from_mins(60));
        sending::run(&d, &mut Postman::default()).unwrap();
        assert_eq!(standing(&d, id).0, MessageStatus::Abandoned);
        assert!(standing(&d, id).2[0].as_ref().unwrap().contains("no longer valid"));
        assert_eq!(smtp.mails().len(), before);
    }
}

#[test]
fn f_22_the_queue_has_an_end() {
    let smtp = Smtp::new();
    for (realm, d) in realms(&smtp) {
        let fill = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 10001)
            INSERT INTO messages (id, status, kind, recipient, template, content, send_count,
                next_at, created_at, updated_at)
            SELECT CAST(i AS TEXT), 'queued', 'email', 'x', 'test', 'x', 0, 1, 1, 1 FROM t";
        assert!(queue(&d, "ada@example.com").is_some());
        realm.meddle(fill).unwrap();
        assert_eq!(queue(&d, "ada@example.com"), None);
        realm.meddle("DELETE FROM messages WHERE id = '1'").unwrap();
        realm.meddle("DELETE FROM messages WHERE id = '2'").unwrap();
        assert!(queue(&d, "ada@example.com").is_some());
    }
}
