//! `/console/people`: everybody, or those who are looked for.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::at::At;
use super::form::Choice;
use super::who::{Who, who};
use crate::error::ErrorCode;
use crate::http::pages::{Link, Time, Turn, plain};
use crate::service::access::held::{self, Belongs};
use crate::service::bulk;
use crate::service::listing::{ListIdentities, Total};
use crate::service::people::{self, Row};
use crate::service::typed;

/// People on a page.
const SIZE: u64 = 50;
/// Searches that are offered, with the key of their names.
const OFFERED: [(&str, &str); 6] = [
    ("", "console.people.all"),
    ("status:locked", "console.status.locked"),
    ("status:blocked", "console.status.blocked"),
    ("status:invited", "console.status.invited"),
    ("status:expired", "console.status.expired"),
    ("authority:administrator", "console.people.administrators"),
];

/// What can be done to several at once.
pub const DEEDS: [&str; 5] = ["lock", "unlock", "block", "unblock", "delete"];

#[derive(Serialize)]
struct People {
    here: String,
    query: String,
    sort: &'static str,
    offered: Vec<Link>,
    rows: Vec<RowShown>,
    found: Option<String>,
    older: Option<String>,
    newest: Option<String>,
    sorts: Vec<Link>,
    ways: Vec<Link>,
    bulk: Option<String>,
    bulk_all: Option<String>,
    problem: Option<String>,
    nobody: bool,
    deeds: Vec<Choice>,
}

#[derive(Serialize)]
struct RowShown {
    who: Who,
    roles: Vec<String>,
    groups: Vec<String>,
    providers: Vec<String>,
    created: Time,
    login: Option<Time>,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let query = at.query().first("q").unwrap_or_default().trim().to_owned();
    let oldest = at.query().text("sort") == Some("oldest");
    let token = at.query().text("page_token").map(str::to_owned);
    let found =
        request(&query, !oldest, token.clone()).and_then(|request| people::list(at.d(), &request));
    let (found, problem) = match found {
        Ok(found) => (Some(found), None),
        // The search is as it was typed; what is wrong with it is said beside it.
        Err(error) if error.code() == ErrorCode::Invalid => {
            (None, Some(at.text("console.people.problem")))
        }
        Err(error) => return Err(error.into()),
    };
    let sort = if oldest { "oldest" } else { "newest" };
    let place = |sort: &str, token: Option<&str>| address(at, &query, sort, token);
    let nobody = found.as_ref().is_some_and(|(page, _)| page.items.is_empty());
    let next = found.as_ref().and_then(|(page, _)| page.next_page_token.clone());
    let offered = OFFERED.iter().map(|(text, name)| Link {
        current: *text == query,
        ..Link::new(address(at, text, sort, None), at.text(name))
    });
    let sorts = ["newest", "oldest"].map(|word| Link {
        current: word == sort,
        ..Link::new(place(word, None), at.text(&format!("console.people.{word}")))
    });
    let failed = problem.is_some();
    let (items, total) = found.map(|(page, total)| (page.items, total)).unzip();
    let items = items.unwrap_or_default();
    let ids: Vec<_> = items.iter().map(|row| row.identity.id).collect();
    let mut belongs = held::of_many(at.d(), &ids)?;
    let rows = items
        .iter()
        .map(|row| shown(at, row, &belongs.remove(&row.identity.id).unwrap_or_default()));
    let content = People {
        here: at.at("/console/people"),
        offered: offered.collect(),
        found: total.filter(|_| !nobody).map(|total| counted(at, total)),
        bulk_all: total.map(|total| for_all(at, total)),
        rows: rows.collect(),
        older: next.map(|token| place(sort, Some(&token))),
        newest: token.map(|_| place(sort, None)),
        sorts: sorts.into(),
        ways: ways(at, &query),
        bulk: super::routes::is_there("/console/people/bulk")
            .then(|| at.at("/console/people/bulk")),
        problem,
        deeds: Choice::all(at, "console.do", &DEEDS, ""),
        nobody: nobody && query.is_empty(),
        query,
        sort,
    };
    let page = at.page("console/people.html", at.frame(at.text("console.nav.people")), &content)?;
    let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok((status, page).into_response())
}

/// What a search as it was typed asks for.
pub fn request(
    query: &str,
    newest_first: bool,
    page_token: Option<String>,
) -> Result<ListIdentities, crate::error::Error> {
    let request = ListIdentities {
        newest_first,
        page_size: Some(SIZE),
        page_token,
        ..ListIdentities::default()
    };
    typed::with(request, query)
}

fn address(at: &At<'_>, query: &str, sort: &str, token: Option<&str>) -> String {
    let mut all = url::form_urlencoded::Serializer::new(String::new());
    if !query.is_empty() {
        all.append_pair("q", query);
    }
    if sort != "newest" {
        all.append_pair("sort", sort);
    }
    if let Some(token) = token {
        all.append_pair("page_token", token);
    }
    let (path, all) = (at.at("/console/people"), all.finish());
    if all.is_empty() { path } else { format!("{path}?{all}") }
}

/// What can be done with the list, as far as there are pages for it.
fn ways(at: &At<'_>, query: &str) -> Vec<Link> {
    let all = [("invite", false), ("export", true)];
    let all =
        all.iter().filter(|(word, _)| super::routes::is_there(&format!("/console/people/{word}")));
    let way = |(word, narrowed): &(&str, bool)| {
        let mut href = at.at(&format!("/console/people/{word}"));
        if *narrowed && !query.is_empty() {
            let mut all = url::form_urlencoded::Serializer::new(String::new());
            href = format!("{href}?{}", all.append_pair("q", query).finish());
        }
        Link::new(href, at.text(&format!("console.do.{word}")))
    };
    all.map(way).collect()
}

/// How many there are, as far as that is known at once.
pub fn counted(at: &At<'_>, total: Total) -> String {
    let key = if total.exact { "console.people.found" } else { "console.people.at_least" };
    at.counted(key, total.count)
}

/// For how many a preview of everybody is made: so many are changed at once at the most.
fn for_all(at: &At<'_>, total: Total) -> String {
    if total.exact && total.count <= bulk::MOST as u64 {
        return at.counted("console.bulk.all", total.count);
    }
    at.text_with("console.bulk.all_first", &[("most", &bulk::MOST.to_string())])
}

fn shown(at: &At<'_>, row: &Row, belongs: &Belongs) -> RowShown {
    RowShown {
        roles: belongs.roles.iter().map(|held| plain(&held.role.word)).collect(),
        groups: belongs.groups.iter().map(|group| plain(&group.word)).collect(),
        who: who(at, at.d().clock.now(), &row.identity),
        providers: row.providers.iter().map(|provider| plain(provider)).collect(),
        created: Time::of(row.identity.created_at),
        login: row.last_login.as_ref().map(|login| Time::of(login.at)),
    }
}
