//! `iam:UntagRole`

use api::{
    Modeled as _,
    iam::{
        Error,
        untag_role::{Input, Output, UntagRole},
    },
};
use store::iam::EntityKind;

use super::tags;
use crate::{Cx, Operation};

impl Operation for UntagRole {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::Role;
        tags::untag(cx, Self::ACTION, kind, &input.role_name, &input.tag_keys).await?;
        Ok(Output {})
    }
}
