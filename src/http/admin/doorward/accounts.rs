//! The accounts of one identity: the ways in which it signs in.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::app::Deps;
use crate::domain::status::Reason;
use crate::error::Error;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::{Editor, tagged};
use crate::http::failure::Failure;
use crate::service::Caller;
use crate::service::accounts::{self, Account};
use crate::service::links;
use crate::service::status::StatusChange;
use crate::service::unchanged::tag_of_accounts;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(remove))
        .routes(routes!(lock, unlock))
        .routes(routes!(confirm, unconfirm, verify))
}

/// Why an account is locked or unlocked.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = accountLockBody)]
struct Why {
    /// `offboarding`, `compromise`, `policy`, `request` or `other`.
    #[schema(value_type = Option<String>)]
    reason: Reason,
    /// More about it, at most 512 characters; personal data.
    note: Option<String>,
}

/// Which address.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = accountAddressBody)]
struct Which {
    /// The address; not needed where there is only one.
    email: Option<String>,
}

/// An account, in the shape of AAC.
#[derive(Serialize, ToSchema)]
#[schema(as = account)]
struct AccountDocument {
    /// `internal`, or `provider:subject`.
    id: String,
    /// `account:internal` or `account:oidc`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `internal` or `oidc`.
    authority: &'static str,
    provider: String,
    username: Option<String>,
    /// The first address.
    email: Option<String>,
    email_verified: bool,
    /// Whether every address is confirmed.
    confirmed: bool,
    /// `active` or `locked`.
    status: &'static str,
    locked: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    locked_at: Option<Timestamp>,
    /// Kinds of credentials that belong to it.
    credentials: Vec<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl AccountDocument {
    fn of(one: Account) -> Self {
        let internal = one.is_internal();
        let first = one.addresses.first();
        Self {
            kind: if internal { "account:internal" } else { "account:oidc" },
            authority: if internal { "internal" } else { "oidc" },
            email: first.map(|address| address.value.clone()),
            email_verified: first.is_some_and(|address| address.verified),
            confirmed: one.confirmed(),
            status: if one.locked_at.is_some() { "locked" } else { "active" },
            locked: one.locked_at.is_some(),
            locked_at: one.locked_at,
            id: one.id,
            provider: one.provider,
            username: one.username,
            credentials: one.credentials,
            created_at: one.created_at,
        }
    }
}

/// The accounts of an identity.
#[derive(Serialize, ToSchema)]
#[schema(as = identityAccounts)]
struct Accounts {
    id: Uuid,
    /// Its own first.
    accounts: Vec<AccountDocument>,
}

/// What became of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = accountReceipt)]
struct Receipt {
    id: Uuid,
    account: String,
    /// Whether it was otherwise before.
    changed: bool,
}

fn receipt(id: Uuid, account: String, changed: bool) -> Document<Receipt> {
    Document::ok(Receipt { id, account, changed })
}

fn why(body: &Bytes) -> Result<StatusChange, Failure> {
    let Why { reason, note } = input::body(body)?;
    if note
        .as_ref()
        .is_some_and(|note| note.chars().count() > crate::domain::status::NOTE_MAX_CHARS)
    {
        return Err(Failure::invalid("A note has at most 512 characters."));
    }
    Ok(StatusChange { reason, note, until: None })
}

/// Locks or unlocks an account.
async fn shut(
    app: App,
    by: Caller,
    (id, account): (String, String),
    why: StatusChange,
    use_case: fn(&Deps, &Caller, Uuid, &str, &StatusChange) -> Result<bool, Error>,
) -> Result<Document<Receipt>, Failure> {
    let (id, named) = (input::id(&id)?, account.clone());
    let changed = app.call(move |d| use_case(d, &by, id, &named, &why)).await??;
    Ok(receipt(id, account, changed))
}

/// Gives or takes the proof of an address.
async fn prove(
    app: App,
    by: Caller,
    (id, account): (String, String),
    body: &Bytes,
    use_case: fn(&Deps, &Caller, Uuid, Option<&str>) -> Result<bool, Error>,
) -> Result<Document<Receipt>, Failure> {
    own(&account)?;
    let (id, Which { email }) = (input::id(&id)?, input::body(body)?);
    let changed = app.call(move |d| use_case(d, &by, id, email.as_deref())).await??;
    Ok(receipt(id, account, changed))
}

/// Only the person's own account has addresses to confirm; providers answer for theirs.
fn own(account: &str) -> Result<(), Failure> {
    if account == accounts::INTERNAL {
        return Ok(());
    }
    Err(Failure::invalid("Addresses are confirmed in the account internal."))
}

/// The accounts of an identity, its own first.
#[utoipa::path(
    get, path = "/identities/{id}/accounts", operation_id = "listIdentityAccounts",
    tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "Its accounts.", body = Accounts))
)]
async fn list(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    let all = app.call(move |d| accounts::of(d, id)).await??;
    let tag = AppendHeaders(tagged(&tag_of_accounts(&all)));
    let accounts = all.into_iter().map(AccountDocument::of).collect();
    Ok((tag, Document::ok(Accounts { id, accounts })).into_response())
}

/// Removes the link to an account at another provider. The last way in is refused.
#[utoipa::path(
    delete, path = "/identities/{id}/accounts/{account}", operation_id = "removeIdentityAccount",
    tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("account" = String, Path, description = "`provider:subject`."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the accounts as they were read: 412 if somebody has changed one since."),
    ),
    responses((status = 200, description = "Whether it was linked.", body = Receipt))
)]
async fn remove(
    State(app): State<App>,
    Editor(by): Editor,
    Path((id, account)): Path<(String, String)>,
) -> Result<Document<Receipt>, Failure> {
    let id = input::id(&id)?;
    if account == accounts::INTERNAL {
        return Err(Failure::invalid("Somebody's own account goes only with the identity."));
    }
    let named = account.clone();
    let changed = app.call(move |d| links::unlink(d, &by, id, &named)).await??;
    Ok(receipt(id, account, changed))
}

/// Refuses signing in through one account, exactly as if what is typed were wrong. Other accounts of
/// the person still work, and sessions go on.
#[utoipa::path(
    put, path = "/identities/{id}/accounts/{account}/lock", operation_id = "lockIdentityAccount",
    tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("account" = String, Path, description = "`internal`, or `provider:subject`."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the accounts as they were read: 412 if somebody has changed one since."),
    ),
    request_body(content = Why, description = "Why; may be left out."),
    responses((status = 200, description = "Whether it was open.", body = Receipt))
)]
async fn lock(
    State(app): State<App>,
    Editor(by): Editor,
    Path(which): Path<(String, String)>,
    body: Bytes,
) -> Result<Document<Receipt>, Failure> {
    shut(app, by, which, why(&body)?, accounts::lock).await
}

/// Opens an account again.
#[utoipa::path(
    delete, path = "/identities/{id}/accounts/{account}/lock",
    operation_id = "unlockIdentityAccount", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("account" = String, Path, description = "`internal`, or `provider:subject`."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the accounts as they were read: 412 if somebody has changed one since."),
    ),
    responses((status = 200, description = "Whether it was locked.", body = Receipt))
)]
async fn unlock(
    State(app): State<App>,
    Editor(by): Editor,
    Path(which): Path<(String, String)>,
) -> Result<Document<Receipt>, Failure> {
    shut(app, by, which, StatusChange::default(), accounts::unlock).await
}

/// Trusts an address of the account without a proof.
#[utoipa::path(
    put, path = "/identities/{id}/accounts/{account}/confirm",
    operation_id = "confirmIdentityAccount", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("account" = String, Path, description = "`internal`."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the accounts as they were read: 412 if somebody has changed one since."),
    ),
    request_body(content = Which, description = "Which address; may be left out where there is one."),
    responses((status = 200, description = "Whether it was unconfirmed.", body = Receipt))
)]
async fn confirm(
    State(app): State<App>,
    Editor(by): Editor,
    Path(which): Path<(String, String)>,
    body: Bytes,
) -> Result<Document<Receipt>, Failure> {
    prove(app, by, which, &body, accounts::confirm).await
}

/// Takes the proof of an address back.
#[utoipa::path(
    delete, path = "/identities/{id}/accounts/{account}/confirm",
    operation_id = "unconfirmIdentityAccount", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("account" = String, Path, description = "`internal`."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the accounts as they were read: 412 if somebody has changed one since."),
    ),
    request_body(content = Which, description = "Which address; may be left out where there is one."),
    responses((status = 200, description = "Whether it was confirmed.", body = Receipt))
)]
async fn unconfirm(
    State(app): State<App>,
    Editor(by): Editor,
    Path(which): Path<(String, String)>,
    body: Bytes,
) -> Result<Document<Receipt>, Failure> {
    prove(app, by, which, &body, accounts::unconfirm).await
}

/// Takes the proof of an address back and mails its owner a code with which they can prove it again.
#[utoipa::path(
    post, path = "/identities/{id}/accounts/{account}/confirm",
    operation_id = "verifyIdentityAccount", tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("account" = String, Path, description = "`internal`."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the accounts as they were read: 412 if somebody has changed one since."),
    ),
    request_body(content = Which, description = "Which address; may be left out where there is one."),
    responses((status = 200, description = "The code is on its way.", body = Receipt))
)]
async fn verify(
    State(app): State<App>,
    Editor(by): Editor,
    Path(which): Path<(String, String)>,
    body: Bytes,
) -> Result<Document<Receipt>, Failure> {
    // Whoever asks for it is told that a code went out, whatever the proof was before.
    let verify = |d: &Deps, by: &Caller, id, email: Option<&str>| {
        accounts::verify(d, by, id, email).map(|_| true)
    };
    prove(app, by, which, &body, verify).await
}
