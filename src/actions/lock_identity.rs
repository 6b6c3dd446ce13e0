//! `lock-identity`: refuse new sign-ins, leave sessions alone.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::status::{Order, Until};
use super::table::Action;
use crate::service::status;

pub(super) struct LockIdentity(Order);

impl Action for LockIdentity {
    const NAME: &'static str = "lock-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params, Until::May).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, ("lock", "locked"), status::lock)
    }
}
