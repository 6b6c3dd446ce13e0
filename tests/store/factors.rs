//! Second factors as the person they belong to uses them, on both engines.

use doorward::app::Deps;
use doorward::crypto::totp::Generator;
use doorward::domain::credential::CredentialType;
use doorward::error::Error;
use doorward::service::factors::{lookup, second_factors_of, totp};
use doorward::service::identities::GivenCredential;
use doorward::store::{Change, WriteTx};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Realm, ledger, noon, person, with_password};

crate::on_both_engines! {
    a_generator_is_enrolled_by_a_code_and_its_seed_is_nowhere_in_clear,
    auth_11_one_code_lets_one_of_many_in,
    auth_11_a_generator_from_elsewhere_works_and_is_sealed,
    auth_12_fifty_uses_of_one_backup_code_are_one,
    auth_12_codes_are_shown_once_and_kept_as_digests,
    codes_from_elsewhere_work_once_and_used_ones_do_not,
    what_is_given_up_is_gone,
}

fn ada(realm: &Realm) -> Uuid {
    realm.create(with_password("ada@example.com", "correct horse")).unwrap().id
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// Runs a step in a transaction; what it says happened is recorded.
fn step<T>(
    realm: &Realm,
    d: &Deps,
    job: impl FnOnce(&WriteTx<'_>) -> Result<(T, Vec<doorward::domain::ledger::event::Event>), Error>,
) -> T {
    d.store
        .write(&realm.by.author(), |tx| {
            let (value, events) = job(tx)?;
            let mut events = events.into_iter();
            Ok::<_, Error>(match events.next() {
                None => Change::none(value),
                Some(first) => Change::of(value, first, events),
            })
        })
        .unwrap()
}

fn used() -> doorward::domain::ledger::event::Event {
    use doorward::domain::ledger::EventType;
    doorward::domain::ledger::event::Event::new(EventType::AuthMfaSuccess)
}

fn code_now(realm: &Realm, url: &str, offset: i64) -> SecretString {
    let now = realm.d.clock.now().as_second();
    secret(&Generator::parse(url).unwrap().code(now / 30 + offset))
}

/// Enrols a generator and hands back its address.
fn enrolled(realm: &Realm, id: Uuid) -> String {
    let offer = totp::Offer::draw(&realm.d, &realm.get(id)).unwrap();
    let code = code_now(realm, offer.url(), 0);
    step(realm, &realm.d, |tx| {
        let event = totp::enrol(&realm.d, tx, id, &offer, &code)?.expect("a right code");
        Ok(((), vec![event]))
    });
    offer.url().to_owned()
}

fn verify(realm: &Realm, d: &Deps, id: Uuid, code: &SecretString) -> totp::Verdict {
    step(realm, d, |tx| {
        let verdict = totp::verify(d, tx, id, code)?;
        let events = if verdict == totp::Verdict::Right { vec![used()] } else { Vec::new() };
        Ok((verdict, events))
    })
}

fn spend(realm: &Realm, d: &Deps, id: Uuid, code: &str) -> lookup::Verdict {
    step(realm, d, |tx| {
        let verdict = lookup::spend(d, tx, id, &secret(code))?;
        let events = match &verdict {
            lookup::Verdict::Right(event) => vec![event.clone()],
            _ => Vec::new(),
        };
        Ok((verdict, events))
    })
}

fn a_generator_is_enrolled_by_a_code_and_its_seed_is_nowhere_in_clear(realm: &Realm) {
    let id = ada(realm);
    let (d, flow) = (&realm.d, Uuid::from_u128(5));
    let offer = totp::Offer::draw(d, &realm.get(id)).unwrap();
    assert!(
        offer.url().starts_with("otpauth://totp/localhost:ada%40example.com?"),
        "{}",
        offer.url()
    );
    assert!(offer.picture().unwrap().starts_with("data:image/png;base64,"));
    let sealed = offer.seal(d, flow).unwrap();
    assert_eq!(totp::Offer::open(d, flow, &sealed).unwrap().url(), offer.url());
    assert!(totp::Offer::open(d, Uuid::from_u128(6), &sealed).is_err(), "bound to its flow");
    let before = realm.dump();
    let wrong = step(realm, d, |tx| {
        Ok((totp::enrol(d, tx, id, &offer, &secret("000000"))?.is_none(), Vec::new()))
    });
    assert!(wrong);
    assert_eq!(realm.dump(), before);
    assert_eq!(verify(realm, d, id, &secret("000000")), totp::Verdict::NotEnrolled);

    let url = enrolled(realm, id);
    assert_eq!(realm.history().last().unwrap(), "credential.added");
    let read = realm.get(id);
    assert_eq!(second_factors_of(&read), [CredentialType::Totp]);
    assert_eq!(read.credential(CredentialType::Totp).unwrap().identifiers, [id.to_string()]);
    let seed = url.split("secret=").nth(1).unwrap();
    let dump = realm.dump();
    assert!(!dump.contains(seed) && !dump.contains("otpauth"), "in clear");
    let code = code_now(realm, &url, 0);
    assert_eq!(verify(realm, d, id, &code), totp::Verdict::Wrong, "used when it was enrolled");
    realm.at("2026-07-01T12:00:31Z");
    let code = code_now(realm, &url, 0);
    assert_eq!(verify(realm, d, id, &code), totp::Verdict::Right);
    assert_eq!(verify(realm, d, id, &code), totp::Verdict::Wrong);
    let again = enrolled_later(realm, id);
    assert_ne!(again, url, "another takes its place");
    assert_eq!(realm.history().last().unwrap(), "credential.changed");
    ledger::must_be_whole(d);
}

fn enrolled_later(realm: &Realm, id: Uuid) -> String {
    realm.at("2026-07-01T12:10:00Z");
    enrolled(realm, id)
}

fn auth_11_one_code_lets_one_of_many_in(realm: &Realm) {
    let id = ada(realm);
    let url = enrolled(realm, id);
    realm.at("2026-07-01T12:05:00Z");
    let code = code_now(realm, &url, 0);
    let verdicts: Vec<totp::Verdict> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let d = realm.open();
                    verify(realm, &d, id, &code)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let right = verdicts.iter().filter(|one| **one == totp::Verdict::Right).count();
    assert_eq!(right, 1, "{verdicts:?}");
    for (offset, verdict) in [
        (-2, totp::Verdict::Wrong),
        (-1, totp::Verdict::Wrong),
        (2, totp::Verdict::Wrong),
        (1, totp::Verdict::Right),
        (0, totp::Verdict::Wrong),
    ] {
        let code = code_now(realm, &url, offset);
        assert_eq!(verify(realm, &realm.d, id, &code), verdict, "{offset}");
    }
}

fn given(kind: CredentialType, config: Value) -> GivenCredential {
    GivenCredential { kind, identifiers: Vec::new(), config }
}

fn auth_11_a_generator_from_elsewhere_works_and_is_sealed(realm: &Realm) {
    let url = "otpauth://totp/Old:ada?secret=JBSWY3DPEHPK3PXP&digits=8&algorithm=SHA256";
    let mut request = person("ada@example.com");
    request.credentials = vec![given(CredentialType::Totp, json!({"totp_url": url}))];
    let id = realm.create(request).unwrap().id;
    assert!(!realm.dump().contains("JBSWY3DPEHPK3PXP"));
    assert_eq!(verify(realm, &realm.d, id, &code_now(realm, url, 0)), totp::Verdict::Right);
    // A seal is good for its owner only.
    let sealed = realm.get(id).credential(CredentialType::Totp).unwrap().config.clone();
    let mut request = person("eve@example.com");
    request.credentials = vec![given(CredentialType::Totp, sealed)];
    assert!(realm.create(request).unwrap_err().message().contains("somebody else"));
}

fn sheet(realm: &Realm, id: Uuid) -> Vec<String> {
    let sheet = lookup::Sheet::draw(&realm.d).unwrap();
    let flow = Uuid::from_u128(7);
    let sealed = sheet.seal(&realm.d, flow).unwrap();
    let opened = lookup::Sheet::open(&realm.d, flow, &sealed).unwrap();
    assert!(opened.codes().eq(sheet.codes()));
    assert!(lookup::Sheet::open(&realm.d, id, &sealed).is_err(), "bound to its flow");
    step(realm, &realm.d, |tx| Ok(((), vec![lookup::confirm(&realm.d, tx, id, &opened)?])));
    sheet.codes().map(ToOwned::to_owned).collect()
}

fn auth_12_fifty_uses_of_one_backup_code_are_one(realm: &Realm) {
    let id = ada(realm);
    let codes = sheet(realm, id);
    let verdicts: Vec<lookup::Verdict> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| {
                    let d = realm.open();
                    (0..5).map(|_| spend(realm, &d, id, &codes[3])).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(verdicts.len(), 50);
    let right = verdicts.iter().filter(|one| matches!(one, lookup::Verdict::Right(_))).count();
    assert_eq!(right, 1);
    assert_eq!(verdicts.iter().filter(|one| **one == lookup::Verdict::UsedBefore).count(), 49);
    let entry = ledger::documents(&realm.d).pop().unwrap();
    assert_eq!(entry["type"], "credential.used_recovery_code");
    assert_eq!(entry["data"], json!({"remaining": 11}));
}

fn auth_12_codes_are_shown_once_and_kept_as_digests(realm: &Realm) {
    let id = ada(realm);
    let codes = sheet(realm, id);
    assert_eq!(codes.len(), 12);
    assert_eq!(codes.iter().collect::<std::collections::HashSet<_>>().len(), 12);
    let dump = realm.dump();
    for code in &codes {
        let plain = code.replace('-', "");
        assert_eq!((code.len(), plain.len()), (17, 15), "{code}");
        assert!(!dump.contains(code.as_str()) && !dump.contains(&plain), "in clear");
    }
    let (d, get) = (&realm.d, || realm.get(id));
    assert_eq!(lookup::uses(&get()), [None; 12]);
    let typed = format!(" {} ", codes[0].to_uppercase().replace('-', " "));
    assert!(matches!(spend(realm, d, id, &typed), lookup::Verdict::Right(_)));
    assert_eq!(spend(realm, d, id, &codes[0]), lookup::Verdict::UsedBefore);
    assert_eq!(spend(realm, d, id, "00000-00000-00000"), lookup::Verdict::Wrong);
    assert_eq!(lookup::uses(&get())[..2], [Some(noon()), None]);
    let fresh = sheet(realm, id);
    assert_eq!(spend(realm, d, id, &codes[1]), lookup::Verdict::Wrong, "the old sheet is void");
    for code in &fresh {
        assert!(matches!(spend(realm, d, id, code), lookup::Verdict::Right(_)));
    }
    assert!(second_factors_of(&get()).is_empty(), "all used up");
    ledger::must_be_whole(d);
}

fn codes_from_elsewhere_work_once_and_used_ones_do_not(realm: &Realm) {
    let mut request = person("ada@example.com");
    let codes = json!({"recovery_codes": [
        {"code": "ol1ver00"}, {"code": "a1b2c3d4", "used_at": "2026-01-02T03:04:05Z"},
    ]});
    request.credentials = vec![given(CredentialType::LookupSecret, codes)];
    let id = realm.create(request).unwrap().id;
    assert!(!realm.dump().contains("ol1ver00"));
    let spend = |code| spend(realm, &realm.d, id, code);
    assert_eq!(spend("a1b2c3d4"), lookup::Verdict::UsedBefore);
    assert!(matches!(spend("OL1VER00"), lookup::Verdict::Right(_)));
    assert_eq!(spend("ol1ver00"), lookup::Verdict::UsedBefore);

    // Digests made with the key of another deployment fit nothing here.
    let mut kept = realm.get(id).credential(CredentialType::LookupSecret).unwrap().config.clone();
    kept["key"] = json!("00000000");
    let mut request = person("eve@example.com");
    request.credentials = vec![given(CredentialType::LookupSecret, kept)];
    let eve = realm.create(request).unwrap();
    assert!(eve.credential(CredentialType::LookupSecret).is_none());
    for bad in [json!({}), json!({"recovery_codes": [{}]})] {
        let mut request = person("bad@example.com");
        request.credentials = vec![given(CredentialType::LookupSecret, bad)];
        realm.create(request).unwrap_err();
    }
}

fn what_is_given_up_is_gone(realm: &Realm) {
    let id = ada(realm);
    enrolled(realm, id);
    sheet(realm, id);
    let kinds = [CredentialType::Totp, CredentialType::LookupSecret];
    assert_eq!(second_factors_of(&realm.get(id)), kinds);
    let give_up = |kind: CredentialType| {
        step(realm, &realm.d, |tx| {
            let event = match kind {
                CredentialType::Totp => totp::unlink(tx, id)?,
                _ => lookup::disable(tx, id)?,
            };
            Ok((event.is_some(), event.into_iter().collect()))
        })
    };
    for kind in kinds {
        assert!(give_up(kind));
        let entry = ledger::documents(&realm.d).pop().unwrap();
        assert_eq!(entry["type"], "credential.removed");
        assert_eq!(entry["data"], json!({"credential": kind.as_str()}));
        assert!(!give_up(kind), "once");
    }
    assert!(second_factors_of(&realm.get(id)).is_empty());
}
