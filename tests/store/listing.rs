//! Lists of identities: what is on which page.

use doorward::domain::credential::{Credential, CredentialType};
use doorward::error::ErrorCode;
use doorward::service::identities::{CreateIdentity, delete};
use doorward::service::listing::{ListIdentities, list};
use doorward::service::status::{StatusChange, block, lock};
use doorward::store::sql::credentials;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Realm, noon, person, with_password};

crate::on_both_engines! {
    words_find_parts_of_identifiers_and_names_and_the_beginning_of_ids,
    every_word_must_occur,
    input_06_nothing_in_a_search_has_a_meaning_of_its_own,
    input_06_a_search_has_a_budget,
    states_are_told_apart_as_they_are_seen,
    schemas_and_providers_narrow_a_list,
    pages_are_stable_while_people_come_and_go,
    input_07_forged_tokens_and_impossible_sizes_are_refused,
    what_changed_is_found_by_its_new_words_only,
    who_holds_a_right_is_found_by_it,
    p19_totals_are_exact_while_they_are_cheap_and_otherwise_at_least,
}

pub(super) fn found(realm: &Realm, request: &ListIdentities) -> Vec<Uuid> {
    list(&realm.d, request).unwrap().items.iter().map(|identity| identity.id).collect()
}

fn search(realm: &Realm, words: &str) -> Vec<Uuid> {
    let search = Some(words.to_owned());
    found(realm, &ListIdentities { search, ..ListIdentities::default() })
}

fn named(realm: &Realm, email: &str, name: &str) -> Uuid {
    let traits = json!({"email": email, "name": name});
    realm.create(CreateIdentity { traits, ..CreateIdentity::default() }).unwrap().id
}

fn words_find_parts_of_identifiers_and_names_and_the_beginning_of_ids(realm: &Realm) {
    let ada = named(realm, "ada@example.com", "Ada King, Countess of Lovelace");
    let jose = named(realm, "jos\u{e9}@b\u{fc}cher.example", "\u{5f20}\u{4f1f}");
    let both = [ada, jose];
    for (words, expected) in [
        ("", &both[..]),
        ("   ", &both[..]),
        ("ADA@", &both[..1]),
        ("love", &both[..1]),
        ("ov", &both[..1]),
        ("g,", &both[..1]),
        ("\"king, countess\"", &both[..1]),
        ("JOSE\u{301}@B\u{dc}CHER", &both[1..]),
        ("\u{5f20}", &both[1..]),
        ("\u{5f20}\u{4f1f}", &both[1..]),
        ("example", &both[..]),
        ("@", &both[..]),
        ("nobody", &[]),
    ] {
        assert_eq!(search(realm, words), expected, "{words:?}");
    }
    assert_eq!(search(realm, &ada.to_string().to_uppercase()), [ada]);
    assert_eq!(search(realm, &jose.to_string()[..20]), [jose]);
    assert_eq!(search(realm, &format!("{} example", &jose.to_string()[..20])), [jose]);
    assert!(search(realm, &format!("{} example", Uuid::nil())).is_empty());
}

fn every_word_must_occur(realm: &Realm) {
    let ada = named(realm, "ada@example.com", "Ada Lovelace");
    named(realm, "augusta@example.com", "Augusta Lovelace");
    assert_eq!(search(realm, "lovelace ada"), [ada]);
    assert_eq!(search(realm, "lovelace ada example a"), [ada]);
    assert!(search(realm, "lovelace nobody").is_empty());
    assert!(search(realm, "\"lovelace ada\"").is_empty(), "quoted words are one, in this order");
}

fn input_06_nothing_in_a_search_has_a_meaning_of_its_own(realm: &Realm) {
    let plain = named(realm, "plain@example.com", "plain words and more");
    let names = [
        "100% sure",
        "under_score",
        "a*b*c",
        "back\\slash",
        "NEAR(a b)",
        "x AND y OR z",
        "it's",
        "col:umn",
        "^first",
        "a+b-c",
        "{brace}",
        "semi;colon--",
        "$1 ?1 :a @b",
    ];
    let ids: Vec<Uuid> = (0..)
        .zip(names)
        .map(|(index, name)| named(realm, &format!("p{index}@example.com"), name))
        .collect();
    for (words, place) in [
        ("100%", 0),
        ("0%", 0),
        ("%", 0),
        ("% sure", 0),
        ("under_", 1),
        ("r_s", 1),
        ("_", 1),
        ("a*b", 2),
        ("*", 2),
        ("\\", 3),
        ("k\\s", 3),
        ("near(", 4),
        ("NEAR(A", 4),
        ("\"x and y\"", 5),
        ("it's", 6),
        ("'", 6),
        ("col:umn", 7),
        ("^first", 8),
        ("+b-", 9),
        ("{brace}", 10),
        (";colon--", 11),
        ("$1", 12),
        ("?1", 12),
        (":a", 12),
    ] {
        assert_eq!(search(realm, words), [ids[place]], "{words:?}");
    }
    for words in [
        "pl_in",
        "p%n",
        "plain*",
        "pla*",
        "words NOT",
        "(plain",
        "plain)",
        "words:plain",
        "-plain",
        "^plain",
        "NEAR(plain words)",
        "\"pl\u{0}ain\"",
        "\"pl\u{1b}ain\"",
        "pl''ain",
        "' OR '1'='1",
        "\u{7}\u{1b}[0m",
        "plain\u{202e}",
    ] {
        assert!(search(realm, words).is_empty(), "{words:?}");
    }
    assert_eq!(search(realm, "\"plain words"), [plain], "a quote that is not closed");
    assert_eq!(search(realm, "\"\" \" \" plain"), [plain]);
    assert_eq!(search(realm, "plain\u{0}wor\u{0}"), [plain], "control characters are blanks");
    assert_eq!(search(realm, "\"plain\u{0}wor\""), [plain]);
}

fn input_06_a_search_has_a_budget(realm: &Realm) {
    named(realm, "plain@example.com", "plain");
    for words in ["x ".repeat(10_000), "y".repeat(300), "\"\" ".repeat(5) + &"z ".repeat(11)] {
        let request = ListIdentities { search: Some(words), ..ListIdentities::default() };
        assert_eq!(list(&realm.d, &request).unwrap_err().code(), ErrorCode::Invalid);
    }
}

fn states_are_told_apart_as_they_are_seen(realm: &Realm) {
    let make = |index: usize| {
        realm.create(with_password(&format!("{index}@example.com"), "correct horse")).unwrap().id
    };
    let [active, locked, blocked, lapsed, expired] = [1, 2, 3, 4, 5].map(make);
    let invited = realm.person("6@example.com").id;
    let until = |hour| StatusChange {
        until: Some(format!("2026-07-01T{hour}:00:00Z").parse().unwrap()),
        ..StatusChange::default()
    };
    lock(&realm.d, &realm.by, locked, &until(20)).unwrap();
    block(&realm.d, &realm.by, blocked, &StatusChange::default()).unwrap();
    block(&realm.d, &realm.by, lapsed, &until(13)).unwrap();
    lock(&realm.d, &realm.by, expired, &StatusChange::default()).unwrap();
    let at = noon().as_microsecond() + 3_600_000_000;
    realm.meddle(&format!("UPDATE identities SET expires_at = {at} WHERE n = 5")).unwrap();
    let seen = |state: &str| {
        let state = Some(state.to_owned());
        found(realm, &ListIdentities { state, ..ListIdentities::default() })
    };
    assert_eq!(seen("active"), [active]);
    assert_eq!(seen("locked"), [locked, expired]);
    assert_eq!(seen("blocked"), [blocked, lapsed]);
    realm.at("2026-07-01T13:00:00Z");
    assert_eq!(seen("active"), [active, lapsed], "its block has ended");
    assert_eq!(seen("locked"), [locked]);
    assert_eq!(seen("blocked"), [blocked]);
    assert_eq!(seen("inactive"), [blocked]);
    assert_eq!(seen("expired"), [expired]);
    assert_eq!(seen("invited"), [invited]);
    let bad = ListIdentities { state: Some("gone".into()), ..ListIdentities::default() };
    assert_eq!(list(&realm.d, &bad).unwrap_err().code(), ErrorCode::Invalid);
}

fn schemas_and_providers_narrow_a_list(realm: &Realm) {
    let social = realm.person("ada@example.com").id;
    let admin = realm
        .create(CreateIdentity {
            schema_id: Some("admin_v0".into()),
            traits: json!({"username": "eve"}),
            ..CreateIdentity::default()
        })
        .unwrap()
        .id;
    let n = realm.row_of(admin);
    realm.plant(|tx| {
        let link = Credential {
            kind: CredentialType::Oidc,
            identifiers: vec!["git_hub:1".into()],
            config: json!({}),
            created_at: noon(),
            updated_at: noon(),
        };
        credentials::insert(tx, n, &link).unwrap();
    });
    let of = |schema: Option<&str>, provider: Option<&str>| {
        found(
            realm,
            &ListIdentities {
                schema_id: schema.map(str::to_owned),
                provider: provider.map(str::to_owned),
                ..ListIdentities::default()
            },
        )
    };
    assert_eq!(of(Some("admin_v0"), None), [admin]);
    assert_eq!(of(Some("social_user_v0"), None), [social]);
    assert!(of(Some("other"), None).is_empty());
    assert_eq!(of(None, Some("git_hub")), [admin]);
    for provider in ["git", "git%", "git_hub:", "gitxhub", "git_hub:1", ""] {
        assert!(of(None, Some(provider)).is_empty(), "{provider:?}");
    }
    assert!(of(Some("social_user_v0"), Some("git_hub")).is_empty());
}

fn pages_are_stable_while_people_come_and_go(realm: &Realm) {
    let first: Vec<Uuid> =
        (0..23).map(|index| realm.person(&format!("{index}@example.com")).id).collect();
    let mut seen = Vec::new();
    let mut token = None;
    for round in 0.. {
        let page_size = Some(5);
        let request = ListIdentities { page_size, page_token: token, ..ListIdentities::default() };
        let page = list(&realm.d, &request).unwrap();
        seen.extend(page.items.iter().map(|identity| identity.id));
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
        assert_eq!(page.items.len(), 5);
        realm.person(&format!("new-{round}@example.com"));
        // Somebody who was on the page just seen goes.
        delete(&realm.d, &realm.by, *seen.last().unwrap()).unwrap();
    }
    assert_eq!(seen[..23], first, "each of those who were there from the start, once, in order");
    let exact = ListIdentities { page_size: Some(500), ..ListIdentities::default() };
    assert!(list(&realm.d, &exact).unwrap().next_page_token.is_none());
    let count = list(&realm.d, &exact).unwrap().items.len() as u64;
    let exact = ListIdentities { page_size: Some(count), ..ListIdentities::default() };
    assert!(list(&realm.d, &exact).unwrap().next_page_token.is_none(), "nothing follows");
}

fn input_07_forged_tokens_and_impossible_sizes_are_refused(realm: &Realm) {
    realm.create(person("ada@example.com")).unwrap();
    for token in ["1", "p1", "cDE=", "cC0x", "cDk5OTk5OTk5OTk5OTk5OTk5OTk5", "\u{0}"] {
        let request =
            ListIdentities { page_token: Some(token.into()), ..ListIdentities::default() };
        assert_eq!(list(&realm.d, &request).unwrap_err().code(), ErrorCode::Invalid, "{token}");
    }
    for size in [0, 501, u64::MAX] {
        let request = ListIdentities { page_size: Some(size), ..ListIdentities::default() };
        assert_eq!(list(&realm.d, &request).unwrap_err().code(), ErrorCode::Invalid, "{size}");
    }
}

fn what_changed_is_found_by_its_new_words_only(realm: &Realm) {
    use doorward::service::identities::{Patch, UpdateIdentity, update};
    let id = named(realm, "ada@example.com", "Byron");
    let traits = Some(Patch::Merge(json!({"name": "Lovelace"})));
    update(&realm.d, &realm.by, id, UpdateIdentity { traits, ..UpdateIdentity::default() })
        .unwrap();
    assert!(search(realm, "byron").is_empty() && search(realm, "by").is_empty());
    assert_eq!(search(realm, "lovelace"), [id]);
    delete(&realm.d, &realm.by, id).unwrap();
    assert!(search(realm, "lovelace").is_empty() && search(realm, "lo").is_empty());
}

fn who_holds_a_right_is_found_by_it(realm: &Realm) {
    use doorward::domain::authority::Authority;
    use doorward::service::authorities;
    let admin = realm.person("ada@example.com").id;
    realm.person("eve@example.com");
    authorities::set(&realm.d, &realm.by, admin, &[Authority::Administrator].into()).unwrap();
    let of = |word: &str| ListIdentities {
        authority: Some(word.to_owned()),
        ..ListIdentities::default()
    };
    assert_eq!(found(realm, &of("ROLE_ADMINISTRATOR")), [admin]);
    assert!(found(realm, &of("ROLE_DEVELOPER")).is_empty());
    let search = Some("example".to_owned());
    assert_eq!(found(realm, &ListIdentities { search, ..of("ROLE_ADMINISTRATOR") }), [admin]);
    assert_eq!(list(&realm.d, &of("root")).unwrap_err().code(), ErrorCode::Invalid);
}

fn p19_totals_are_exact_while_they_are_cheap_and_otherwise_at_least(realm: &Realm) {
    use doorward::service::listing::{Total, list_with_total};
    use doorward::service::status;
    let total = |search: &str, state: Option<&str>, page_size: u64| {
        let request = ListIdentities {
            search: Some(search.to_owned()),
            state: state.map(str::to_owned),
            page_size: Some(page_size),
            ..ListIdentities::default()
        };
        list_with_total(&realm.d, &request).unwrap().1
    };
    assert_eq!(total("", None, 10), Total { count: 0, exact: true });
    let people: Vec<Uuid> =
        (0..30).map(|index| realm.person(&format!("{index}@example.com")).id).collect();
    status::block(&realm.d, &realm.by, people[3], &status::StatusChange::default()).unwrap_err();
    assert_eq!(total("", None, 10), Total { count: 30, exact: true });
    assert_eq!(total("example", None, 10), Total { count: 30, exact: true });
    assert_eq!(total("example 29", None, 10), Total { count: 1, exact: true });
    assert_eq!(total("", Some("invited"), 10), Total { count: 30, exact: true });
    assert_eq!(total("", Some("blocked"), 10), Total { count: 0, exact: true });
    let more = |round: u32| {
        format!(
            "INSERT INTO identities (id, schema_id, traits, status, created_at, updated_at,
        search_text, addresses) SELECT id || '-{round}' || x, schema_id, traits, status, 1, 1, '', '[]'
        FROM identities, (SELECT 1 AS x UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) extra"
        )
    };
    for round in 0..2 {
        realm.meddle(&more(round)).unwrap();
    }
    let all = total("", None, 10);
    assert_eq!(all, Total { count: 501, exact: false }, "of 750, no more are looked at");
    assert!(!total("", Some("invited"), 10).exact);
    assert_eq!(total("example", None, 10), Total { count: 30, exact: true });
}
