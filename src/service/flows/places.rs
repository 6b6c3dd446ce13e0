//! The addresses of flows, of the pages that show them, and of the pages people may be sent to.

use url::Url;
use url::form_urlencoded::Serializer;
use uuid::Uuid;

use crate::app::Deps;
use crate::config::Options;
use crate::domain::flow::{Client, Flow, FlowKind};
use crate::domain::session::Aal;

/// The method of a flow of settings by which the terms of service are accepted.
pub(super) const TERMS: &str = "terms";

/// Where the form of a flow is handed in.
#[must_use]
pub fn submit_url(d: &Deps, flow: &Flow) -> String {
    format!("{}/self-service/{}?flow={}", d.options.base_url(), flow.kind.as_str(), flow.id)
}

/// The page for a kind of flow: our own, or the one of the options.
#[must_use]
pub fn page(options: &Options, kind: FlowKind) -> String {
    match options.signin.ui_url(kind) {
        Some(url) => url.to_owned(),
        None => format!("{}/ui/{}", options.base_url(), kind.as_str()),
    }
}

/// The page that shows a flow.
#[must_use]
pub fn page_of(options: &Options, kind: FlowKind, id: Uuid) -> String {
    let page = page(options, kind);
    let mark = if page.contains('?') { '&' } else { '?' };
    format!("{page}{mark}flow={id}")
}

/// The page that shows a flow as it stands. Where all it is about is the terms of service, that is our
/// own whatever the options say: pages written for Kratos ask for the session first, which is refused.
#[must_use]
pub fn page_for(options: &Options, flow: &Flow) -> String {
    if flow.kind == FlowKind::Settings && flow.form.active.as_deref() == Some(TERMS) {
        return terms_page(options, flow.id);
    }
    page_of(options, flow.kind, flow.id)
}

/// The page that shows the part of a flow of settings that is about the terms of service.
pub(super) fn terms_page(options: &Options, id: Uuid) -> String {
    format!("{}/ui/terms?flow={id}", options.base_url())
}

/// The page for those who did not accept the terms of service, and were going to `return_to`.
pub(super) fn rejected_page(options: &Options, return_to: Option<&str>) -> String {
    with_return_to(format!("{}/ui/terms/rejected", options.base_url()), return_to)
}

/// The page that shows an error.
#[must_use]
pub fn error_page(options: &Options, id: Uuid) -> String {
    match options.signin.error_ui_url() {
        Some(url) => format!("{url}?id={id}"),
        None => format!("{}/ui/error?id={id}", options.base_url()),
    }
}

/// Where another flow of the same sort is begun.
pub(super) fn begin_url(d: &Deps, flow: &Flow) -> String {
    let client = match flow.form.client {
        Client::Browser => "browser",
        Client::Api => "api",
    };
    let base = d.options.base_url();
    let mut query = Serializer::new(String::new());
    if flow.form.refresh {
        query.append_pair("refresh", "true");
    }
    if flow.form.requested_aal == Aal::Two {
        query.append_pair("aal", "aal2");
    }
    if let Some(place) = &flow.form.return_to {
        query.append_pair("return_to", place);
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{base}/self-service/{}/{client}{mark}{query}", flow.kind.as_str())
}

/// Where a browser signs in, asked for `more` (such as `refresh=true`), and goes on to `return_to`.
pub(super) fn sign_in_url(d: &Deps, more: (&str, &str), return_to: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair(more.0, more.1);
    if let Some(place) = return_to {
        query.append_pair("return_to", place);
    }
    format!("{}/self-service/login/browser?{}", d.options.base_url(), query.finish())
}

/// Where people make up for what their session lacks, and go on to `return_to`.
pub(super) fn settings_url(d: &Deps, return_to: Option<&str>) -> String {
    with_return_to(format!("{}/self-service/settings/browser", d.options.base_url()), return_to)
}

fn with_return_to(page: String, return_to: Option<&str>) -> String {
    match return_to {
        None => page,
        Some(place) => {
            let mut query = Serializer::new(String::new());
            query.append_pair("return_to", place);
            format!("{page}?{}", query.finish())
        }
    }
}

/// Where people go when all is done.
#[must_use]
pub fn finished(options: &Options, return_to: Option<&str>) -> String {
    let usual = Some(options.signin.default_return_url.as_str()).filter(|url| !url.is_empty());
    match return_to.or(usual) {
        Some(place) => place.to_owned(),
        None => format!("{}/ui/welcome", options.base_url()),
    }
}

/// An address that people may be sent to, whole: one below this service, or below one of those in
/// the options (AUTHZ-06).
#[must_use]
pub fn allowed_return(options: &Options, asked: &str) -> Option<String> {
    let base = Url::parse(&format!("{}/", options.base_url())).ok()?;
    // Parsed as browsers do it: `//other.example` and `/\other.example` become another host here.
    let place = base.join(asked).ok()?;
    if !place.username().is_empty() || place.password().is_some() {
        return None;
    }
    let allowed = &options.signin.allowed_return_urls;
    let fine = std::iter::once(&base).chain(allowed).any(|root| is_below(root, &place));
    fine.then(|| place.into())
}

fn is_below(root: &Url, place: &Url) -> bool {
    let (wanted, host) =
        (root.host_str().unwrap_or_default(), place.host_str().unwrap_or_default());
    let same_host = match wanted.strip_prefix("*.") {
        None => wanted == host,
        Some(domain) => host
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty()),
    };
    let same_origin = root.scheme() == place.scheme()
        && root.port_or_known_default() == place.port_or_known_default();
    let root = root.path().trim_end_matches('/');
    let rest = place.path().strip_prefix(root);
    same_host && same_origin && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn authz_06_people_are_sent_only_below_the_addresses_that_are_allowed() {
        let map = json!({
            "external_url": "https://id.example.com/auth",
            "allowed_return_urls": "https://app.example.com/in/ https://*.example.org",
        });
        let options = Options::from_map(map.as_object().unwrap()).unwrap();
        for good in [
            "https://id.example.com/auth",
            "https://id.example.com/auth/settings?x=1",
            "https://ID.example.com:443/auth/x",
            "/auth/x",
            "x",
            "https://app.example.com/in/side",
            "https://app.example.com/in",
            "https://a.example.org/anything",
            "https://a.b.example.org",
        ] {
            assert!(allowed_return(&options, good).is_some(), "{good}");
        }
        // Without slashes it is a place of our own, as browsers read it too.
        let odd = allowed_return(&options, "https:evil.example");
        assert_eq!(odd.as_deref(), Some("https://id.example.com/auth/evil.example"));
        for bad in [
            "https://id.example.com/other",
            "https://id.example.com/author",
            "https://id.example.com/auth/../other",
            "https://id.example.com:444/auth/",
            "http://id.example.com/auth/",
            "https://id.example.com.evil.example/auth/",
            "https://id.example.com@evil.example/auth/",
            "https://me@id.example.com/auth/",
            "//evil.example/auth/",
            "/\\evil.example/auth/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https://app.example.com/inside",
            "https://app.example.com/",
            "https://example.org/",
            "https://evilexample.org/",
            "https://.example.org/",
            "https://a.example.org.evil.example/",
            "http://a.example.org/",
            "https://a.exämple.org/",
        ] {
            assert!(allowed_return(&options, bad).is_none(), "{bad}");
        }
    }
}
