//! A browser that asks for a page: what it wishes, and what it is answered with.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use url::Url;

use super::engine;
use super::frame::{Frame, Message};
use super::texts::Language;
use crate::app::Deps;
use crate::error::{Error, ErrorCode};
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::failure::Failure;
use crate::http::notice;
use crate::http::public;
use crate::http::query::Query;
use crate::http::ticket::{Ticket, cookies};
use crate::service::sessions::{Denied, Presented};

/// Remembers a language that was chosen.
const LANGUAGE: &str = "doorward_lang";
/// The messages that may come with a browser.
pub(super) const NOTICES: [&str; 13] = [
    "4010001",
    "4040001",
    "4050001",
    "4060005",
    "4070005",
    "accounts.ended",
    "accounts.last",
    "accounts.not_now",
    notice::LOST,
    notice::SIGNED_OUT,
    "sessions.ended",
    "sessions.others_ended",
    "sessions.stale",
];

/// What is known of a browser.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Who asks, from where.
    pub asked: Asked,
    /// The headers.
    pub headers: HeaderMap,
    /// The parameters of the address.
    pub query: Query,
    /// The session, if one is presented.
    pub presented: Option<Presented>,
    /// The language to speak.
    pub language: Language,
    /// The path, for the addresses of other languages.
    pub path: String,
    chosen: bool,
    notice: Option<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let asked = Asked::from_request_parts(parts, state).await?;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let query = Query::parse(uri.query().unwrap_or_default());
        let chosen = query.text("lang").and_then(Language::of);
        let kept = || cookies(&parts.headers, LANGUAGE).next().and_then(Language::of);
        let language = chosen.or_else(kept).unwrap_or_else(|| Language::wished(&parts.headers));
        let carried = cookies(&parts.headers, notice::COOKIE).next();
        Ok(Self {
            asked,
            presented: Ticket::of(&parts.headers).0,
            language,
            path: uri.path().to_owned(),
            chosen: chosen.is_some(),
            notice: NOTICES.into_iter().find(|known| carried == Some(known)),
            query,
            headers: parts.headers.clone(),
        })
    }
}

#[cfg(test)]
impl Visit {
    /// A visit without anything, in a language.
    pub fn sample(language: Language) -> Self {
        Self {
            asked: Asked::default(),
            headers: HeaderMap::new(),
            query: Query::default(),
            presented: None,
            language,
            path: "/ui/login".to_owned(),
            chosen: false,
            notice: None,
        }
    }
}

/// A page that is not shown, and what happens instead.
#[derive(Debug)]
pub enum Turn {
    /// Somewhere else.
    To(String),
    /// Somewhere else, where a message waits.
    Told(String, &'static str),
    /// A page that says what is wrong.
    Wrong(StatusCode, &'static str),
}

impl From<Error> for Turn {
    fn from(error: Error) -> Self {
        match error.code() {
            ErrorCode::NotFound => Self::Wrong(StatusCode::NOT_FOUND, "error.text_missing"),
            ErrorCode::Busy | ErrorCode::NotReady | ErrorCode::AuditUnavailable => {
                Self::Wrong(StatusCode::SERVICE_UNAVAILABLE, "error.text_busy")
            }
            ErrorCode::Invalid => Self::Wrong(StatusCode::BAD_REQUEST, "error.text_missing"),
            ErrorCode::Forbidden => Self::Wrong(StatusCode::FORBIDDEN, "error.text_disabled"),
            ErrorCode::SelfAction => Self::Wrong(StatusCode::CONFLICT, "console.conflict.self"),
            ErrorCode::LastAdministrator => {
                Self::Wrong(StatusCode::CONFLICT, "console.conflict.last_administrator")
            }
            ErrorCode::LastCredential => {
                Self::Wrong(StatusCode::CONFLICT, "console.conflict.last_credential")
            }
            ErrorCode::StatusTransition => {
                Self::Wrong(StatusCode::CONFLICT, "console.conflict.status")
            }
            ErrorCode::Conflict => Self::Wrong(StatusCode::CONFLICT, "console.conflict.taken"),
            ErrorCode::Changed => Self::Wrong(StatusCode::CONFLICT, "console.conflict.changed"),
            _ => {
                let cause = error.cause();
                tracing::error!(%error, cause, "a page failed");
                Self::Wrong(StatusCode::INTERNAL_SERVER_ERROR, "error.text")
            }
        }
    }
}

/// What a page is made with.
pub struct Making<'a> {
    /// The service.
    pub d: &'a Deps,
    /// The browser.
    pub visit: &'a Visit,
}

impl Making<'_> {
    /// One of our own texts.
    pub fn text(&self, key: &str) -> String {
        self.visit.language.text(key)
    }

    /// A text of ours, with these values in it.
    pub fn text_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.visit.language.text_with(key, values)
    }

    /// The path below which the service is reached: empty, or without a slash at its end.
    pub fn prefix(&self) -> String {
        let path = Url::parse(&self.d.options.base_url()).map(|url| url.path().to_owned());
        path.unwrap_or_default().trim_end_matches('/').to_owned()
    }

    /// An address of the service, as a path, so that pages work under whatever name they are reached.
    pub fn at(&self, path: &str) -> String {
        self.prefix() + path
    }

    /// Where a person shows once more who they are, and then comes back to `place`, a path.
    #[must_use]
    pub fn sign_in_again(&self, place: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("refresh", "true").append_pair("return_to", &self.whole(place));
        self.at(&format!("/self-service/login/browser?{}", query.finish()))
    }

    /// A whole address of the service.
    pub fn whole(&self, path: &str) -> String {
        self.d.options.base_url() + path
    }

    /// Where to go who is not let on, coming back to this page.
    pub fn turned(&self, why: Denied) -> Turn {
        self.turned_to(why, &self.visit.path)
    }

    /// The same for whoever was in the middle of something: without a session they are told so.
    pub fn stopped(&self, why: Denied) -> Turn {
        let out = matches!(why, Denied::NoSession);
        match self.turned(why) {
            Turn::To(place) if out => Turn::Told(place, notice::SIGNED_OUT),
            turn => turn,
        }
    }

    /// The same, coming back to another page of the service.
    pub fn turned_to(&self, why: Denied, path: &str) -> Turn {
        let base_url = self.d.options.base_url();
        let here = self.whole(path);
        match why {
            Denied::NoSession => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("return_to", &here);
                Turn::To(format!("{base_url}/self-service/login/browser?{}", query.finish()))
            }
            Denied::SecondFactor => Turn::To(public::second_factor_url(&base_url, Some(&here))),
            Denied::Enrolment | Denied::Terms => {
                Turn::To(public::settings_url(&base_url, Some(&here)))
            }
            Denied::Current | Denied::Mismatch => {
                Turn::Told(self.at("/ui/sessions"), "sessions.stale")
            }
            Denied::Failed(error) => error.into(),
        }
    }

    /// A page.
    pub fn page<T: Serialize>(
        &self,
        template: &str,
        mut frame: Frame,
        content: &T,
    ) -> Result<Response, Turn> {
        if let Some(notice) = self.visit.notice {
            let kind = if notice.ends_with("ended") { "success" } else { "error" };
            frame.messages.insert(0, Message { kind, text: self.text(notice) });
        }
        let html = engine::render(template, &frame, content).map_err(|error| {
            tracing::error!(%error, template, "a page cannot be made");
            Turn::Wrong(StatusCode::INTERNAL_SERVER_ERROR, "error.text")
        })?;
        Ok((self.headers(), html).into_response())
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // With none at all, browsers would not say of our own forms that they are ours.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
             form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
            self.reached_from_forms()
        );
        let policy = HeaderValue::from_str(&policy).ok();
        headers.extend(policy.map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
        let secure = self.is_secure();
        if self.visit.notice.is_some() {
            headers.extend(notice::cookie(None, secure).map(|one| (header::SET_COOKIE, one)));
        }
        if self.visit.chosen {
            let code = self.visit.language.code();
            let kept = notice::plain_cookie(LANGUAGE, code, 31_536_000, secure);
            headers.extend(kept.map(|one| (header::SET_COOKIE, one)));
        }
        headers
    }

    /// Where forms lead in the end. Browsers hold the redirects after a form to the same rule as the
    /// form itself, so everywhere people may be sent has to be named.
    fn reached_from_forms(&self) -> String {
        let signin = &self.d.options.signin;
        let base_url = self.d.options.base_url();
        let texts = signin.ui_urls.iter().chain([&signin.default_return_url, &base_url]);
        let parsed = texts.filter_map(|text| Url::parse(text).ok());
        let all = parsed.chain(signin.allowed_return_urls.iter().cloned());
        let origins: BTreeSet<String> = all.map(|url| url.origin().ascii_serialization()).collect();
        origins.into_iter().collect::<Vec<_>>().join(" ")
    }

    fn is_secure(&self) -> bool {
        self.visit.asked.secure || self.d.options.external_url.starts_with("https://")
    }

    /// What happens in place of a page.
    pub fn answer(&self, turn: Turn) -> Response {
        let (place, told) = match turn {
            Turn::To(place) => (place, None),
            Turn::Told(place, told) => (place, Some(told)),
            Turn::Wrong(status, text) => return self.wrong(status, text),
        };
        let mut headers = HeaderMap::new();
        if told.is_some() {
            let kept = notice::cookie(told, self.is_secure());
            headers.extend(kept.map(|one| (header::SET_COOKIE, one)));
        }
        match HeaderValue::from_str(&place) {
            Ok(place) => {
                headers.insert(header::LOCATION, place);
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                (StatusCode::SEE_OTHER, headers).into_response()
            }
            Err(_) => self.wrong(StatusCode::BAD_REQUEST, "error.text_missing"),
        }
    }

    fn wrong(&self, status: StatusCode, text: &'static str) -> Response {
        let title = title_of(text);
        let number = (text == "error.text").then(|| self.visit.asked.request_id.to_string());
        match super::notice::page(self, title, vec![self.text(text)], number, "/ui/welcome") {
            Ok(page) => (status, page).into_response(),
            Err(_) => Failure::new(status).into_response(),
        }
    }
}

/// What a page is called that says this.
pub(super) fn title_of(text: &str) -> &'static str {
    match text {
        "error.text_busy" => "error.title_busy",
        "error.text_csrf" | "error.text_other" => "error.title_again",
        "error.text_disabled" => "error.title_disabled",
        "error.text_missing" => "error.title_missing",
        "activation.dead" => "error.title_link",
        notice::LOST => "error.title_over",
        _ => "error.title",
    }
}

/// Makes a page on a thread that may block, and turns what goes wrong into one.
pub async fn made(
    app: &App,
    visit: Visit,
    job: impl FnOnce(&Making<'_>) -> Result<Response, Turn> + Send + 'static,
) -> Response {
    let result = app
        .call(move |d| {
            let making = Making { d, visit: &visit };
            job(&making).unwrap_or_else(|turn| making.answer(turn))
        })
        .await;
    result.unwrap_or_else(|error| Failure::from(error).into_response())
}
