//! The list of identities.

use std::collections::BTreeSet;

use doorward::service::identities::create_many;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Place, reason, text};
use crate::support::{operator, person};

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| text(&one["id"])).collect()
}

/// The target of a link.
fn link(links: &str, rel: &str) -> Option<String> {
    let mark = format!(">; rel=\"{rel}\"");
    let link = links.split(',').find(|link| link.ends_with(&mark))?;
    Some(link.trim_start_matches('<').trim_end_matches(&mark).to_owned())
}

fn fill(place: &Place, count: usize) -> BTreeSet<String> {
    let requests = (0..count).map(|n| person(&format!("p{n}@example.org"))).collect();
    let made = create_many(&place.d, &operator(), requests).unwrap();
    made.into_iter().map(|one| one.unwrap().to_string()).collect()
}

#[test]
fn credentials_identifier_finds_in_any_spelling_and_provider_accounts_exactly() {
    let place = Place::new();
    let ada = place.admin("ada");
    let accounts = json!({"config": {"providers": [{"provider": "google", "subject": "AbC"}]}});
    let eve = place
        .post(&json!({"traits": {"email": "eve@example.org"}, "credentials": {"oidc": accounts}}));
    let find = |text: &str| {
        place.get(&format!("/admin/identities?credentials_identifier={text}")).must(200).json()
    };
    for typed in ["ada@example.org", "ADA@Example.ORG", "%20ada@example.org%20", "ada", "Ada"] {
        let found = find(typed);
        assert_eq!(ids(&found), std::slice::from_ref(&ada), "{typed}");
        assert!(found[0]["credentials"]["password"]["identifiers"].is_array());
        assert!(found[0]["credentials"]["password"].get("config").is_none());
    }
    assert_eq!(ids(&find("google:AbC")), [text(&eve["id"])]);
    for miss in ["google:abc", "nobody", "ada@", "%00", "%25"] {
        assert_eq!(find(miss), json!([]), "{miss}");
    }
}

#[test]
fn the_similar_filter_is_a_prefix_and_percent_and_underscore_are_literal() {
    let place = Place::new();
    for email in ["ada@example.org", "adam@example.org", "a_b@example.org", "a%b@example.org"] {
        place.person(email);
    }
    let find = |text: &str| {
        let path = format!("/admin/identities?preview_credentials_identifier_similar={text}");
        place.get(&path).must(200).json().as_array().unwrap().len()
    };
    assert_eq!((find("ada"), find("ADAM"), find("a"), find("dam")), (2, 1, 4, 0));
    assert_eq!((find("a_"), find("a%25"), find("%25"), find("_")), (1, 1, 0, 0));
}

#[test]
fn ids_return_the_subset_and_bad_or_too_many_are_400() {
    let place = Place::new();
    let all: Vec<String> = fill(&place, 5).into_iter().collect();
    let asked = format!("ids={}&ids={}&ids={}", all[3], all[1], Uuid::nil());
    let found = place.get(&format!("/admin/identities?{asked}")).must(200);
    assert_eq!(ids(&found.json()), [all[1].clone(), all[3].clone()]);
    let paged = place.get(&format!("/admin/identities?{asked}&page_size=1")).must(200);
    assert_eq!(ids(&paged.json()), [all[1].clone()]);
    let next = link(paged.header("link"), "next").unwrap();
    assert_eq!(ids(&place.get(&next).must(200).json()), [all[3].clone()]);
    place.get("/admin/identities?ids=nonsense").must(400);
    let many = |count| vec![format!("ids={}", all[0]); count].join("&");
    place.get(&format!("/admin/identities?{}", many(500))).must(200);
    let refused = place.get(&format!("/admin/identities?{}", many(501))).must(400);
    assert!(reason(&refused).contains("must not exceed 500"));
    let both = format!("/admin/identities?ids={}&credentials_identifier=x", all[0]);
    assert!(reason(&place.get(&both).must(400)).contains("Cannot combine"));
    place
        .get("/admin/identities?credentials_identifier=x&preview_credentials_identifier_similar=y")
        .must(400);
}

#[test]
fn an_organization_has_nobody_and_a_malformed_one_is_400() {
    let place = Place::new();
    place.person("ada@example.org");
    let path = format!("/admin/identities?organization_id={}", Uuid::nil());
    assert_eq!(place.get(&path).must(200).json(), json!([]));
    place.get("/admin/identities?organization_id=acme").must(400);
}

#[test]
fn consistency_is_accepted() {
    let place = Place::new();
    place.person("ada@example.org");
    for word in ["eventual", "strong", ""] {
        let path = format!("/admin/identities?consistency={word}");
        assert_eq!(place.get(&path).must(200).json().as_array().unwrap().len(), 1);
    }
}

#[test]
fn following_next_sees_each_identity_once_in_order_of_ids_with_every_page_size() {
    let place = Place::new();
    let all = fill(&place, 500);
    for size in [10, 50, 100, 500, 9999] {
        let mut seen: Vec<String> = Vec::new();
        let mut next = Some(format!("/admin/identities?page_size={size}&page_token="));
        while let Some(path) = next {
            let page = place.get(&path).must(200);
            let found = ids(&page.json());
            assert!(!found.is_empty() && found.len() <= size.min(500), "{path}");
            let links = page.header("link");
            assert!(link(links, "first").unwrap().contains(&Uuid::nil().to_string()), "{links}");
            assert!(link(links, "prev").is_none());
            next = link(links, "next");
            if let Some(next) = &next {
                assert!(next.contains(&format!("page_token={}", found.last().unwrap())), "{next}");
            }
            seen.extend(found);
        }
        assert_eq!(seen, all.iter().cloned().collect::<Vec<_>>(), "page size {size}");
    }
}

#[test]
fn a_page_goes_on_where_its_last_identity_was_even_when_that_one_is_gone() {
    let place = Place::new();
    let all: Vec<String> = fill(&place, 4).into_iter().collect();
    let first = place.get("/admin/identities?page_size=2").must(200);
    let next = link(first.header("link"), "next").unwrap();
    place.raw("DELETE", &format!("/admin/identities/{}", all[1]), "").must(204);
    assert_eq!(ids(&place.get(&next).must(200).json()), all[2..]);
}

#[test]
fn counted_pages_see_the_same_and_say_how_many_there_are() {
    let place = Place::new();
    let all: Vec<String> = fill(&place, 7).into_iter().collect();
    let mut seen = Vec::new();
    let mut next = Some("/admin/identities?page=0&per_page=3".to_owned());
    while let Some(path) = next {
        let page = place.get(&path).must(200);
        assert_eq!(page.header("x-total-count"), "7");
        let links = page.header("link");
        assert!(link(links, "first").unwrap().contains("page=0&"), "{links}");
        assert!(link(links, "last").unwrap().contains("page=2&"), "{links}");
        seen.extend(ids(&page.json()));
        next = link(links, "next");
    }
    assert_eq!(seen, all);
    let by_identifier = "/admin/identities?page=0&credentials_identifier=p3@example.org";
    assert_eq!(place.get(by_identifier).must(200).header("x-total-count"), "1");
    place.get("/admin/identities?page=3&per_page=400").must(400);
    place.get("/admin/identities?page=2&per_page=500").must(200);
    assert_eq!(ids(&place.get("/admin/identities?per_page=3").must(200).json()), all[..3]);
    assert_eq!(ids(&place.get("/admin/identities?page_token=").must(200).json()), all);
    let refused = place.get("/admin/identities?page_token=Zm9v").must(400);
    assert!(reason(&refused).contains("page token"), "{refused:?}");
}
