//! `iam:TagRole`

use api::{
    Modeled as _,
    iam::{
        Error,
        tag_role::{Input, Output, TagRole},
    },
};
use store::iam::EntityKind;

use super::tags;
use crate::{Cx, Operation};

impl Operation for TagRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::Role;
        tags::tag(cx, Self::ACTION, kind, &input.role_name, input.tags).await?;
        Ok(Output {})
    }
}
