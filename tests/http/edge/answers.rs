//! What every answer has in common, and what is left behind in log and metrics.

use super::{Service, ask, well};
use crate::cli::Laptop;

#[test]
fn every_answer_carries_the_headers_that_protect_and_a_get_is_kept_by_nobody() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    for address in [service.public(), service.admin()] {
        for path in ["/health/alive", "/version", "/nothing"] {
            let answer = ask(address, &format!("GET {path}"), &[]);
            assert_eq!(
                answer.header("cache-control"),
                Some("private, no-cache, no-store, must-revalidate"),
                "{answer:?}"
            );
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("strict-transport-security"), None, "not without TLS");
            assert_eq!(answer.header("etag"), None);
        }
        let answer = ask(address, "POST /version", &["Content-Length: 0"]);
        assert_eq!((answer.code, answer.header("cache-control")), (405, None));
        assert_eq!(answer.header("allow"), Some("GET,HEAD"));
        assert_eq!(answer.json()["error"]["code"], 405);
    }
}

#[test]
fn json_says_its_charset_and_ends_a_line_head_has_no_body_and_no_route_is_plain_text() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let answer = ask(service.public(), "GET /version", &[]);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(answer.body.ends_with("}\n"), "{answer:?}");
    let head = ask(service.public(), "HEAD /version", &[]);
    assert_eq!((head.code, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), answer.header("content-length"));
    assert_eq!(head.header("content-type"), answer.header("content-type"));
    let none = ask(service.public(), "GET /no/such/route", &[]);
    assert_eq!(none.code, 404);
    assert!(none.header("content-type").unwrap().starts_with("text/plain"), "{none:?}");
    // Administration is not hidden behind another spelling on the public port (AUTHZ-01).
    for path in [
        "/admin/identities",
        "//admin/identities",
        "/admin%2fidentities",
        "/x/../admin/identities",
        "/admin/identities;",
        "/metrics/prometheus",
        "/admin/metrics/prometheus",
    ] {
        let answer = ask(service.public(), &format!("GET {path}"), &[]);
        assert_eq!(answer.code, 404, "{path}: {answer:?}");
    }
    let absolute = format!("GET http://{}/admin/identities", service.admin());
    assert_eq!(ask(service.public(), &absolute, &[]).code, 404);
}

#[test]
fn hsts_follows_an_https_external_url_on_the_public_listener_only() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &["--set", "external_url=https://id.example.com"]);
    let answer = ask(service.public(), "GET /version", &[]);
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(ask(service.admin(), "GET /version", &[]).header("strict-transport-security"), None);
}

#[test]
fn a_request_id_is_taken_when_it_is_plain_and_made_when_it_is_not() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let id = |headers: &[&str]| {
        let answer = ask(service.public(), "GET /version", headers);
        answer.header("x-request-id").expect("an id").to_owned()
    };
    assert_eq!(id(&["X-Request-Id: 3f0c-A_b.c:9"]), "3f0c-A_b.c:9");
    let long = format!("X-Request-Id: {}", "x".repeat(65));
    for header in
        ["X-Request-Id: a b", "X-Request-Id: \u{e9}", "X-Request-Id:", &long, "X-Other: 1"]
    {
        let made = id(&[header]);
        let uuid: uuid::Uuid = made.parse().unwrap_or_else(|_| panic!("{header}: {made}"));
        assert_eq!(uuid.get_version_num(), 7, "{header}");
    }
    let refused =
        ask(service.public(), "PUT /version", &["X-Request-Id: r-7", "Content-Length: 0"]);
    assert_eq!(refused.json()["error"]["request"], "r-7");
}

#[test]
fn one_line_a_request_with_its_route_and_id_and_nothing_the_client_wrote_beside_it() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    let secret = "token=s3cret-marker";
    ask(
        service.admin(),
        &format!("GET /version?{secret}"),
        &["X-Request-Id: r-1", "Authorization: Bearer s3cret-marker"],
    );
    ask(service.public(), &format!("GET /nothing/s3cret-marker?{secret}"), &["X-Request-Id: r-2"]);
    let line: serde_json::Value = serde_json::from_str(&service.logs("r-1")).unwrap();
    assert_eq!(line["message"], "request");
    assert_eq!(line["level"], "info");
    assert_eq!(line["listener"], "admin");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["route"], "/version");
    assert_eq!(line["status"], 200);
    assert_eq!(line["request_id"], "r-1");
    assert!(line["duration_us"].is_u64() && line["timestamp"].is_string(), "{line}");
    let line = service.logs("r-2");
    assert!(line.contains("\"route\":\"none\"") && line.contains("404"), "{line}");
    assert!(!line.contains("s3cret-marker"), "{line}");
    for line in service.stop() {
        let line: serde_json::Value = serde_json::from_str(&line).expect("one document a line");
        assert!(!line.to_string().contains("s3cret-marker"), "{line}");
    }
}

#[test]
fn the_level_of_the_log_is_an_option() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &["--set", "log_level=error"]);
    well(&service);
    ask(service.public(), "GET /version", &[]);
    assert_eq!(service.stop(), Vec::<String>::new());
    let service = Service::start(&laptop, &["--set", "log_level=debug"]);
    well(&service);
    let line = service.logs("/health/ready");
    assert!(line.contains("\"level\":\"debug\""), "probes are for those who look: {line}");
}

#[test]
fn prometheus_finds_the_series_that_dashboards_for_kratos_watch_and_ours() {
    let laptop = Laptop::new();
    let service = Service::start(&laptop, &[]);
    ask(service.public(), "GET /version", &[]);
    for n in 0..20 {
        ask(service.public(), &format!("GET /nothing/{n}"), &[]);
    }
    let answer = ask(service.admin(), "GET /metrics/prometheus", &[]);
    assert_eq!(answer.code, 200);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let text = &answer.body;
    let has = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    has(r#"http_requests_total{endpoint="/version",code="200"} 1"#);
    has(r#"http_requests_total{endpoint="none",code="404"} 20"#);
    has(r#"http_requests_statuses_total{status_bucket="4xx"} 20"#);
    has(r#"http_requests_duration_seconds_count{endpoint="/version"} 1"#);
    has(r#"http_requests_duration_seconds_bucket{le="+Inf",endpoint="/version"} 1"#);
    has("doorward_panics_total 0");
    assert!(!text.contains("/nothing"), "a label took its value from a client");
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        let value = line.unwrap_or_else(|| panic!("{name}\n{text}")).rsplit_once(' ').unwrap().1;
        value.parse::<f64>().unwrap()
    };
    assert!(value("doorward_ledger_entries") >= 1.0);
    assert!(value("doorward_store_bytes") > 0.0);
    assert!(value("doorward_store_free_bytes") > 0.0);
    assert_eq!(value("doorward_requests_in_flight"), 1.0);
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(ask(service.admin(), "GET /admin/metrics/prometheus", &[]).code, 200);
}
