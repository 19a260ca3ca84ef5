//! `iam:TagInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error,
        tag_instance_profile::{Input, Output, TagInstanceProfile},
    },
};
use store::iam::EntityKind;

use super::tags;
use crate::{Cx, Operation};

impl Operation for TagInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::InstanceProfile;
        tags::tag(
            cx,
            Self::ACTION,
            kind,
            &input.instance_profile_name,
            input.tags,
        )
        .await?;
        Ok(Output {})
    }
}
