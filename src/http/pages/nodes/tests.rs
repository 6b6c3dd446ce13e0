//! Nodes as forms, with all that flows can bring along.

use serde_json::json;

use super::*;
use crate::http::pages::engine;

/// Text that would be markup, a script, or another line, if anybody forgot to escape it.
const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "</title></textarea></style><svg onload=alert(1)>",
    "{{ page.brand.name }}{% include 'base.html' %}",
    "&lt;b&gt;&#x27;",
    "a\u{0}b\r\nSet-Cookie: x=y\u{1b}[31m",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}",
];

fn node(group: &str, attributes: Value, label: Option<Value>) -> Value {
    let kind = attributes["node_type"].as_str().unwrap_or("input").to_owned();
    let meta = label.map_or(json!({}), |label| json!({ "label": label }));
    json!({"type": kind, "group": group, "attributes": attributes, "messages": [], "meta": meta})
}

fn message(id: u64, text: &str) -> Value {
    json!({"id": id, "text": text, "type": "info"})
}

fn csrf() -> Value {
    node("default", json!({"name": "csrf_token", "type": "hidden", "value": "c5rf"}), None)
}

fn submit(group: &str, name: &str, value: &str) -> Value {
    node(group, json!({"name": name, "type": "submit", "value": value}), Some(message(1, "Go")))
}

fn flow(nodes: Vec<Value>) -> Value {
    json!({
        "id": "f", "state": "choose_method", "requested_aal": "aal1", "refresh": false,
        "ui": {"action": "https://id.example.org/x/self-service/login?flow=f", "method": "POST",
               "nodes": nodes},
    })
}

fn html(document: &Value, groups: &[&str]) -> String {
    let forms = Flow::new(document, Language::default()).forms(groups, &[]);
    let alone = forms.iter().map(|form| json!({ "form": form }));
    alone.map(|content| engine::part("form.html", &content).unwrap()).collect()
}

#[test]
fn each_group_is_a_form_of_its_own_with_the_token_and_what_all_share() {
    let document = flow(vec![
        csrf(),
        node("default", json!({"name": "identifier", "type": "text", "required": true}), None),
        node("password", json!({"name": "password", "type": "password", "value": "s3cret"}), None),
        submit("password", "method", "password"),
        submit("oidc", "provider", "github"),
        node("webauthn", json!({"name": "webauthn_login", "type": "hidden", "value": ""}), None),
    ]);
    let flow = Flow::new(&document, Language::default());
    assert_eq!(flow.groups(), ["default", "password", "oidc"]);
    let forms = flow.forms(&["password", "webauthn", "oidc"], &[]);
    let [first, second] = forms.as_slice() else { panic!("{forms:?}") };
    assert_eq!(first.action, "/x/self-service/login?flow=f", "pages know no host");
    let names = |form: &Form| form.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(first), ["identifier", "password", "method"]);
    assert_eq!(names(second), ["provider"]);
    let hidden = |form: &Form| {
        form.hidden.iter().map(|one| (one.name.clone(), one.value.clone())).collect::<Vec<_>>()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(hidden(first), [pair("csrf_token", "c5rf")]);
    assert_eq!(hidden(second), [pair("csrf_token", "c5rf"), pair("method", "oidc")]);
    assert_eq!(first.nodes[2].look, "main");
    assert!(!html(&document, &["password"]).contains("s3cret"), "a password goes back to nobody");
}

#[test]
fn a_field_has_its_label_and_its_errors_beside_it() {
    let mut field = node(
        "profile",
        json!({"name": "traits.email", "type": "email", "value": "a@b", "required": true,
               "autocomplete": "email", "maxlength": 254}),
        Some(message(1_070_002, "Email")),
    );
    field["messages"] = json!([message(4_000_002, "x")]);
    let page =
        html(&flow(vec![csrf(), field, submit("profile", "method", "profile")]), &["profile"]);
    for part in [
        r#"<label for="profile-traits-email">Email</label>"#,
        r#"<input id="profile-traits-email" name="traits.email" type="email" value="a@b" required autocomplete="email" maxlength="254""#,
        r#"aria-invalid="true" aria-describedby="profile-traits-email-about" autofocus>"#,
        r#"<div id="profile-traits-email-about">"#,
        r#"<p class="problem">Please fill in this field.</p>"#,
        r#"<input type="hidden" name="csrf_token" value="c5rf">"#,
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn input_05_nothing_that_comes_from_outside_gets_out_of_its_place() {
    for text in HOSTILE {
        let mut field = node(
            "profile",
            json!({"name": text, "type": text, "value": text, "autocomplete": text,
                   "pattern": text, "onloadTrigger": text}),
            Some(message(1_070_002, text)),
        );
        field["messages"] = json!([message(99, text)]);
        let secrets = json!([{"id": 1_050_009, "text": text, "context": {"secret": text}}]);
        let document = flow(vec![
            csrf(),
            field,
            node("profile", json!({"name": text, "type": "hidden", "value": text}), None),
            node("profile", json!({"name": text, "type": "checkbox", "value": true}), None),
            node(
                "profile",
                json!({"name": text, "type": "submit", "value": text}),
                Some(message(1_010_002, text)),
            ),
            node(
                "profile",
                json!({"name": text, "type": "button", "value": {"x": text},
                 "onclick": text, "onclickTrigger": text}),
                None,
            ),
            node("profile", json!({"node_type": "img", "id": text, "src": text}), None),
            node(
                "profile",
                json!({"node_type": "img", "id": text,
                 "src": format!("data:image/png;base64,{text}")}),
                None,
            ),
            node(
                "profile",
                json!({"node_type": "a", "id": text, "href": text,
                 "title": message(1, text)}),
                None,
            ),
            node(
                "profile",
                json!({"node_type": "a", "id": text, "href": format!("/{text}"),
                 "title": message(1, text)}),
                None,
            ),
            node(
                "profile",
                json!({"node_type": "text", "id": text,
                 "text": {"id": 1, "text": text, "context": {"secrets": secrets}}}),
                None,
            ),
            node("profile", json!({"node_type": "script", "id": text, "src": text}), None),
            node("profile", json!({"node_type": "div", "id": text, "class": text}), None),
        ]);
        let page = html(&document, &["profile"]);
        assert!(page.contains("<details") || page.contains("<form"), "{page}");
        for bad in ["<script", "<img src=x", "<svg", "<b>", "onclick", "href=\"javascript"] {
            assert!(!page.contains(bad), "{bad} of {text} in {page}");
        }
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!page.contains(control), "{text:?} in {page:?}");
        // Every attribute still ends where it should: outside of quotes there is no stray quote.
        for tag in page.split('<').skip(1).filter_map(|part| part.split_once('>')) {
            assert_eq!(tag.0.matches('"').count() % 2, 0, "<{}>", tag.0);
            let bare: String = tag.0.split('"').step_by(2).collect();
            assert!(!bare.contains("onerror") && !bare.contains("onfocus="), "<{}>", tag.0);
        }
    }
}

#[test]
fn the_second_factor_is_set_up_with_a_picture_and_a_key_to_type() {
    let document = flow(vec![
        csrf(),
        node(
            "totp",
            json!({"node_type": "img", "id": "totp_qr", "width": 256, "height": 256,
             "src": "data:image/png;base64,AAAA"}),
            Some(message(1_050_005, "QR")),
        ),
        node(
            "totp",
            json!({"node_type": "text", "id": "totp_secret_key",
             "text": {"id": 1_050_006, "text": "ABCD", "context": {"secret": "ABCD"}}}),
            Some(message(1_050_017, "Key")),
        ),
        node(
            "totp",
            json!({"name": "totp_code", "type": "text", "required": true}),
            Some(message(1_070_006, "Code")),
        ),
        submit("totp", "method", "totp"),
    ]);
    let page = html(&document, &["totp"]);
    assert!(page.contains(r#"width="256" height="256" alt="QR code for your authenticator app""#));
    assert!(page.contains(r#"<code class="secret" id="totp-totp-secret-key">ABCD</code>"#));
    assert!(page.contains(r#"autocomplete="one-time-code" inputmode="numeric""#), "{page}");
}

#[test]
fn what_takes_something_away_asks_once_more_and_works_without_a_script() {
    let remove = node(
        "webauthn",
        json!({"name": "webauthn_remove", "type": "submit", "value": "00ff"}),
        Some(json!({"id": 1_050_018, "text": "x", "context": {"display_name": "Blue <key>"}})),
    );
    let page = html(&flow(vec![csrf(), remove]), &["webauthn"]);
    assert!(page.contains("<details class=\"sure\"><summary>Remove security key Blue &lt;key&gt;"));
    assert!(page.contains(r#"name="webauthn_remove" value="00ff" formnovalidate>"#), "{page}");
    assert!(page.contains(r#"name="method" value="webauthn""#));
}

#[test]
fn a_key_is_asked_by_the_script_through_attributes_that_the_policy_allows() {
    let trigger = node(
        "webauthn",
        json!({"name": "webauthn_login_trigger", "type": "button", "value": "{\"publicKey\":{}}",
               "onclick": "window.oryWebAuthnLogin({\"publicKey\":{}})",
               "onclickTrigger": "oryWebAuthnLogin"}),
        Some(message(1_010_008, "x")),
    );
    let document = flow(vec![csrf(), trigger]);
    assert!(Flow::new(&document, Language::default()).needs_script());
    let page = html(&document, &["webauthn"]);
    assert!(page.contains(r#"data-webauthn="oryWebAuthnLogin" data-options="{&quot;publicKey"#));
    assert!(!page.contains("onclick"));
}

#[test]
fn backup_codes_are_a_list_and_used_ones_say_so() {
    let secrets = json!([
        {"id": 1_050_009, "text": "abcd1234", "context": {"secret": "abcd1234"}},
        {"id": 1_050_014, "text": "x", "context": {"used_at": "2026-01-02"}},
    ]);
    let codes = node(
        "lookup_secret",
        json!({"node_type": "text", "id": "lookup_secret_codes",
               "text": {"id": 1_050_015, "text": "x", "context": {"secrets": secrets}}}),
        Some(message(1_050_010, "x")),
    );
    let document =
        flow(vec![csrf(), codes, submit("lookup_secret", "lookup_secret_confirm", "true")]);
    let page = html(&document, &["lookup_secret"]);
    assert!(page.contains("<li><code>abcd1234</code></li>"), "{page}");
    assert!(page.contains("<li><s><code>Used on 2026-01-02</code></s></li>"));
    assert!(page.contains(r#"<button class="main" type="submit" name="lookup_secret_confirm""#));
}

#[test]
fn a_flow_of_any_shape_is_shown_without_a_fault() {
    for document in [
        json!(null),
        json!([]),
        json!({"ui": null}),
        json!({"ui": {"nodes": {}}}),
        json!({"ui": {"nodes": [null, {}, {"attributes": []}, {"attributes": {}}]}}),
        json!({"ui": {"action": "no address", "nodes": [{"type": "input", "attributes": {"type": 3}}]}}),
    ] {
        let flow = Flow::new(&document, Language::default());
        let _ = (flow.groups(), flow.messages(), flow.forms(&["default", "password"], &[]));
    }
}
