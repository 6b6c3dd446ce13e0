//! The link of an invitation, and its way to whom it is for.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::resent;
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::invitation::{Delivery, Invitation};
use crate::domain::ledger::event::Event;
use crate::domain::message::Template;
use crate::error::Error;
use crate::service::courier;
use crate::store::WriteTx;
use crate::store::sql::invitations;

/// A link, of whose secret only a digest is kept.
pub(super) struct Link {
    /// The whole link.
    pub url: SecretString,
    digest: String,
}

impl Link {
    /// A new one.
    pub(super) fn draw(d: &Deps) -> Result<Self, Error> {
        let secret = SecretString::from(token::random_token(&d.rng)?);
        let digest = token::digest(secret.expose_secret());
        let base = d.options.base_url();
        let url = format!("{base}/ui/activation?token={}", secret.expose_secret());
        Ok(Self { url: url.into(), digest })
    }

    /// Keeps the invitation with this link, in place of any before, and mails the link where mail
    /// can go out; otherwise somebody has to hand it over.
    pub(super) fn send(
        &self,
        d: &Deps,
        tx: &WriteTx<'_>,
        identity: i64,
        invitation: Invitation,
    ) -> Result<Invitation, Error> {
        let message = if courier::is_configured(d) { self.mail(d, tx, &invitation)? } else { None };
        let delivery = if message.is_some() { Delivery::Queued } else { Delivery::Manual };
        let invitation = Invitation { message, delivery, ..invitation };
        invitations::put(tx, identity, &invitation, &self.digest)?;
        Ok(invitation)
    }

    fn mail(
        &self,
        d: &Deps,
        tx: &WriteTx<'_>,
        invitation: &Invitation,
    ) -> Result<Option<uuid::Uuid>, Error> {
        let left = invitation.expires_at.duration_since(d.clock.now());
        let content = Map::from_iter([
            ("InvitationURL".to_owned(), Value::from(self.url.expose_secret())),
            ("ExpiresInMinutes".to_owned(), left.as_mins().into()),
        ]);
        let language = crate::courier::language(&invitation.locale);
        courier::queue_mail(d, tx, &invitation.email, Template::Invitation, language, content)
    }
}

/// Mails a new link to somebody who asks for a way in and is invited; until when it works stays as
/// it is. The caller knows that one more mail may go out.
pub(in crate::service) fn resend_to(
    d: &Deps,
    tx: &WriteTx<'_>,
    identity: i64,
    invitation: Invitation,
) -> Result<Event, Error> {
    let sent = Link::draw(d)?.send(d, tx, identity, invitation)?;
    Ok(resent(&sent, "requested"))
}
