//! `delete-group`: remove a group from everybody.

use super::circles::Delete;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct DeleteGroup(Delete);

impl Action for DeleteGroup {
    const NAME: &'static str = "delete-group";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self(Delete::parse(params, CircleKind::Group)))
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Group)
    }
}
