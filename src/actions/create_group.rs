//! `create-group`: make a group.

use super::circles::Create;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct CreateGroup(Create);

impl Action for CreateGroup {
    const NAME: &'static str = "create-group";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Create::parse(params, CircleKind::Group).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Group)
    }
}
