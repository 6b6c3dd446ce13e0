//! Invitations.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::authority::Authority;
use crate::domain::invitation::Invitation;
use crate::error::{Error, ErrorCode};
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::duration;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::invitations::{self, Invite, Made};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(invite, list))
        .routes(routes!(find, cancel))
        .routes(routes!(resend))
}

/// Who is invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = inviteBody)]
struct InviteBody {
    /// The address the link is for.
    #[schema(example = "ada@example.com")]
    email: String,
    /// More about them; the address need not be repeated.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    traits: Value,
    /// The default schema otherwise.
    schema_id: Option<String>,
    /// What they may administer once they have come.
    #[serde(default)]
    authorities: Vec<String>,
    /// How long the link works, such as `48h`: an hour to 30 days, a week if nothing is said.
    expires_in: Option<String>,
    /// In which language they are written to.
    locale: Option<String>,
}

/// For how long.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = resendBody)]
struct ResendBody {
    /// How long the new link works, such as `48h`; a week if nothing is said.
    expires_in: Option<String>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = invitation)]
struct InvitationDocument {
    /// Who is invited.
    identity_id: Uuid,
    email: String,
    authorities: Vec<&'static str>,
    locale: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Whether the link works no more.
    expired: bool,
    /// What became of the mail: `queued`, `sent`, `failed`, or `unknown` when that is too long ago;
    /// `manual` where there was none.
    #[schema(example = "queued")]
    delivery: &'static str,
    /// The link, to be handed over; once, and only where no mail takes it to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl InvitationDocument {
    fn of(one: Invitation, now: Timestamp) -> Self {
        Self {
            identity_id: one.identity_id,
            expired: one.is_over(now),
            authorities: one.authorities.iter().map(|held| held.as_str()).collect(),
            email: one.email,
            locale: one.locale,
            created_at: one.created_at,
            expires_at: one.expires_at,
            delivery: one.delivery.as_str(),
            link: None,
        }
    }

    fn made(made: Made, now: Timestamp) -> Self {
        let link = made.link.map(|link| link.expose_secret().to_owned());
        Self { link, ..Self::of(made.invitation, now) }
    }
}

/// A page of invitations.
#[derive(Serialize, ToSchema)]
#[schema(as = invitationPage)]
struct Page {
    invitations: Vec<InvitationDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

fn lifetime(text: Option<String>) -> Result<Option<SignedDuration>, Failure> {
    let parsed = text.filter(|text| !text.is_empty()).map(|text| {
        duration::parse(&text)
            .ok_or_else(|| Failure::invalid("`expires_in` must be a duration such as 48h."))
    });
    parsed.transpose()
}

/// Invites somebody. Their account can do nothing until they have come.
#[utoipa::path(
    post, path = "/invitations", operation_id = "inviteIdentity", tag = "doorward",
    request_body = InviteBody,
    responses(
        (status = 201, description = "The invitation.", body = InvitationDocument),
        (status = 400, description = "Something cannot be used; the reason says what."),
        (status = 409, description = "`address_taken`: somebody has this address.")
    )
)]
async fn invite(
    State(app): State<App>,
    asked: Asked,
    body: Bytes,
) -> Result<Document<InvitationDocument>, Failure> {
    let InviteBody { email, traits, schema_id, authorities, expires_in, locale } =
        input::required(&body)?;
    let authorities = authorities
        .iter()
        .filter(|word| *word != "ROLE_USER")
        .map(|word| Authority::parse(word))
        .collect::<Option<BTreeSet<_>>>()
        .ok_or_else(|| {
            Failure::invalid("An authority is one of ROLE_ADMINISTRATOR and ROLE_DEVELOPER.")
        })?;
    let expires_in = lifetime(expires_in)?;
    let request = Invite { email, traits, schema_id, authorities, expires_in, locale };
    app.call(move |d| {
        let made = invitations::invite(d, &asked.admin(), request).map_err(taken)?;
        Ok(Document::created(InvitationDocument::made(made, d.clock.now())))
    })
    .await?
}

fn taken(error: Error) -> Failure {
    match error.code() {
        ErrorCode::Conflict => Failure::from(error).id("address_taken"),
        _ => error.into(),
    }
}

/// Those who are invited and have not come yet, the oldest first.
#[utoipa::path(
    get, path = "/invitations", operation_id = "listInvitations", tag = "doorward",
    params(
        ("page_size" = Option<u64>, Query, description = "At most so many."),
        ("page_token" = Option<String>, Query, description = "What the page before gave.")
    ),
    responses((status = 200, description = "A page of them.", body = Page))
)]
async fn list(State(app): State<App>, query: Query) -> Result<Document<Page>, Failure> {
    let size = input::number(&query, "page_size")?;
    let token = input::text(&query, "page_token");
    app.call(move |d| {
        let page = invitations::list(d, size, token.as_deref())?;
        let now = d.clock.now();
        let all = page.items.into_iter().map(|one| InvitationDocument::of(one, now));
        let next_page_token = page.next_page_token;
        Ok(Document::ok(Page { invitations: all.collect(), next_page_token }))
    })
    .await?
}

/// The invitation of somebody.
#[utoipa::path(
    get, path = "/invitations/{id}", operation_id = "getInvitation", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses(
        (status = 200, description = "It.", body = InvitationDocument),
        (status = 404, description = "There is none.")
    )
)]
async fn find(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Document<InvitationDocument>, Failure> {
    let id = input::id(&id)?;
    app.call(move |d| {
        let found = invitations::find(d, id)?;
        Ok(Document::ok(InvitationDocument::of(found, d.clock.now())))
    })
    .await?
}

/// Makes the link anew; the old one works no more.
#[utoipa::path(
    post, path = "/invitations/{id}/resend", operation_id = "resendInvitation", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    request_body(content = ResendBody, description = "For how long; nothing is required."),
    responses(
        (status = 200, description = "The invitation.", body = InvitationDocument),
        (status = 404, description = "There is no such identity."),
        (status = 409, description = "`status_transition`: they have come already.")
    )
)]
async fn resend(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Document<InvitationDocument>, Failure> {
    let id = input::id(&id)?;
    let ResendBody { expires_in } = input::body(&body)?;
    let expires_in = lifetime(expires_in)?;
    app.call(move |d| {
        let made = invitations::resend(d, &asked.admin(), id, expires_in)?;
        Ok(Document::ok(InvitationDocument::made(made, d.clock.now())))
    })
    .await?
}

/// Takes an invitation back: the account, which nobody has taken over, is removed.
#[utoipa::path(
    delete, path = "/invitations/{id}", operation_id = "cancelInvitation", tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such identity."),
        (status = 409, description = "`status_transition`: they have come already.")
    )
)]
async fn cancel(
    State(app): State<App>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = input::id(&id)?;
    app.call(move |d| invitations::cancel(d, &asked.admin(), id)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}
