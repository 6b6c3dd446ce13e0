//! `set-roles`: set which roles somebody has.

use super::circles::Set;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct SetRoles(Set);

impl Action for SetRoles {
    const NAME: &'static str = "set-roles";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Set::parse(params, "roles").map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Role)
    }
}
