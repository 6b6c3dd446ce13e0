//! Roles, groups, attributes and accounts in the console.

use doorward::domain::access::CircleKind;
use doorward::service::access::circles;
use doorward::service::access::held;
use doorward::service::{accounts, identities};
use serde_json::json;

use super::Office;

/// The value of a hidden field.
fn value(page: &str, name: &str) -> String {
    let part = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    part.split('"').next().unwrap().to_owned()
}

#[test]
fn roles_and_groups_are_made_given_and_removed() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let page = office.done(
        "/console/roles/new",
        &[("circle", "editor"), ("name", "Editor"), ("permissions", "write\nread")],
    );
    assert!(page.text.contains("Role created"), "the receipt: {}", page.text);
    let page = office.done("/console/groups/new", &[("circle", "staff"), ("word", "editor")]);
    assert!(page.text.contains("chip role\">editor"), "{}", page.text);
    let again = office.send("/console/roles/new", &[("circle", "editor")]).must(409);
    assert!(again.text.contains("id=\"circle-problem\""), "{}", again.text);
    for (name, typed) in [("circle", "a b"), ("permissions", "\u{e9}")] {
        let fields = [("circle", "other"), (name, typed)];
        let fields = if name == "circle" { &fields[1..] } else { &fields[..] };
        let wrong = office.send("/console/roles/new", fields).must(400);
        assert!(wrong.text.contains(&format!("id=\"{name}-problem\"")), "{}", wrong.text);
    }

    let at = format!("/console/people/{ada}");
    let page = office.done(&format!("{at}/groups/edit"), &[("had", ""), ("word", "staff")]);
    assert!(page.text.contains("Groups joined") && page.text.contains("chip group\">staff"));
    let page = office
        .done(&format!("{at}/access/permissions"), &[("had", ""), ("permissions", "own, read")]);
    assert!(page.text.contains("via staff"), "{}", page.text);
    let access = held::of(&office.d, ada).unwrap();
    let all: Vec<&str> = access.permissions.keys().map(String::as_str).collect();
    assert_eq!(all, ["own", "read", "write"]);
    let wrong = [("had", ""), ("permissions", "\"")];
    let wrong = office.send(&format!("{at}/access/permissions"), &wrong).must(400);
    assert!(wrong.text.contains("permissions-problem"), "{}", wrong.text);
    // Two who tick at the same time: what the other one gave stays.
    office.done(&format!("{at}/access/roles"), &[("had", ""), ("word", "editor")]);
    office.done("/console/roles/new", &[("circle", "author")]);
    office.done(&format!("{at}/access/roles"), &[("had", ""), ("word", "author")]);
    let access = held::of(&office.d, ada).unwrap();
    assert_eq!(access.roles.iter().filter(|held| held.direct).count(), 2);

    let role = circles::get(&office.d, CircleKind::Role, "editor").unwrap().circle;
    let edit = format!("/console/roles/{}/edit", role.id);
    let seen = value(&office.page(&edit).must(200).text, "seen");
    let fields =
        [("circle", "editor"), ("name", "Chief"), ("permissions", "read"), ("seen", &seen)];
    assert!(office.done(&edit, &fields).text.contains("Role changed"));
    office.send(&edit, &fields).must(409);
    let delete = format!("/console/roles/{}/delete", role.id);
    let stale = value(&office.page(&delete).must(200).text, "seen");
    let seen = value(&office.page(&edit).text, "seen");
    let fields = [("circle", "editor"), ("name", "Chef"), ("permissions", "read"), ("seen", &seen)];
    office.done(&edit, &fields);
    let late = office.send(&delete, &[("seen", &stale)]).must(409).text;
    assert!(late.contains("Somebody has changed this since you opened the form"), "{late}");
    let effect = office.page(&delete).must(200).text;
    assert!(effect.contains("<strong>1</strong> person has it"), "{effect}");
    assert!(effect.contains("<strong>1</strong> group carries it"), "{effect}");
    let seen = value(&effect, "seen");
    assert!(office.done(&delete, &[("seen", &seen)]).text.contains("Role deleted"));
    office.page(&edit).must(404);
    let last = office.ledger().pop().unwrap();
    assert_eq!(last["actor"], json!({"kind": "user", "id": office.root}));
    assert_eq!(last["data"]["holders"], 1);
}

#[test]
fn attributes_are_defined_and_filled_by_a_form_with_mistakes_at_their_field() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let lines = "desk number Desk number\nlangs string[] Languages\nhere boolean\nsince date";
    let fields = [("identifier", "staff"), ("name", "Staff"), ("attributes", lines)];
    let page = office.done("/console/attributes/new", &fields);
    assert!(page.text.contains("Definition created"), "{}", page.text);
    let wrong = [("identifier", "x"), ("attributes", "desk whole")];
    let wrong = office.send("/console/attributes/new", &wrong).must(400);
    assert!(wrong.text.contains("attributes-problem") && wrong.text.contains("desk whole"));
    let at = format!("/console/people/{ada}/attributes");
    let page = office.page(&at).must(200).text;
    assert!(page.contains("aac.basic") && page.contains("kept here"), "{page}");
    let form = format!("{at}/staff/edit");
    let shown = office.page(&form).must(200).text;
    assert!(shown.contains("Desk number") && shown.contains("One value a line."), "{shown}");
    let wrong = office.send(&form, &[("attribute.desk", "four"), ("attribute.here", "true")]);
    let wrong = wrong.must(400).text;
    assert!(wrong.contains("id=\"attribute.desk-problem\"") && wrong.contains("four"), "{wrong}");
    assert!(!wrong.contains("id=\"attribute.here-problem\""));
    let fields = [
        ("attribute.desk", "4.5"),
        ("attribute.langs", "de\r\nen\r\n"),
        ("attribute.here", "false"),
        ("attribute.since", ""),
    ];
    let page = office.done(&form, &fields);
    assert!(page.text.contains("Attributes set") && page.text.contains("de, en"), "{}", page.text);
    let who = identities::find(&office.d, &identities::Selector::Id(ada)).unwrap();
    let kept = &who.metadata_admin["attributes"]["staff"];
    assert_eq!(*kept, json!({"desk": 4.5, "langs": ["de", "en"], "here": false}));
    let effect = office.page("/console/attributes/staff/delete").must(200).text;
    assert!(effect.contains("<strong>1</strong> person has values of it"), "{effect}");
    let edit = "/console/attributes/staff/edit";
    let seen = value(&office.page(edit).must(200).text, "seen");
    let fields = [("name", "Staff"), ("attributes", "desk string"), ("seen", seen.as_str())];
    assert!(office.done(edit, &fields).text.contains("Definition changed"));
    office.send(edit, &fields).must(409);
    assert!(office.page(&at).text.contains("do not fit the definition any more"));
    assert!(office.done(&format!("{at}/staff/remove"), &[]).text.contains("Attributes removed"));
    assert!(
        office.done("/console/attributes/staff/delete", &[]).text.contains("Definition deleted")
    );
    office.page(&form).must(404);
}

#[test]
fn an_account_is_locked_and_an_address_confirmed() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}/accounts");
    let effect = office.page(&format!("{at}/lock?account=internal")).must(200).text;
    assert!(effect.contains("refused as if the password were wrong"), "{effect}");
    let lock = format!("{at}/lock?account=internal");
    let page = office.done(&lock, &[("reason", "compromise")]);
    assert!(page.text.contains("Account locked") && page.text.contains("mark locked"));
    let own = accounts::of(&office.d, ada).unwrap().remove(0);
    assert!(own.locked_at.is_some());
    office.done(&format!("{at}/unlock?account=internal"), &[]);
    let email = "email=ada%40example.com";
    let page = office.done(&format!("{at}/confirm?{email}"), &[]).text;
    assert!(page.contains("Address taken as confirmed"), "{page}");
    let page = office.done(&format!("{at}/verify?{email}"), &[]).text;
    assert!(page.contains("mark unverified"), "{page}");
    assert!(office.page(&format!("{at}/confirm")).code == 404);
    // Nobody locks themselves.
    let own = format!("/console/people/{}/accounts/lock?account=internal", office.root);
    assert_eq!(office.send(&own, &[]).code, 409);
}

#[test]
fn input_05_what_people_typed_is_text_wherever_it_is_shown() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let evil = "<img src=x onerror=alert(1)>\"'{{7*7}}";
    let fields =
        [("circle", "evil"), ("name", evil), ("description", evil), ("permissions", "<b>x</b>")];
    office.done("/console/roles/new", &fields);
    office.done("/console/groups/new", &[("circle", "band"), ("name", evil), ("word", "evil")]);
    let fields = [
        ("identifier", "set"),
        ("name", evil),
        ("description", evil),
        ("attributes", &format!("k string {evil}")),
    ];
    office.done("/console/attributes/new", &fields);
    let at = format!("/console/people/{ada}");
    office.done(&format!("{at}/groups/edit"), &[("had", ""), ("word", "band")]);
    office.done(&format!("{at}/attributes/set/edit"), &[("attribute.k", evil)]);
    let pages = ["/console/roles", "/console/groups", "/console/attributes", "/console/people"];
    let pages = pages.map(str::to_owned).into_iter().chain(
        ["access", "access/roles", "groups", "groups/edit", "attributes", "attributes/set/edit"]
            .map(|tab| format!("{at}/{tab}")),
    );
    for path in pages {
        let page = office.page(&path).must(200).text;
        for bad in ["<img src=x", "<b>x", "onerror=alert(1)>\"'49"] {
            assert!(!page.contains(bad), "{path}: {page}");
        }
    }
}

#[test]
fn people_are_put_into_a_group_by_what_is_pasted_and_all_or_nobody() {
    let office = Office::new();
    let [ada, bob] = ["ada@example.com", "bob@example.com"].map(|who| office.person(who));
    for (kind, done) in [("role", "Role given to people"), ("group", "People put into the group")] {
        office.done(&format!("/console/{kind}s/new"), &[("circle", "staff")]);
        let list = office.page(&format!("/console/{kind}s")).text;
        let link = list.split("href=\"").find(|part| part.contains("/members\"")).unwrap();
        let at = link.split('"').next().unwrap();
        assert!(office.page(at).must(200).text.contains("at most 500"));
        // One that is nobody keeps everybody out, and what was pasted stays.
        let typed = format!("{ada}\nbob@example.com, nobody@example.com");
        let wrong = office.send(at, &[("who", &typed)]).must(400).text;
        assert!(wrong.contains("these are nobody here: nobody@example.com"), "{wrong}");
        assert!(wrong.contains("bob@example.com, nobody@example.com</textarea>"), "{wrong}");
        office.send(at, &[("who", " ")]).must(400);
        assert_eq!(circles::get(&office.d, kind_of(kind), "staff").unwrap().members.count, 0);
        let typed = format!("{ada}\nBob@Example.com, ada@example.com");
        let page = office.done(at, &[("who", &typed)]).text;
        assert!(page.contains(done) && page.contains("Changed: 2"), "{page}");
        assert_eq!(circles::get(&office.d, kind_of(kind), "staff").unwrap().members.count, 2);
        assert_eq!(held::of(&office.d, bob).unwrap().groups.len(), usize::from(kind == "group"));
    }
}

fn kind_of(word: &str) -> CircleKind {
    if word == "role" { CircleKind::Role } else { CircleKind::Group }
}

#[test]
fn two_administrators_at_the_accounts_of_one_person_do_not_overwrite_each_other() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}/accounts");
    let [lock, confirm] = ["lock?account=internal", "confirm?email=ada@example.com"];
    let [lock, confirm] = [lock, confirm].map(|form| format!("{at}/{form}"));
    let seen = value(&office.page(&lock).must(200).text, "seen");
    let other = value(&office.page(&confirm).must(200).text, "seen");
    assert_eq!(seen, other, "one tag for all of somebody's accounts");
    office.done(&confirm, &[("seen", &other)]);
    let late = office.send(&lock, &[("seen", &seen)]).must(409).text;
    assert!(late.contains("Somebody has changed this"), "{late}");
    let seen = value(&office.page(&lock).text, "seen");
    assert!(office.done(&lock, &[("seen", &seen)]).text.contains("locked"));
}
