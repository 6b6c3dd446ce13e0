//! The list of people: searches, order and pages.

use serde_json::json;

use super::{Office, PASSWORD, signed_in};

/// The names on a page of the list, in their order.
fn names(page: &str) -> Vec<String> {
    let rows = page.split("<th scope=\"row\">").skip(1);
    rows.map(|row| row.split("<bdi>").nth(1).unwrap().split('<').next().unwrap().to_owned())
        .collect()
}

fn next(page: &str) -> Option<String> {
    let links = page.split("<a class=\"button\" href=\"").skip(1);
    let mut links = links.filter_map(|link| link.split('"').next());
    Some(links.find(|link| link.contains("page_token"))?.replace("&amp;", "&"))
}

#[test]
fn people_are_found_by_words_and_conditions() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    office.person("grace@example.com");
    office.server.laptop.action(&["lock-identity", &format!("identity-id={ada}")]);
    let find = |query: &str| {
        let query = url::form_urlencoded::byte_serialize(query.as_bytes()).collect::<String>();
        names(&office.page(&format!("/console/people?q={query}")).must(200).text)
    };
    assert_eq!(find(""), ["grace@example.com", "ada@example.com", "root@example.com"]);
    assert_eq!(find("ada"), ["ada@example.com"]);
    assert_eq!(find("status:locked"), ["ada@example.com"]);
    assert_eq!(find("status:active example.com"), ["grace@example.com", "root@example.com"]);
    assert_eq!(find("authority:administrator"), ["root@example.com"]);
    assert_eq!(find("authority:developer"), Vec::<String>::new());
    assert_eq!(find("email:Grace@Example.com"), ["grace@example.com"]);
    assert_eq!(find("email:grace"), Vec::<String>::new(), "an address is whole");
    assert_eq!(find(&format!("id:{ada}")), ["ada@example.com"]);
    assert_eq!(find(&ada.to_string()[..20]), ["ada@example.com"]);
    assert_eq!(find("schema:nothing"), Vec::<String>::new());
    assert_eq!(find("provider:google"), Vec::<String>::new());
    let page = office.page("/console/people?q=status%3Aasleep").must(400);
    assert!(page.text.contains("value=\"status:asleep\""), "the search is as it was typed");
    let page = office.page("/console/people?q=nobody-of-this-name").must(200);
    assert!(page.text.contains("Nobody fits this search."));
    // The same by the admin API.
    let asked =
        office.server.admin("GET", "/doorward/identities/search?q=status:locked&sort=newest");
    assert_eq!(asked.must(200).json()["identities"][0]["id"], ada.to_string());
}

#[test]
fn pages_lead_through_everybody_in_either_order() {
    let office = Office::new();
    for n in 0..60 {
        office.person(&format!("p{n:02}@example.com"));
    }
    for (sort, first) in [("newest", "p59@example.com"), ("oldest", "root@example.com")] {
        let begin = office.page(&format!("/console/people?sort={sort}")).must(200).text;
        let mut all = names(&begin);
        assert_eq!((all.len(), all[0].as_str()), (50, first));
        assert!(begin.contains("61 people"), "{sort}");
        let rest = office.page(&next(&begin).unwrap()).must(200).text;
        assert!(next(&rest).is_none() && rest.contains("To the beginning"));
        all.extend(names(&rest));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 61);
    }
    let page = office.page("/console/people?page_token=junk").must(400);
    assert!(page.text.contains("cannot be understood"));
}

#[test]
fn a_row_says_who_it_is_and_when_they_last_signed_in() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let before = office.page("/console/people?q=ada").text;
    assert!(before.contains("Never") && before.contains(&format!("data-copy=\"{ada}\"")));
    signed_in(&office.d, ada, &[PASSWORD]);
    let after = office.page("/console/people?q=ada").text;
    assert!(!after.contains("Never"), "{after}");
    // It outlives the session.
    office.server.laptop.action(&["invalidate-identity-sessions", &format!("identity-id={ada}")]);
    assert!(!office.page("/console/people?q=ada").text.contains("Never"));
    let page = office.page(&format!("/console/people/{ada}")).text;
    assert!(page.contains("Password, <bdi>192.0.2.7</bdi>"), "{page}");
}

/// What the button for everybody found says.
fn for_all(page: &str) -> String {
    let button = page.split("name=\"all\" value=\"true\">").nth(1).unwrap();
    button.split('<').next().unwrap().to_owned()
}

#[test]
fn the_button_for_everybody_found_says_for_how_many() {
    let office = Office::new();
    office.person("ada@example.com");
    let label =
        |query: &str| for_all(&office.page(&format!("/console/people?q={query}")).must(200).text);
    assert_eq!(label(""), "Preview for all 2 found");
    assert_eq!(label("ada"), "Preview for the one person found");
    let body = (0..500).map(|n| {
        json!({"create": {
            "schema_id": "social_user_v0", "traits": {"email": format!("crowd{n}@example.com")}
        }})
    });
    let body = json!({"identities": body.collect::<Vec<_>>()}).to_string();
    let url = format!("{}/admin/identities", office.server.admin);
    office.server.ask("PATCH", &url, &[], &body).must(200);
    // More than are changed at once: then it says for which.
    assert_eq!(label(""), "Preview for the newest 500 found");
    assert_eq!(label("crowd"), "Preview for all 500 found");
}

#[test]
fn rights_and_schemas_are_called_by_names_and_their_words_stand_where_they_are_typed() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let list = office.page("/console/people").text;
    assert!(list.contains("chip authority\">Administrator<"), "{list}");
    let at = format!("/console/people/{ada}");
    let form = office.page(&format!("{at}/authorities")).must(200).text;
    assert!(form.contains("ROLE_DEVELOPER and ROLE_ADMINISTRATOR"), "for actions: {form}");
    let page = office.done(&format!("{at}/authorities"), &[("authority", "ROLE_DEVELOPER")]).text;
    assert!(page.contains("chip authority\">Developer<"), "{page}");
    assert!(page.contains("<bdi>Person</bdi> <code>social_user_v0</code>"), "{page}");
    let invite = office.page("/console/people/invite").text;
    assert!(invite.contains(">Administrator account<"), "{invite}");
    let history = office.page("/console/history").text;
    assert!(history.contains("<option value=\"user.*\">People: everything</option>"), "{history}");
    for page in [list, page] {
        let read: Vec<&str> =
            page.split('<').filter_map(|part| Some(part.split_once('>')?.1)).collect();
        assert!(!read.iter().any(|text| text.contains("ROLE_")), "{page}");
    }
}
