//! `set-groups`: set which groups somebody has.

use super::circles::Set;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct SetGroups(Set);

impl Action for SetGroups {
    const NAME: &'static str = "set-groups";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Set::parse(params, "groups").map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Group)
    }
}
