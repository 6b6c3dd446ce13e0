//! The addresses of flows: a flow is looked at through the service, as its own browser, and shown.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use uuid::Uuid;

use super::flow;
use super::frame::{Frame, name_of, way_out};
use super::nodes::Flow;
use super::visit::{Making, NOTICES, Turn, Visit, made};
use crate::domain::flow::{FlowKind, text};
use crate::http::blocking::App;
use crate::http::notice::LOST;
use crate::http::public::visitor;
use crate::http::view;
use crate::service::flows::{self, Refusal};
use crate::service::sessions::{self, Denied, Desk, Lack};

/// What a flow is asked for with, and kept when it has to be begun first.
const KEPT: [&str; 6] =
    ["return_to", "refresh", "aal", "login_challenge", "identity_schema", "organization"];

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Of this kind of flow.
    Of(FlowKind),
    /// A new password.
    Reset,
    /// A second factor.
    Secure,
    /// The terms of service.
    Terms,
}

impl View {
    const fn kind(self) -> FlowKind {
        match self {
            Self::Of(kind) => kind,
            Self::Reset | Self::Secure | Self::Terms => FlowKind::Settings,
        }
    }
}

/// The route of a page.
pub fn page(view: View) -> MethodRouter<App> {
    get(async move |State(app): State<App>, visit: Visit| {
        let flood = app.flood();
        made(&app, visit, move |m| {
            let Some(id) = m.visit.query.text("flow") else { return Err(begun(m, view.kind())) };
            let id = Uuid::parse_str(id).map_err(|_| late(m, view.kind(), None))?;
            let visitor = visitor(m.d, &m.visit.asked, &m.visit.headers, flood)
                .map_err(|_| Turn::Wrong(StatusCode::INTERNAL_SERVER_ERROR, "error.text"))?;
            let shown = flows::show(m.d, &visitor, view.kind(), id)
                .map_err(|refusal| refused(m, view.kind(), refusal))?;
            let document = view::flow::flow(&m.d.options, m.d.clock.now(), &shown);
            made_of(m, view, Flow::new(&document, m.visit.language))
        })
        .await
    })
}

/// Where a flow is begun that there is none of yet.
fn begun(m: &Making<'_>, kind: FlowKind) -> Turn {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in m.visit.query.pairs().filter(|(name, _)| KEPT.contains(name)) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    Turn::To(m.at(&format!("/self-service/{}/browser{mark}{query}", kind.as_str())))
}

/// Another flow in place of one whose time is over, and a word about it.
fn late(m: &Making<'_>, kind: FlowKind, place: Option<String>) -> Turn {
    let said = kind.expired().id.to_string();
    let place = place.unwrap_or_else(|| m.at(&format!("/self-service/{}/browser", kind.as_str())));
    match NOTICES.into_iter().find(|known| *known == said) {
        Some(notice) => Turn::Told(place, notice),
        None => Turn::To(place),
    }
}

fn refused(m: &Making<'_>, kind: FlowKind, refusal: Refusal) -> Turn {
    match refusal {
        Refusal::NotFound => {
            Turn::Told(m.at(&format!("/self-service/{}/browser", kind.as_str())), LOST)
        }
        Refusal::DeadLink => Turn::Wrong(StatusCode::NOT_FOUND, "activation.dead"),
        Refusal::Gone { redirect_to } => late(m, kind, Some(redirect_to)),
        Refusal::SignedIn(place) | Refusal::Refresh(place) => Turn::To(place),
        Refusal::Expired { flow, kind, .. } | Refusal::Replaced { flow, kind } => {
            Turn::To(flows::page_of(&m.d.options, kind, flow))
        }
        Refusal::NotVerified { flow, .. } => {
            Turn::To(flows::page_of(&m.d.options, FlowKind::Verification, flow))
        }
        Refusal::NoFirstFactor => m.stopped(Denied::NoSession),
        Refusal::Session(denied) => m.stopped(denied),
        Refusal::OtherIdentity => Turn::Wrong(StatusCode::FORBIDDEN, "error.text_other"),
        Refusal::Csrf | Refusal::NotAProgram => {
            Turn::Wrong(StatusCode::FORBIDDEN, "error.text_csrf")
        }
        Refusal::Disabled(_) => Turn::Wrong(StatusCode::FORBIDDEN, "error.text_disabled"),
        Refusal::Invalid(_) => Turn::Wrong(StatusCode::BAD_REQUEST, "error.text_missing"),
        Refusal::Failed(error) => error.into(),
    }
}

fn made_of(m: &Making<'_>, view: View, shown: Flow<'_>) -> Result<Response, Turn> {
    let presented = m.visit.presented.as_ref();
    let (frame, card) = match view {
        View::Of(FlowKind::Login) => {
            let token = sessions::logout_token(m.d, presented).ok();
            flow::login(m, shown, token.as_deref())
        }
        View::Of(FlowKind::Registration) => flow::registration(m, shown),
        View::Of(kind @ (FlowKind::Recovery | FlowKind::Verification)) => {
            flow::code(m, shown, kind.as_str())
        }
        View::Of(FlowKind::Settings) | View::Reset | View::Secure | View::Terms => {
            return settings(m, view, shown);
        }
    };
    m.page("flow.html", frame, &card)
}

fn settings(m: &Making<'_>, view: View, shown: Flow<'_>) -> Result<Response, Turn> {
    let (desk, lack) = sessions::desk_at_any_level(m.d, m.visit.presented.as_ref())
        .map_err(|why| m.turned(why))?;
    let who = name_of(&desk.current.identity);
    match (view, lack) {
        (View::Terms, Some(Lack::Terms)) => {
            let out = way_out(m, &desk.logout_token, "nav.logout");
            let (frame, card) = flow::terms(m, shown, out);
            return m.page("terms.html", frame, &card);
        }
        (_, Some(Lack::Terms)) => return Err(shown_at(m, shown, "/ui/terms")),
        (View::Terms, _) => return Err(shown_at(m, shown, "/ui/settings")),
        _ => {}
    }
    let enrols = lack == Some(Lack::Enrolment);
    // Whoever must set up a second factor can do nothing else but leave.
    let out = enrols.then(|| way_out(m, &desk.logout_token, "nav.logout"));
    let (frame, sections) = match view {
        View::Reset => flow::reset(m, shown, &who, out),
        View::Secure => flow::secure(m, shown, out),
        // The password comes first: without it nobody gets this far again. Where it was no good,
        // that is said there too.
        View::Of(_)
            if shown.says(text::RECOVERED.id) || enrols && flow::password_is_open(shown) =>
        {
            return Err(shown_at(m, shown, "/ui/reset_password"));
        }
        View::Of(_) if enrols => return Err(shown_at(m, shown, "/ui/setup_secure")),
        View::Of(_) | View::Terms => return whole(m, shown, &desk, &who),
    };
    m.page("steps.html", frame, &sections)
}

/// The same flow on the page for one thing alone.
fn shown_at(m: &Making<'_>, shown: Flow<'_>, path: &str) -> Turn {
    Turn::To(m.at(&format!("{path}?flow={}", shown.text("id"))))
}

fn whole(m: &Making<'_>, shown: Flow<'_>, desk: &Desk, who: &str) -> Result<Response, Turn> {
    let frame = Frame::desk(m, &m.text("settings.title"), desk, "/ui/settings");
    let (frame, sections) = flow::settings(m, shown, frame, who);
    m.page("settings.html", frame, &sections)
}
