//! `unlock-account`: allow signing in through an account again.

use super::account_lock::Order;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;

pub(super) struct UnlockAccount(Order);

impl Action for UnlockAccount {
    const NAME: &'static str = "unlock-account";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Order::parse(params).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, false)
    }
}
