//! `lock-account`: refuse signing in through one account of somebody.

use super::account_lock::Order;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;

pub(super) struct LockAccount(Order);

impl Action for LockAccount {
    const NAME: &'static str = "lock-account";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, true)
    }
}
