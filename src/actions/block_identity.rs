//! `block-identity`: take every access from an identity.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::status::{Order, Until};
use super::table::Action;
use crate::service::status;

pub(super) struct BlockIdentity(Order);

impl Action for BlockIdentity {
    const NAME: &'static str = "block-identity";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params, Until::May).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, ("block", "blocked"), status::block)
    }
}
