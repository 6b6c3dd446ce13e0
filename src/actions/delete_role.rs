//! `delete-role`: remove a role from everybody.

use super::circles::Delete;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct DeleteRole(Delete);

impl Action for DeleteRole {
    const NAME: &'static str = "delete-role";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self(Delete::parse(params, CircleKind::Role)))
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Role)
    }
}
