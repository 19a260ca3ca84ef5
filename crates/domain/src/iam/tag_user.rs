//! `iam:TagUser`

use api::{
    Modeled as _,
    iam::{
        Error,
        tag_user::{Input, Output, TagUser},
    },
};
use store::iam::EntityKind;

use super::tags;
use crate::{Cx, Operation};

impl Operation for TagUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::User;
        tags::tag(cx, Self::ACTION, kind, &input.user_name, input.tags).await?;
        Ok(Output {})
    }
}
