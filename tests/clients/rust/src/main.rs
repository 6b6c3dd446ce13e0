//! What a program does with `ory-kratos-client`, unmodified; started by tests/clients/mod.rs.
//!
//!     kratos-client-check ADMIN PUBLIC EMAIL
//!
//! Prints `session for ID` where it needs one, and reads its token from standard input.

use std::fmt::Debug;

use ory_kratos_client::apis::configuration::Configuration;
use ory_kratos_client::apis::{Error, courier_api, frontend_api, identity_api, metadata_api};
use ory_kratos_client::models::create_identity_body::StateEnum as NewState;
use ory_kratos_client::models::identity::StateEnum;
use ory_kratos_client::models::update_identity_body::StateEnum as PutState;
use ory_kratos_client::models::{
    AuthenticatorAssuranceLevel, CreateIdentityBody, CreateRecoveryCodeForIdentityBody,
    IdentityWithCredentials, IdentityWithCredentialsPassword,
    IdentityWithCredentialsPasswordConfig, JsonPatch, UpdateIdentityBody,
};
use serde_json::json;

const SCHEMA: &str = "social_user_v0";

/// What must be refused with this status.
fn refused<T: Debug, E: Debug>(status: u16, answer: Result<T, Error<E>>) {
    match answer {
        Err(Error::ResponseError(answer)) => assert_eq!(answer.status.as_u16(), status),
        other => panic!("not refused with {status}: {other:?}"),
    }
}

fn new_identity(email: &str) -> CreateIdentityBody {
    let mut config = IdentityWithCredentialsPasswordConfig::new();
    config.password = Some("a stone bridge over the Nera".to_owned());
    let mut password = IdentityWithCredentialsPassword::new();
    password.config = Some(Box::new(config));
    let mut credentials = IdentityWithCredentials::new();
    credentials.password = Some(Box::new(password));
    let traits = json!({"email": email, "name": "Ada Byron"});
    let mut body = CreateIdentityBody::new(SCHEMA.to_owned(), traits);
    body.credentials = Some(Box::new(credentials));
    body.metadata_admin = Some(Some(json!({"team": "engines"})));
    body.state = Some(NewState::Active);
    body
}

fn patch(path: &str, value: &str) -> Vec<JsonPatch> {
    let mut patch = JsonPatch::new("replace".to_owned(), path.to_owned());
    patch.value = Some(Some(json!(value)));
    vec![patch]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let at = |url: &str| Configuration { base_path: url.to_owned(), ..Configuration::new() };
    let (admin, public, email) = (at(&args[1]), at(&args[2]), args[3].as_str());
    assert_eq!(metadata_api::is_ready(&admin).await.unwrap().status, "ok");
    assert!(!metadata_api::get_version(&public).await.unwrap().version.is_empty());

    // create
    let created = identity_api::create_identity(&admin, Some(new_identity(email))).await.unwrap();
    let id = created.id.as_str();
    assert_eq!(created.state, Some(StateEnum::Active));
    refused(409, identity_api::create_identity(&admin, Some(new_identity(email))).await);

    // list
    let list = async |identifier: Option<&str>| {
        let page = Some(250);
        let (none, no_ids) = (None, None);
        identity_api::list_identities(
            &admin, None, None, page, none, none, no_ids, identifier, none, None, none,
        )
        .await
        .unwrap()
    };
    let found = list(Some(email)).await;
    assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [id]);
    assert!(list(None).await.iter().any(|one| one.id == id));
    assert!(list(Some("nobody@example.com")).await.is_empty());

    // get
    let reveal = Some(vec!["password".to_owned()]);
    let read = identity_api::get_identity(&admin, id, reveal).await.unwrap();
    assert_eq!(read.metadata_admin, Some(Some(json!({"team": "engines"}))));
    let config = read.credentials.unwrap()["password"].config.clone().unwrap();
    assert!(json!(config)["hashed_password"].is_string());

    // patch, put
    let patched = identity_api::patch_identity(&admin, id, Some(patch("/traits/name", "Ada L.")));
    assert_eq!(patched.await.unwrap().traits.unwrap()["name"], "Ada L.");
    let traits = json!({"email": email, "name": "Ada King"});
    let mut put = UpdateIdentityBody::new(SCHEMA.to_owned(), PutState::Active, traits);
    put.metadata_public = Some(Some(json!({"theme": "dark"})));
    let put = identity_api::update_identity(&admin, id, Some(put)).await.unwrap();
    assert_eq!(put.metadata_public, Some(Some(json!({"theme": "dark"}))));
    refused(400, identity_api::patch_identity(&admin, id, Some(patch("/id", "x"))).await);

    // session
    println!("session for {id}");
    let mut token = String::new();
    std::io::stdin().read_line(&mut token).unwrap();
    let token = Some(token.trim());
    let session = frontend_api::to_session(&public, token, None, None).await.unwrap();
    assert_eq!(session.active, Some(true));
    let level = session.authenticator_assurance_level;
    assert_eq!(level, Some(AuthenticatorAssuranceLevel::Aal1));
    assert_eq!(session.identity.unwrap().id, id);
    let mine = identity_api::list_identity_sessions(&admin, id, None, None, None, None, None);
    assert_eq!(mine.await.unwrap()[0].id, session.id);
    let expand = Some(vec!["identity".to_owned(), "devices".to_owned()]);
    let shown = identity_api::get_session(&admin, &session.id, expand).await.unwrap();
    assert_eq!(shown.identity.unwrap().id, id);
    let live = identity_api::list_sessions(&admin, None, None, Some(true), None).await.unwrap();
    assert!(live.iter().any(|one| one.id == session.id));
    identity_api::disable_session(&admin, &session.id).await.unwrap();
    refused(401, frontend_api::to_session(&public, token, None, None).await);

    // recovery
    let mut wanted = CreateRecoveryCodeForIdentityBody::new(id.to_owned());
    wanted.expires_in = Some("1h".to_owned());
    let code = identity_api::create_recovery_code_for_identity(&admin, Some(wanted)).await.unwrap();
    assert_eq!(code.recovery_code.len(), 6);
    let messages = courier_api::list_courier_messages(&admin, None, None, None, None).await;
    assert!(messages.unwrap().is_empty());
    let schemas = identity_api::list_identity_schemas(&admin, None, None, None, None).await.unwrap();
    assert!(schemas.iter().any(|one| one.id == SCHEMA));

    // delete
    identity_api::delete_identity(&admin, id).await.unwrap();
    refused(404, identity_api::get_identity(&admin, id, None).await);
    refused(404, identity_api::delete_identity(&admin, id).await);
    println!("done");
}
