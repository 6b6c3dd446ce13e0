//! One person: what is shown, and what is done to them by forms.

use doorward::store::sql::identities;
use serde_json::json;

use super::{Office, PASSWORD, TOTP, form_token, signed_in};
use crate::support::smtp::Smtp;

/// The value of a field.
fn value(page: &str, name: &str) -> String {
    let part = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    part.split('"').next().unwrap().to_owned()
}

#[test]
fn every_tab_is_there_for_everybody() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    signed_in(&office.d, ada, &[PASSWORD]);
    let page = office.page(&format!("/console/people/{ada}")).must(200).text;
    let tabs = page.split("class=\"tabs\"").nth(1).unwrap().split("</nav>").next().unwrap();
    let links: Vec<&str> =
        tabs.split("href=\"").skip(1).map(|link| link.split('"').next().unwrap()).collect();
    assert!(links.len() >= 6, "{links:?}");
    for link in links {
        let page = office.page(link).must(200);
        assert!(page.text.contains("aria-current=\"page\""), "{link}");
        assert!(page.text.contains("ada@example.com"), "{link}");
    }
    let inspect = office.page(&format!("/console/people/{ada}/inspect")).text;
    assert!(inspect.contains(&ada.to_string()) && !inspect.contains("argon2"), "{inspect}");
}

#[test]
fn a_page_about_somebody_who_is_gone_says_so_and_leads_to_what_the_ledger_knows() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    office.done(&format!("/console/people/{ada}/delete"), &[("sure", "yes")]);
    let nobody = uuid::Uuid::now_v7();
    let history = format!("/console/history?person={ada}");
    for below in ["", "/sessions", "/history", "/edit", "/lock"] {
        let page = office.page(&format!("/console/people/{ada}{below}")).must(404).text;
        assert!(page.contains("<h1>Nobody is here</h1>"), "{below}: {page}");
        assert!(page.contains(&history), "{below}: {page}");
        let page = office.page(&format!("/console/people/{nobody}{below}")).must(404).text;
        assert!(page.contains("<h1>Nobody is here</h1>"), "{below}: {page}");
        assert!(!page.contains("/console/history?person="), "{below}: {page}");
    }
    assert!(office.page(&history).must(200).text.contains("Deleted"));
    // What somebody has not got is missing in the usual way.
    let missing = office.page(&format!("/console/people/{}/sessions/{nobody}/end", office.root));
    assert!(missing.must(404).text.contains("This page does not exist"));
    // And nobody else learns of anybody.
    let eve = office.person("eve@example.com");
    let cookie = signed_in(&office.d, eve, &[PASSWORD, TOTP]);
    let page = office.get(&cookie, &format!("/console/people/{ada}")).must(403).text;
    assert!(!page.contains("/console/history"), "{page}");
}

#[test]
fn traits_are_changed_by_a_form_of_the_schema_and_mistakes_stand_at_their_field() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}/edit");
    let seen = value(&office.page(&at).must(200).text, "seen");
    let wrong = office.send(&at, &[("seen", &seen), ("traits.email", "not an address")]).must(400);
    assert!(wrong.text.contains("traits.email-problem"), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"not an address\""));
    let page = office.done(&at, &[("seen", &seen), ("traits.email", "ada@example.org")]);
    assert!(page.text.contains("Details changed") && page.text.contains("ada@example.org"));
    // Whoever opened the form before sees both, and puts theirs in place only by saying so again.
    let late = office.send(&at, &[("seen", &seen), ("traits.email", "ada@example.net")]).must(409);
    assert!(late.text.contains("Stored now: ada@example.org"), "{}", late.text);
    assert!(late.text.contains("value=\"ada@example.net\""));
    let now = value(&late.text, "seen");
    assert_ne!(now, seen);
    office.done(&at, &[("seen", &now), ("traits.email", "ada@example.net")]);
    let taken = value(&office.page(&at).text, "seen");
    office.send(&at, &[("seen", &taken), ("traits.email", "root@example.com")]).must(409);
}

#[test]
fn sessions_are_ended_one_by_one_or_all() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let [one, two] = [0, 1].map(|_| signed_in(&office.d, ada, &[PASSWORD]));
    let at = format!("/console/people/{ada}/sessions");
    let page = office.page(&at).must(200).text;
    let ends: Vec<String> = page
        .split("href=\"")
        .filter_map(|link| link.split('"').next())
        .filter(|link| link.ends_with("/end") && !link.ends_with("/sessions/end"))
        .map(str::to_owned)
        .collect();
    assert_eq!(ends.len(), 2, "{page}");
    // The newest is first.
    office.done(&ends[0], &[]);
    let alive = |cookie: &str| office.get(cookie, "/sessions/whoami").code;
    assert_eq!((alive(&one), alive(&two)), (200, 401));
    let foreign = ends[1].replace(&ada.to_string(), &office.root.to_string());
    office.page(&foreign).must(404);
    let page = office.done(&format!("{at}/end"), &[]);
    assert!(page.text.contains("not signed in anywhere"));
    assert_eq!(alive(&one), 401);
}

#[test]
fn credentials_are_reset_and_a_code_is_shown_once() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}/credentials");
    let page = office.page(&at).must(200).text;
    assert!(page.contains("first factor") && !page.contains("second factor"));
    office.page(&format!("{at}/totp/reset")).must(404);
    let made = office.send(&format!("{at}/recovery"), &[]).must(200).text;
    let code: String = made.split("class=\"secret\">").nth(1).unwrap().chars().take(6).collect();
    assert!(code.chars().all(|c| c.is_ascii_digit()), "{made}");
    let ledger = office.ledger();
    let entry = ledger.last().unwrap();
    assert_eq!(entry["type"], "recovery.requested");
    assert!(!entry.to_string().contains(&code));
    office.send(&format!("{at}/password"), &[("password", "")]).must(400);
    let typed = "a horse that an operator chose";
    let page = office.done(&format!("{at}/password"), &[("password", typed)]);
    assert!(page.text.contains("Way to sign in reset") && !page.text.contains(typed));
    let long = "x".repeat(5000);
    let answer = office.send(&format!("{at}/password"), &[("password", &long)]).must(400);
    assert!(!answer.text.contains("xxxx"), "what was typed does not come back");
}

#[test]
fn authorities_are_granted_from_the_next_sign_in_on_and_withdrawn_at_once() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let early = signed_in(&office.d, ada, &[PASSWORD, TOTP]);
    let at = format!("/console/people/{ada}/authorities");
    let page =
        office.done(&at, &[("authority", "ROLE_ADMINISTRATOR"), ("authority", "ROLE_DEVELOPER")]);
    assert!(page.text.contains("Authorities granted"), "{}", page.text);
    let entry = office.ledger().pop().unwrap();
    assert_eq!(entry["data"]["before"], json!([]));
    assert_eq!(entry["data"]["after"], json!(["ROLE_DEVELOPER", "ROLE_ADMINISTRATOR"]));
    let refused = office.get(&early, "/console").must(403);
    assert!(refused.text.contains("after you signed in"), "{}", refused.text);
    let fresh = signed_in(&office.d, ada, &[PASSWORD, TOTP]);
    office.get(&fresh, "/console/people").must(200);
    office.done(&at, &[]);
    office.get(&fresh, "/console/people").must(403);
    // T3, by the page too.
    let own = format!("/console/people/{}/authorities", office.root);
    office.send(&own, &[]).must(409);
    let token = form_token(&office.page("/ui/sessions").text);
    let answer = office.post(&office.cookie, &own, &[("csrf_token", &token)]);
    assert_eq!(answer.code, 409);
}

#[test]
fn an_account_ends_when_it_is_said_to_and_a_deletion_takes_a_tick() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}");
    office.send(&format!("{at}/expiry"), &[("expires_at", "2001-01-01T00:00")]).must(400);
    let page = office.done(&format!("{at}/expiry"), &[("expires_at", "2099-12-31T23:59")]);
    assert!(page.text.contains("2099-12-31 23:59 UTC"), "{}", page.text);
    let form = office.page(&format!("{at}/expiry")).text;
    assert_eq!(value(&form, "expires_at"), "2099-12-31T23:59");
    office.done(&format!("{at}/expiry"), &[("expires_at", "")]);
    let form = office.page(&format!("{at}/delete")).must(200).text;
    assert!(form.contains("<strong>1</strong> way to sign in"), "{form}");
    office.send(&format!("{at}/delete"), &[]).must(400);
    assert!(form.contains(r#"name="erase""#), "{form}");
    let page = office.done(&format!("{at}/delete"), &[("sure", "true"), ("erase", "true")]);
    let told = "Personal data in the ledger is erased</dt><dd><bdi>at once</bdi>";
    assert!(page.text.contains(told), "{}", page.text);
    assert_eq!(
        office
            .server
            .admin("GET", "/admin/doorward/audit/events?type=user.erased&limit=1")
            .must(200)
            .json()["events"][0]["data"]["reason"],
        "request"
    );
    assert!(page.text.contains("Deleted") && page.text.contains(&ada.to_string()), "{}", page.text);
    office.page(&at).must(404);
    office.send(&format!("/console/people/{}/delete", office.root), &[("sure", "true")]).must(409);
}

#[test]
fn the_last_way_in_is_not_unlinked() {
    let office = Office::new();
    let ada = office.linked("ada@example.com", "google:g-1");
    let at = format!("/console/people/{ada}/accounts");
    let page = office.page(&at).must(200).text;
    assert!(page.contains("google:g-1") && page.contains("account:oidc"), "{page}");
    let unlink = format!("{at}/unlink?account=google%3Ag-1");
    office.page(&format!("{at}/unlink?account=google%3Aother")).must(404);
    let answer = office.send(&unlink, &[]).must(409);
    assert!(answer.text.contains("last way in"), "{}", answer.text);
    let password = [("password", "a horse that is correct")];
    office.done(&format!("/console/people/{ada}/credentials/password"), &password);
    let page = office.done(&unlink, &[]);
    assert!(page.text.contains("Account disconnected"), "{}", page.text);
}

#[test]
fn what_the_console_shows_and_sets_the_admin_api_does_too() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    signed_in(&office.d, ada, &[PASSWORD]);
    let url = |below: &str| format!("{}/doorward/identities/{ada}/{below}", office.server.admin);
    let effects = office.server.ask("GET", &url("effects"), &[], "").must(200).json();
    assert_eq!(effects, json!({"sessions": 1, "codes": 0, "flows": 0, "credentials": 1}));
    let put = |body: &str| office.server.ask("PUT", &url("expiry"), &[], body);
    put("{}").must(400);
    put(r#"{"expires_at": "2001-01-01T00:00:00Z"}"#).must(400);
    let set = put(r#"{"expires_at": "2099-01-01T00:00:00Z"}"#).must(200).json();
    assert_eq!(set["expires_at"], "2099-01-01T00:00:00Z");
    assert_eq!(office.ledger().last().unwrap()["data"]["changed"], json!(["expires_at"]));
    assert_eq!(put(r#"{"expires_at": null}"#).must(200).json()["status"], "active");
}

#[test]
fn a_recovery_code_is_mailed_where_there_is_a_mail_server() {
    let office = Office::new();
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}/credentials");
    assert!(!office.page(&at).must(200).text.contains("recovery/send"));
    let told = office.send(&format!("{at}/recovery/send"), &[("email", "ada@example.com")]);
    assert!(told.must(400).text.contains("There is no mail server"));
    let smtp = Smtp::new();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), smtp.secret()).unwrap();
    let office = Office::with(&format!("smtp_secret_id: file:{}", secret.path().display()));
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}/credentials");
    assert!(office.page(&at).must(200).text.contains("recovery/send"));
    let form = office.page(&format!("{at}/recovery/send")).must(200).text;
    assert!(form.contains("ada@example.com") && form.contains("You do not see the code"), "{form}");
    let fields = [("email", "ada@example.com")];
    let done = office.send(&format!("{at}/recovery/send"), &fields).must(303);
    let page = office.page(done.header("location")).must(200).text;
    let mail = smtp.wait_for(1).remove(0);
    let code: String = mail.header("Subject").chars().take(6).collect();
    assert!(!page.contains(&code), "nobody but the person sees it");
    let entry = office.ledger().pop().unwrap();
    assert_eq!(
        (&entry["type"], &entry["data"]["via"]),
        (&json!("recovery.requested"), &json!("email"))
    );
    assert_eq!(entry["actor"]["id"], office.root.to_string());
    office.server.laptop.action(&["lock-identity", &format!("identity-id={ada}")]);
    let told = office.send(&format!("{at}/recovery/send"), &fields).must(400).text;
    assert!(told.contains("they may not sign in"), "{told}");
}

#[test]
fn the_answer_to_the_terms_of_service_is_shown_and_taken_back() {
    let mut office = Office::with("{terms_url: /terms, terms_version: '2'}");
    let ada = office.person("ada@example.com");
    let at = format!("/console/people/{ada}");
    // An administrator is asked as everybody is, by a page and by a form.
    let to = office.page(&at).must(303).header("location").to_owned();
    assert!(to.contains("/self-service/settings/browser?return_to="), "{to}");
    let sent = office.post(&office.cookie, &format!("{at}/lock"), &[("csrf_token", "x")]).must(303);
    assert!(sent.header("location").contains("/self-service/settings/browser?return_to="));
    let answer = |who, answer, version: &str| {
        let row = office.d.store.read(|tx| identities::row_of(tx, who)).unwrap().unwrap();
        let text = format!(
            "INSERT INTO terms (identity, answer, version, answered_at)
                VALUES ({row}, '{answer}', '{version}', 1700000000000000)
                ON CONFLICT (identity) DO UPDATE SET answer = '{answer}', version = '{version}'"
        );
        let file = office.server.laptop.home().join("state/doorward.db");
        crate::support::batch_file(&file, &text).unwrap();
    };
    answer(office.root, "accepted", "2");
    let row = |page: &str| {
        let rest = page.split("Terms of service</dt>").nth(1).unwrap();
        rest.split("</dd>").next().unwrap().to_owned()
    };
    let shown = row(&office.page(&at).must(200).text);
    assert!(shown.contains("Not answered") && !shown.contains("href"), "{shown}");
    answer(ada, "rejected", "1");
    let shown = row(&office.page(&at).must(200).text);
    assert!(shown.contains("Not answered") && shown.contains("rejected version 1"), "{shown}");
    answer(ada, "rejected", "2");
    let shown = row(&office.page(&at).must(200).text);
    assert!(shown.contains("Rejected") && shown.contains("2023-11-14"), "{shown}");
    answer(ada, "accepted", "2");
    let cookie = signed_in(&office.d, ada, &[PASSWORD]);
    office.get(&cookie, "/sessions/whoami").must(200);
    let shown = row(&office.page(&at).must(200).text);
    assert!(shown.contains("Accepted") && shown.contains("version 2"), "{shown}");
    let form = office.page(&format!("{at}/terms")).must(200).text;
    assert!(form.contains("<strong>1</strong> live session asks"), "{form}");
    let page = office.done(&format!("{at}/terms"), &[]).text;
    assert!(
        page.contains("Terms of service reset") && row(&page).contains("Not answered"),
        "{page}"
    );
    office.get(&cookie, "/sessions/whoami").must(403);
    let entry = office.ledger().pop().unwrap();
    assert_eq!((&entry["type"], &entry["actor"]["kind"]), (&json!("terms.reset"), &json!("user")));
    let history = office.page(&format!("{at}/history")).must(200).text;
    assert!(history.contains("Terms of service reset"));
    let missing = "/console/people/00000000-0000-4000-8000-000000000000/terms";
    office.page(missing).must(404);

    answer(ada, "accepted", "2");
    office.server.reconfigure("{}");
    let shown = row(&office.page(&at).must(200).text);
    assert!(shown.contains("Accepted") && shown.contains("version 2"), "{shown}");
    let shown = row(&office.page(&format!("/console/people/{}", office.root)).text);
    assert!(shown.contains("Accepted"), "{shown}");
    let new = office.person("new@example.com");
    let shown = row(&office.page(&format!("/console/people/{new}")).text);
    assert!(shown.contains("no terms are in force"), "{shown}");
}
