//! What comes of a flow.

use secrecy::SecretString;
use uuid::Uuid;

use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Flow, FlowKind};
use crate::domain::identity::Identity;
use crate::domain::session::Session;
use crate::service::sessions::Presented;

/// A flow with its form.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The flow.
    pub flow: Flow,
    /// Its form.
    pub ui: Ui,
    /// Whose settings they are.
    pub identity: Option<Identity>,
    /// What may come next.
    pub continue_with: Vec<Continue>,
}

/// What may come next.
#[derive(Clone, Debug)]
pub enum Continue {
    /// The session token of a program.
    SessionToken(SecretString),
    /// Another flow.
    Flow {
        /// What sort of flow.
        kind: FlowKind,
        /// Its id.
        id: Uuid,
        /// The address it verifies.
        address: Option<String>,
    },
    /// A page.
    Go(String),
}

/// What handing a form in led to.
#[derive(Debug)]
pub enum Outcome {
    /// The flow goes on, or is done and says so.
    Shown {
        /// It.
        shown: Box<Shown>,
        /// Whether something is wrong.
        wrong: bool,
        /// Where a browser goes in place of the page that shows the flow.
        then: Option<String>,
    },
    /// Somebody is signed in.
    Signed(Box<Signed>),
    /// There is a new account, whose owner may sign in once their address is verified.
    Registered {
        /// It, as they see it.
        identity: Box<Identity>,
        /// Where a browser goes.
        to: String,
        /// What may come next.
        continue_with: Vec<Continue>,
    },
    /// The browser must go elsewhere.
    Go {
        /// Where.
        to: String,
        /// A session that began on the way.
        session: Option<Box<(Session, Presented)>>,
        /// What a program does instead.
        continue_with: Vec<Continue>,
    },
    /// The session is over, and a page says why.
    Left {
        /// Which.
        to: String,
    },
}

/// Somebody is signed in.
#[derive(Debug)]
pub struct Signed {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub identity: Identity,
    /// What the client is to present from now on.
    pub presented: Presented,
    /// Where it leads.
    pub next: Next,
    /// For whom the flow was.
    pub client: crate::domain::flow::Client,
    /// Whether they were before, and have only shown once more who they are.
    pub again: bool,
    /// Whether the account was made just now.
    pub registered: bool,
    /// What else may come next.
    pub continue_with: Vec<Continue>,
}

/// Where a sign-in leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is complete; this is where to go.
    Done(String),
    /// A second factor is missing; this is where it is asked for.
    SecondFactor(String),
    /// The person must set a second factor up first; this is where.
    Enrol(String),
    /// The person must accept the terms of service first; this is where.
    Terms(String),
}
