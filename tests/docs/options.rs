//! docs/reference/options.md, from config.yaml.

use serde_json::{Map, Value};

use super::{cell, check, read};

const HEAD: &str = "\
# Options

<!-- Made by scripts/docs from config.yaml. -->

On Juju: `juju config doorward OPTION=VALUE`. Without Juju: `--set OPTION=VALUE`, or `--options FILE`
with a YAML file of them. Defaults are meant to be kept.

| Option | Type | Default | What it does |
|---|---|---|---|
";

#[test]
fn the_page_of_options_is_fresh() {
    let config: Map<String, Value> = doorward::yaml::from_str(&read("config.yaml")).unwrap();
    let mut page = HEAD.to_owned();
    for (name, option) in config["options"].as_object().unwrap() {
        let default = match &option["default"] {
            Value::Null => "none".to_owned(),
            Value::String(text) if text.is_empty() => "empty".to_owned(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        let kind = option["type"].as_str().unwrap();
        let description = cell(option["description"].as_str().unwrap());
        page += &format!("| `{name}` | {kind} | {default} | {description} |\n");
    }
    page += "\n## Examples\n\n";
    for (name, option) in config["options"].as_object().unwrap() {
        page += &format!("    juju config doorward {name}={}\n", example(name, option));
    }
    check("docs/reference/options.md", &page);
}

/// A value that differs from the default, where that says more.
fn example(name: &str, option: &Value) -> String {
    match name {
        "external_url" => "https://id.example.com".to_owned(),
        "public_port" => "443".to_owned(),
        "admin_address" => "unix:/run/doorward-0/admin.sock".to_owned(),
        "trusted_proxies" => "10.0.0.0/8".to_owned(),
        "tls_certificate" => "/etc/doorward/tls.crt".to_owned(),
        "tls_key" => "/etc/doorward/tls.key".to_owned(),
        "admin_client_ca" => "/etc/doorward/clients.crt".to_owned(),
        "log_level" => "debug".to_owned(),
        "realm" => "staff".to_owned(),
        "identity_schemas" => "@schemas.json".to_owned(),
        "default_identity_schema_id" => "staff_v0".to_owned(),
        "password_min_length" => "12".to_owned(),
        "password_forbidden_words" => "'Acme Rockets, anvil'".to_owned(),
        "password_blocklist" => "/var/lib/doorward/leaked.txt".to_owned(),
        "argon2_memory_kib" => "65536".to_owned(),
        "argon2_iterations" => "3".to_owned(),
        "recovery_code_minutes" => "15".to_owned(),
        "enforce_mfa" => "false".to_owned(),
        "login_style" => "unified".to_owned(),
        "registration" => "open".to_owned(),
        "require_verified_address" => "true".to_owned(),
        "flow_minutes" => "30".to_owned(),
        "code_minutes" => "5".to_owned(),
        "privileged_session_minutes" => "15".to_owned(),
        "console_fresh_minutes" => "5".to_owned(),
        "default_return_url" => "https://app.example.com".to_owned(),
        "allowed_return_urls" => "https://app.example.com/".to_owned(),
        name if name.ends_with("_ui_url") => {
            format!("https://login.example.com/{}", name.trim_end_matches("_ui_url"))
        }
        "session_lifespan_minutes" => "480".to_owned(),
        "session_extend_window_minutes" => "60".to_owned(),
        "session_required_aal" => "aal1".to_owned(),
        "session_cookie_domain" => "example.com".to_owned(),
        "session_cookie_same_site" => "strict".to_owned(),
        "session_token_templates" => "@templates.json".to_owned(),
        "brand_name" => "\"Example Ltd\"".to_owned(),
        "brand_logo" => "/srv/example/logo.svg".to_owned(),
        "brand_color" => "'#7a1f5c'".to_owned(),
        "support_email" => "help@example.com".to_owned(),
        "support_url" => "https://example.com/help".to_owned(),
        _ => option["default"].to_string().trim_matches('"').to_owned(),
    }
}
