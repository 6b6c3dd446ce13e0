//! `list-roles`: which roles there are, and how many are in them.

use super::circles::List;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct ListRoles(List);

impl Action for ListRoles {
    const NAME: &'static str = "list-roles";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self(List::parse(params)))
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Role)
    }
}
