//! Why a flow is not begun, shown or taken.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::flow::FlowKind;
use crate::error::Error;
use crate::service::sessions::Denied;
use crate::store::StoreError;

/// Why a flow is not begun, shown or taken.
#[derive(Debug)]
pub enum Refusal {
    /// There is no such flow.
    NotFound,
    /// The link of an invitation works no more.
    DeadLink,
    /// It belongs to another browser, or the form does not belong to it.
    Csrf,
    /// A program's flow was handed in by a browser.
    NotAProgram,
    /// Its time is over, and another was begun.
    Expired {
        /// The other.
        flow: Uuid,
        /// Of which kind both are.
        kind: FlowKind,
        /// Since when.
        over_since: Timestamp,
    },
    /// Its time is over.
    Gone {
        /// Where another is begun.
        redirect_to: String,
    },
    /// It was completed, or tried too often, and another took its place.
    Replaced {
        /// The other.
        flow: Uuid,
        /// Of which kind both are.
        kind: FlowKind,
    },
    /// This is not possible here; why.
    Disabled(&'static str),
    /// Somebody is signed in already; where a browser goes.
    SignedIn(String),
    /// A second factor is asked for, and there is no first one.
    NoFirstFactor,
    /// There is no session, its level is too low, and so on.
    Session(Denied),
    /// The person must show once more who they are; where.
    Refresh(String),
    /// The flow belongs to somebody else.
    OtherIdentity,
    /// Something about the request is wrong.
    Invalid(String),
    /// No address of the account is verified; the flow in which that can be done.
    NotVerified {
        /// The flow.
        flow: Uuid,
        /// The address a code went to.
        address: String,
    },
    /// It could not be done.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::Session(denied)
    }
}
