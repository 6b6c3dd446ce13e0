//! `unlock-identity`: let a locked identity sign in again.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::status::{Order, Until};
use super::table::Action;
use crate::service::status;

pub(super) struct UnlockIdentity(Order);

impl Action for UnlockIdentity {
    const NAME: &'static str = "unlock-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params, Until::No).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, ("unlock", "unlocked"), status::unlock)
    }
}
