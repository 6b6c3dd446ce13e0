//! Roles, groups and permissions, against a naive account of who has what.

use std::collections::{BTreeMap, BTreeSet};

use doorward::domain::access::{CircleKind, HELD_MAX, Origin};
use doorward::error::ErrorCode;
use doorward::service::access::circles::{self, AmendCircle, NewCircle};
use doorward::service::access::held::{self, Wanted};
use doorward::service::cleaning::{self, Leftover};
use doorward::service::identities::{self, Selector, delete};
use doorward::service::listing::{ListIdentities, Total, list, list_with_total};
use doorward::service::transfer;
use doorward::store::sql::members;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Engine, Realm, ledger};

crate::on_both_engines! {
    a_role_is_made_changed_and_removed_with_entries,
    what_cannot_be_is_refused_and_changes_nothing,
    a_permission_of_a_role_cannot_be_taken_from_the_person,
    a_set_is_made_exact_and_each_move_recorded,
    deleting_somebody_or_something_leaves_nothing_behind,
    two_who_edit_the_same_role_do_not_overwrite_each_other_unseen,
    roles_and_groups_go_out_and_come_in,
    a_line_with_an_unknown_role_is_named_and_nothing_is_imported,
    everybody_has_what_a_naive_account_says,
    h2_a_large_group_is_gone_at_once_and_its_members_a_few_at_a_time,
}

fn words(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn exactly(texts: &[&str]) -> Wanted {
    Wanted::Exactly(words(texts))
}

fn role(realm: &Realm, word: &str, permissions: &[&str]) -> String {
    let new = NewCircle {
        word: word.to_owned(),
        permissions: words(permissions),
        ..NewCircle::default()
    };
    circles::create(&realm.d, &realm.by, CircleKind::Role, new).unwrap().circle.id
}

fn group(realm: &Realm, word: &str, roles: &[&str]) -> String {
    let new = NewCircle { word: word.to_owned(), roles: words(roles), ..NewCircle::default() };
    circles::create(&realm.d, &realm.by, CircleKind::Group, new).unwrap().circle.id
}

fn a_role_is_made_changed_and_removed_with_entries(realm: &Realm) {
    let id = role(realm, "editor", &["write", "read"]);
    assert!(id.starts_with("r_") && id.len() == 34, "{id}");
    let found = circles::get(&realm.d, CircleKind::Role, &id).unwrap();
    assert_eq!(found, circles::get(&realm.d, CircleKind::Role, "editor").unwrap());
    assert_eq!((found.circle.name.as_str(), found.members.count), ("editor", 0));
    let change = AmendCircle {
        word: Some("author".into()),
        permissions: Some(words(&["write"])),
        ..AmendCircle::default()
    };
    let (_, changed) =
        circles::update(&realm.d, &realm.by, CircleKind::Role, &id, &change).unwrap();
    assert!(changed);
    let before = realm.dump();
    let (again, changed) =
        circles::update(&realm.d, &realm.by, CircleKind::Role, &id, &change).unwrap();
    assert!(!changed && realm.dump() == before);
    assert_eq!((again.circle.word.as_str(), again.circle.name.as_str()), ("author", "editor"));
    let ada = realm.person("ada@example.com").id;
    let eve = realm.person("eve@example.com").id;
    group(realm, "staff", &["author"]);
    held::set_roles(&realm.d, &realm.by, ada, &exactly(&["author"])).unwrap();
    held::set_groups(&realm.d, &realm.by, ada, &exactly(&["staff"])).unwrap();
    held::set_groups(&realm.d, &realm.by, eve, &exactly(&["staff"])).unwrap();
    let reach = circles::reach(&realm.d, CircleKind::Role, "author").unwrap();
    let two = Total { count: 2, exact: true };
    assert_eq!((reach.members, reach.holders, reach.groups.len()), (1, two, 1));
    let (gone, told) = circles::delete(&realm.d, &realm.by, CircleKind::Role, "author").unwrap();
    assert_eq!((gone.id, told), (id.clone(), reach));
    assert!(held::of(&realm.d, ada).unwrap().roles.is_empty());
    let missing = circles::get(&realm.d, CircleKind::Role, &id).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::NotFound);
    let documents = ledger::documents(&realm.d);
    let of = |kind: &str| documents.iter().find(|entry| entry["type"] == kind).unwrap();
    assert_eq!(of("role.created")["data"]["permissions"], json!(["read", "write"]));
    assert_eq!(of("role.updated")["data"]["changed"], json!(["role", "permissions"]));
    assert_eq!(of("role.updated")["data"]["before"], json!(["read", "write"]));
    let deleted = &of("role.deleted")["data"];
    assert_eq!((&deleted["members"], &deleted["holders"]), (&json!(1), &json!(2)));
    assert_eq!(deleted["groups"], json!(["staff"]));
    assert_eq!(of("group.created")["data"]["group"], "staff");
    let carried = of("role.granted");
    assert_eq!((&carried["data"]["group"], &carried["principal"]), (&json!("staff"), &json!(null)));
    assert!(!documents.iter().any(|entry| entry["type"] == "group.deleted"));
}

fn what_cannot_be_is_refused_and_changes_nothing(realm: &Realm) {
    let ada = realm.person("ada@example.com").id;
    role(realm, "editor", &[]);
    let before = realm.dump();
    let make = |kind, new| circles::create(&realm.d, &realm.by, kind, new).unwrap_err().code();
    let named = |word: &str| NewCircle { word: word.into(), ..NewCircle::default() };
    assert_eq!(make(CircleKind::Role, named("editor")), ErrorCode::Conflict);
    for word in ["", "a b", "a\0b", "r_0123456789abcdef0123456789abcdef", &"x".repeat(65)] {
        assert_eq!(make(CircleKind::Role, named(word)), ErrorCode::Invalid, "{word:?}");
    }
    let long = NewCircle { name: "x".repeat(129), ..named("a") };
    assert_eq!(make(CircleKind::Group, long), ErrorCode::Invalid);
    let bag = NewCircle { permissions: words(&["read"]), ..named("a") };
    assert_eq!(make(CircleKind::Group, bag), ErrorCode::Invalid);
    let nested = NewCircle { roles: words(&["editor"]), ..named("a") };
    assert_eq!(make(CircleKind::Role, nested), ErrorCode::Invalid);
    let unknown = NewCircle { roles: words(&["nothing"]), ..named("a") };
    assert_eq!(make(CircleKind::Group, unknown), ErrorCode::Invalid);
    let set = |id, texts: &[&str]| {
        held::set_roles(&realm.d, &realm.by, id, &exactly(texts)).unwrap_err().code()
    };
    assert_eq!(set(ada, &["nothing"]), ErrorCode::Invalid);
    assert_eq!(set(ada, &["a\0"]), ErrorCode::Invalid);
    assert_eq!(set(Uuid::nil(), &["editor"]), ErrorCode::NotFound);
    let many: Vec<String> = (0..=HELD_MAX).map(|n| format!("p{n}")).collect();
    let many = Wanted::Exactly(many.into_iter().collect());
    let refused = held::set_permissions(&realm.d, &realm.by, ada, &many).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    for wrong in ["a b", "", "\"", "\u{e9}"] {
        let refused =
            held::set_permissions(&realm.d, &realm.by, ada, &exactly(&[wrong])).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Invalid, "{wrong}");
    }
    let search = ListIdentities { role: Some("nothing".into()), ..ListIdentities::default() };
    assert_eq!(list(&realm.d, &search).unwrap_err().code(), ErrorCode::Invalid);
    for token in ["%", "AA=", "//"] {
        let refused = circles::list(&realm.d, CircleKind::Role, None, Some(token)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Invalid, "{token}");
    }
    assert_eq!(realm.dump(), before);
}

fn a_permission_of_a_role_cannot_be_taken_from_the_person(realm: &Realm) {
    let ada = realm.person("ada@example.com").id;
    role(realm, "editor", &["read", "write"]);
    group(realm, "staff", &["editor"]);
    held::set_roles(&realm.d, &realm.by, ada, &exactly(&["editor"])).unwrap();
    held::set_groups(&realm.d, &realm.by, ada, &exactly(&["staff"])).unwrap();
    held::set_permissions(&realm.d, &realm.by, ada, &exactly(&["read", "own"])).unwrap();
    let remove = Wanted::Change { add: words(&[]), remove: words(&["read", "write", "own"]) };
    let (access, changed) = held::set_permissions(&realm.d, &realm.by, ada, &remove).unwrap();
    assert!(changed && access.direct.is_empty());
    let from = |group: Option<&str>| Origin::Role {
        role: "editor".into(),
        group: group.map(str::to_owned),
    };
    let both = BTreeSet::from([from(None), from(Some("staff"))]);
    assert_eq!(
        access.permissions,
        BTreeMap::from([("read".into(), both.clone()), ("write".into(), both)])
    );
    let held = &access.roles[0];
    assert!(held.direct && held.groups == words(&["staff"]));
}

fn a_set_is_made_exact_and_each_move_recorded(realm: &Realm) {
    let ada = realm.person("ada@example.com").id;
    for word in ["a", "b", "c"] {
        role(realm, word, &[]);
    }
    let set = |wanted: &Wanted| held::set_roles(&realm.d, &realm.by, ada, wanted).unwrap();
    set(&exactly(&["a", "b"]));
    set(&exactly(&["b", "c"]));
    let documents = ledger::documents(&realm.d);
    let [granted, withdrawn] = &documents[documents.len() - 2..] else { unreachable!() };
    assert_eq!(granted["type"], "role.granted");
    assert_eq!(granted["principal"], json!(ada));
    assert_eq!(granted["data"]["roles"], json!(["c"]));
    assert_eq!(withdrawn["data"]["roles"], json!(["a"]));
    assert_eq!(withdrawn["data"]["before"], json!(["a", "b"]));
    assert_eq!(withdrawn["data"]["after"], json!(["b", "c"]));
    let before = realm.dump();
    let same = Wanted::Change { add: words(&["b"]), remove: words(&["a"]) };
    assert!(!set(&same).1 && !set(&exactly(&["c", "b"])).1);
    assert_eq!(realm.dump(), before);
}

fn deleting_somebody_or_something_leaves_nothing_behind(realm: &Realm) {
    let ada = realm.person("ada@example.com").id;
    let editor = role(realm, "editor", &["read"]);
    group(realm, "staff", &[&editor]);
    held::set_roles(&realm.d, &realm.by, ada, &exactly(&[&editor])).unwrap();
    held::set_groups(&realm.d, &realm.by, ada, &exactly(&["staff"])).unwrap();
    held::set_permissions(&realm.d, &realm.by, ada, &exactly(&["own"])).unwrap();
    delete(&realm.d, &realm.by, ada).unwrap();
    for table in ["circle_members", "permissions"] {
        assert_eq!(realm.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    let (_, reach) = circles::delete(&realm.d, &realm.by, CircleKind::Group, "staff").unwrap();
    assert_eq!((reach.members, reach.holders.count), (0, 0));
    assert_eq!(realm.number("SELECT count(*) FROM circle_roles"), 0);
    assert!(realm.history().ends_with(&["group.deleted".to_owned()]));
}

fn two_who_edit_the_same_role_do_not_overwrite_each_other_unseen(realm: &Realm) {
    role(realm, "editor", &["read"]);
    let seen = circles::get(&realm.d, CircleKind::Role, "editor").unwrap().circle.updated_at;
    let change = |name: &str| {
        let change =
            AmendCircle { name: Some(name.into()), seen: Some(seen), ..Default::default() };
        circles::update(&realm.d, &realm.by, CircleKind::Role, "editor", &change)
    };
    change("first").unwrap();
    assert_eq!(change("second").unwrap_err().code(), ErrorCode::Conflict);
    let found = circles::get(&realm.d, CircleKind::Role, "editor").unwrap();
    assert_eq!(found.circle.name, "first");

    // Sets are changed by what comes and goes, so that both of two at a time count.
    let ada = realm.person("ada@example.com").id;
    let all: Vec<String> = (0..8).map(|n| format!("w{n}")).collect();
    for word in &all {
        role(realm, word, &[]);
    }
    std::thread::scope(|threads| {
        for word in &all {
            threads.spawn(|| {
                let (d, by) = (realm.open(), realm.by.clone());
                let wanted = Wanted::Change { add: words(&[word]), remove: words(&[]) };
                held::set_roles(&d, &by, ada, &wanted).unwrap();
            });
        }
    });
    let access = held::of(&realm.d, ada).unwrap();
    assert_eq!(access.roles.len(), 8);
    // Each entry goes on from where the one before it ended.
    let mut last = json!([]);
    for entry in ledger::documents(&realm.d) {
        if entry["type"] == "role.granted" {
            assert_eq!(entry["data"]["before"], last);
            last = entry["data"]["after"].clone();
        }
    }
    assert_eq!(last, json!(all));
}

fn roles_and_groups_go_out_and_come_in(realm: &Realm) {
    let ada = realm.person("ada@example.com").id;
    let prepare = |realm: &Realm| {
        role(realm, "editor", &["read"]);
        group(realm, "staff", &["editor"]);
    };
    prepare(realm);
    held::set_roles(&realm.d, &realm.by, ada, &exactly(&["editor"])).unwrap();
    held::set_groups(&realm.d, &realm.by, ada, &exactly(&["staff"])).unwrap();
    held::set_permissions(&realm.d, &realm.by, ada, &exactly(&["own"])).unwrap();
    let path = realm.beside("all.jsonl");
    transfer::export(&realm.d, &realm.by, &path, false).unwrap();
    let other = Realm::new(match realm.database() {
        None => Engine::Postgres,
        Some(_) => Engine::Sqlite,
    });
    let Some(other) = other else { return };
    prepare(&other);
    transfer::import(&other.d, &other.by, &path, false).unwrap();
    let (here, there) = (held::of(&realm.d, ada).unwrap(), held::of(&other.d, ada).unwrap());
    assert_eq!(here.permissions, there.permissions);
    assert!(there.roles[0].direct && there.roles[0].groups == words(&["staff"]));
    let documents = ledger::documents(&other.d);
    let data = &documents.last().unwrap()["data"];
    assert_eq!((&data["roles"], &data["groups"]), (&json!(["editor"]), &json!(["staff"])));
    assert_eq!(data["permissions"], json!(["own"]));
}

fn a_line_with_an_unknown_role_is_named_and_nothing_is_imported(realm: &Realm) {
    role(realm, "editor", &[]);
    let path = realm.beside("lines.jsonl");
    let line = |email: &str, role: &str| json!({"traits": {"email": email}, "roles": [role]});
    let lines =
        format!("{}\n{}\n", line("a@example.com", "editor"), line("b@example.com", "nobody"));
    std::fs::write(&path, lines).unwrap();
    let before = realm.dump();
    let error = transfer::import(&realm.d, &realm.by, &path, false).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Invalid);
    assert!(error.message().contains("Line 2") && error.message().contains("nobody"), "{error}");
    assert_eq!(realm.dump(), before);
}

/// Who is in what, as sets.
#[derive(Default)]
struct Naive {
    people: Vec<Uuid>,
    roles: BTreeMap<String, BTreeSet<String>>,
    groups: BTreeMap<String, BTreeSet<String>>,
    has: BTreeSet<(Uuid, String)>,
    is_in: BTreeSet<(Uuid, String)>,
    own: BTreeSet<(Uuid, String)>,
}

impl Naive {
    fn has_role(&self, id: Uuid, role: &str) -> bool {
        self.has.contains(&(id, role.to_owned()))
            || self.groups.iter().any(|(group, roles)| {
                roles.contains(role) && self.is_in.contains(&(id, group.clone()))
            })
    }

    fn may(&self, id: Uuid) -> BTreeSet<String> {
        let own = self.own.iter().filter(|(who, _)| *who == id).map(|(_, one)| one.clone());
        let roles = self.roles.iter().filter(|(role, _)| self.has_role(id, role));
        own.chain(roles.flat_map(|(_, permissions)| permissions.clone())).collect()
    }
}

const PEOPLE: usize = 12;

#[derive(Clone, Debug)]
enum Step {
    Role(usize, BTreeSet<String>),
    Group(usize, BTreeSet<usize>),
    DeleteRole(usize),
    DeleteGroup(usize),
    Roles(usize, BTreeSet<usize>),
    Groups(usize, BTreeSet<usize>),
    Permissions(usize, BTreeSet<String>),
}

fn step() -> impl Strategy<Value = Step> {
    let few = || prop::collection::btree_set(0..4usize, 0..4);
    let permissions = || prop::collection::btree_set("[a-e]", 0..4);
    prop_oneof![
        3 => (0..4usize, permissions()).prop_map(|(n, all)| Step::Role(n, all)),
        3 => (0..4usize, few()).prop_map(|(n, all)| Step::Group(n, all)),
        1 => (0..4usize).prop_map(Step::DeleteRole),
        1 => (0..4usize).prop_map(Step::DeleteGroup),
        4 => (0..PEOPLE, few()).prop_map(|(n, all)| Step::Roles(n, all)),
        4 => (0..PEOPLE, few()).prop_map(|(n, all)| Step::Groups(n, all)),
        2 => (0..PEOPLE, permissions()).prop_map(|(n, all)| Step::Permissions(n, all)),
    ]
}

/// Makes or changes a role or group.
fn define(
    realm: &Realm,
    kind: CircleKind,
    word: &str,
    permissions: &BTreeSet<String>,
    roles: &BTreeSet<String>,
) {
    let (permissions, roles) = (permissions.clone(), roles.clone());
    if circles::get(&realm.d, kind, word).is_err() {
        let new = NewCircle { word: word.into(), permissions, roles, ..NewCircle::default() };
        circles::create(&realm.d, &realm.by, kind, new).unwrap();
        return;
    }
    let change = AmendCircle {
        permissions: (kind == CircleKind::Role).then_some(permissions),
        roles: (kind == CircleKind::Group).then_some(roles),
        ..AmendCircle::default()
    };
    circles::update(&realm.d, &realm.by, kind, word, &change).unwrap();
}

fn take(realm: &Realm, naive: &mut Naive, step: Step) {
    let role = |n: &usize| format!("r{n}");
    let group = |n: &usize| format!("g{n}");
    match step {
        Step::Role(n, permissions) => {
            define(realm, CircleKind::Role, &role(&n), &permissions, &BTreeSet::new());
            naive.roles.insert(role(&n), permissions);
        }
        Step::Group(n, roles) => {
            let roles = roles.iter().map(role).filter(|one| naive.roles.contains_key(one));
            let roles: BTreeSet<String> = roles.collect();
            define(realm, CircleKind::Group, &group(&n), &BTreeSet::new(), &roles);
            naive.groups.insert(group(&n), roles);
        }
        Step::DeleteRole(n) => {
            let holders = naive.people.iter().filter(|id| naive.has_role(**id, &role(&n))).count();
            let gone = circles::delete(&realm.d, &realm.by, CircleKind::Role, &role(&n));
            assert_eq!(gone.is_ok(), naive.roles.remove(&role(&n)).is_some());
            if let Ok((_, reach)) = gone {
                assert_eq!(reach.holders, Total { count: holders as u64, exact: true });
            }
            naive.has.retain(|(_, one)| *one != role(&n));
            naive.groups.values_mut().for_each(|roles| roles.retain(|one| *one != role(&n)));
        }
        Step::DeleteGroup(n) => {
            let gone = circles::delete(&realm.d, &realm.by, CircleKind::Group, &group(&n));
            assert_eq!(gone.is_ok(), naive.groups.remove(&group(&n)).is_some());
            naive.is_in.retain(|(_, one)| *one != group(&n));
        }
        Step::Roles(person, roles) => {
            let id = naive.people[person];
            let roles: BTreeSet<String> =
                roles.iter().map(role).filter(|one| naive.roles.contains_key(one)).collect();
            let wanted = Wanted::Exactly(roles.clone());
            held::set_roles(&realm.d, &realm.by, id, &wanted).unwrap();
            naive.has.retain(|(who, _)| *who != id);
            naive.has.extend(roles.into_iter().map(|one| (id, one)));
        }
        Step::Groups(person, groups) => {
            let id = naive.people[person];
            let groups: BTreeSet<String> =
                groups.iter().map(group).filter(|one| naive.groups.contains_key(one)).collect();
            let wanted = Wanted::Exactly(groups.clone());
            held::set_groups(&realm.d, &realm.by, id, &wanted).unwrap();
            naive.is_in.retain(|(who, _)| *who != id);
            naive.is_in.extend(groups.into_iter().map(|one| (id, one)));
        }
        Step::Permissions(person, permissions) => {
            let id = naive.people[person];
            let wanted = Wanted::Exactly(permissions.clone());
            held::set_permissions(&realm.d, &realm.by, id, &wanted).unwrap();
            naive.own.retain(|(who, _)| *who != id);
            naive.own.extend(permissions.into_iter().map(|one| (id, one)));
        }
    }
}

fn agree(realm: &Realm, naive: &Naive) {
    let many = held::of_many(&realm.d, &naive.people).unwrap();
    for id in &naive.people {
        let access = held::of(&realm.d, *id).unwrap();
        assert_eq!(access.permissions.keys().cloned().collect::<BTreeSet<_>>(), naive.may(*id));
        let roles: Vec<&String> = access.roles.iter().map(|held| &held.role.word).collect();
        let expected: Vec<&String> =
            naive.roles.keys().filter(|role| naive.has_role(*id, role)).collect();
        assert_eq!(roles, expected);
        let belongs = many.get(id).cloned().unwrap_or_default();
        assert_eq!((belongs.roles, belongs.groups), (access.roles, access.groups));
    }
    for search in [None, Some("example"), Some("p1"), Some("\"p1\" .com")] {
        for role in naive.roles.keys() {
            let fits = |id: Uuid| naive.has_role(id, role);
            let asked = ListIdentities { role: Some(role.clone()), ..ListIdentities::default() };
            found(realm, naive, asked, search, fits);
        }
        for group in naive.groups.keys() {
            let fits = |id: Uuid| naive.is_in.contains(&(id, group.clone()));
            let asked = ListIdentities { group: Some(group.clone()), ..ListIdentities::default() };
            found(realm, naive, asked, search, fits);
            for role in naive.roles.keys() {
                let asked = ListIdentities {
                    role: Some(role.clone()),
                    group: Some(group.clone()),
                    ..ListIdentities::default()
                };
                found(realm, naive, asked, search, |id| fits(id) && naive.has_role(id, role));
            }
        }
    }
}

/// Reads all pages of a list and compares them with those that fit.
fn found(
    realm: &Realm,
    naive: &Naive,
    mut asked: ListIdentities,
    search: Option<&str>,
    fits: impl Fn(Uuid) -> bool,
) {
    asked.search = search.map(str::to_owned);
    let named = |place: usize| match search {
        Some(text) if text.contains("p1") => format!("p{place}").starts_with("p1"),
        _ => true,
    };
    let people = naive.people.iter().enumerate();
    let expected: Vec<Uuid> =
        people.filter(|(place, id)| named(*place) && fits(**id)).map(|(_, id)| *id).collect();
    asked.page_size = Some(2);
    let mut seen = Vec::new();
    loop {
        let (listed, total) = list_with_total(&realm.d, &asked).unwrap();
        assert_eq!(total, Total { count: expected.len() as u64, exact: true }, "{asked:?}");
        seen.extend(listed.page.items.iter().map(|one| one.identity.id));
        asked.page_token = listed.page.next_page_token;
        if asked.page_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected, "{asked:?}");
}

fn everybody_has_what_a_naive_account_says(realm: &Realm) {
    let people = (0..PEOPLE).map(|n| realm.person(&format!("p{n}@example.com")).id);
    let mut naive = Naive { people: people.collect(), ..Naive::default() };
    let cases = if realm.database().is_some() { 3 } else { 8 };
    let mut runner = TestRunner::new(Config { cases, max_shrink_iters: 0, ..Config::default() });
    let steps = prop::collection::vec(step(), 1..20);
    let naive = std::cell::RefCell::new(&mut naive);
    runner
        .run(&steps, |steps| {
            let naive = &mut **naive.borrow_mut();
            steps.into_iter().for_each(|step| take(realm, naive, step));
            agree(realm, naive);
            Ok(())
        })
        .unwrap();
}

/// People in a group, `count` of them.
fn fill(realm: &Realm, group: &str, count: usize) {
    let path = realm.beside("many.jsonl");
    let line = |n: usize| {
        let email = format!("p{n}@example.com");
        format!("{}\n", json!({"traits": {"email": email}, "groups": [group]}))
    };
    std::fs::write(&path, (0..count).map(line).collect::<String>()).unwrap();
    transfer::import(&realm.d, &realm.by, &path, false).unwrap();
}

fn h2_a_large_group_is_gone_at_once_and_its_members_a_few_at_a_time(realm: &Realm) {
    role(realm, "editor", &["write"]);
    group(realm, "many", &["editor"]);
    fill(realm, "many", 2300);
    let somebody = Selector::Identifier("p7@example.com".into());
    let id = identities::find(&realm.d, &somebody).unwrap().id;
    assert_eq!(held::of(&realm.d, id).unwrap().roles.len(), 1);
    let n = realm.number("SELECT n FROM circles WHERE word = 'editor'");
    let holders = |most| realm.d.store.read(|tx| members::holders(tx, n, most)).unwrap();
    assert_eq!((holders(3000), holders(1000)), ((2300, true), (1000, false)));

    let (_, reach) = circles::delete(&realm.d, &realm.by, CircleKind::Group, "many").unwrap();
    assert_eq!(reach.members, 2300);
    let left = || realm.number("SELECT count(*) FROM circle_members");
    assert_eq!(left(), 1800, "the deletion itself takes few");
    let history = realm.history();
    let nobody_is_in_it = || {
        let missing = circles::get(&realm.d, CircleKind::Group, "many").unwrap_err();
        assert_eq!(missing.code(), ErrorCode::NotFound);
        let all = circles::list(&realm.d, CircleKind::Group, None, None).unwrap();
        assert_eq!(all.items, []);
        let access = held::of(&realm.d, id).unwrap();
        assert_eq!((access.roles.len(), access.groups.len(), access.permissions.len()), (0, 0, 0));
        assert!(held::of_many(&realm.d, &[id]).unwrap().is_empty());
        let of = |role: Option<&str>, group: Option<&str>| {
            let (role, group) = (role.map(str::to_owned), group.map(str::to_owned));
            list(&realm.d, &ListIdentities { role, group, ..ListIdentities::default() })
        };
        assert_eq!(of(None, Some("many")).unwrap_err().code(), ErrorCode::Invalid);
        assert_eq!(of(Some("editor"), None).unwrap().items.len(), 0);
    };
    nobody_is_in_it();
    assert!(cleaning::step(&realm.d, Leftover::Circles).unwrap());
    assert_eq!(left(), 800);
    nobody_is_in_it();
    // One of the same name is another one, and whoever writes comes in between.
    group(realm, "many", &[]);
    held::set_groups(&realm.d, &realm.by, id, &exactly(&["many"])).unwrap();
    // Somebody was killed, and another goes on.
    let another = realm.open();
    while cleaning::step(&another, Leftover::Circles).unwrap() {}
    assert_eq!(left(), 1);
    assert_eq!(realm.number("SELECT count(*) FROM circles"), 2);
    assert_eq!(held::of(&realm.d, id).unwrap().groups.len(), 1);
    assert_eq!(realm.history().len(), history.len() + 2, "what is cleaned up is nobody's account");
    ledger::must_be_whole(&realm.d);
}

#[test]
fn a_page_of_a_large_group_is_read_from_its_members() {
    let realm = Realm::sqlite();
    role(&realm, "few", &[]);
    group(&realm, "many", &[]);
    let path = realm.beside("many.jsonl");
    let line = |n: usize| {
        let mut line =
            json!({"traits": {"email": format!("p{n}@example.com")}, "groups": ["many"]});
        if n % 700 == 699 {
            line["roles"] = json!(["few"]);
        }
        format!("{line}\n")
    };
    std::fs::write(&path, (0..2800).map(line).collect::<String>()).unwrap();
    transfer::import(&realm.d, &realm.by, &path, false).unwrap();
    let of = |role: Option<&str>, search: Option<&str>| ListIdentities {
        role: role.map(str::to_owned),
        group: Some("many".into()),
        search: search.map(str::to_owned),
        page_size: Some(300),
        ..ListIdentities::default()
    };
    let (listed, total) = list_with_total(&realm.d, &of(None, None)).unwrap();
    assert_eq!(listed.page.items.len(), 300);
    assert!(listed.page.next_page_token.is_some());
    assert!(!total.exact && total.count > 500, "{total:?}");
    assert_eq!(list(&realm.d, &of(Some("few"), None)).unwrap().items.len(), 4);
    assert_eq!(list(&realm.d, &of(Some("few"), Some("p699@"))).unwrap().items.len(), 1);
    assert_eq!(list(&realm.d, &of(None, Some("p27"))).unwrap().items.len(), 111);
    let circle = circles::get(&realm.d, CircleKind::Group, "many").unwrap();
    assert_eq!(circle.members, Total { count: 1000, exact: false });
    let reach = circles::reach(&realm.d, CircleKind::Group, "many").unwrap();
    assert_eq!(reach.members, 2800);
}
