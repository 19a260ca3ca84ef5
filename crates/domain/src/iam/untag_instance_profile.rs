//! `iam:UntagInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error,
        untag_instance_profile::{Input, Output, UntagInstanceProfile},
    },
};
use store::iam::EntityKind;

use super::tags;
use crate::{Cx, Operation};

impl Operation for UntagInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let kind = EntityKind::InstanceProfile;
        tags::untag(
            cx,
            Self::ACTION,
            kind,
            &input.instance_profile_name,
            &input.tag_keys,
        )
        .await?;
        Ok(Output {})
    }
}
