//! `create-role`: make a role.

use super::circles::Create;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct CreateRole(Create);

impl Action for CreateRole {
    const NAME: &'static str = "create-role";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Create::parse(params, CircleKind::Role).map(Self)
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Role)
    }
}
