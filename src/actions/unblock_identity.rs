//! `unblock-identity`: make a blocked identity active again.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::status::{Order, Until};
use super::table::Action;
use crate::service::status;

pub(super) struct UnblockIdentity(Order);

impl Action for UnblockIdentity {
    const NAME: &'static str = "unblock-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params, Until::No).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, ("unblock", "unblocked"), status::unblock)
    }
}
