//! `iam:UntagUser`

use api::{
    Modeled as _,
    iam::{
        Error,
        untag_user::{Input, Output, UntagUser},
    },
};
use store::iam::EntityKind;

use super::tags;
use crate::{Cx, Operation};

impl Operation for UntagUser {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::User;
        tags::untag(cx, Self::ACTION, kind, &input.user_name, &input.tag_keys).await?;
        Ok(Output {})
    }
}
