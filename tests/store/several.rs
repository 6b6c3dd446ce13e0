//! The same done to several people, on both engines.

use std::collections::BTreeSet;

use doorward::domain::authority::Authority;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::domain::status::Transition;
use doorward::error::ErrorCode;
use doorward::service::bulk::{Bar, Deed, Outcome, preview, run};
use doorward::service::status::{self, StatusChange};
use doorward::service::{Caller, authorities};
use jiff::ToSpan as _;
use uuid::Uuid;

use super::passwords::sign_in;
use crate::support::{Realm, ledger, noon, person, with_password};

crate::on_both_engines! {
    a_preview_says_what_comes_of_it_of_every_deed,
    t3_of_several_administrators_the_last_one_stays,
    what_is_refused_of_everybody_changes_nobody,
}

fn make(realm: &Realm, name: &str) -> Uuid {
    realm.create(with_password(&format!("{name}@example.com"), "correct horse")).unwrap().id
}

fn administrator(realm: &Realm, name: &str) -> Uuid {
    let id = make(realm, name);
    let rights = BTreeSet::from([Authority::Administrator]);
    authorities::set(&realm.d, &realm.by, id, &rights).unwrap();
    id
}

fn as_user(realm: &Realm, id: Uuid) -> Caller {
    Caller { actor: Actor::new(ActorKind::User, id.to_string()), ..realm.by.clone() }
}

fn a_preview_says_what_comes_of_it_of_every_deed(realm: &Realm) {
    let root = administrator(realm, "root");
    let by = as_user(realm, root);
    for (turn, deed) in Deed::ALL.into_iter().enumerate() {
        let name = |word: &str| format!("{word}{turn}");
        let active = make(realm, &name("active"));
        sign_in(realm, active, &[1, 2]);
        let [locked, blocked] = ["locked", "blocked"].map(|word| make(realm, &name(word)));
        sign_in(realm, locked, &[1]);
        status::lock(&realm.d, &realm.by, locked, &StatusChange::default()).unwrap();
        status::block(&realm.d, &realm.by, blocked, &StatusChange::default()).unwrap();
        let invited = realm.create(person(&format!("{}@example.com", name("invited")))).unwrap().id;
        let other = administrator(realm, &name("other"));
        let gone = Uuid::from_u128(7);
        let ids = [active, root, locked, blocked, invited, other, gone, active];
        let why = StatusChange::default();
        let history = realm.history();
        let told = preview(&realm.d, &by, deed, &ids, &why).unwrap();
        assert_eq!(realm.history(), history, "a preview changes nothing");
        let done = run(&realm.d, &by, deed, &ids, &why).unwrap();
        assert_eq!(told, done, "{deed:?}");
        assert!(done.refused.contains(&(gone, Bar::NotFound)), "{deed:?}: {done:?}");
        let shuts_out = !matches!(deed, Deed::Status(Transition::Unlock | Transition::Unblock));
        let own = done.refused.contains(&(root, Bar::SelfAction));
        assert_eq!(own, shuts_out, "{deed:?}: {done:?}");
        let ends = matches!(deed, Deed::Delete | Deed::Status(Transition::Block));
        assert_eq!(done.sessions, if ends { 3 } else { 0 }, "{deed:?}");
    }
    ledger::must_be_whole(&realm.d);
}

fn t3_of_several_administrators_the_last_one_stays(realm: &Realm) {
    let [one, two] = ["one", "two"].map(|name| administrator(realm, name));
    // Somebody whose rights are gone by now, though what they asked for is still under way.
    let by = as_user(realm, make(realm, "former"));
    let deed = Deed::Status(Transition::Lock);
    let why = StatusChange::default();
    let expected =
        Outcome { changed: 1, refused: vec![(two, Bar::LastAdministrator)], ..Outcome::default() };
    assert_eq!(preview(&realm.d, &by, deed, &[one, two], &why).unwrap(), expected);
    assert_eq!(run(&realm.d, &by, deed, &[one, two], &why).unwrap(), expected);
    let operator = preview(&realm.d, &realm.by, deed, &[two], &why).unwrap();
    assert_eq!((operator.changed, operator.refused.len()), (1, 0), "the rule binds people");
}

fn what_is_refused_of_everybody_changes_nobody(realm: &Realm) {
    let id = make(realm, "ada");
    let history = realm.history();
    let long = StatusChange { note: Some("x".repeat(513)), ..StatusChange::default() };
    let past = StatusChange { until: Some(noon() - 1.minutes()), ..StatusChange::default() };
    for deed in Deed::ALL {
        for why in [&long, &past] {
            for ask in [preview, run] {
                let refused = ask(&realm.d, &realm.by, deed, &[id], why).unwrap_err();
                assert_eq!(refused.code(), ErrorCode::Invalid, "{deed:?}");
            }
        }
    }
    assert_eq!(realm.history(), history);
}
