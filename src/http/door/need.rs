//! What a request to the admin API takes.

use axum::http::{Method, Uri};
use url::form_urlencoded;

use crate::domain::api_token::Need;

/// The parameter that asks for credentials beside an identity.
const CREDENTIALS: &str = "include_credential";
/// What reading takes, by the beginning of the path without `/admin`; the first that fits counts.
/// What is not here takes the most: a new route is closed to tokens that only read until somebody has
/// thought about it.
const READING: [(&str, Need); 16] = [
    ("/metrics/prometheus", Need::Metrics),
    ("/courier/messages", Need::Read),
    ("/doorward/attribute-sets", Need::Read),
    ("/doorward/audit", Need::Audit),
    ("/doorward/groups", Need::Read),
    ("/doorward/identities", Need::Read),
    ("/doorward/invitations", Need::Read),
    ("/doorward/messages", Need::Read),
    ("/doorward/overview", Need::Read),
    ("/doorward/roles", Need::Read),
    ("/health", Need::Read),
    ("/identities", Need::Read),
    ("/openapi.json", Need::Read),
    ("/schemas", Need::Read),
    ("/sessions", Need::Read),
    ("/version", Need::Read),
];

/// The route of a request, as far as the door has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it takes.
    pub need: Need,
    /// The beginning of its path, which tells about nobody.
    pub group: &'static str,
}

impl Route {
    /// The route of a request.
    pub fn of(method: &Method, uri: &Uri) -> Self {
        let path = without_prefix(uri.path());
        let within = |group: &str| {
            path.strip_prefix(group).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let known = READING.iter().find(|(group, _)| within(group));
        let (group, reading) = known.copied().unwrap_or(("other", Need::Secrets));
        let need = match *method {
            Method::GET | Method::HEAD if asks_for_credentials(uri) => Need::Secrets,
            Method::GET | Method::HEAD => reading,
            _ => Need::Write,
        };
        Self { need, group }
    }
}

/// The path without the prefix under which clients know the admin API too.
pub fn without_prefix(path: &str) -> &str {
    path.strip_prefix("/admin").filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

fn asks_for_credentials(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    // Decoded as the handlers decode it, so that spelling the name otherwise is no way around.
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name.starts_with(CREDENTIALS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(method: &Method, uri: &str) -> Need {
        Route::of(method, &uri.parse().unwrap()).need
    }

    #[test]
    fn authz_04_reading_takes_more_where_it_signs_its_reader_in_as_somebody_else() {
        for (uri, expected) in [
            ("/admin/identities", Need::Read),
            ("/identities/1?x=1", Need::Read),
            ("/admin/identities/1?include_credential=oidc", Need::Secrets),
            ("/admin/identities?a=1&include%5Fcredential=oidc", Need::Secrets),
            ("/admin/identities?include_credential[]=oidc", Need::Secrets),
            ("/admin/sessions/1", Need::Read),
            ("/admin/courier/messages", Need::Read),
            ("/admin/%63ourier/messages", Need::Secrets),
            ("/admin/doorward/audit/events", Need::Audit),
            ("/admin/doorward/auditors", Need::Secrets),
            ("/metrics/prometheus", Need::Metrics),
            ("/admin/metrics/prometheus", Need::Metrics),
            ("/administrators", Need::Secrets),
            ("//admin/identities", Need::Secrets),
            ("/admin/admin/identities", Need::Secrets),
            ("/new/things", Need::Secrets),
        ] {
            assert_eq!(need(&Method::GET, uri), expected, "{uri}");
            assert_eq!(need(&Method::HEAD, uri), expected, "{uri}");
        }
    }

    #[test]
    fn every_route_that_reads_has_been_thought_about() {
        let described = serde_json::to_value(crate::http::openapi::admin_part()).unwrap();
        let paths = described["paths"].as_object().unwrap();
        let reading = paths.iter().filter(|(_, item)| item["get"].is_object());
        let forgotten: Vec<&String> = reading
            .map(|(path, _)| path)
            .filter(|path| {
                let uri = path.replace(['{', '}'], "");
                Route::of(&Method::GET, &uri.parse().unwrap()).group == "other"
            })
            .collect();
        assert!(paths.len() > 10, "the routes are described");
        assert!(forgotten.is_empty(), "say in READING what it takes to read {forgotten:?}");
    }

    #[test]
    fn every_other_method_changes_something() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
            let method: Method = method.parse().unwrap();
            for uri in ["/admin/identities", "/metrics/prometheus", "/admin/doorward/audit/export"]
            {
                assert_eq!(need(&method, uri), Need::Write);
            }
        }
    }
}
