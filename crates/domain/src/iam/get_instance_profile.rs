//! `iam:GetInstanceProfile`

use api::{
    Modeled as _,
    iam::{
        Error, InstanceProfile,
        get_instance_profile::{GetInstanceProfile, Input, Output},
    },
};

use super::{answer, locate, profiles};
use crate::{Cx, Operation};

impl Operation for GetInstanceProfile {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let profile =
            locate::instance_profile(cx, Self::ACTION, &input.instance_profile_name).await?;
        Ok(Output {
            instance_profile: Some(InstanceProfile {
                // AWS: there even where there are none, unlike in the other answers about instance profiles.
                tags: Some(answer::all_tags(&profile.entity.tags)),
                ..profiles::show(cx, &profile).await?
            }),
        })
    }
}
