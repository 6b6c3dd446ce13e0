//! Whatever anybody can write that the console shows is text on every one of its pages (INPUT-05). The
//! pages are those of the table of routes, so that a new one is tried too.

use doorward::domain::message::Template;
use doorward::http::{CONSOLE as ROUTES, ConsoleMethod};
use doorward::service::courier;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Office;
use crate::http::hostile_text::{CORPUS, harmless};

/// What the pages are about.
struct Things {
    person: Uuid,
    role: String,
    group: String,
    session: String,
    message: Uuid,
}

/// Writes it wherever there is a field for it.
fn written(office: &Office, hostile: &str) -> Things {
    let person = office.person("ada@example.com");
    let at = format!("/console/people/{person}");
    let url = format!("{}/admin/identities/{person}", office.server.admin);
    let patch = json!([
        {"op": "add", "path": "/traits/name", "value": hostile},
        {"op": "add", "path": "/traits/nickname", "value": hostile},
        {"op": "add", "path": "/metadata_admin", "value": {"memo": hostile}},
    ]);
    // Some of it is in no name at all.
    office.server.ask("PATCH", &url, &[], &patch.to_string());
    // Some of it is in no name of a role either, and then there is none.
    let roles = [("circle", "evil"), ("name", hostile), ("description", hostile)];
    office.send("/console/roles/new", &roles);
    office.send("/console/groups/new", &[("circle", "band"), ("name", hostile), ("word", "evil")]);
    let fields = [
        ("identifier", "set"),
        ("name", hostile),
        ("description", hostile),
        ("attributes", "k string Key"),
    ];
    office.send("/console/attributes/new", &fields);
    let edit = format!("{at}/attributes/set/edit");
    if office.page(&edit).code == 200 {
        office.send(&edit, &[("attribute.k", hostile)]);
    }
    // A browser with that name, and a sign-in that fails with it.
    let agent: String = hostile.chars().filter(|c| !c.is_control() && c.is_ascii()).collect();
    let query = "/self-service/login/api";
    let headers = [("user-agent", agent.as_str()), ("accept-language", agent.as_str())];
    let flow = office.server.public("GET", query, &headers).must(200).json();
    let body = json!({"method": "password", "identifier": hostile, "password": hostile});
    let id = flow["id"].as_str().unwrap();
    let url = format!("{}/self-service/login?flow={id}", office.server.public);
    office.server.ask("POST", &url, &headers, &body.to_string()).must(400);
    let note = [("reason", "other"), ("note", hostile)];
    office.send(&format!("{at}/lock"), &note);
    let content: Map<String, Value> = json!({"RecoveryCode": "1"}).as_object().unwrap().clone();
    let d = &office.d;
    let template = Template::RecoveryCodeValid;
    let message = d
        .store
        .scratch(|tx| courier::queue_mail(d, tx, hostile, template, "en", content))
        .unwrap()
        .unwrap();
    let session = office
        .server
        .admin("GET", &format!("/admin/identities/{}/sessions", office.root))
        .must(200)
        .json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let circle = |kind: &str| {
        let all = office.server.admin("GET", &format!("/admin/doorward/{kind}")).must(200).json();
        all.as_array()
            .and_then(|all| all.first())
            .and_then(|one| one["id"].as_str())
            .unwrap_or("none")
            .to_owned()
    };
    Things { person, role: circle("roles"), group: circle("groups"), session, message }
}

#[test]
fn input_05_every_page_of_the_console_shows_what_anybody_wrote_as_text() {
    for hostile in CORPUS {
        let office = Office::new();
        let things = written(&office, hostile);
        let seqs = office.ledger().len();
        let mut shown = 0;
        for route in ROUTES.iter().filter(|route| route.method == ConsoleMethod::Get) {
            let circle = if route.path.contains("/groups/") { &things.group } else { &things.role };
            let person = if route.path.contains("{session}") { office.root } else { things.person };
            let path = route
                .path
                .replace("{id}", &person.to_string())
                .replace("{session}", &things.session)
                .replace("{circle}", circle)
                .replace("{set}", "set")
                .replace("{kind}", "password")
                .replace("{message}", &things.message.to_string());
            let entries = if path.contains("{seq}") { 0..seqs } else { 0..1 };
            for seq in entries {
                let path = path.replace("{seq}", &seq.to_string());
                let page = office.page(&path);
                harmless(&page.text, &path);
                shown += usize::from(page.code == 200);
            }
        }
        assert!(shown > 40, "{shown} pages were shown");
        // And where it is typed and comes back.
        let text: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
        for path in [
            format!("/console/people?q={text}"),
            format!("/console/history?person={text}&actor={text}&session={text}&tx={text}"),
            format!("/console/history?type={text}&since={text}&client={text}&realm={text}"),
            format!("/console/mail?recipient={text}&status={text}"),
            format!("/console/ledger/prune?until={text}"),
            format!("/console/people/invite?schema={text}"),
            format!("/console/people/{text}"),
            format!("/console/mail/{text}"),
        ] {
            harmless(&office.page(&path).text, &path);
        }
        for (path, fields) in [
            ("/console/people/invite", vec![("email", hostile), ("traits.name", hostile)]),
            ("/console/roles/new", vec![("circle", hostile), ("permissions", hostile)]),
            ("/console/attributes/new", vec![("identifier", hostile), ("attributes", hostile)]),
            ("/console/ledger/erase", vec![("id", hostile)]),
            ("/console/ledger/verify", vec![("since", hostile)]),
        ] {
            harmless(&office.send(path, &fields).text, path);
        }
    }
}
