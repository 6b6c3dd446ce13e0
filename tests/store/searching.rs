//! Lists and searches against a model that filters a vector.

use doorward::app::Deps;
use doorward::domain::identifier::canonical;
use doorward::domain::identity::Identity;
use doorward::domain::status::Status;
use doorward::service::cleaning::{self, Leftover};
use doorward::service::identities::{
    CreateIdentity, Patch, UpdateIdentity, create_many, delete, update,
};
use doorward::service::listing::{ListIdentities, list, list_with_total};
use doorward::service::status::{StatusChange, block, lock};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::support::{Engine, Realm, noon, with_password};

/// One person of the model, as the store last answered it.
type Model = Vec<Identity>;

#[derive(Clone, Debug)]
enum Step {
    Create { name: String, password: bool },
    Rename { place: usize, name: String },
    Lock { place: usize, hours: Option<u8> },
    Block { place: usize, hours: Option<u8> },
    Expire { place: usize, hours: u8 },
    Delete { place: usize },
    Wait { hours: u8 },
    Merge,
}

#[derive(Clone, Debug)]
struct Query {
    search: String,
    state: Option<&'static str>,
    schema: bool,
    page_size: u64,
}

/// Short texts of few different characters, so that searches hit; some that mean something to SQL,
/// to full-text queries, or to Unicode.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b",
        "ab",
        "ba",
        "abc",
        " ",
        "%",
        "_",
        "*",
        "\"",
        "'",
        "\\",
        "-",
        ":",
        "(",
        ")",
        "^",
        "AND",
        "NEAR",
        "\u{e9}",
        "e\u{301}",
        "\u{130}",
        "\u{df}",
        "\u{1f4a5}",
        "\u{5f20}",
        "\u{fb01}",
        ".",
        "@",
        "0",
    ]);
    prop::collection::vec(pieces, 1..6).prop_map(|pieces| pieces.concat())
}

fn step() -> impl Strategy<Value = Step> {
    let (place, hours) = (0..12usize, prop::option::of(1..6u8));
    prop_oneof![
        6 => (text(), any::<bool>())
            .prop_map(|(name, password)| Step::Create { name, password }),
        2 => (place.clone(), text()).prop_map(|(place, name)| Step::Rename { place, name }),
        1 => (place.clone(), hours.clone()).prop_map(|(place, hours)| Step::Lock { place, hours }),
        1 => (place.clone(), hours).prop_map(|(place, hours)| Step::Block { place, hours }),
        1 => (place.clone(), 1..6u8).prop_map(|(place, hours)| Step::Expire { place, hours }),
        1 => place.prop_map(|place| Step::Delete { place }),
        1 => (1..4u8).prop_map(|hours| Step::Wait { hours }),
        1 => Just(Step::Merge),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let states = vec!["invited", "active", "locked", "blocked", "inactive", "expired"];
    (text(), prop::option::weighted(0.4, prop::sample::select(states)), any::<bool>(), 1..7u64)
        .prop_map(|(search, state, schema, page_size)| Query { search, state, schema, page_size })
}

fn take(realm: &Realm, model: &mut Model, count: &mut u32, step: Step) {
    let now = realm.d.clock.now();
    let later = |hours: u8| now + jiff::SignedDuration::from_hours(i64::from(hours));
    let at = |place: usize, model: &Model| (!model.is_empty()).then(|| place % model.len());
    let why = |hours: Option<u8>| StatusChange { until: hours.map(later), ..Default::default() };
    match step {
        Step::Create { name, password } => {
            *count += 1;
            let base = with_password("unused", "correct horse");
            let request = CreateIdentity {
                traits: json!({"email": format!("p{count}@example.com"), "name": name}),
                password: base.password.filter(|_| password),
                ..CreateIdentity::default()
            };
            model.push(realm.create(request).unwrap());
        }
        Step::Rename { place, name } => {
            let Some(place) = at(place, model) else { return };
            let traits = Some(Patch::Merge(json!({"name": name})));
            let request = UpdateIdentity { traits, ..UpdateIdentity::default() };
            model[place] = update(&realm.d, &realm.by, model[place].id, request).unwrap();
        }
        Step::Lock { place, hours } => {
            let Some(place) = at(place, model) else { return };
            let _ = lock(&realm.d, &realm.by, model[place].id, &why(hours));
            model[place] = realm.get(model[place].id);
        }
        Step::Block { place, hours } => {
            let Some(place) = at(place, model) else { return };
            let _ = block(&realm.d, &realm.by, model[place].id, &why(hours));
            model[place] = realm.get(model[place].id);
        }
        Step::Expire { place, hours } => {
            let Some(place) = at(place, model) else { return };
            let (id, micros) = (model[place].id, later(hours).as_microsecond());
            let text = format!("UPDATE identities SET expires_at = {micros} WHERE id = '{id}'");
            realm.meddle(&text).unwrap();
            model[place].expires_at = Some(later(hours));
        }
        Step::Delete { place } => {
            let Some(place) = at(place, model) else { return };
            delete(&realm.d, &realm.by, model.remove(place).id).unwrap();
        }
        Step::Wait { hours } => realm.d.clock.set(later(hours)),
        Step::Merge => while cleaning::step(&realm.d, Leftover::SearchParts).unwrap() {},
    }
}

/// What the documentation promises, in the plainest words.
fn fits(identity: &Identity, query: &Query, realm: &Realm) -> bool {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(identity.credentials.iter().flat_map(|one| one.identifiers.clone()));
    lines.extend(identity.verifiable_addresses.iter().map(|one| one.value.clone()));
    for name in ["email", "name"] {
        lines.extend(identity.traits[name].as_str().map(canonical));
    }
    let words = words(&query.search);
    let id = identity.id.to_string();
    let found = words.iter().all(|word| {
        word.len() >= 8 && id.starts_with(word.as_str())
            || lines.iter().any(|line| line.contains(word.as_str()))
    });
    let seen = identity.effective_status(realm.d.clock.now()).as_str();
    let wanted = query.state.map(|state| if state == "inactive" { "blocked" } else { state });
    found && wanted.is_none_or(|wanted| wanted == seen)
}

fn words(search: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in search.split('"').enumerate() {
        match index % 2 {
            1 => words.push(canonical(part)),
            _ => words.extend(part.split_whitespace().map(canonical)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn listed(realm: &Realm, query: &Query) -> Vec<Identity> {
    let mut request = ListIdentities {
        search: Some(query.search.clone()),
        state: query.state.map(str::to_owned),
        schema_id: query.schema.then(|| "social_user_v0".to_owned()),
        page_size: Some(query.page_size),
        ..ListIdentities::default()
    };
    let mut all = Vec::new();
    loop {
        let page = list(&realm.d, &request).unwrap();
        assert!(page.items.len() as u64 <= query.page_size);
        all.extend(page.items);
        request.page_token = page.next_page_token;
        if request.page_token.is_none() {
            return all;
        }
    }
}

fn behaves_like_the_model(engine: Engine, cases: u32) {
    let Some(realm) = Realm::new(engine) else { return };
    let mut runner = TestRunner::new(Config { cases, ..Config::default() });
    let steps = prop::collection::vec(step(), 1..14);
    let queries = prop::collection::vec(query(), 1..12);
    let mut count = 0;
    let counter = std::cell::RefCell::new(&mut count);
    runner
        .run(&(steps, queries), |(steps, queries)| {
            // One realm serves all cases; each begins with nobody in it.
            realm.d.clock.set(noon());
            realm.meddle("DELETE FROM identities").unwrap();
            if engine == Engine::Sqlite {
                realm.meddle("DELETE FROM identity_search").unwrap();
            }
            let mut model = Model::new();
            for step in steps {
                take(&realm, &mut model, &mut counter.borrow_mut(), step);
            }
            prop_assert!(
                model.iter().all(|one| one.status != Status::Invited || one.first_factors() == 0)
            );
            for query in queries {
                let expected: Vec<&Identity> =
                    model.iter().filter(|one| fits(one, &query, &realm)).collect();
                let seen = listed(&realm, &query);
                prop_assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{:?}", query);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn lists_and_searches_on_sqlite_are_those_of_a_plain_filter() {
    behaves_like_the_model(Engine::Sqlite, 40);
}

#[test]
fn lists_and_searches_on_postgres_are_those_of_a_plain_filter() {
    behaves_like_the_model(Engine::Postgres, 40);
}

/// Somebody among many alike, with something of their own that may mean something to a query.
fn alike(n: u32) -> (String, CreateIdentity) {
    let sign = ["%", "_", "\"", "'", "\\", "-", "*", "(", "\u{e9}", "\u{df}"][n as usize % 10];
    let own = format!("{:06x}", n.wrapping_mul(2_654_435_761) >> 8);
    // One in twenty has every three letters of Hopper, and is not called so.
    let family = if n.is_multiple_of(20) { "Hoppe.Pper" } else { "Hopper" };
    let traits = json!({
        "email": format!("{own}.{n}.{family}@example.com").to_lowercase(),
        "name": format!("Grace{own}{sign}{n}{family}"),
    });
    (own, CreateIdentity { traits, ..CreateIdentity::default() })
}

#[test]
fn what_a_service_knows_to_be_rare_changes_nothing_of_what_it_finds() {
    let realm = Realm::sqlite();
    let (own, requests): (Vec<_>, Vec<_>) = (0..600).map(alike).unzip();
    let made = create_many(&realm.d, &realm.by, requests).unwrap();
    assert!(made.iter().all(Result::is_ok));
    let service = realm.d.clone().shared();
    let search = |d: &Deps, text: &str| {
        let search = Some(text.to_owned());
        let request = ListIdentities { search, page_size: Some(5), ..ListIdentities::default() };
        let (listed, total) = list_with_total(d, &request).unwrap();
        let found = listed.page.items.iter().map(|one| one.identity.id).collect::<Vec<_>>();
        (found, listed.page.next_page_token, total.count, total.exact)
    };
    for n in (0..600usize).step_by(7) {
        let (_, request) = alike(n as u32);
        let [email, name] = ["email", "name"].map(|key| request.traits[key].as_str().unwrap());
        let word = &own[n];
        for text in [
            email.to_owned(),
            name.to_owned(),
            name.to_uppercase(),
            format!("{word}.{n}.hop"),
            format!("{word}.{n}.hap"),
            format!("{name} hopper@example.com"),
            format!("{} {}", &name[..9], &email[2..]),
            format!("\"{email}\" \"e.com\""),
            "hopper@example".to_owned(),
            "Hopper".to_owned(),
            format!("hopper {}", &word[..2]),
        ] {
            assert_eq!(search(&service, &text), search(&realm.d, &text), "{text}");
        }
        assert_eq!(search(&service, email).0.len(), 1, "{email}");
    }
    let known = service.rarity.as_ref().unwrap();
    let known = service.store.read(|tx| known.rarity(tx)).unwrap();
    assert!(known.is_some(), "or this test would compare the same with the same");
}
