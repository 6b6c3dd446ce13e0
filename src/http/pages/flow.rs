//! Pages of flows: which forms they show, what is said above them, and which ways lead on.

use serde::Serialize;

use super::frame::{Frame, Link, Message, plain};
use super::nodes::{Flow, Form};
use super::visit::Making;
use crate::config::Registration;

/// Methods of a second step, the usual one first.
const SECOND: [&str; 5] = ["totp", "webauthn", "passkey", "lookup_secret", "code"];
/// Sections of the settings.
const SECTIONS: [&str; 7] =
    ["profile", "password", "totp", "lookup_secret", "webauthn", "passkey", "oidc"];
/// Sections of the page that asks for a second factor.
const SECURE: [&str; 2] = ["totp", "webauthn"];

/// Who signs in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Who {
    name: String,
    href: Option<String>,
    other: String,
}

/// A card with forms.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Card {
    who: Option<Who>,
    forms: Vec<Form>,
    ways: Vec<Link>,
}

/// A section of the settings.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    id: String,
    title: String,
    lead: String,
    on: bool,
    /// What is to be said about it.
    messages: Vec<Message>,
    /// Whether it is what people have just been at.
    focus: bool,
    forms: Vec<Form>,
}

/// All of them, or some.
#[derive(Clone, Debug, Serialize)]
pub struct Sections {
    sections: Vec<Section>,
    ways: Vec<Link>,
}

/// A frame with the flow's messages.
fn card(m: &Making<'_>, flow: Flow<'_>, title: &str) -> Frame {
    said(flow, Frame::card(m, &m.text(title)))
}

/// What a flow says, and whether it needs the script.
fn said(flow: Flow<'_>, mut frame: Frame) -> Frame {
    frame.messages = flow.messages();
    frame.webauthn = flow.needs_script();
    frame
}

/// Puts the cursor where people begin, unless something is wrong elsewhere.
fn focused(mut forms: Vec<Form>) -> Vec<Form> {
    let mut nodes = forms.iter_mut().flat_map(|form| form.nodes.iter_mut());
    let wrong = nodes.any(|node| node.focus);
    let all = forms.iter_mut().flat_map(|form| form.nodes.iter_mut());
    let mut empty = all.filter(|node| node.kind == "field" && node.value.is_empty());
    if let Some(first) = empty.next().filter(|_| !wrong) {
        first.focus = true;
    }
    forms
}

/// Signing in.
pub fn login(m: &Making<'_>, flow: Flow<'_>, logout_token: Option<&str>) -> (Frame, Card) {
    if flow.text("requested_aal") == "aal2" {
        return second(m, flow, logout_token);
    }
    let again = flow.flag("refresh");
    let title = if again { "login.title_again" } else { "login.title" };
    let name = flow.hidden_value("identifier");
    let who = name.as_deref().map(|name| Who {
        name: plain(name),
        href: (!again).then(|| m.at("/self-service/login/browser")),
        other: m.text("login.other_account"),
    });
    let groups = ["identifier_first", "password", "code", "passkey", "webauthn", "totp", "oidc"];
    let forms = Flow::named(flow.forms(&groups, &["identifier_first"]), name.as_deref());
    let forms = focused(forms);
    let mut ways = Vec::new();
    if !again {
        ways.push(Link::new(m.at("/self-service/recovery/browser"), m.text("login.forgot")));
    }
    if !again && m.d.options.signin.registration != Registration::Closed {
        ways.push(Link::new(m.at("/self-service/registration/browser"), m.text("login.register")));
    }
    (card(m, flow, title), Card { who, forms, ways })
}

/// The second step of signing in: one method, and links to the others.
fn second(m: &Making<'_>, flow: Flow<'_>, logout_token: Option<&str>) -> (Frame, Card) {
    let there = flow.groups();
    let methods: Vec<&str> = SECOND.into_iter().filter(|one| there.contains(one)).collect();
    let asked = m.visit.query.text("method").unwrap_or_default();
    let wanted = [asked, flow.text("active")];
    let known = wanted.into_iter().find_map(|want| methods.iter().find(|one| **one == want));
    let chosen = known.or(methods.first()).copied().unwrap_or_default();
    let mut frame = card(m, flow, "login.title_second");
    // The message of the flow only repeats the title.
    frame.messages.retain(|message| message.kind != "info");
    if !chosen.is_empty() {
        frame.lead = Some(m.text(&format!("login.second_{chosen}")));
    }
    let id = flow.text("id");
    let others = methods.iter().filter(|one| **one != chosen).map(|one| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.append_pair("flow", id).append_pair("method", one).finish();
        Link::new(format!("?{query}"), m.text(&format!("login.use_{one}")))
    });
    let out = logout_token.map(|token| super::frame::way_out(m, token, "login.cancel"));
    let ways = others.chain(out).collect();
    let forms = focused(flow.forms(&[chosen], &[]));
    (frame, Card { who: None, forms, ways })
}

/// A new account.
pub fn registration(m: &Making<'_>, flow: Flow<'_>) -> (Frame, Card) {
    let mut groups = ["profile", "password", "code", "passkey", "webauthn", "oidc"];
    let chooses = flow.has("screen");
    if chooses {
        // Who it is was said before; all that is left of that step is the way back to it.
        groups.rotate_left(1);
    }
    let mut forms = flow.forms(&groups, &["profile"]);
    if let Some(back) = forms.last_mut().filter(|_| chooses) {
        back.parted = false;
    }
    let forms = focused(forms);
    let back = Link::new(m.at("/self-service/login/browser"), m.text("registration.login"));
    (card(m, flow, "registration.title"), Card { who: None, forms, ways: vec![back] })
}

/// Recovery, or the confirmation of an address: an address, then a code.
pub fn code(m: &Making<'_>, flow: Flow<'_>, kind: &str) -> (Frame, Card) {
    // A link of a mail brings its code along: nothing is on its way any more.
    let brought =
        flow.value("code").is_some() && flow.messages().iter().all(|one| one.kind == "info");
    let step = match flow.text("state") {
        "sent_email" if brought => "_link",
        "sent_email" => "_code",
        "passed_challenge" => "_done",
        _ => "",
    };
    let known = |part: &str| {
        let key = format!("{kind}.{part}{step}");
        m.visit.language.has(&key).then_some(key)
    };
    let title = known("title").unwrap_or_else(|| format!("{kind}.title"));
    let mut frame = card(m, flow, &title);
    frame.lead = known("lead").map(|key| m.text(&key));
    if brought {
        frame.messages.clear();
    }
    let forms = focused(flow.forms(&["code", "link", "default"], &[]));
    let back = Link::new(m.at("/self-service/login/browser"), m.text("recovery.login"));
    (frame, Card { who: None, forms, ways: vec![back] })
}

/// What of a flow's settings is shown.
fn sections(m: &Making<'_>, flow: Flow<'_>, wanted: &[&str], who: &str) -> Vec<Section> {
    let there = flow.groups();
    let groups = wanted.iter().filter(|group| there.contains(group));
    let mut sections: Vec<Section> = Vec::new();
    for group in groups {
        let forms = Flow::named(flow.forms(&[group], &[]), Some(who));
        let on = is_on(flow, group);
        let lead = match *group {
            "totp" if on => m.text("settings.totp_on"),
            group => m.text(&format!("settings.{group}_about")),
        };
        let title = m.text(&format!("settings.{group}"));
        let (id, messages) = ((*group).to_owned(), Vec::new());
        sections.push(Section { id, title, lead, on, messages, focus: false, forms });
    }
    sections
}

/// Whether a method is set up, by what can be done about it.
fn is_on(flow: Flow<'_>, group: &str) -> bool {
    match group {
        "totp" => flow.has("totp_unlink"),
        "lookup_secret" => flow.has("lookup_secret_disable"),
        "webauthn" => flow.has("webauthn_remove"),
        "passkey" => flow.has("passkey_remove"),
        _ => false,
    }
}

/// A person's own account. What came of a form is said in its own section, to which the browser goes:
/// the page is long.
pub fn settings(m: &Making<'_>, flow: Flow<'_>, frame: Frame, who: &str) -> (Frame, Sections) {
    let mut frame = said(flow, frame);
    let mut sections = sections(m, flow, &SECTIONS, who);
    if let Some(active) = sections.iter_mut().find(|one| one.id == flow.text("active")) {
        active.messages = std::mem::take(&mut frame.messages);
        let mut nodes = active.forms.iter().flat_map(|form| &form.nodes);
        active.focus = !nodes.any(|node| node.focus);
    }
    (frame, Sections { sections, ways: Vec::new() })
}

/// A new password, after recovery or because somebody came for just that.
pub fn reset(m: &Making<'_>, flow: Flow<'_>, who: &str, out: Option<Link>) -> (Frame, Sections) {
    let frame = card(m, flow, "reset.title");
    let mut sections = sections(m, flow, &["password"], who);
    for section in &mut sections {
        section.forms = focused(std::mem::take(&mut section.forms));
    }
    let ways = vec![out.unwrap_or_else(|| onward(m, flow))];
    (frame, Sections { sections, ways })
}

/// Whether a password was handed in and not taken.
pub fn password_is_open(flow: Flow<'_>) -> bool {
    flow.text("active") == "password" && flow.text("state") != "success"
}

/// A second factor that is asked for.
pub fn secure(m: &Making<'_>, flow: Flow<'_>, out: Option<Link>) -> (Frame, Sections) {
    let mut frame = card(m, flow, "secure.title");
    frame.lead = Some(m.text("secure.lead"));
    let ways = vec![out.unwrap_or_else(|| onward(m, flow))];
    (frame, Sections { sections: sections(m, flow, &SECURE, ""), ways })
}

/// The terms of service, which somebody has yet to accept.
pub fn terms(m: &Making<'_>, flow: Flow<'_>, out: Link) -> (Frame, Card) {
    let mut frame = card(m, flow, "terms.title");
    // What the flow says besides what is wrong stands here in any case.
    frame.messages.retain(|message| message.kind == "error");
    frame.lead = Some(m.text("1059002"));
    (frame, Card { who: None, forms: flow.forms(&["profile"], &[]), ways: vec![out] })
}

/// Where it goes from a section that stands by itself: when it is done, where the person was going.
fn onward(m: &Making<'_>, flow: Flow<'_>) -> Link {
    let place = flow.text("return_to");
    if flow.text("state") == "success" && !place.is_empty() {
        return Link::new(place, m.text("1070009"));
    }
    Link::new(m.at("/ui/settings"), m.text("settings.all"))
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "samples are long lists of values made on the spot"
)]
mod tests;
