//! What every operation has in common and no handler says again: errors, servers, who may ask.

use serde_json::json;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::server::Server;
use utoipa::openapi::tag::Tag;
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Response, Schema};

/// The name of the schema of errors, as the peer's description has it.
const ERROR: &str = "errorGeneric";

/// What tags mean; one that is not used is left out.
const TAGS: [(&str, &str); 8] = [
    ("identity", "Identities, for programs that administer them."),
    ("session", "Sessions, for programs that administer them."),
    ("frontend", "What a person's browser or application asks."),
    ("courier", "Messages to people."),
    ("schema", "Identity schemas."),
    ("doorward", "Search, status, rights and the audit ledger; beyond Ory Kratos."),
    ("metadata", "About the service itself."),
    ("metrics", "Figures for monitoring."),
];

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// For people.
    Public,
    /// For programs.
    Admin,
}

/// `base` with the paths and schemas of `described`, and what all of them have in common.
pub fn complete(base: OpenApi, described: OpenApi, listener: Listener) -> OpenApi {
    let mut document = base.merge_from(described);
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            describe_failures(operation);
            operation.servers = Some(vec![server(listener)]);
            let nobody = path.starts_with("/health") || !needs_leave(path, listener);
            if operation.security.is_none() && !nobody {
                operation.security = Some(leave(listener));
            }
        }
    }
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.insert(ERROR.to_owned(), RefOr::T(error_schema()));
    add_schemes(components, listener);
    let used = |name: &str| {
        let mut all = document.paths.paths.clone();
        all.values_mut().flat_map(operations).any(|operation| {
            operation.tags.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == name))
        })
    };
    let tags = TAGS.iter().filter(|(name, _)| used(name)).map(|(name, text)| {
        let mut tag = Tag::new(*name);
        tag.description = Some((*text).to_owned());
        tag
    });
    document.tags = Some(tags.collect());
    document
}

/// One document of two; what is in both is answered by both.
pub fn join(mut one: OpenApi, mut other: OpenApi) -> OpenApi {
    for (path, item) in &mut one.paths.paths {
        let Some(twin) = other.paths.paths.get_mut(path) else { continue };
        for (operation, twin) in operations(item).zip(operations(twin)) {
            let servers = operation.servers.get_or_insert_default();
            servers.extend(twin.servers.take().into_iter().flatten());
        }
    }
    let mut tags = one.tags.take().unwrap_or_default();
    for tag in other.tags.take().unwrap_or_default() {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let place = |tag: &Tag| TAGS.iter().position(|(name, _)| *name == tag.name);
    tags.sort_by_key(place);
    one.tags = Some(tags);
    one.merge_from(other)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .flatten()
}

/// Says what the body of a failure is, and that any status may be one.
fn describe_failures(operation: &mut Operation) {
    let all = &mut operation.responses.responses;
    for (status, response) in all.iter_mut() {
        if let RefOr::T(response) = response
            && (status.starts_with('4') || status.starts_with('5'))
            && response.content.is_empty()
        {
            response.content.insert("application/json".to_owned(), error_content());
        }
    }
    if !all.contains_key("default") {
        let mut other = Response::new("What went wrong.");
        other.content.insert("application/json".to_owned(), error_content());
        all.insert("default".to_owned(), RefOr::T(other));
    }
}

fn error_content() -> RefOr<Content> {
    RefOr::T(Content::new(Some(Ref::from_schema_name(ERROR))))
}

fn server(listener: Listener) -> Server {
    let (url, text) = match listener {
        Listener::Public => {
            ("http://127.0.0.1:4433", "The public listener, where it is by default.")
        }
        Listener::Admin => ("http://127.0.0.1:4434", "The admin listener, where it is by default."),
    };
    let mut server = Server::new(url);
    server.description = Some(text.to_owned());
    server
}

/// Whether a path is for those who were let in.
fn needs_leave(path: &str, listener: Listener) -> bool {
    match listener {
        Listener::Admin => path.starts_with("/admin/"),
        Listener::Public => path.starts_with("/sessions"),
    }
}

/// What lets a caller in; any one of them.
fn leave(listener: Listener) -> Vec<SecurityRequirement> {
    let one = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
    match listener {
        Listener::Public => vec![one("sessionCookie"), one("sessionToken"), one("sessionBearer")],
        // Nothing is needed on this machine.
        Listener::Admin => {
            vec![SecurityRequirement::default(), one("adminToken"), one("adminCertificate")]
        }
    }
}

fn add_schemes(components: &mut Components, listener: Listener) {
    let mut add = |name: &str, scheme| {
        components.security_schemes.insert(name.to_owned(), RefOr::T(scheme));
    };
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    match listener {
        Listener::Public => {
            let cookie = ApiKeyValue::new("ory_kratos_session");
            add("sessionCookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
            let header = ApiKeyValue::new("X-Session-Token");
            add("sessionToken", SecurityScheme::ApiKey(ApiKey::Header(header)));
            add("sessionBearer", bearer());
        }
        Listener::Admin => {
            add("adminToken", bearer());
            let text = "A client certificate of the configured authority.".to_owned();
            let description = Some(text);
            let (deprecated, extensions) = (None, None);
            let mutual = SecurityScheme::MutualTls { description, deprecated, extensions };
            add("adminCertificate", mutual);
        }
    }
}

/// The error envelope; see `failure`.
fn error_schema() -> Schema {
    let text = |description: &str| {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some(description))
            .build()
    };
    let object = || ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
    let code = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .description(Some("The status."))
        .examples([json!(404)])
        .build();
    let error = object()
        .property("id", text("By which clients tell the case; most errors have none."))
        .property("code", code)
        .property("status", text("The status in words."))
        .property("request", text("The id of the request."))
        .property("reason", text("A sentence for people: what was wrong, and what to do."))
        .property("details", object().build())
        .property("message", text("The usual message of the case."))
        .required("code")
        .required("message")
        .build();
    Schema::Object(object().property("error", error).required("error").build())
}
