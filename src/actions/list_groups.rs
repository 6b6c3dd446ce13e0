//! `list-groups`: which groups there are, and how many are in them.

use super::circles::List;
use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::table::Action;
use crate::domain::access::CircleKind;

pub(super) struct ListGroups(List);

impl Action for ListGroups {
    const NAME: &'static str = "list-groups";

    fn parse(params: &Params) -> Result<Self, Failure> {
        Ok(Self(List::parse(params)))
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        self.0.run(cx, CircleKind::Group)
    }
}
